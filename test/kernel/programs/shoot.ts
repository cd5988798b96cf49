import { askSets } from '../../../agent/exposure/ask.js';
import type { Pipeline } from '../../../agent/model/index.js';
import { diceOf } from '../oracle/dice.js';
import { isOwn, type Looked, newOnes, wrongOf } from '../oracle/difference.js';
import { type Asked, askAbout, askedPacket, complaint, plainWay } from '../oracle/judge.js';
import { type Fate, gateways, type Lab, type Names, type Shot } from '../oracle/lab.js';
import { shotsFor } from '../oracle/shots.js';
import { TCP } from '../oracle/wire.js';
import { aimedShots } from './aim.js';
import { bring, namesOf, type Program, type Reading, readingsOf, type Tools } from './program.js';

export interface ProgramTally extends Looked {
  passed: number;
  stopped: number;
  /** Packets about which the model was not asked: each that is not decided is asked about as a set, which takes a moment. */
  leftOut: number;
  /** Packets about which the answer is `maybe`, by what it depends on. */
  readonly maybe: Map<string, number>;
  readonly wrong: string[];
}

export interface ProgramOptions {
  readonly seed: number;
  readonly perStep: number;
  readonly wrongMax: number;
  /** Compare the steps as each reading tells them, and not as one after the other does. */
  readonly everyReading: boolean;
}

const FRESH = 60;
const SETS_MAX = 40;
const SYN = 2;
/** Own addresses, which rules often mean without naming them. */
const OWN = Object.values(gateways)
  .flatMap(({ ip4, ip6 }) => [ip4, ip6])
  .join(' ');

/** Brings a program's rules into the kernel step by step, and compares the model with it at each, and between them. */
export async function shootProgram(
  lab: Lab,
  program: Program,
  tools: Tools,
  { seed, perStep, wrongMax, everyReading }: ProgramOptions,
): Promise<ProgramTally> {
  const tally: ProgramTally = {
    packets: 0,
    changed: 0,
    witnesses: 0,
    incomplete: 0,
    passed: 0,
    stopped: 0,
    leftOut: 0,
    maybe: new Map(),
    wrong: [],
  };
  let before: readonly Reading[] = [];
  for (const [index, step] of program.steps.entries()) {
    if (tally.wrong.length >= wrongMax) break;
    const dice = diceOf(seed + index);
    await bring(lab, program, tools, index + 1);
    const readings = await readingsOf(lab, tools);
    const where = `${program.program}, ${tools}, ${step.name}`;
    const texts = [...before, ...readings].map(({ text }) => text).join('\n');
    const half = Math.ceil(perStep / 2);
    const shots = [
      ...withBeginnings(shotsFor(dice, `${texts}\n${OWN}`, half, isOwn)),
      ...aimedShots(dice, texts, lab.names, half),
    ];
    const fates = await lab.shoot(shots, FRESH);
    for (const reading of readings) {
      const wrong = await verdictsOf(lab, reading, { shots, fates }, tally);
      if (wrong) tally.wrong.push(`${where}, read as ${reading.name}: ${wrong}\n${reading.text}`);
    }
    for (const [which, reading] of readings.entries()) {
      const former = before[which];
      if (!former || tally.wrong.length >= wrongMax || (!everyReading && index % readings.length !== which)) continue;
      const shootAfter = (count: number) => async (some: readonly Shot[]) => {
        await bring(lab, program, tools, count);
        return lab.shoot(some, FRESH);
      };
      const wrong = await wrongOf(
        {
          before: { pipeline: former.pipeline, fates: shootAfter(index) },
          after: { pipeline: reading.pipeline, fates: shootAfter(index + 1) },
          names: namesOf(program),
          equal: step.equal === true,
        },
        [...newOnes(shots)],
        tally,
        dice,
      );
      if (wrong)
        tally.wrong.push(
          `${where}, the difference of ${reading.name}: ${wrong.complaint}\n${shotText(wrong.shot)}\nbefore:\n${former.text}\nafter:\n${reading.text}`,
        );
    }
    before = readings;
  }
  return tally;
}

interface Seen {
  readonly shots: readonly Shot[];
  readonly fates: readonly Fate[];
}

async function verdictsOf(
  lab: Lab,
  { pipeline }: Reading,
  { shots, fates }: Seen,
  tally: ProgramTally,
): Promise<string | undefined> {
  let sets = 0;
  for (const [index, shot] of shots.entries()) {
    const fate = fates[index]!;
    const asked = askAbout(pipeline, shot, lab.names);
    if (!asked || asked.trace.verdict === 'undecided') {
      if (sets++ >= SETS_MAX) {
        tally.leftOut++;
        continue;
      }
      tally.packets++;
      const complaintAt = (met: Fate): string | undefined =>
        setComplaint(pipeline, lab.names, { shot, fate: met, way: asked ?? plainWay(shot) }, tally);
      if (complaintAt(fate) === undefined) continue;
      const [alone] = await lab.shoot([shot], 1);
      const wrong = complaintAt(alone!);
      if (wrong !== undefined) return `${wrong}\n${shotText(shot)}`;
      continue;
    }
    tally.packets++;
    tally[fate.kind === 'stopped' ? 'stopped' : 'passed']++;
    if (complaint(shot, fate, asked) === undefined) continue;
    // Alone: what is left of other connections has no part in it.
    const [alone] = await lab.shoot([shot], 1);
    const wrong = complaint(shot, alone!, asked);
    if (wrong !== undefined)
      return `${wrong}\n${shotText(shot)}\n${asked.trace.steps.map(({ did, rule }) => `${did}: ${rule.text}`).join('\n')}\n`;
  }
  return undefined;
}

interface Met {
  readonly shot: Shot;
  readonly fate: Fate;
  readonly way: Pick<Asked, 'direction' | 'out'>;
}

/** What is wrong with the answer about a packet on which something bears that was not given; it may be `maybe`. */
function setComplaint(
  pipeline: Pipeline,
  names: Names,
  { shot, fate, way }: Met,
  tally: ProgramTally,
): string | undefined {
  const question = askedPacket(shot, way, names);
  const { verdict, unknowns } = askSets(pipeline, question, shot.packet.family, undefined);
  if (verdict === 'maybe') {
    const cause = unknowns.join(', ') || 'nothing named';
    tally.maybe.set(cause, (tally.maybe.get(cause) ?? 0) + 1);
    return undefined;
  }
  const passed = way.direction === 'input' ? 'delivered' : 'forwarded';
  const translated = fate.arrived?.destination !== shot.packet.destination;
  // What is translated may leave another way than was asked about.
  const right =
    verdict === 'allow'
      ? fate.kind === passed && (translated || fate.out === way.out)
      : fate.kind !== passed || translated || fate.out !== way.out;
  return right
    ? undefined
    : `as a set ${verdict} ${way.direction} to ${way.out}, but the kernel ${fate.kind} it to ${fate.out}`;
}

/** Most of what is asked about begins a connection, and a program's rules are about little else. */
function withBeginnings(shots: readonly Shot[]): readonly Shot[] {
  return shots.map((shot, index) =>
    index % 4 > 0 && shot.packet.protocol === TCP ? { ...shot, packet: { ...shot.packet, tcpFlags: SYN } } : shot,
  );
}

function shotText(shot: Shot | undefined): string {
  const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value);
  return JSON.stringify(shot, plain) ?? '';
}
