import { undoWith } from '../../../agent/app/undo.js';
import { drivers } from '../../../agent/drivers/registry.js';
import { type Comparison, compare, type Opening, openingText, tracePacket } from '../../../agent/exposure/index.js';
import { type Direction, NO_FRAME, type Pipeline } from '../../../agent/model/index.js';
import { inBox, type Sample } from '../../exposure/rulesets.js';
import { type Dice, diceOf } from './dice.js';
import { type EditKind, edited, edits, equalKinds } from './edits.js';
import { askAbout, situated } from './judge.js';
import {
  type Fate,
  type InterfaceName,
  interfaces,
  type Lab,
  ownAddresses,
  PROTOCOLS,
  routeOf,
  type Shot,
} from './lab.js';
import { type Loaded, load, readAgain } from './load.js';
import { type Ruleset, smaller } from './ruleset.js';
import { shotsFor } from './shots.js';
import { firstBytes, firstState, TCP } from './wire.js';
import { addressBounds, anAddress, ports } from './words.js';

/** A pair about which the kernel and the comparison do not agree. */
export interface WrongPair {
  readonly seed: number;
  readonly kind: EditKind;
  readonly complaint: string;
  readonly shot?: Shot;
  readonly before: string;
  readonly after: string;
}

export interface PairTally {
  pairs: number;
  packets: number;
  /** Packets that fare differently. */
  changed: number;
  witnesses: number;
  /** Pairs whose difference was undone by the commands that the answer gives. */
  undone: number;
  /** Pairs whose comparison says that it is not complete. */
  incomplete: number;
  readonly wrong: WrongPair[];
}

export interface PairOptions {
  readonly seed: number;
  readonly pairs: number;
  readonly perPair: number;
  readonly make: (dice: Dice) => Ruleset;
  readonly timeMsMax?: number;
  readonly wrongMax: number;
}

const FRESH = 60;
const PACKETS_MIN = 500;
const SYN = 2;

/** Random pairs of rulesets in the real kernel: what fares differently there is what the comparison tells. */
export async function huntPairs(lab: Lab, options: PairOptions): Promise<PairTally> {
  const tally: PairTally = { pairs: 0, packets: 0, changed: 0, witnesses: 0, undone: 0, incomplete: 0, wrong: [] };
  const startedMs = performance.now();
  for (let round = 0; tally.pairs < options.pairs; round++) {
    const late = options.timeMsMax !== undefined && performance.now() - startedMs > options.timeMsMax;
    // A busy machine takes longer, and compares and undoes something all the same.
    if (late && tally.packets > PACKETS_MIN && tally.undone > 0) break;
    const seed = (Math.imul(options.seed, 0x85eb_ca6b) + round) >>> 0;
    await onePair(lab, options, seed, tally);
    if (tally.wrong.length >= options.wrongMax) break;
  }
  return tally;
}

interface Pair {
  readonly before: Loaded;
  readonly after: Loaded;
}

async function onePair(lab: Lab, options: PairOptions, seed: number, tally: PairTally): Promise<void> {
  const dice = diceOf(seed);
  const before = await load(lab, options.make(dice));
  if (!before) return;
  const kind = dice.pick(edits);
  let change = edited(dice, before.ruleset, kind, options.make(dice));
  const others = equalKinds.has(kind) ? 0 : dice.below(3);
  for (let more = others; change && more > 0; more--)
    change = edited(dice, change, dice.pick(edits), options.make(dice)) ?? change;
  if (!change) return;
  const after = await load(lab, change);
  if (!after) return;
  tally.pairs++;
  const shots = [...newOnes(shotsFor(dice, `${before.text}\n${after.text}`, options.perPair, isOwn))];
  const found = await wrongOf(lab, { before, after }, kind, shots, tally, dice);
  if (!found) {
    const left = others === 0 && undoable.has(kind) ? await leftByUndo(lab, { before, after }, tally) : undefined;
    if (left) tally.wrong.push({ seed, kind, complaint: left, before: before.text, after: after.text });
    return;
  }
  const small = await shrunk(lab, { before, after }, kind, found);
  tally.wrong.push({ seed, kind, ...small });
}

/** One edit of one of these kinds can be undone by a command; where a rule moved, or a set was changed, words say it. */
const undoable: ReadonlySet<EditKind> = new Set(['edit', 'tweak', 'insert', 'delete', 'policy']);

