import { z } from 'zod';
import { zoneKinds, zoneTrusts } from '../model/index.js';
import { Networks, setting } from './parts.js';

/** The zones of the hospital's network. */

const list = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

const KIND = `what lives there: ${list(zoneKinds)}`;
const TRUST = `one of ${list(zoneTrusts)}`;

const ZoneEntry = z.strictObject(
  {
    kind: setting(
      z.enum(zoneKinds, { error: KIND }),
      'What lives there. It decides how bad it is when something gets in: what reaches `clinical`, `imaging`, `biomed` or `lab` is judged one step worse, and worse still from the internet; what reaches `directory`, `backup` or `management` as well; data that leaves `clinical` or `research` for a host that is not approved is high.',
      'imaging',
    ),
    networks: setting(
      Networks.optional(),
      'Its networks. Where a rule names addresses, the zone is found by them, and the name stands for them in the scope of a window.',
      ['10.20.0.0/16', '2001:db8:20::/48'],
    ),
    trust: setting(
      z.enum(zoneTrusts, { error: TRUST }).optional(),
      'Who sits there. `inside`: the hospital’s own. `partner`: known others, judged like the vendors’ tunnel. `outside`: strangers, judged like the internet, also where their addresses are private. Left out: `outside` for the kinds internet and guest, `partner` for vendor, else `inside`.',
      'inside',
    ),
  },
  { error: 'a zone: {kind, networks, trust}' },
);

export const Zones = z
  .record(
    z.string().regex(/^[A-Za-z][\w.-]{0,63}$/, 'the name of a zone: letters, digits, dots, dashes and underscores'),
    ZoneEntry,
    { error: 'zones by their names, such as {imagerie: {kind: imaging}}' },
  )
  .prefault({});

/** Names that mean something where nobody declares them: what platforms and documents call these zones. */
export const KNOWN_ZONES: readonly string[] = [
  ...['internet', 'wan', 'untrust', 'untrusted', 'outside', 'vendor-vpn', 'loopback'],
  ...['srv-clinical', 'lan-clinical', 'imaging', 'biomed', 'lab', 'research'],
  ...['directory', 'backup', 'management', 'dmz'],
];
