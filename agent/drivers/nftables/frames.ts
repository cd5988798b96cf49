/**
 * Frames: what tables of network devices and of bridges do to IP packets, before the IP stack has them and after it
 * let them go. Such a table sees a packet at the port that its frame came or goes by, which may lie below the
 * interface that the packet has (a VLAN, a bridge, a bond): that is a condition of its own, held open until it is known
 * how the interfaces stand on each other.
 */
import {
  always,
  any,
  type BaseList,
  type Condition,
  type FramePorts,
  never,
  type Rule,
  type RuleList,
} from '../../model/index.js';
import type { Chain, Table } from './extract.js';
import { verdictText } from './render.js';
import { unknown } from './sets.js';

interface Place {
  readonly hook: 'prerouting' | 'postrouting';
  readonly side: FramePorts['side'];
  readonly of: FramePorts['of'];
  /** Before every list of the IP stack, or after, in the order of the way: port, bridge, the bridge's own interface. */
  readonly stage: number;
}

/** Further than any priority reaches (a 32-bit number in nft, of which people use a few hundred). */
const STAGE = 2 ** 33;

const places: Readonly<Record<string, Place>> = {
  'netdev ingress': { hook: 'prerouting', side: 'in', of: 'device', stage: -3 },
  'inet ingress': { hook: 'prerouting', side: 'in', of: 'device', stage: -3 },
  'bridge prerouting': { hook: 'prerouting', side: 'in', of: 'bridge', stage: -2 },
  'bridge input': { hook: 'prerouting', side: 'in', of: 'bridge', stage: -1 },
  'bridge output': { hook: 'postrouting', side: 'out', of: 'bridge', stage: 1 },
  'bridge postrouting': { hook: 'postrouting', side: 'out', of: 'bridge', stage: 2 },
  'netdev egress': { hook: 'postrouting', side: 'out', of: 'device', stage: 3 },
};

/** Where a base chain of frames stands on the way of a packet; undefined for one of the IP stack, and for what meets none. */
export function placeOf(table: Table, chain: Chain): Place | undefined {
  const key = `${table.family} ${chain.base?.hook}`;
  return chain.base && Object.hasOwn(places, key) ? places[key] : undefined;
}

/** What `iifname` and `oifname` ask of a frame. A device's name is also the packet's interface where nothing stands on it. */
export function portTest(ports: FramePorts): Condition {
  const { side, of, names } = ports;
  const way = side === 'in' ? 'came in' : 'goes out';
  const below = (text: string): Condition => ({ ...unknown(`the frame ${way} by ${text}`), frame: ports });
  if (of === 'bridge') return below(names.length === 0 ? 'a bridge' : `the port ${names.join(', ')}`);
  const interfaces: Condition = { kind: side === 'in' ? 'inInterface' : 'outInterface', names };
  return any(interfaces, below(`${names.join(', ')}, below its interface`));
}

/** nft 1.0 leaves out of its JSON on which devices a chain is. */
function unnamed(list: string, side: FramePorts['side']): Condition {
  return unknown(
    `the frame ${side === 'in' ? 'came in' : 'goes out'} by a device of ${list}, which the listing does not name`,
  );
}

/** The list that calls a chain of frames, for the frames that meet it. */
export function frameBase(
  chain: Chain,
  place: Place,
  called: RuleList,
  policyOrigin: BaseList['policyOrigin'],
): { readonly base: BaseList; readonly list: RuleList } {
  const { devices, hook, priority } = chain.base!;
  const { side, of } = place;
  const condition =
    of === 'device' && devices.length === 0
      ? unnamed(called.id, side)
      : portTest({ side, of, names: of === 'device' ? [...devices].sort() : [] });
  const meets: Rule['steps'][number] = { kind: 'match', condition };
  const id = `${called.id} at ${hook}`;
  const calls: Rule = { origin: called.origin, steps: [meets, { kind: 'jump', list: called.id }] };
  const ends: Rule = { origin: policyOrigin, steps: [meets, { kind: 'drop' }] };
  return {
    list: { ...called, id, rules: chain.policy === 'drop' ? [calls, ends] : [calls] },
    base: {
      list: id,
      hook: place.hook,
      priority: place.stage * STAGE + priority,
      type: 'filter',
      policy: 'accept',
      policyOrigin,
    },
  };
}

/** Whether frames alone meet the chains of this table. */
export function hasFrames({ family }: Table): boolean {
  return family === 'netdev' || family === 'bridge';
}

/** How a chain sees frames: at their way in, at their way out, or at both, where it is called from both. */
export interface FrameView {
  readonly of: FramePorts['of'];
  readonly side: FramePorts['side'] | 'both';
}

/**
 * The chains that frames meet, by name. A chain that packets of the IP stack meet as well is not among them, nor are
 * those that call it: what it asks of interfaces has two meanings.
 */
export function viewsOf(table: Table): ReadonlyMap<string, FrameView> {
  const chains = [...table.chains.values()];
  const called = new Map(chains.map((chain) => [chain.name, calledBy(table, chain)]));
  const reached = (from: (chain: Chain) => boolean): ReadonlySet<string> => {
    const names = new Set(chains.filter(from).map(({ name }) => name));
    for (const name of names) for (const to of called.get(name) ?? []) names.add(to);
    return names;
  };
  const packets = reached((chain) => !hasFrames(table) && chain.base !== undefined && !placeOf(table, chain));
  const [incoming, outgoing] = (['in', 'out'] as const).map((side) =>
    reached((chain) => placeOf(table, chain)?.side === side),
  );
  const views = new Map<string, FrameView>();
  for (const { name } of chains) {
    const sides = [incoming!.has(name), outgoing!.has(name)];
    if (!sides.includes(true)) continue;
    if ([...reached((chain) => chain.name === name)].some((inner) => packets.has(inner))) continue;
    const side = sides[0] === sides[1] ? 'both' : sides[0] ? 'in' : 'out';
    views.set(name, { of: table.family === 'bridge' ? 'bridge' : 'device', side });
  }
  return views;
}

/** The chains that a chain's rules may call, through maps too. */
function calledBy(table: Table, { rules }: Chain): ReadonlySet<string> {
  const names = new Set<string>();
  const from = (text: string): void => {
    for (const { groups } of text.matchAll(/\b(?:jump|goto) "?(?<name>[^\s,{}"]+)/g)) names.add(groups!.name!);
  };
  for (const { text } of rules) {
    from(text);
    for (const { groups } of text.matchAll(/\bvmap @(?<map>[^\s,{}]+)/g)) {
      for (const { verdict } of table.sets.get(groups!.map!)?.elements ?? []) if (verdict) from(verdictText(verdict));
    }
  }
  return names;
}

/** What a test of an interface's name asks of a frame: undefined where that depends on where the chain is called from. */
export function nameTest(view: FrameView, test: Condition): Condition | undefined {
  if (test.kind !== 'inInterface' && test.kind !== 'outInterface') return test;
  if (view.side === 'both') return undefined;
  if (test.names.includes('*')) return always;
  const side = test.kind === 'inInterface' ? 'in' : 'out';
  if (side === view.side) return portTest({ side, of: view.of, names: test.names });
  // A frame on its way in has no other side yet, and one on its way out none any more.
  return test.names.includes('') ? always : never;
}
