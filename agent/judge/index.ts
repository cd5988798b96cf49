/**
 * judge: now, before and declared → findings and their life. Pure: (state, event, now) → (state, events); the store
 * keeps what it is given.
 */
export * from './findings.js';
export * from './types.js';
