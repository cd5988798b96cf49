import { type Comparison, compare, type Opening, tracePacket } from '../../../agent/exposure/index.js';
import { type Direction, NO_FRAME, type Pipeline } from '../../../agent/model/index.js';
import { inBox, type Sample } from '../../exposure/rulesets.js';
import type { Dice } from './dice.js';
import { askAbout } from './judge.js';
import {
  type Fate,
  type InterfaceName,
  interfaces,
  type Names,
  ownAddresses,
  PROTOCOLS,
  routeOf,
  type Shot,
} from './lab.js';
import { firstBytes, firstState, TCP } from './wire.js';
import { addressBounds, anAddress, ports } from './words.js';

const SYN = 2;

/** One of two states of a firewall: what is read of it, and what its kernel does with packets. */
export interface State {
  readonly pipeline: Pipeline;
  readonly fates: (shots: readonly Shot[]) => Promise<readonly Fate[]>;
}

export interface Difference {
  readonly before: State;
  readonly after: State;
  readonly names: Names;
  /** Both do the same: nothing at all may be told. */
  readonly equal: boolean;
}

/** What was looked at on the way. */
export interface Looked {
  packets: number;
  /** Packets that fare differently. */
  changed: number;
  witnesses: number;
  /** Comparisons that say that they are not complete. */
  incomplete: number;
}

export function isOwn(address: number | bigint): boolean {
  return ownAddresses[typeof address === 'bigint' ? 'ip6' : 'ip4'].includes(address);
}

/** Comparisons are about packets that begin connections, of TCP with SYN alone. */
export function* newOnes(shots: readonly Shot[]): Generator<Shot> {
  for (const shot of shots) {
    const packet = shot.packet.protocol === TCP ? { ...shot.packet, tcpFlags: SYN } : shot.packet;
    if (firstState(packet) === 'new') yield { ...shot, packet };
  }
}

export interface Wrong {
  readonly complaint: string;
  readonly shot?: Shot;
}

/** What the comparison of two states says that is not what the kernel does differently; undefined where they agree. */
export async function wrongOf(
  { before, after, names, equal }: Difference,
  random: readonly Shot[],
  tally?: Looked,
  dice?: Dice,
): Promise<Wrong | undefined> {
  const [was, is] = [before.pipeline, after.pipeline];
  const sides: Sides = { was, is, names };
  const result = compare(is, { pipeline: was, withClosed: true, interfaces: interfaces.map((one) => names[one]) });
  if (!result.complete) {
    if (tally) tally.incomplete++;
    return undefined;
  }
  if (equal && (result.undeclared.length > 0 || result.closed.length > 0))
    return { complaint: `of two rulesets that do the same ${result.undeclared.length} openings are told` };
  for (const opening of [...result.undeclared, ...result.closed]) {
    const wrong = causeComplaint(opening, was, is);
    if (wrong !== undefined) return { complaint: wrong };
  }
  const witnesses = [...result.undeclared, ...result.closed].flatMap((opening) => witnessShots(opening, names));
  if (tally) tally.witnesses += witnesses.length;
  const aimed = dice
    ? [...result.undeclared, ...result.closed].flatMap((opening) => [...aimedAt(dice, opening, names)])
    : [];
  const shots = [...random, ...newOnes(aimed), ...witnesses];
  const first = shots.length - witnesses.length;
  const now = await after.fates(shots);
  const then = await before.fates(shots);
  for (const [index, shot] of shots.entries()) {
    const [old, young] = [then[index]!, now[index]!];
    if (tally) tally.packets++;
    if (tally && passage(old) !== passage(young)) tally.changed++;
    const look = (one: Fate, other: Fate): string | undefined =>
      packetComplaint(result, sides, shot, one, other) ??
      (index >= first && !differs(one, other) && routable(shot, sides) ? 'a witness fares alike' : undefined);
    if (look(old, young) === undefined) continue;
    // Alone: what is left of other connections has no part in it.
    const [youngAlone] = await after.fates([shot]);
    const [oldAlone] = await before.fates([shot]);
    const complaint = look(oldAlone!, youngAlone!);
    if (complaint !== undefined) return { complaint, shot };
  }
  return undefined;
}

