import type { VersionedDefault } from '../contract.js';
import { defaultIn } from '../shared/version.js';

/** What holds where nothing is written, where that went by the version; the sources are Fortinet's. */
const known = {
  /** Technical tip 94794 says 7.2.3, the course for administrators says 7.2.4: between them nobody knows. */
  'match-vip': {
    what: 'match-vip of a policy that denies',
    since: [
      { version: '1', value: 'disable' },
      { version: '7.2.3', value: 'disable or enable' },
      { version: '7.2.4', value: 'enable' },
    ],
  },
  /** Technical tip 98332, on packets that leave by the interface they came in by. */
  'allow-traffic-redirect': {
    what: 'allow-traffic-redirect of system global',
    since: [
      { version: '1', value: 'enable' },
      { version: '7.4.10', value: 'disable' },
      { version: '7.6', value: 'enable' },
      { version: '7.6.5', value: 'disable' },
    ],
  },
  /** Technical tip 196651: whether that holds for sources that are not of the interface's own network. */
  'redirected sources': {
    what: 'sources whose packets are redirected without a policy',
    since: [
      { version: '1', value: 'those of the network of the interface' },
      { version: '7.0.16', value: 'all' },
      { version: '7.2', value: 'those of the network of the interface' },
      { version: '7.2.11', value: 'all' },
      { version: '7.4', value: 'those of the network of the interface' },
      { version: '7.4.4', value: 'all' },
    ],
  },
} as const satisfies Readonly<Record<string, VersionedDefault>>;

export const defaults: readonly VersionedDefault[] = Object.values(known);

/** Without a version nobody knows. */
export function defaultOf(name: keyof typeof known, version: string | undefined): string | undefined {
  return defaultIn(known[name], version);
}
