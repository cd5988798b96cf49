/**
 * drivers/shared: what several readers need and none owns: the line coverage recorder, and words for a shell.
 */
export * from './coverage.js';
export * from './shell.js';
