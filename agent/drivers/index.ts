/**
 * drivers: one folder per platform, each data plus pure functions behind contract.ts; registry.ts is generated from
 * the folders. A new platform adds a folder and edits nothing else by hand.
 */
export * from './contract.js';