/** Carries out what the answer gives as the undo, and compares again: then nothing may be left. */
async function leftByUndo(lab: Lab, { before, after }: Pair, tally: PairTally): Promise<string | undefined> {
  const [was, is] = [situated(before.device.pipeline), situated(after.device.pipeline)];
  const answer = compare(is, { pipeline: was, withClosed: true });
  const undo = undoWith([is, was], drivers);
  const edits = [...answer.undeclared, ...answer.closed].flatMap(({ because }) => (because ? [because] : []));
  const commands = new Set(edits.map((edit) => undo(edit)));
  // What would load the saved ruleset again speaks of files that this firewall does not have.
  const plain = [...commands].filter((one): one is string =>
    /^(?:nft|ip6?tables)\S* (?!.*(?:with the handle N|\/etc\/))/.test(one ?? ''),
  );
  if (!answer.complete || plain.length === 0 || plain.length < commands.size) return undefined;
  await load(lab, after.ruleset, { strict: true });
  for (const command of plain) {
    const ran = await lab.run(['sh', '-c', command]);
    if (ran.code !== 0) return `to undo: ${command}: exit code ${ran.code}: ${ran.stderr}`;
  }
  const again = await readAgain(lab, after.ruleset);
  if (!again) return undefined;
  const rest = compare(situated(again.device.pipeline), { pipeline: was, withClosed: true });
  tally.undone++;
  const left = [...rest.undeclared, ...rest.closed].map((opening) => openingText(opening));
  return left.length === 0 ? undefined : `undone by ${plain.join(' && ')}, and there is left: ${left[0]}`;
}

function isOwn(address: number | bigint): boolean {
  return ownAddresses[typeof address === 'bigint' ? 'ip6' : 'ip4'].includes(address);
}

/** Comparisons are about packets that begin connections, of TCP with SYN alone. */
function* newOnes(shots: readonly Shot[]): Generator<Shot> {
  for (const shot of shots) {
    const packet = shot.packet.protocol === TCP ? { ...shot.packet, tcpFlags: SYN } : shot.packet;
    if (firstState(packet) === 'new') yield { ...shot, packet };
  }
}

interface Wrong {
  readonly complaint: string;
  readonly shot?: Shot;
}

async function fatesOf(lab: Lab, loaded: Loaded, shots: readonly Shot[]): Promise<readonly Fate[]> {
  if (!(await load(lab, loaded.ruleset, { strict: true }))) throw new Error('what was loaded once is refused now');
  return lab.shoot(shots, FRESH);
}

