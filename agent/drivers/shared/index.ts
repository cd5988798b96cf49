/**
 * drivers/shared: what several readers need and none owns: the line coverage recorder, words for a shell, and volatile text.
 */
export * from './coverage.js';
export * from './shell.js';
export * from './volatile.js';
