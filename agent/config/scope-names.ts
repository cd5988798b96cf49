import type { Problem } from '../lib/result.js';
import { parseAddressSet } from '../model/index.js';
import { type Names, suggestion } from './known-names.js';
import { KNOWN_ZONES } from './zones.js';

/** What the source and the destination of a scope may be called by. */
export type Parties = Pick<Names, 'zones' | 'placed' | 'devices'>;

/** A name that stands for nothing makes a scope that nothing is in: everything in the window would be told as outside. */
export function partyProblem(
  name: string,
  { zones, placed, devices }: Parties,
): (Required<Pick<Problem, 'expected' | 'remedy'>> & Pick<Problem, 'message'>) | undefined {
  const parties = [...(zones ?? []), ...KNOWN_ZONES, ...placed, ...devices, 'any'];
  if (!zones || parties.includes(name) || parties.includes(name.toLowerCase())) return undefined;
  if (parseAddressSet(name) !== undefined) return undefined;
  return {
    message: `\`${name}\` is neither an address nor a zone`,
    expected: 'an address, a prefix, a zone, a site, a device, internet or any',
    remedy: suggestion(name, parties) ?? 'declare the zone, or write its address',
  };
}