const passage = ({ kind, out, arrived }: Fate): string =>
  kind === 'stopped' ? kind : `${kind} ${out} ${arrived?.destination} ${arrived?.destinationPort}`;

const differs = (a: Fate, b: Fate): boolean => passage(a) !== passage(b);

interface Sides {
  readonly was: Pipeline;
  readonly is: Pipeline;
  readonly names: Names;
}

interface Way {
  readonly direction: Direction;
  readonly out: InterfaceName | undefined;
  /** In one of them at least its destination is translated. */
  readonly readdressed: boolean;
}

/** The way that both rulesets send a packet; undefined where a translation sends it elsewhere in one of them. */
function wayOf(shot: Shot, { was, is, names }: Sides): Way | undefined {
  const [a, b] = [askAbout(was, shot, names), askAbout(is, shot, names)];
  if (!a || !b || a.direction !== b.direction || a.out !== b.out) return undefined;
  if (a.trace.verdict === 'undecided' || b.trace.verdict === 'undecided') return undefined;
  const readdressed = a.trace.env.destination !== undefined || b.trace.env.destination !== undefined;
  return { direction: a.direction, out: a.out, readdressed };
}

function packetComplaint(result: Comparison, sides: Sides, shot: Shot, old: Fate, young: Fate): string | undefined {
  const way = wayOf(shot, sides);
  if (!way) return undefined;
  const wanted = way.direction === 'input' ? 'delivered' : 'forwarded';
  if ([old, young].some(({ kind, out }) => kind !== 'stopped' && (kind !== wanted || out !== way.out)))
    return undefined;
  const sample = sampleOf(shot, way, sides.names);
  // A raw socket of IPv6 does not say which of the firewall's own addresses a packet came to.
  if (way.readdressed && sample.family === 'ip6' && old.kind === 'delivered' && young.kind === 'delivered')
    return undefined;
  const changed = differs(old, young);
  const opened = changed && young.kind !== 'stopped' ? 1 : 0;
  const closed = changed && old.kind !== 'stopped' ? 1 : 0;
  const holding = (list: readonly Opening[]): readonly Opening[] =>
    list.filter(
      ({ direction, box, except }) =>
        direction === way.direction && inBox(sample, box) && !except.some((hole) => inBox(sample, hole)),
    );
  for (const [name, list, expected] of [
    ['opened', result.undeclared, opened],
    ['closed', result.closed, closed],
  ] as const) {
    const held = holding(list);
    const possible = expected === 0 && held.every(({ certainty }) => certainty === 'possible');
    if (held.length !== expected && !possible)
      return `${passage(old)} → ${passage(young)} lies in ${held.length} ${name} entries`;
  }
  return undefined;
}

const AIMED = 6;

/** Packets in and around what an entry says, as far as this firewall can be sent them. */
function* aimedAt(dice: Dice, { box, direction }: Opening, names: Names): Generator<Shot> {
  const within = <T extends number | bigint>(values: readonly T[] | undefined): T | undefined =>
    values && values.length > 0 ? dice.pick(values) : undefined;
  for (let count = 0; count < AIMED; count++) {
    const family = dice.pick(box.families);
    const host = (): number | bigint => addressBounds(anAddress(dice, family))[0];
    const own = (): number | bigint => dice.pick(ownAddresses[family]);
    const source = within<number | bigint>(box.source?.[family]) ?? host();
    const destination = within<number | bigint>(box.destination?.[family]) ?? (direction === 'input' ? own() : host());
    const packet = {
      family,
      source: direction === 'output' ? own() : source,
      destination,
      protocol: dice.pick((box.protocol ?? [6, 17]).filter((one) => PROTOCOLS[family].includes(one)).concat(6)),
      sourcePort: within(box.sourcePort) ?? 30_000 + count,
      destinationPort: within(box.destinationPort) ?? dice.pick(ports),
      icmp: family === 'ip4' ? 0x0800 : 0x8000,
      tcpFlags: SYN,
    };
    if (!isUnicast(packet.source) || !isUnicast(destination) || (direction !== 'output' && isOwn(source))) continue;
    if (direction === 'output' && isOwn(destination)) continue;
    const named =
      box.inInterface?.kind === 'only' ? interfaces.filter((name) => box.inInterface!.names.includes(names[name])) : [];
    const from = direction === 'output' ? ('self' as const) : dice.pick(named.length > 0 ? named : interfaces);
    yield { packet, from };
  }
}

