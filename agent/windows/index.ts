/**
 * windows: the change-window machine, pure: (state, event, now) → (state, effects). It knows when a window begins,
 * ends and is overdue; what was opened meanwhile is the judge's business.
 */
export * from './types.js';
