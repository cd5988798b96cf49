import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The rules that come with Écluse. */
export const SHIPPED = fileURLToPath(new URL('../../../rules/', import.meta.url));

/** What answers on which port: the name of the file in any folder of rules. */
export const SERVICES = 'services.yaml';

/** The names of ports, as `npm run generate` read them from the services: of a text with this digest, and no other. */
export const PORT_NAMES = join(SHIPPED, 'ports.json');

export interface PortNames {
  readonly digest: string;
  /** `6 443` → `HTTPS`: the number of the protocol and the port. */
  readonly names: Readonly<Record<string, string>>;
}
