import { type Intervals, single } from '../../lib/intervals.js';
import {
  type AddressSet,
  all,
  any,
  type Condition,
  type Family,
  type Nat,
  never,
  parseAddressSet,
  type Rule,
} from '../../model/index.js';
import type { Claims } from './claim.js';
import { linesOfEntry } from './claim.js';
import { type Domain, unionOf } from './network.js';
import { type AddressBook, conditionOf } from './objects.js';
import { originOf } from './origin.js';
import { portRange, type ServiceBook } from './services.js';
import { type Entry, isEnabled, textAt, valuesOf } from './tables.js';
import { type Mapping, mappingOf } from './vip-mapping.js';

/** A virtual IP: what it translates, and the packets that it has translated. */
export interface VirtualIp {
  readonly name: string;
  readonly entry: Entry;
  readonly rule: Rule;
  /** One for each host and port, where that says it exactly. */
  readonly rules: readonly Rule[];
  /** True of packets that this one translates, asked of what they arrived with. */
  readonly arrived: Condition;
  /** Which addresses outside stand for which inside; empty where that is not one for one. */
  readonly pieces: readonly { readonly outside: AddressSet; readonly inside: AddressSet }[];
  readonly keepsHost: boolean;
  /** Of one where a proxy answers by itself: what reaches it. */
  readonly answers?: Condition;
}

export interface VipContext {
  readonly domain: Domain;
  readonly books: Readonly<Record<Family, AddressBook>>;
  readonly services: ServiceBook;
  readonly claims: Claims;
  interfaceTest(names: readonly string[], kind: 'inInterface'): Condition;
}

const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132, icmp: 1 };

export function virtualIps(context: VipContext, family: Family): ReadonlyMap<string, VirtualIp> {
  const { domain } = context;
  const found = new Map<string, VirtualIp>();
  const path = family === 'ip4' ? 'firewall vip' : 'firewall vip6';
  for (const entry of domain.tables.get(path)?.entries ?? []) {
    const isProxy = textAt(entry, 'type') === 'access-proxy';
    if (isProxy || textAt(entry, 'type') === 'dns-translation')
      found.set(entry.name, passive(context, path, entry, isProxy ? family : undefined));
    else found.set(entry.name, translating(context, path, entry, family));
  }
  return found;
}

/** A proxy answers there by itself, or only answers of DNS are changed: no packet goes on with another address. */
function passive(context: VipContext, path: string, entry: Entry, proxied: Family | undefined): VirtualIp {
  const { domain, claims } = context;
  const rule: Rule = { origin: originOf(claims.file, domain, path, entry), steps: [], disabled: true };
  const base = { name: entry.name, entry, rule, rules: [rule], arrived: never, pieces: [], keepsHost: false };
  if (proxied === undefined) {
    claims.coverage.rule('exact');
    return base;
  }
  const outside = outsideOf(context, entry, proxied);
  const number = portRange(textAt(entry, 'extport') ?? '443');
  claims.coverage.rule(outside && number ? 'bounded' : 'unread');
  if (!outside || !number) {
    claims.lose(linesOfEntry(entry), `${path} ${entry.name} cannot be read`);
    return base;
  }
  const tcp: Condition = { kind: 'protocol', protocols: single(6) };
  return { ...base, answers: all(outside.condition, tcp, { kind: 'destinationPort', ports: number }) };
}

function translating(context: VipContext, path: string, entry: Entry, family: Family): VirtualIp {
  const { domain, claims } = context;
  const outside = outsideOf(context, entry, family);
  const arrived = outside && arrivedOf(context, entry, outside.condition);
  const nat = natOf(entry, family, outside?.addresses);
  if (!arrived || !nat) {
    claims.lose(linesOfEntry(entry), `${path} ${entry.name} cannot be read`);
    claims.coverage.rule('unread');
  } else {
    const bound = outside?.bound ?? nat.bound;
    if (bound !== undefined) claims.mark([entry], 'approximated', bound);
    claims.coverage.rule(bound === undefined ? 'exact' : 'bounded');
  }
  const text = `${path} ${entry.name} translates`;
  const condition: Condition = arrived ?? {
    kind: 'unknown',
    id: `fortios ${path} ${entry.name}`,
    text,
    unrecognized: true,
  };
  const unknownTarget: Nat = { kind: 'nat', translate: 'destination', to: { addresses: anyOf(family) } };
  const origin = originOf(claims.file, domain, path, entry);
  const pieces = nat?.pieces ?? [{ action: unknownTarget }];
  const rules = pieces.map(
    (piece): Rule => ({
      origin,
      steps: [{ kind: 'match', condition: all(condition, ...narrowed(piece)) }, piece.action],
    }),
  );
  return {
    name: entry.name,
    entry,
    arrived: original(condition),
    rule: rules[0]!,
    rules,
    pieces: nat?.hosts ?? [],
    keepsHost: nat?.keepsHost === true,
  };
}

