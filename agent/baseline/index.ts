/**
 * baseline: what is declared and approved. So far the port through which approved snapshots are kept.
 */

export * from './declared.js';
export * from './snapshots.js';
