/**
 * support: what tests share: what a machine must have (needs.ts), programs and namespaces (machine.ts), tests that
 * say why they were skipped (system.ts), and the test command itself (run.ts).
 */
export * from './system.js';