function sampleOf({ packet, from }: Shot, { direction, out }: Way, names: Names): Sample {
  const [sourcePort, destinationPort = 0] = firstBytes(packet);
  return {
    ...packet,
    sourcePort,
    destinationPort,
    inInterface: direction === 'output' || from === 'self' ? '' : names[from],
    outInterface: direction === 'input' || out === undefined ? '' : names[out],
  };
}

/** The witness as a packet that this firewall can be sent; none where its interfaces and addresses do not fit. */
function witnessShots({ witness, direction, certainty }: Opening, names: Names): readonly Shot[] {
  const { inInterface, source, destination, protocol, sourceMac = NO_FRAME } = witness;
  // A TUN takes packets, and no frames with addresses of their own.
  if (sourceMac !== NO_FRAME) return [];
  const from = direction === 'output' ? 'self' : interfaces.find((name) => names[name] === inInterface);
  if (certainty !== 'certain' || from === undefined) return [];
  if ((direction === 'output') !== isOwn(source) || (direction === 'input') !== (routeOf(destination) === 'local'))
    return [];
  if (![1, 6, 17, 47, 50, 58, 253].includes(protocol) || !isUnicast(source) || !isUnicast(destination)) return [];
  const packet = {
    family: witness.family,
    source,
    destination,
    protocol,
    sourcePort: witness.sourcePort ?? 40_000,
    destinationPort: witness.destinationPort ?? 9,
    icmp: witness.icmp ?? 0,
    tcpFlags: SYN,
  };
  return firstState(packet) === 'new' && protocol !== 47 ? [{ packet, from }] : [];
}

function isUnicast(address: number | bigint): boolean {
  if (typeof address === 'bigint') return address >> 125n === 1n && address % (1n << 64n) !== 0n;
  const [top, last] = [Math.floor(address / 0x100_0000), address % 256];
  return top > 0 && top < 224 && top !== 127 && last !== 0 && last !== 255;
}

/** Whether a witness goes the way it was told for in both rulesets. */
function routable(shot: Shot, sides: Sides): boolean {
  const way = wayOf(shot, sides);
  if (!way) return false;
  const verdicts = [sides.was, sides.is].map((pipeline) =>
    tracePacket({ pipeline, direction: way.direction, packet: tracedOf(shot, way, sides.names) }),
  );
  return verdicts.every(({ verdict }) => verdict !== 'undecided') && verdicts[0]!.verdict !== verdicts[1]!.verdict;
}

function tracedOf(shot: Shot, way: Way, names: Names) {
  const { family, inInterface, outInterface, ...fields } = sampleOf(shot, way, names);
  return {
    family,
    state: 'new' as const,
    inInterface,
    outInterface,
    fields: { ...fields, tcpFlags: SYN, sourceMac: NO_FRAME },
  };
}

/** The edit that an entry names is one that was made: the list it names is not as it was. */
function causeComplaint({ because }: Opening, was: Pipeline, is: Pipeline): string | undefined {
  if (!because) return 'an entry names no edit';
  const content = (pipeline: Pipeline): string => {
    const list = pipeline.lists.find(({ id }) => id === because.list);
    const base = pipeline.bases.find((one) => one.list === because.list);
    const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);
    return JSON.stringify([base?.policy, base?.priority, list?.rules.map(({ steps }) => steps)], plain);
  };
  return content(was) === content(is)
    ? `the edit "${because.edit}" is said of ${because.list}, which is as it was`
    : undefined;
}
