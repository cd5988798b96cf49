import { ask, askSets } from '../../../agent/exposure/ask.js';
import type { Pipeline } from '../../../agent/model/index.js';
import { type Dice, diceOf } from './dice.js';
import { type Asked, askAbout, askedPacket, complaint, situated } from './judge.js';
import { type Fate, type Lab, ownAddresses, type Shot } from './lab.js';
import { type How, type Loaded, load } from './load.js';
import { type Ruleset, smaller } from './ruleset.js';
import { shotsFor } from './shots.js';

/** One packet about which the kernel and the model do not agree, with the smallest ruleset that shows it. */
export interface Disagreement {
  readonly seed: number;
  readonly complaint: string;
  readonly shot: Shot;
  readonly fate: Fate;
  readonly text: string;
  readonly ruleset: Ruleset;
}

export interface Tally {
  rulesets: number;
  packets: number;
  /** Packets about which the model was not asked: where they go is not known from the rules. */
  leftOut: number;
  passed: number;
  undecided: number;
  sets: number;
  readonly disagreements: Disagreement[];
}

export interface HuntOptions {
  readonly seed: number;
  readonly packets: number;
  readonly perRuleset: number;
  /** `bytecode`: it is read too, so that rules may be made which nft's words do not tell apart. */
  readonly make: (dice: Dice, bytecode: boolean) => Ruleset;
  readonly timeMsMax?: number;
  readonly disagreementsMax: number;
  /** How many of a ruleset's packets are asked as sets too. */
  readonly asSets: number;
  readonly told?: (tally: Tally) => void;
}

const FRESH = 60;
/** How many of a ruleset's packets that a limit or the like decides are asked as sets: each is a walk of its own. */
const UNDECIDED_MAX = 50;
const PACKETS_MIN = 1000;

export function newTally(): Tally {
  return { rulesets: 0, packets: 0, leftOut: 0, passed: 0, undecided: 0, sets: 0, disagreements: [] };
}

/** Makes rulesets and packets until enough packets were compared. */
export async function hunt(lab: Lab, options: HuntOptions): Promise<Tally> {
  const tally = newTally();
  const startedMs = performance.now();
  for (let round = 0; tally.packets < options.packets; round++) {
    const late = options.timeMsMax !== undefined && performance.now() - startedMs > options.timeMsMax;
    // A busy machine takes longer, and compares something all the same.
    if (late && tally.packets > PACKETS_MIN) break;
    const seed = (Math.imul(options.seed, 0x9e37_79b1) + round) >>> 0;
    await oneRuleset(lab, options, seed, tally);
    options.told?.(tally);
    if (tally.disagreements.length >= options.disagreementsMax) break;
  }
  return tally;
}

async function oneRuleset(lab: Lab, options: HuntOptions, seed: number, tally: Tally): Promise<void> {
  const dice = diceOf(seed);
  const otherwise = dice.once(4);
  const bytecode = !otherwise && !dice.once(3);
  const how: How = { otherwise, bytecode };
  const loaded = await load(lab, options.make(dice, bytecode), how);
  if (!loaded) return;
  const pipeline = situated(loaded.device.pipeline);
  const shots = shotsFor(dice, loaded.text, options.perRuleset, (one) =>
    ownAddresses[typeof one === 'bigint' ? 'ip6' : 'ip4'].includes(one),
  );
  // The kernel is at work while the model is asked.
  const shooting = lab.shoot(shots, FRESH);
  const questions = shots.map((shot) => askAbout(pipeline, shot));
  const fates = await shooting;
  tally.rulesets++;
  let undecided = 0;
  for (const [index, shot] of shots.entries()) {
    const asked = questions[index];
    const decided = asked !== undefined && asked.trace.verdict !== 'undecided';
    if (!asked || (!decided && undecided++ >= UNDECIDED_MAX)) {
      tally.leftOut++;
      continue;
    }
    tally.packets++;
    if (!decided) tally.undecided++;
    if (fates[index]!.kind !== 'stopped') tally.passed++;
    let wrong = complaintOf(pipeline, shot, fates[index]!, asked);
    if (wrong === undefined && index < options.asSets) {
      tally.sets++;
      const question = askedPacket(shot, asked);
      const verdict = askSets(pipeline, question, shot.packet.family, undefined).verdict;
      const expected = ask(pipeline, question).verdict;
      if (verdict !== expected) wrong = `as a set: ${verdict}, as a packet: ${expected}`;
    }
    if (wrong === undefined) continue;
    const found = await confirmed(lab, loaded, shot, wrong, how);
    if (!found) continue;
    tally.disagreements.push({ seed, ...found });
    return;
  }
}

function complaintOf(pipeline: Pipeline, shot: Shot, fate: Fate, asked: Asked): string | undefined {
  if (asked.trace.verdict !== 'undecided') return complaint(shot, fate, asked);
  const question = askedPacket(shot, asked);
  const { verdict } = askSets(pipeline, question, shot.packet.family, undefined);
  if (verdict === 'maybe') return undefined;
  return (verdict === 'allow') === (fate.kind !== 'stopped')
    ? undefined
    : `as a set: ${verdict}, but the kernel ${fate.kind} it`;
}

type Found = Omit<Disagreement, 'seed'>;

/** Shoots the packet again, alone: what is left of other connections has no part in it. Then makes the ruleset small. */
async function confirmed(lab: Lab, loaded: Loaded, shot: Shot, first: string, how: How): Promise<Found | undefined> {
  const again = async (one: Loaded): Promise<{ readonly wrong: string; readonly fate: Fate } | undefined> => {
    const [fate] = await lab.shoot([shot], 1);
    const pipeline = situated(one.device.pipeline);
    const asked = askAbout(pipeline, shot);
    if (!asked) return undefined;
    const wrong = complaintOf(pipeline, shot, fate!, asked) ?? setComplaint(pipeline, shot, asked);
    return wrong === undefined ? undefined : { wrong, fate: fate! };
  };
  const alone = await again(loaded);
  if (!alone) return undefined;
  let best = { loaded, ...alone, first };
  for (let progress = true; progress; ) {
    progress = false;
    for (const candidate of smaller(best.loaded.ruleset)) {
      const smallerLoaded = await load(lab, candidate, { ...how, strict: true });
      const still = smallerLoaded && (await again(smallerLoaded));
      if (!still) continue;
      best = { ...best, loaded: smallerLoaded, ...still };
      progress = true;
      break;
    }
  }
  return { complaint: best.wrong, shot, fate: best.fate, text: best.loaded.text, ruleset: best.loaded.ruleset };
}

function setComplaint(pipeline: Pipeline, shot: Shot, asked: Asked): string | undefined {
  const question = askedPacket(shot, asked);
  const verdict = askSets(pipeline, question, shot.packet.family, undefined).verdict;
  const expected = ask(pipeline, question).verdict;
  return verdict === expected ? undefined : `as a set: ${verdict}, as a packet: ${expected}`;
}

export function disagreementText({ seed, complaint, shot, fate, text }: Disagreement): string {
  const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value);
  return `${complaint} (seed ${seed})\n${JSON.stringify({ shot, fate }, plain)}\n${text}`;
}
