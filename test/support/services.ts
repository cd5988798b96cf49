import { readFileSync } from 'node:fs';
import { parseServices, type ServiceTable } from '../../agent/judge/index.js';
import { problemText } from '../../agent/lib/result.js';

let table: ServiceTable | undefined;

/** The service table as it is shipped. */
export function services(): ServiceTable {
  if (!table) {
    const parsed = parseServices(readFileSync('rules/services.yaml', 'utf8'), 'rules/services.yaml');
    if (!parsed.ok) throw new Error(problemText(parsed.error));
    table = parsed.value;
  }
  return table;
}
