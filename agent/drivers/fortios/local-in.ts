import { single } from '../../lib/intervals.js';
import {
  type AddressSet,
  all,
  any,
  anyIp4,
  anyIp6,
  type Condition,
  type Family,
  not,
  parseAddressSet,
  type Rule,
} from '../../model/index.js';
import type { Claims } from './claim.js';
import { type Domain, type NetworkInterface, unionOf } from './network.js';
import { type Entry, spansAt, type Table, textAt, valuesOf } from './tables.js';

/** What of the whole device administrative access depends on. */
export interface Administration {
  readonly global: ReadonlyMap<string, Table>;
  /** The hosts that administrators may come from; undefined: any. */
  readonly trusted: Readonly<Record<Family, AddressSet | undefined>>;
}

export function administrationOf(global: ReadonlyMap<string, Table>): Administration {
  const admins = global.get('system admin')?.entries ?? [];
  const trustedOf = (family: Family): AddressSet | undefined => {
    const key = family === 'ip4' ? /^trusthost\d+$/ : /^ip6-trusthost\d+$/;
    const everything = family === 'ip4' ? anyIp4 : anyIp6;
    const hosts = admins.map(
      (admin) =>
        [...admin.settings.values()]
          .filter((setting) => key.test(setting.key) && setting.values !== undefined)
          .map(({ values = [] }) => parseAddressSet(values.join('/')))
          // Any address is what a place for a trusted host holds that is not used.
          .filter(
            (set) => set !== undefined && set[family].join() !== everything[family].join(),
          ) as readonly AddressSet[],
    );
    // One administrator without trusted hosts of this family, and the services answer everybody.
    const open = hosts.some((sets) => sets.length === 0);
    return hosts.length === 0 || open ? undefined : unionOf(hosts.flat());
  };
  return { global, trusted: { ip4: trustedOf('ip4'), ip6: trustedOf('ip6') } };
}

interface Answer {
  readonly protocol: number;
  readonly ports?: readonly [number, number];
}

/** What each word of `allowaccess` opens; the ports of the first four can be moved in `system global`. */
function answersOf(word: string, global: Entry | undefined): readonly Answer[] | undefined {
  const moved = (key: string, standard: number): readonly Answer[] => {
    const port = Number((global && textAt(global, key)) ?? standard);
    return [{ protocol: 6, ports: [port, port] }];
  };
  const tcp = (port: number): Answer => ({ protocol: 6, ports: [port, port] });
  const udp = (first: number, last = first): Answer => ({ protocol: 17, ports: [first, last] });
  switch (word) {
    case 'https':
      return moved('admin-sport', 443);
    case 'http':
      return moved('admin-port', 80);
    case 'ssh':
      return moved('admin-ssh-port', 22);
    case 'telnet':
      if (global && textAt(global, 'admin-telnet') === 'disable') return [];
      return moved('admin-telnet-port', 23);
    case 'ping':
      return [];
    case 'snmp':
      return [udp(161)];
    case 'fgfm':
      return [tcp(541)];
    case 'capwap':
      return [udp(5246, 5247)];
    case 'fabric':
      return [tcp(8013), udp(5246, 5247)];
    case 'radius-acct':
      return [udp(1813)];
    case 'probe-response':
      return [tcp(8008)];
    case 'ftm':
      return [tcp(4433)];
    case 'speed-test':
      return [tcp(5201), udp(5201)];
    case 'auto-ipsec':
      return [udp(500)];
    default:
      return undefined;
  }
}

const forAdministrators = new Set(['https', 'http', 'ssh', 'telnet']);

/** Administrative access, interface by interface: what the device answers there without any local-in policy. */
export function accessRules(domain: Domain, administration: Administration, claims: Claims): readonly Rule[] {
  const rules: Rule[] = [];
  const settings = administration.global.get('system global')?.own;
  for (const one of domain.interfaces) {
    if (textAt(one.entry, 'status') === 'down') continue;
    const six = one.entry.tables.get('ipv6')?.own;
    for (const [entry, key, family] of [
      [one.entry, 'allowaccess', 'ip4'],
      [six, 'ip6-allowaccess', 'ip6'],
      ...(one.entry.tables.get('secondaryip')?.entries ?? []).map((more) => [more, 'allowaccess', 'ip4'] as const),
    ] as const) {
      if (!entry) continue;
      const place = (at: Entry): string => (at === one.entry || at === six ? '' : `/secondaryip ${at.name}`);
      for (const word of valuesOf(entry, key)) {
        const spans = spansAt(entry, key)!;
        const condition = accessCondition(word, family, one, administration, settings);
        if (!condition) {
          claims.lose(spans, `${key} ${word} is not known`);
          continue;
        }
        const line = spans.at(-1)!;
        rules.push({
          origin: {
            file: claims.file,
            line: line.line,
            lastLine: line.lastLine,
            rule: `${domain.prefix}system interface ${one.name}${place(entry)} ${key}`,
            text: `${key} ${word} on ${one.name}`,
          },
          steps: [{ kind: 'match', condition }, { kind: 'accept' }],
        });
      }
    }
  }
  return rules;
}

/** The hosts that an interface for management alone answers; undefined: all. */
function dedicatedTo(entry: Entry, family: Family): AddressSet | undefined {
  if (textAt(entry, 'dedicated-to') !== 'management') return undefined;
  const key = family === 'ip4' ? 'trust-ip-' : 'trust-ip6-';
  const sets = [1, 2, 3].map((number) => parseAddressSet(valuesOf(entry, `${key}${number}`).join('/')));
  const known = sets.filter((set) => set !== undefined && !isEverybody(set, family)) as readonly AddressSet[];
  return known.length === 0 ? undefined : unionOf(known);
}

/** Zeros, of any length, stand where no host is named. */
function isEverybody({ ip4, ip6 }: AddressSet, family: Family): boolean {
  return family === 'ip4' ? ip4[0] === 0 : ip6[0] === 0n;
}

function accessCondition(
  word: string,
  family: Family,
  { name, entry }: NetworkInterface,
  administration: Administration,
  settings: Entry | undefined,
): Condition | undefined {
  const trusted = administration.trusted[family];
  const answers = answersOf(word, settings);
  if (!answers || answers.some(({ ports }) => ports?.some((port) => !Number.isInteger(port) || port > 65535)))
    return undefined;
  const services = answers.map(({ protocol, ports }) =>
    all({ kind: 'protocol', protocols: single(protocol) }, { kind: 'destinationPort', ports: [...ports!] }),
  );
  const [number, echo] = family === 'ip4' ? [1, 8] : [58, 128];
  const ping = all(
    { kind: 'protocol', protocols: single(number) },
    { kind: 'icmp', typeCodes: [echo * 256, echo * 256 + 255] },
  );
  const service = word === 'ping' ? ping : services.length === 1 ? services[0]! : any(...services);
  const parts: Condition[] = [{ kind: 'family', family }, { kind: 'inInterface', names: [name] }, service];
  const dedicated = dedicatedTo(entry, family);
  if (dedicated) parts.push({ kind: 'source', addresses: dedicated });
  if (trusted) {
    const from: Condition = { kind: 'source', addresses: trusted };
    if (forAdministrators.has(word)) parts.push(from);
    else if (word === 'ping') {
      const text = 'ping is answered to hosts that no administrator may come from';
      parts.push(any(from, all(not(from), { kind: 'unknown', id: `fortios ${text}`, text })));
    }
  }
  return all(...parts);
}
