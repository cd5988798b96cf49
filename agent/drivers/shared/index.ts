/**
 * drivers/shared: what several readers need and none owns: the line coverage recorder, versions, words for a shell,
 * and volatile text.
 */
export * from './coverage.js';
export * from './shell.js';
export * from './version.js';
export * from './volatile.js';
