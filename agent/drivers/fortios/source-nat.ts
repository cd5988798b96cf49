import { createHash } from 'node:crypto';
import { type Intervals, single } from '../../lib/intervals.js';
import { recollection } from '../../lib/memo.js';
import {
  type Action,
  type AddressSet,
  all,
  type Condition,
  type Family,
  type Nat,
  noAddress,
  type Origin,
  type Rule,
  type RuleList,
  type Step,
} from '../../model/index.js';
import type { Claims } from './claim.js';
import { exact, type Part, type PolicyContext, unknown } from './context.js';
import { type Domain, rangeOf, unionOf } from './network.js';
import { byName, conditionOf, type Side } from './objects.js';
import { originOf } from './origin.js';
import { portRange } from './services.js';
import { type Entry, isEnabled, textAt, valuesOf } from './tables.js';
import type { VirtualIp } from './vip.js';

const BOTH: readonly Family[] = ['ip4', 'ip6'];

/** The source addresses under which a virtual domain sends packets on. */
export interface SourceNat {
  /**
   * What a policy does to the sources of what it accepts: it marks the packet, and the list of translations asks for
   * the mark. The mark follows from what the packet is translated to, so that an edit elsewhere does not change it.
   */
  policyPart(entry: Entry): Part;
  /** The translations that an entry of the central map or a policy names, by pool; undefined: the interface's address. */
  poolsOf(names: readonly string[], family: Family): { readonly addresses: AddressSet; readonly problems: string[] };
  /** By mark. */
  readonly targets: ReadonlyMap<number, AddressSet | 'interface'>;
}

export function sourceNatOf(domain: Domain, centralNat: boolean): SourceNat {
  const pools = {
    ip4: byName(domain.tables.get('firewall ippool')),
    ip6: byName(domain.tables.get('firewall ippool6')),
  };
  const targets = new Map<number, AddressSet | 'interface'>();
  const keys = new Map<number, string>();
  const marks = new Map<string, number>();
  const markOf = (key: string, target: AddressSet | 'interface'): number => {
    const before = marks.get(key);
    if (before !== undefined) return before;
    let mark = createHash('sha256').update(key).digest().readUInt32BE(0) || 1;
    while (keys.has(mark) && keys.get(mark) !== key) mark = mark === 0xffff_ffff ? 1 : mark + 1;
    keys.set(mark, key);
    marks.set(key, mark);
    targets.set(mark, target);
    return mark;
  };
  const poolsOf: SourceNat['poolsOf'] = (names, family) => {
    const problems: string[] = [];
    const sets = names.map((name) => {
      const pool = pools[family].get(name);
      const set = pool && rangeOf(textAt(pool, 'startip') ?? '', textAt(pool, 'endip') ?? '');
      if (!set) problems.push(pool ? `the pool ${name} cannot be read` : `the pool ${name} is not defined`);
      return set ?? noAddress;
    });
    return { addresses: unionOf(sets), problems };
  };
  return {
    targets,
    poolsOf,
    policyPart(entry) {
      if (centralNat || !isEnabled(entry, 'nat')) return exact;
      const named = isEnabled(entry, 'ippool');
      const four = poolsOf(named ? valuesOf(entry, 'poolname') : [], 'ip4');
      const six = poolsOf(named ? valuesOf(entry, 'poolname6') : [], 'ip6');
      const addresses = unionOf([four.addresses, six.addresses]);
      const pooled = addresses.ip4.length + addresses.ip6.length > 0;
      const key = pooled ? `pool ${addresses.ip4.join()} ${addresses.ip6.join()}` : 'interface';
      const mark = markOf(key, pooled ? addresses : 'interface');
      return { ...exact, problems: [...four.problems, ...six.problems], steps: markWith(mark) };
    },
  };
}

const MARKS_MAX = 4096;
const knownMarks = recollection<readonly Step[]>(MARKS_MAX);

/** The same mark is the same list of steps, in other readings too. */
function markWith(mark: number): readonly Step[] {
  const key = String(mark);
  let steps = knownMarks.get(key);
  if (!steps) {
    steps = [{ kind: 'setMark', and: 0, xor: mark }];
    knownMarks.set(key, steps);
  }
  return steps;
}

