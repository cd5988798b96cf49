/**
 * guard: the daemon without its shell. It reads each device in time, judges what it reads at the instants that matter,
 * has it told, and answers everything that a person or a checklist may ask (contract.ts).
 */
export type * from './contract.js';
export * from './open.js';
export * from './parts.js';
export type * from './ports.js';
