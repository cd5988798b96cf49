import { type Bound, equals, type Intervals, ranges, size, union } from '../lib/intervals.js';
import { type AddressSet, LAST_IP4, LAST_IP6 } from '../model/index.js';
import { contentText } from './identity.js';
import type { Edit, InterfaceSet, Opening, PacketBox } from './opening.js';

/** What one rule lets through since one edit, as one sentence says it. */
export interface GroupPart {
  /** The largest of its regions, with the box of all of them: in the rule's own words where those are the shorter ones. */
  readonly opening: Opening;
  /** Whether the box holds more than the regions do: exceptions are left out. */
  readonly exact: boolean;
  readonly regions: readonly Opening[];
  /** Its share of all packets there could be, from 0 to 1; only good for comparing. */
  readonly share: number;
}

/** What one edit did, the rule that lets through most of it first. */
export interface OpeningGroup {
  readonly edit?: Edit;
  readonly parts: readonly GroupPart[];
}

/** Puts regions together by the edit behind them and the rule that lets them through, the largest first. */
export function groupOpenings(openings: readonly Opening[]): readonly OpeningGroup[] {
  const groups = new Map<string, Map<string, Opening[]>>();
  for (const opening of openings) {
    const { because, permittedBy, direction, certainty, conditions, nat } = opening;
    const permit = contentText([
      direction,
      permittedBy.identity,
      certainty,
      conditions,
      nat?.destination ?? null,
      nat?.others ?? null,
    ]);
    // Where nothing was edited (an exposure, not a difference), each rule stands for itself.
    const edit = because ? editKey(because) : permit;
    const parts = groups.get(edit) ?? new Map<string, Opening[]>();
    groups.set(edit, parts);
    const regions = parts.get(permit);
    if (regions) regions.push(opening);
    else parts.set(permit, [opening]);
  }
  const bySize = (a: number, b: number): number => b - a;
  return [...groups.values()]
    .map((parts): OpeningGroup => {
      const sorted = [...parts.values()].map(partOf).sort((a, b) => bySize(a.share, b.share));
      const edit = sorted[0]!.opening.because;
      return { parts: sorted, ...(edit && { edit }) };
    })
    .sort((a, b) => bySize(shareOf(a), shareOf(b)));
}

/** A list that was emptied is one edit, whatever its rules were. */
function editKey({ edit, list, rule }: Edit): string {
  return contentText(edit === 'flushed' ? [edit, list] : [edit, list, rule]);
}

function shareOf({ parts }: OpeningGroup): number {
  return parts.reduce((sum, { share }) => sum + share, 0);
}

function partOf(regions: readonly Opening[]): GroupPart {
  const sized = regions.map((opening) => ({ opening, share: openingShare(opening) }));
  const largest = sized.reduce((best, one) => (one.share > best.share ? one : best)).opening;
  const hull = regions.map(({ box }) => box).reduce(joined);
  const box = inOwnWords(hull, largest.permittedBy.match);
  const only = regions.length === 1 && largest.except.length === 0;
  return {
    opening: { ...largest, box, except: [] },
    exact: only && box === hull,
    regions,
    share: sized.reduce((sum, { share }) => sum + share, 0),
  };
}

/** More ranges than this are read by nobody, if the rule itself says it shorter. */
const RANGES_MAX = 3;

/** The rule's own values take the place of those that became long lists because something passed before. */
function inOwnWords(hull: PacketBox, rule: PacketBox | undefined): PacketBox {
  if (!rule) return hull;
  const numbers = ['protocol', 'sourcePort', 'destinationPort', 'icmp', 'sourceMac'] as const;
  const longer: (keyof PacketBox)[] = numbers.filter((name) => isLonger(hull[name], rule[name]));
  for (const name of ['source', 'destination'] as const) {
    const [long, own] = [hull[name], rule[name]];
    const known = hull.families.every((family) => rule.families.includes(family));
    if (known && (isLonger(long?.ip4, own?.ip4) || isLonger(long?.ip6, own?.ip6))) longer.push(name);
  }
  if (longer.length === 0) return hull;
  const kept = Object.entries(hull).filter(([name]) => !longer.includes(name as keyof PacketBox));
  const own = Object.entries(rule).filter(([name]) => longer.includes(name as keyof PacketBox));
  return Object.fromEntries([...kept, ...own]) as unknown as PacketBox;
}