/** The lists that change the source of what was let through: the one that is called, and the interfaces' addresses. */
export function sourceLists(context: PolicyContext, active: ReadonlySet<VirtualIp>): readonly RuleList[] {
  const { domain, claims, centralNat } = context;
  const own: RuleList = {
    id: `${domain.prefix}outgoing address`,
    families: BOTH,
    origin: placeOf(domain, claims, 'system interface'),
    rules: interfaceRules(domain, claims),
  };
  const reversed = [...active].flatMap((vip) => reverseRules(context, vip));
  const first = reversed.filter(({ vip }) => isEnabled(vip.entry, 'nat-source-vip')).map(({ rule }) => rule);
  const rules = centralNat
    ? centralRules(context, own.id, first)
    : [
        ...first,
        ...poolRules(context),
        ...reversed.filter(({ vip }) => !isEnabled(vip.entry, 'nat-source-vip')).map(({ rule }) => rule),
        {
          origin: own.origin,
          steps: [
            { kind: 'match', condition: isMarked },
            { kind: 'jump', list: own.id },
          ],
        } as Rule,
      ];
  const path = centralNat ? 'firewall central-snat-map' : 'firewall ippool';
  const list = { id: `${domain.prefix}source nat`, families: BOTH, origin: placeOf(domain, claims, path), rules };
  return [list, own];
}

const ALL_BITS = 0xffff_ffff;
const isMarked: Condition = { kind: 'mark', mask: ALL_BITS, values: [1, ALL_BITS] };

function placeOf({ prefix, tables }: Domain, { file }: Claims, path: string): Origin {
  const line = tables.get(path)?.frame[0]?.line ?? 1;
  return { file, line, rule: `${prefix}${path}`, text: `config ${path}` };
}

function toAddresses(addresses: AddressSet, ports?: Intervals): Nat {
  return { kind: 'nat', translate: 'source', to: { addresses }, ...(ports && { ports }) };
}

/** The address of the interface by which a packet leaves; of one that has none in the configuration, any of its own. */
function interfaceRules(domain: Domain, { file }: Claims): readonly Rule[] {
  const rules = domain.interfaces.flatMap((one): readonly Rule[] => {
    const families = one.ofMember ? [] : BOTH.filter((family) => one.primary[family].length > 0);
    return families.map((family) => ({
      origin: originOf(file, domain, 'system interface', one.entry),
      steps: [
        { kind: 'match', condition: all({ kind: 'family', family }, { kind: 'outInterface', names: [one.name] }) },
        toAddresses(one.primary),
      ],
    }));
  });
  const origin = placeOf(domain, { file } as Claims, 'system interface');
  return [...rules, { origin, steps: [{ kind: 'nat', translate: 'source', to: 'device' }] }];
}

function poolRules({ domain, claims, sourceNat }: PolicyContext): readonly Rule[] {
  const origin = placeOf(domain, claims, 'firewall ippool');
  const sorted = [...sourceNat.targets].sort(([a], [b]) => a - b);
  return sorted.flatMap(([mark, target]) =>
    target === 'interface'
      ? []
      : BOTH.filter((family) => target[family].length > 0).map((family): Rule => {
          const marked: Condition = { kind: 'mark', mask: ALL_BITS, values: single(mark) };
          const condition = all({ kind: 'family', family }, marked);
          return { origin, steps: [{ kind: 'match', condition }, toAddresses(target)] };
        }),
  );
}

interface Reversed {
  readonly vip: VirtualIp;
  readonly rule: Rule;
}

/**
 * A host that a virtual IP publishes whole is seen under that address when it begins a connection itself. With
 * `nat-source-vip` that goes before every pool, else only before the interface's address. (Fortinet's technical tip
 * on how virtual IPs map outbound connections.)
 */
