/**
 * app: the composition root: what wires the rooms to each other and to the world. Here live replays of scenarios, on a
 * virtual clock and through the same judgement and store as the daemon, and questions about captured files.
 */

export { drivers } from '../drivers/registry.js';
export { guardClient, type ServedSocket, serveOnSocket, socketState } from '../http/index.js';
export { coverageText } from '../judge/index.js';
export * from './baseline-file.js';
export * from './exit-code.js';
export * from './guard/index.js';
export * from './offline.js';
export * from './offline-ask.js';
export * from './offline-diff.js';
export * from './reading.js';
export * from './replay.js';
export * from './rules.js';
export * from './sink-test.js';
export { type StartOptions, start } from './start.js';
export * from './state-copy.js';
export * from './tell.js';
