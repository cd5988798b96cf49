import { single, size } from '../../lib/intervals.js';
import {
  type AddressSet,
  all,
  type Condition,
  type Family,
  type Nat,
  parseAddressSet,
  type Rule,
} from '../../model/index.js';
import type { Claims } from './claim.js';
import { linesOfEntry } from './claim.js';
import { type Domain, unionOf } from './network.js';
import { originOf } from './origin.js';
import { portRange, type ServiceBook } from './services.js';
import { type Entry, isEnabled, textAt, valuesOf } from './tables.js';

/** A virtual IP: what it translates, and the packets that it has translated. */
export interface VirtualIp {
  readonly name: string;
  readonly entry: Entry;
  readonly rule: Rule;
  /** True of packets that this one translates, asked of what they arrived with. */
  readonly arrived: Condition;
}

const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132, icmp: 1 };

export function virtualIps(
  domain: Domain,
  family: Family,
  interfaceTest: (names: readonly string[], kind: 'inInterface') => Condition,
  services: ServiceBook,
  claims: Claims,
): ReadonlyMap<string, VirtualIp> {
  const found = new Map<string, VirtualIp>();
  const path = family === 'ip4' ? 'firewall vip' : 'firewall vip6';
  for (const entry of domain.tables.get(path)?.entries ?? []) {
    const arrived = arrivedOf(domain, entry, family, interfaceTest, services);
    const nat = natOf(entry);
    if (!arrived || !nat) {
      claims.lose(linesOfEntry(entry), `${path} ${entry.name} cannot be read`);
      claims.coverage.rule('unread');
    } else {
      if (!nat.exact) claims.mark([entry], 'approximated', 'the new address is one of several');
      claims.coverage.rule(nat.exact ? 'exact' : 'bounded');
    }
    const lost: Condition = {
      kind: 'unknown',
      id: `fortios ${path} ${entry.name}`,
      text: `${path} ${entry.name} translates`,
      unrecognized: true,
    };
    const condition = arrived ?? lost;
    const action: Nat = nat?.action ?? { kind: 'nat', translate: 'destination', to: { addresses: anyOf(family) } };
    found.set(entry.name, {
      name: entry.name,
      entry,
      arrived: condition,
      rule: { origin: originOf(claims.file, domain, path, entry), steps: [{ kind: 'match', condition }, action] },
    });
  }
  return found;
}

function anyOf(family: Family): AddressSet {
  return parseAddressSet(family === 'ip4' ? '0.0.0.0/0' : '::/0')!;
}

function arrivedOf(
  domain: Domain,
  entry: Entry,
  family: Family,
  interfaceTest: (names: readonly string[], kind: 'inInterface') => Condition,
  services: ServiceBook,
): Condition | undefined {
  const outside = textAt(entry, 'extip') ?? valuesOf(entry, 'extaddr')[0];
  const onInterface = textAt(entry, 'extintf') ?? 'any';
  const own = domain.interfaces.find(({ name }) => name === onInterface)?.addresses;
  // 0.0.0.0 is whatever address the outside interface has.
  const addresses = outside === '0.0.0.0' ? own : outside === undefined ? undefined : parseAddressSet(outside);
  if (!addresses || addresses[family].length === 0) return undefined;
  const parts: Condition[] = [{ kind: 'destination', addresses, original: true }];
  if (onInterface !== 'any') parts.push(interfaceTest([onInterface], 'inInterface'));
  const wanted = valuesOf(entry, 'service');
  if (wanted.length > 0) {
    const meaning = services.meaningOf(wanted);
    if (meaning.problems.length > 0) return undefined;
    parts.push(meaning.condition);
  }
  if (isEnabled(entry, 'portforward')) {
    const number = protocols[textAt(entry, 'protocol') ?? 'tcp'];
    if (number === undefined) return undefined;
    parts.push({ kind: 'protocol', protocols: single(number) });
    if (number !== 1) {
      const ports = portRange(textAt(entry, 'extport') ?? '');
      if (!ports) return undefined;
      parts.push({ kind: 'destinationPort', ports, original: true });
    }
  }
  const sources = valuesOf(entry, 'src-filter').map((text) => parseAddressSet(text));
  if (sources.includes(undefined)) return undefined;
  if (sources.length > 0) {
    parts.push({
      kind: 'any',
      of: sources.map((one) => ({ kind: 'source', addresses: one!, original: true }) as const),
    });
  }
  const interfaces = valuesOf(entry, 'srcintf-filter');
  if (interfaces.length > 0) parts.push(interfaceTest(interfaces, 'inInterface'));
  return all(...parts);
}

function natOf(entry: Entry): { readonly action: Nat; readonly exact: boolean } | undefined {
  const type = textAt(entry, 'type') ?? 'static-nat';
  const mapped = valuesOf(entry, 'mappedip');
  const port = isEnabled(entry, 'portforward') ? textAt(entry, 'mappedport') : undefined;
  const ports = port === undefined ? undefined : portRange(port);
  if (port !== undefined && !ports) return undefined;
  const base = { kind: 'nat', translate: 'destination', ...(ports && { ports }) } as const;
  if (type === 'static-nat' && mapped.length === 1) {
    const addresses = parseAddressSet(mapped[0]!);
    if (!addresses) return undefined;
    const count = size<number | bigint>(addresses.ip4.length > 0 ? addresses.ip4 : addresses.ip6);
    return { action: { ...base, to: { addresses } }, exact: count === 1n && (!ports || ports[0] === ports[1]) };
  }
  if (type === 'server-load-balance' || type === 'load-balance') {
    const servers = (entry.tables.get('realservers')?.entries ?? []).map((one) => textAt(one, 'ip'));
    const sets = [...mapped, ...servers.filter((one) => one !== undefined)].map((text) => parseAddressSet(text));
    const known = sets.filter((set) => set !== undefined);
    if (sets.length === 0 || known.length < sets.length) return undefined;
    return { action: { ...base, to: { addresses: unionOf(known) } }, exact: false };
  }
  return undefined;
}
