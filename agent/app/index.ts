/**
 * app: the composition root: what wires the rooms to each other and to the world. Here live replays of scenarios, on a
 * virtual clock and through the same judgement and store as the daemon, and questions about captured files.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseServices, type ServiceTable } from '../judge/index.js';
import type { Result } from '../lib/result.js';

export { drivers } from '../drivers/registry.js';
export * from './offline.js';
export * from './offline-ask.js';
export * from './replay.js';
export * from './tell.js';

/** The services table that comes with Écluse. */
export function loadServices(): Result<ServiceTable> {
  const path = fileURLToPath(new URL('../../../rules/services.yaml', import.meta.url));
  return parseServices(readFileSync(path, 'utf8'), 'rules/services.yaml');
}
