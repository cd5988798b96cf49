/**
 * windows: the change-window machine, pure: (state, event, now) → (state, effects). It knows when a window begins,
 * ends and is overdue, and what its declared scope holds; what was opened meanwhile is the judge's business.
 */
export * from './machine.js';
export * from './scope.js';
export * from './types.js';
