/**
 * drivers/shared: what several readers need and none owns: the line coverage recorder, bits of addresses, contexts that filter each for themselves, versions, words for a shell,
 * volatile text, and XML.
 */
export * from './address-bits.js';
export * from './alike.js';
export * from './contexts.js';
export * from './coverage.js';
export * from './shell.js';
export * from './version.js';
export * from './volatile.js';
export * from './xml.js';