async function wrongOf(
  lab: Lab,
  { before, after }: Pair,
  kind: EditKind,
  random: readonly Shot[],
  tally?: PairTally,
  dice?: Dice,
): Promise<Wrong | undefined> {
  const [was, is] = [situated(before.device.pipeline), situated(after.device.pipeline)];
  const result = compare(is, { pipeline: was, withClosed: true, interfaces });
  if (!result.complete) {
    if (tally) tally.incomplete++;
    return undefined;
  }
  if (equalKinds.has(kind) && (result.undeclared.length > 0 || result.closed.length > 0))
    return { complaint: `of two rulesets that do the same ${result.undeclared.length} openings are told` };
  for (const opening of [...result.undeclared, ...result.closed]) {
    const wrong = causeComplaint(opening, was, is);
    if (wrong !== undefined) return { complaint: wrong };
  }
  const witnesses = [...result.undeclared, ...result.closed].flatMap((opening) => witnessShots(opening));
  if (tally) tally.witnesses += witnesses.length;
  const aimed = dice ? [...result.undeclared, ...result.closed].flatMap((opening) => [...aimedAt(dice, opening)]) : [];
  const shots = [...random, ...newOnes(aimed), ...witnesses];
  const first = shots.length - witnesses.length;
  const now = await fatesOf(lab, after, shots);
  const then = await fatesOf(lab, before, shots);
  for (const [index, shot] of shots.entries()) {
    const [old, young] = [then[index]!, now[index]!];
    if (tally) tally.packets++;
    if (tally && passage(old) !== passage(young)) tally.changed++;
    const look = (one: Fate, other: Fate): string | undefined =>
      packetComplaint(result, { was, is }, shot, one, other) ??
      (index >= first && !differs(one, other) && routable(shot, was, is) ? 'a witness fares alike' : undefined);
    if (look(old, young) === undefined) continue;
    // Alone: what is left of other connections has no part in it.
    const [youngAlone] = await fatesOf(lab, after, [shot]);
    const [oldAlone] = await fatesOf(lab, before, [shot]);
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
}

interface Way {
  readonly direction: Direction;
  readonly out: InterfaceName | undefined;
  /** In one of them at least its destination is translated. */
  readonly readdressed: boolean;
}

/** The way that both rulesets send a packet; undefined where a translation sends it elsewhere in one of them. */
function wayOf(shot: Shot, { was, is }: Sides): Way | undefined {
  const [a, b] = [askAbout(was, shot), askAbout(is, shot)];
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
  const sample = sampleOf(shot, way);
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
function* aimedAt(dice: Dice, { box, direction }: Opening): Generator<Shot> {
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
      box.inInterface?.kind === 'only' ? interfaces.filter((name) => box.inInterface!.names.includes(name)) : [];
    const from = direction === 'output' ? ('self' as const) : dice.pick(named.length > 0 ? named : interfaces);
    yield { packet, from };
  }
}

function sampleOf({ packet, from }: Shot, { direction, out }: Way): Sample {
  const [sourcePort, destinationPort = 0] = firstBytes(packet);
  return {
    ...packet,
    sourcePort,
    destinationPort,
    inInterface: direction === 'output' ? '' : from,
    outInterface: direction === 'input' ? '' : (out ?? ''),
  };
}

/** The witness as a packet that this firewall can be sent; none where its interfaces and addresses do not fit. */
function witnessShots({ witness, direction, certainty }: Opening): readonly Shot[] {
  const { inInterface, source, destination, protocol, sourceMac = NO_FRAME } = witness;
  // A TUN takes packets, and no frames with addresses of their own.
  if (sourceMac !== NO_FRAME) return [];
  const from = direction === 'output' ? 'self' : interfaces.find((name) => name === inInterface);
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
function routable(shot: Shot, was: Pipeline, is: Pipeline): boolean {
  const way = wayOf(shot, { was, is });
  if (!way) return false;
  const verdicts = [was, is].map((pipeline) =>
    tracePacket({ pipeline, direction: way.direction, packet: tracedOf(shot, way) }),
  );
  return verdicts.every(({ verdict }) => verdict !== 'undecided') && verdicts[0]!.verdict !== verdicts[1]!.verdict;
}

function tracedOf(shot: Shot, way: Way) {
  const { family, inInterface, outInterface, ...fields } = sampleOf(shot, way);
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

/** Takes out of both rulesets what can be taken out while something stays wrong. */
async function shrunk(
  lab: Lab,
  pair: Pair,
  kind: EditKind,
  wrong: Wrong,
): Promise<Wrong & { before: string; after: string }> {
  let best = { ...pair, wrong };
  const stepsMax = 400;
  let steps = 0;
  for (let progress = true; progress && steps < stepsMax; ) {
    progress = false;
    for (const side of ['both', 'before', 'after'] as const) {
      const [left, right] = [[...smaller(best.before.ruleset)], [...smaller(best.after.ruleset)]];
      const candidates: readonly (readonly [Ruleset, Ruleset])[] =
        side === 'both'
          ? left.flatMap((one, index) => (right[index] ? [[one, right[index]] as const] : []))
          : side === 'before'
            ? left.map((one) => [one, best.after.ruleset] as const)
            : right.map((one) => [best.before.ruleset, one] as const);
      for (const [one, other] of candidates) {
        if (steps++ > stepsMax) break;
        const [before, after] = [await load(lab, one, { strict: true }), await load(lab, other, { strict: true })];
        if (!before || !after) continue;
        const still = await wrongOf(lab, { before, after }, kind, best.wrong.shot ? [best.wrong.shot] : []);
        if (!still || (best.wrong.shot !== undefined) !== (still.shot !== undefined)) continue;
        best = { before, after, wrong: still };
        progress = true;
        break;
      }
      if (progress) break;
    }
  }
  return { ...best.wrong, before: best.before.text, after: best.after.text };
}

export function wrongPairText({ seed, kind, complaint, shot, before, after }: WrongPair): string {
  const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value);
  return `${kind}: ${complaint} (seed ${seed})\n${JSON.stringify(shot, plain)}\nbefore:\n${before}\nafter:\n${after}`;
}
