/**
 * judge: now, before and declared → findings and their life. Pure: (state, event) → (state, events), with the time in
 * the event; the store keeps what it is given.
 */
export { type Acceptance, type Word, withAccepted } from './acceptance.js';
export * from './announced.js';
export type { HostApproval } from './approvals.js';
export { isSamePerson, peopleNeeded } from './awaited.js';
export * from './codes.js';
export { codeText } from './codes-fr.js';
export * from './compose.js';
export * from './context.js';
export * from './coverage.js';
export { withoutBefore } from './deadlines.js';
export * from './events.js';
export * from './findings.js';
export { FLOOD_MIN, isGroup } from './floods.js';
export * from './judge.js';
export { addressesOf } from './networks.js';
export { heldBackNow, onboardingOf } from './onboarding.js';
export * from './parties.js';
export { isConfiguredAnew } from './removed.js';
export * from './risk.js';
export * from './rules/index.js';
export * from './services.js';
export * from './sessions.js';
export * from './severity.js';
export { windowExists } from './take-window.js';
export type { BaselineSeen } from './tamper.js';
export { type AtTime, atTime } from './times.js';
export * from './types.js';
export { waivedAs } from './verdict.js';
export { type ReadBefore, readRulesYaml } from './yaml.js';
