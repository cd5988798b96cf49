import { type AskedPacket, natLists, type Verdict } from '../exposure/index.js';
import { type Bound, type Intervals, ranges, single } from '../lib/intervals.js';
import { type Family, formatRange, type Pipeline } from '../model/index.js';

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

function rewrite(translation: Translation, packet: AskedPacket, side: 'source' | 'destination'): Rewrite {
  const { addresses, ports } = translation;
  const becomes = (family: Family): readonly string[] =>
    [...ranges(translated(translation, packet.fields[side], family) ?? [])].map(([from, to]) => formatRange(from, to));
  const to = addresses === 'device' ? ['an address of this device'] : addresses && packet.families.flatMap(becomes);
  return { ...(to && { to }), ...(ports && { ports: [...ports] }) };
}

/** The addresses that an address becomes; undefined: one of the device, or the address is not known and stays. */
export function translated(
  { addresses, keepHost, of }: Translation,
  address: Bound | undefined,
  family: Family,
): Intervals<Bound> | undefined {
  if (addresses === 'device') return undefined;
  if (addresses === undefined) return address === undefined ? undefined : single(address);
  const set: Intervals<Bound> = addresses[family];
  const [first, last] = set;
  const before: Bound | undefined = of?.[family][0];
  if (address === undefined || first === undefined || last === undefined || set.length !== 2) return set;
  if (before === undefined && !keepHost) return set;
  // One by one in their order, or with the host part that it has.
  const place =
    before === undefined ? BigInt(address) % (BigInt(last) - BigInt(first) + 1n) : BigInt(address) - BigInt(before);
  const one = BigInt(first) + place;
  return single<Bound>(typeof first === 'number' ? Number(one) : one);
}

/** The step that decided: what a translation does before and after the filter does not. */
export function decidingStep(
  pipeline: Pipeline,
  trace: Verdict['trace'],
): NonNullable<Verdict['trace']>['steps'][number] | undefined {
  if (!trace) return undefined;
  const nat = natLists(pipeline);
  const last = trace.steps.findLast(({ list }) => !nat.has(list));
  // A rule that says accept outranks the policy of another list at the same place, as in a comparison.
  const isPolicy = last?.base !== undefined && last.base.hook !== 'postrouting' && last.base.policy === 'accept';
  const byRule = isPolicy
    ? trace.steps.findLast(({ list, did }) => did === 'accept' && !nat.has(list) && permits(pipeline, list))
    : undefined;
  return byRule ?? last ?? trace.steps.at(-1);
}

/** That the tables raw and mangle accept says nothing. */
function permits({ lists }: Pipeline, list: string): boolean {
  const table = lists.find(({ id }) => id === list)?.table;
  const isIptables = table !== undefined && (table.store === 'xtables' || table.managedByIptables === true);
  return !(isIptables && (table.name === 'raw' || table.name === 'mangle'));
}
