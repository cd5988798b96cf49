/**
 * drivers/shared: what several readers need and none owns: the line coverage recorder.
 */
export * from './coverage.js';
