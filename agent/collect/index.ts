/**
 * collect: where bytes come from (this machine, a file). Runs a driver's dialogue with time and size limits, removes
 * secrets, and takes a capture only when two readings agree.
 */
export * from './capture.js';
export * from './change.js';
export * from './dialogue.js';
export * from './file.js';
export * from './glance.js';
export * from './local.js';
export * from './monitor.js';
export * from './redact.js';
export * from './runner.js';
export * from './sessions.js';
export * from './settle.js';
export * from './wakes.js';
