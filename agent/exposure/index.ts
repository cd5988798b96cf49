/**
 * exposure: model → packet sets. Follows packets through a device's lists, hooks, marks and translations, all at once
 * as sets (walk.ts) or one by one (trace.ts), and answers questions about them.
 */
export * from './ask.js';
export { combineDevices, type DevicePart } from './combine.js';
export * from './compare.js';
export * from './groups.js';
export { ruleKey } from './identity.js';
export { interfacesAskedFor } from './interfaces.js';
export * from './member.js';
export * from './opening.js';
export { natLists } from './path.js';
export { withinMs } from './patience.js';
export * from './state.js';
export { type Trace, type TraceStep, traceOneList, tracePacket } from './trace.js';
export * from './words.js';
