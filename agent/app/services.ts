import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseServices, type ServiceTable } from '../judge/index.js';
import type { Result } from '../lib/result.js';

/** The services table that comes with Écluse. */
export function loadServices(): Result<ServiceTable> {
  const path = fileURLToPath(new URL('../../../rules/services.yaml', import.meta.url));
  return parseServices(readFileSync(path, 'utf8'), 'rules/services.yaml');
}
