import { type AskedPacket, natLists, type Verdict } from '../exposure/index.js';
import { type Bound, type Intervals, ranges, single } from '../lib/intervals.js';
import { type AddressSet, type Family, formatRange, type Pipeline } from '../model/index.js';

/** What becomes of one end of a connection: `to` absent where only the port changes. */
export interface Rewrite {
  readonly to?: readonly string[];
  readonly ports?: readonly number[];
}

/** The translations of a packet: of its destination here, of its source within. */
export interface NatView extends Rewrite {
  readonly source?: Rewrite;
}

type Translation = NonNullable<NonNullable<Verdict['env']>['destination']>;

/** What a verdict did to the packet's addresses, in words; undefined: nothing. */
export function natView(env: Verdict['env'], packet: AskedPacket): NatView | undefined {
  const destination = env?.destination && rewrite(env.destination, packet, 'destination');
  const source = env?.source && rewrite(env.source, packet, 'source');
  if (!destination && !source) return undefined;
  return { ...destination, ...(source && { source }) };
}

function rewrite(
  { addresses, keepHost, ports }: Translation,
  packet: AskedPacket,
  side: 'source' | 'destination',
): Rewrite {
  const to =
    addresses === undefined
      ? undefined
      : addresses === 'device'
        ? ['an address of this device']
        : packet.families.flatMap((family) => rangeOf(addresses, family, keepHost ? packet.fields[side] : undefined));
  return { ...(to && { to }), ...(ports && { ports: [...ports] }) };
}

/** The addresses that a destination becomes, of a packet of which it is one; undefined: one of the device, or unchanged. */
export function translated({ addresses, keepHost }: Translation, packet: AskedPacket): Intervals<Bound> | undefined {
  const { destination } = packet.fields;
  if (destination === undefined) return undefined;
  if (addresses === undefined) return single<Bound>(destination);
  if (addresses === 'device') return undefined;
  const set: Intervals<Bound> = addresses[typeof destination === 'number' ? 'ip4' : 'ip6'];
  return keepHost ? keptHost(set, destination) : set;
}

/** Where the host part is kept, the one address that the packet's own becomes. */
function keptHost(set: Intervals<Bound>, kept: Bound): Intervals<Bound> {
  const [first, last] = set;
  if (first === undefined || last === undefined || set.length !== 2) return set;
  const host = BigInt(first) + (BigInt(kept) % (BigInt(last) - BigInt(first) + 1n));
  return single<Bound>(typeof first === 'number' ? Number(host) : host);
}

function rangeOf(addresses: AddressSet, family: Family, kept: Bound | undefined): readonly string[] {
  const set: Intervals<Bound> = addresses[family];
  return [...ranges(kept === undefined ? set : keptHost(set, kept))].map(([from, to]) => formatRange(from, to));
}

/** The step that decided: what a translation does before and after the filter does not. */
export function decidingStep(
  pipeline: Pipeline,
  trace: Verdict['trace'],
): NonNullable<Verdict['trace']>['steps'][number] | undefined {
  if (!trace) return undefined;
  const nat = natLists(pipeline);
  return trace.steps.findLast(({ list }) => !nat.has(list)) ?? trace.steps.at(-1);
}
