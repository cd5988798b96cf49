/**
 * collect/ssh: a Linux host asked over SSH. One connection for each device, host keys that a person has seen, limits at
 * every step, and a refused login that is not tried until the account locks.
 */
export {
  addKnownKeys,
  type KnownKey,
  type KnownKeys,
  readKnownKeys,
  recordRequest,
  revokeKeys,
} from '../known-keys.js';
export { CLOCK_ARGV } from './commands.js';
export { type SshOptions, type SshRunner, sshRunner } from './runner.js';
export { type ScannedHop, scanHostKeys } from './scan.js';
export { forcedCommandScript } from './script.js';
export * from './target.js';
