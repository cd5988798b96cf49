import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../lib/digest.js';
import { PORT_NAMES, type PortNames, SERVICES, SHIPPED } from './shipped.js';

/** A service of more ports than this is not named after one of them. */
const RANGE_MAX = 16;

/** What usually answers on a port, by the services that come with Écluse: `6 443` → `HTTPS`. */
export async function portNames(): Promise<ReadonlyMap<string, string>> {
  const file = join(SHIPPED, SERVICES);
  if (!existsSync(PORT_NAMES) || !existsSync(file)) return namedAnew();
  const { digest, names } = JSON.parse(readFileSync(PORT_NAMES, 'utf8')) as PortNames;
  return digest === digestOf(readFileSync(file, 'utf8')) ? new Map(Object.entries(names)) : namedAnew();
}

/** The same, read from the services themselves; what reads them is loaded only where it is needed. */
export async function namedAnew(): Promise<ReadonlyMap<string, string>> {
  const { shippedServices } = await import('./rules.js');
  const table = shippedServices();
  const names = new Map<string, string>();
  for (const { proto, ports, name } of table.ok ? table.value.services : []) {
    if (ports === 'any') continue;
    const numbers = proto === 'tcp' ? [6] : proto === 'udp' ? [17] : [6, 17];
    for (let at = 0; at < ports.length; at += 2) {
      if (ports[at + 1]! - ports[at]! > RANGE_MAX) continue;
      for (let port = ports[at]!; port <= ports[at + 1]!; port++) {
        for (const number of numbers) {
          const key = `${number} ${port}`;
          if (!names.has(key)) names.set(key, name.replace(/ \(.*$/, ''));
        }
      }
    }
  }
  return names;
}