function reverseRules(context: PolicyContext, vip: VirtualIp): readonly Reversed[] {
  if (isEnabled(vip.entry, 'portforward')) return [];
  const filters = ['service', 'src-filter'].some((key) => valuesOf(vip.entry, key).length > 0);
  const text = `the virtual IP ${vip.name} translates what its host begins, with its filters`;
  const interfaceName = textAt(vip.entry, 'extintf') ?? 'any';
  return vip.pieces.map(({ outside, inside }) => {
    const condition = all(
      ...(context.centralNat ? [] : [isMarked]),
      { kind: 'source', addresses: inside },
      ...(interfaceName === 'any' ? [] : [context.interfaceTest([interfaceName], 'outInterface')]),
      ...(filters ? [unknown(text).condition] : []),
    );
    const kept = { addresses: outside, prefix: true, of: inside };
    const nat: Nat = { ...toAddresses(outside), ...(vip.keepsHost && { to: kept }) };
    return { vip, rule: { origin: vip.rule.origin, steps: [{ kind: 'match', condition }, nat] } };
  });
}

/** The central map, from the top; what no entry holds keeps its source. */
function centralRules(context: PolicyContext, own: string, first: readonly Rule[]): readonly Rule[] {
  const { domain, claims } = context;
  const entries = domain.tables.get('firewall central-snat-map')?.entries ?? [];
  return entries.flatMap((entry): readonly Rule[] => {
    const { steps, problems, action } = centralEntry(context, entry, own);
    for (const reason of problems) {
      claims.gap([{ line: entry.line, lastLine: entry.line }], `firewall central-snat-map ${entry.name}: ${reason}`);
    }
    const off = textAt(entry, 'status') === 'disable' && { disabled: true };
    const origin = originOf(claims.file, domain, 'firewall central-snat-map', entry);
    const translates = textAt(entry, 'nat') !== 'disable';
    return [
      ...(translates ? first.map((rule): Rule => ({ ...rule, steps: [...steps, ...rule.steps], ...off })) : []),
      { origin, steps: [...steps, ...action], ...off },
    ];
  });
}

function centralEntry(
  context: PolicyContext,
  entry: Entry,
  own: string,
): { readonly steps: readonly Step[]; readonly problems: readonly string[]; readonly action: readonly Action[] } {
  const family: Family = textAt(entry, 'type') === 'ipv6' ? 'ip6' : 'ip4';
  const six = family === 'ip6' ? '6' : '';
  const problems: string[] = [];
  const parts: Condition[] = [{ kind: 'family', family }];
  for (const [key, kind] of [
    ['srcintf', 'inInterface'],
    ['dstintf', 'outInterface'],
  ] as const) {
    const names = valuesOf(entry, key);
    if (names.length > 0) parts.push(context.interfaceTest(names, kind));
  }
  for (const [key, side] of [
    [`orig-addr${six}`, 'source'],
    [`dst-addr${six}`, 'destination'],
  ] as const satisfies readonly (readonly [string, Side])[]) {
    const names = valuesOf(entry, key);
    if (names.length === 0) continue;
    const meaning = context.books[family].meaningOf(names);
    problems.push(...meaning.problems);
    parts.push(conditionOf(meaning, side));
  }
  const protocol = Number(textAt(entry, 'protocol') ?? '0');
  if (protocol !== 0) parts.push({ kind: 'protocol', protocols: single(protocol) });
  for (const [key, kind] of [
    ['orig-port', 'sourcePort'],
    ['dst-port', 'destinationPort'],
  ] as const) {
    const text = textAt(entry, key);
    if (text === undefined || text === '0') continue;
    const ports = portRange(text);
    if (ports) parts.push({ kind, ports });
    else problems.push(`${key} ${text} cannot be read`);
  }
  const steps: readonly Step[] = [{ kind: 'match', condition: all(...parts) }];
  if (textAt(entry, 'nat') === 'disable') return { steps, problems, action: [{ kind: 'accept' }] };
  const natPort = textAt(entry, 'nat-port');
  const ports = natPort === undefined || natPort === '0' ? undefined : portRange(natPort);
  const pool = context.sourceNat.poolsOf(valuesOf(entry, `nat-ippool${six}`), family);
  problems.push(...pool.problems);
  if (pool.addresses[family].length > 0) return { steps, problems, action: [toAddresses(pool.addresses, ports)] };
  const action: Action = ports
    ? { kind: 'nat', translate: 'source', to: 'device', ports }
    : { kind: 'jump', list: own };
  return { steps, problems, action: [action] };
}