function narrowed({ outside, port }: Piece): readonly Condition[] {
  return [
    ...(outside ? [{ kind: 'destination' as const, addresses: outside }] : []),
    ...(port ? [{ kind: 'destinationPort' as const, ports: port }] : []),
  ];
}

function anyOf(family: Family): AddressSet {
  return parseAddressSet(family === 'ip4' ? '0.0.0.0/0' : '::/0')!;
}

/** The same asked of what the packet arrived with. */
export function original(condition: Condition): Condition {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return { kind: condition.kind, of: condition.of.map(original) };
    case 'not':
      return { kind: 'not', of: original(condition.of) };
    case 'source':
    case 'destination':
      return { ...condition, original: true };
    case 'sourcePort':
    case 'destinationPort':
      return { ...condition, original: true };
    default:
      return condition;
  }
}

interface Outside {
  readonly condition: Condition;
  /** Where they are known. */
  readonly addresses?: AddressSet;
  readonly bound?: string;
}

/** The addresses under which it is reached. */
function outsideOf({ domain, books }: VipContext, entry: Entry, family: Family): Outside | undefined {
  const named = valuesOf(entry, 'extaddr');
  if (named.length > 0) {
    const meaning = books[family].meaningOf(named);
    if (meaning.problems.length > 0) return undefined;
    const known = meaning.others.length === 0 ? { addresses: meaning.addresses } : { bound: meaning.bounds.join() };
    return { condition: conditionOf(meaning, 'destination'), ...known };
  }
  const text = textAt(entry, 'extip');
  const name = textAt(entry, 'extintf') ?? 'any';
  const given = text === undefined || text === '0.0.0.0' || text === '::' ? undefined : parseAddressSet(text);
  if (text === undefined || (given && given[family].length === 0)) return undefined;
  if (given) return { condition: { kind: 'destination', addresses: given }, addresses: given };
  if (text !== '0.0.0.0' && text !== '::') return undefined;
  // Zeros are whatever address the outside interface has.
  const interfaces = domain.interfaces.filter((one) => name === 'any' || one.name === name);
  const own = unionOf(interfaces.map(({ addresses }) => addresses));
  if (interfaces.length === 0) return undefined;
  if (own[family].length > 0) return { condition: { kind: 'destination', addresses: own }, addresses: own };
  const bound = `the destination is the address that ${name} has at the time`;
  return { condition: { kind: 'unknown', id: `fortios ${bound}`, text: bound }, bound };
}

/** Balanced over servers: what comes to its port, whether port forwarding is named or not. */
function isBalanced(entry: Entry): boolean {
  return textAt(entry, 'type') === 'server-load-balance';
}

function portsOf(
  entry: Entry,
): { readonly protocol: number; readonly external?: readonly [number, number] } | 'none' | undefined {
  const kind = textAt(entry, 'server-type');
  if (!isEnabled(entry, 'portforward') && (!isBalanced(entry) || kind === 'ip' || kind === undefined)) return 'none';
  const protocol = isBalanced(entry) ? (kind === 'udp' ? 17 : 6) : protocols[textAt(entry, 'protocol') ?? 'tcp'];
  if (protocol === undefined) return undefined;
  if (protocol === 1) return { protocol };
  const text = textAt(entry, 'extport');
  // Several services may stand in the place of a port.
  if ((text === undefined || text === '0') && (valuesOf(entry, 'service').length > 0 || isBalanced(entry)))
    return { protocol };
  const external = portRange(text ?? '');
  return external && { protocol, external };
}

