/**
 * config: what a guard is told before it starts: the configuration file with its schema, the embedded defaults, and
 * errors that name file, line and column.
 */
export * from './load.js';
export { parseDuration, parseHostPort } from './parts.js';
export { type Place, placeOf, siteOf, zoneOf } from './place.js';
export { noServices, type ServicesNamed } from './planned.js';
export { type Parties, partyProblem } from './scope-names.js';
export * from './settings.js';
export { sinkPlace } from './sink-settings.js';