function isLonger<T extends Bound>(hull: Intervals<T> | undefined, rule: Intervals<T> | undefined): boolean {
  const count = (hull?.length ?? 0) / 2;
  return count > RANGES_MAX && count > (rule?.length ?? 0) / 2;
}

/** The smallest box that holds both. */
function joined(a: PacketBox, b: PacketBox): PacketBox {
  const families = (['ip4', 'ip6'] as const).filter((one) => a.families.includes(one) || b.families.includes(one));
  const numbers = (name: 'protocol' | 'sourcePort' | 'destinationPort' | 'icmp' | 'sourceMac') =>
    a[name] && b[name] ? { [name]: union(a[name], b[name]) } : {};
  const addresses = (name: 'source' | 'destination') => {
    const [one, other] = [a[name], b[name]];
    if (!one && !other) return {};
    const of = (box: PacketBox, set: AddressSet | undefined): AddressSet => ({
      ip4: box.families.includes('ip4') ? (set ? set.ip4 : [0, LAST_IP4]) : [],
      ip6: box.families.includes('ip6') ? (set ? set.ip6 : [0n, LAST_IP6]) : [],
    });
    const [left, right] = [of(a, one), of(b, other)];
    const both = { ip4: union(left.ip4, right.ip4), ip6: union(left.ip6, right.ip6) };
    return isEverything(both, families) ? {} : { [name]: both };
  };
  const interfaces = (name: 'inInterface' | 'outInterface') => {
    const set = a[name] && b[name] && joinedNames(a[name], b[name]);
    return set ? { [name]: set } : {};
  };
  return {
    families,
    ...interfaces('inInterface'),
    ...interfaces('outInterface'),
    ...addresses('source'),
    ...addresses('destination'),
    ...numbers('protocol'),
    ...numbers('sourcePort'),
    ...numbers('destinationPort'),
    ...numbers('icmp'),
    ...numbers('sourceMac'),
  };
}

function isEverything({ ip4, ip6 }: AddressSet, families: PacketBox['families']): boolean {
  return families.every((family) =>
    family === 'ip4' ? equals(ip4, [0, LAST_IP4]) : equals<bigint>(ip6, [0n, LAST_IP6]),
  );
}

/** Undefined: any interface. */
function joinedNames(a: InterfaceSet, b: InterfaceSet): InterfaceSet | undefined {
  if (contentText(a) === contentText(b)) return a;
  if (a.but || b.but) return undefined;
  if (a.kind === 'only' && b.kind === 'only') return { kind: 'only', names: [...new Set([...a.names, ...b.names])] };
  const [left, right] = a.kind === 'except' ? [a, b] : [b, a];
  const names = left.names.filter((name) => right.names.includes(name) === (right.kind === 'except'));
  return names.length > 0 ? { kind: 'except', names } : undefined;
}

/** Two openings are compared by the share of their family's packets that they hold. */
function openingShare({ box, except }: Opening): number {
  return Math.max(0, boxShare(box) - except.reduce((sum, one) => sum + boxShare(one), 0));
}

/** How many interfaces a device is taken to have, where only names are known that it does not hold. */
const INTERFACES = 32;

function boxShare(box: PacketBox): number {
  const share = (set: Intervals<Bound> | undefined, all: number): number =>
    set === undefined ? 1 : Number(size(set)) / all;
  const names = (set: InterfaceSet | undefined): number => {
    if (!set) return 1;
    const part = Math.min(1, set.names.length / INTERFACES);
    return set.kind === 'only' ? part : 1 - part;
  };
  const addresses = box.families.reduce((sum, family) => {
    const all = family === 'ip4' ? 2 ** 32 : 2 ** 128;
    return sum + share(box.source?.[family], all) * share(box.destination?.[family], all);
  }, 0);
  // Protocols without ports are few and not compared with ports: a protocol counts as one of five that are used.
  const protocols = box.protocol ? Math.min(1, [...ranges(box.protocol)].length / 5) : 1;
  return (
    addresses *
    protocols *
    share(box.sourcePort, 65536) *
    share(box.destinationPort, 65536) *
    share(box.icmp, 65536) *
    share(box.sourceMac, 2 ** 48) *
    names(box.inInterface) *
    names(box.outInterface)
  );
}