function arrivedOf(context: VipContext, entry: Entry, outside: Condition): Condition | undefined {
  const parts: Condition[] = [outside];
  const onInterface = textAt(entry, 'extintf') ?? 'any';
  if (onInterface !== 'any') parts.push(context.interfaceTest([onInterface], 'inInterface'));
  const wanted = valuesOf(entry, 'service');
  if (wanted.length > 0) {
    const meaning = context.services.meaningOf(wanted);
    if (meaning.problems.length > 0) return undefined;
    parts.push(meaning.condition);
  }
  const ports = portsOf(entry);
  if (!ports) return undefined;
  if (ports !== 'none') {
    parts.push({ kind: 'protocol', protocols: single(ports.protocol) });
    if (ports.external) parts.push({ kind: 'destinationPort', ports: ports.external });
  }
  const sources = valuesOf(entry, 'src-filter').map((text) => parseAddressSet(text));
  if (sources.includes(undefined)) return undefined;
  if (sources.length > 0) parts.push(any(...sources.map((one) => ({ kind: 'source', addresses: one! }) as const)));
  const interfaces = valuesOf(entry, 'srcintf-filter');
  if (interfaces.length > 0) parts.push(context.interfaceTest(interfaces, 'inInterface'));
  return all(...parts);
}

interface Piece {
  readonly outside?: AddressSet;
  readonly port?: Intervals;
  readonly action: Nat;
}

interface Translated {
  readonly pieces: readonly Piece[];
  /** Why the new address or port is one of several. */
  readonly bound?: string;
  readonly hosts?: Mapping['hosts'];
  readonly keepsHost?: boolean;
}

function natOf(entry: Entry, family: Family, outside: AddressSet | undefined): Translated | undefined {
  const type = textAt(entry, 'type') ?? 'static-nat';
  const base = { kind: 'nat', translate: 'destination' } as const;
  if (['nat46', 'nat64'].some((key) => isEnabled(entry, key))) {
    const bound = 'it is translated into the other family of addresses';
    return { pieces: [{ action: { ...base, to: { addresses: anyOf(family) } } }], bound };
  }
  if (type === 'fqdn') {
    const bound = `the new address is what ${valuesOf(entry, 'mapped-addr').join(' ')} stands for at the time`;
    return { pieces: [{ action: { ...base, to: { addresses: anyOf(family) } } }], bound };
  }
  if (type === 'server-load-balance' || type === 'load-balance') return balanced(entry);
  const mapped = valuesOf(entry, 'mappedip');
  const inside = mapped.length === 1 ? parseAddressSet(mapped[0]!) : undefined;
  if (type !== 'static-nat' || !inside || inside[family].length === 0) return undefined;
  const forwarded = portsOf(entry);
  const mappedPort = isEnabled(entry, 'portforward') ? textAt(entry, 'mappedport') : undefined;
  const target = mappedPort === undefined || mappedPort === '0' ? undefined : portRange(mappedPort);
  if (mappedPort !== undefined && mappedPort !== '0' && !target) return undefined;
  const external = forwarded && forwarded !== 'none' ? forwarded.external : undefined;
  const oneToOne = textAt(entry, 'portmapping-type') !== 'm-to-n';
  return mappingOf({ outside, inside, family, external, target, oneToOne });
}

function balanced(entry: Entry): Translated | undefined {
  const servers = (entry.tables.get('realservers')?.entries ?? []).filter((one) => textAt(one, 'status') !== 'disable');
  const named = servers.some((one) => textAt(one, 'type') === 'address');
  const texts = [...valuesOf(entry, 'mappedip'), ...servers.flatMap((one) => textAt(one, 'ip') ?? [])];
  const sets = texts.map((text) => parseAddressSet(text));
  const known = sets.filter((set) => set !== undefined);
  const ports = servers.map((one) => portRange(textAt(one, 'port') ?? ''));
  const single = new Set(ports.map((range) => range?.join()));
  const port = ports.length > 0 && single.size === 1 ? ports[0] : undefined;
  if (!named && (sets.length === 0 || known.length < sets.length)) return undefined;
  const to: Nat['to'] = { addresses: named ? anyOf('ip4') : unionOf(known) };
  const action: Nat = { kind: 'nat', translate: 'destination', to, ...(port && port[1] > 0 && { ports: port }) };
  const exact = !named && known.length === 1 && (single.size === 1 || servers.length === 0);
  return { pieces: [{ action }], ...(!exact && { bound: 'the new address is one of several' }) };
}
