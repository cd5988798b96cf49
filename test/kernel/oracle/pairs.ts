import { undoWith } from '../../../agent/app/undo.js';
import { drivers } from '../../../agent/drivers/registry.js';
import { compare, openingText } from '../../../agent/exposure/index.js';
import { type Dice, diceOf } from './dice.js';
import { isOwn, type Looked, newOnes, type State, type Wrong, wrongOf } from './difference.js';
import { type EditKind, edited, edits, equalKinds } from './edits.js';
import { situated } from './judge.js';
import type { Fate, Lab, Shot } from './lab.js';
import { type How, type Loaded, load, readAgain } from './load.js';
import { type Ruleset, smaller } from './ruleset.js';
import { shotsFor } from './shots.js';

/** What nft's listing leaves open makes two that do the same look as if they might not. */
const WHOLE: How = { bytecode: true };
const STRICT: How = { ...WHOLE, strict: true };

/** A pair about which the kernel and the comparison do not agree. */
export interface WrongPair {
  readonly seed: number;
  readonly kind: EditKind;
  readonly complaint: string;
  readonly shot?: Shot;
  readonly before: string;
  readonly after: string;
}

export interface PairTally extends Looked {
  pairs: number;
  /** Pairs whose difference was undone by the commands that the answer gives. */
  undone: number;
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
  const before = await load(lab, options.make(dice), WHOLE);
  if (!before) return;
  const kind = dice.pick(edits);
  let change = edited(dice, before.ruleset, kind, options.make(dice));
  const others = equalKinds.has(kind) ? 0 : dice.below(3);
  for (let more = others; change && more > 0; more--)
    change = edited(dice, change, dice.pick(edits), options.make(dice)) ?? change;
  if (!change) return;
  const after = await load(lab, change, WHOLE);
  if (!after) return;
  tally.pairs++;
  const shots = [...newOnes(shotsFor(dice, `${before.text}\n${after.text}`, options.perPair, isOwn))];
  const found = await wrongOf(differenceOf(lab, { before, after }, kind), shots, tally, dice);
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
  const again = await readAgain(lab, after.ruleset, WHOLE);
  if (!again) return undefined;
  const rest = compare(situated(again.device.pipeline), { pipeline: was, withClosed: true });
  tally.undone++;
  const left = [...rest.undeclared, ...rest.closed].map((opening) => openingText(opening));
  return left.length === 0 ? undefined : `undone by ${plain.join(' && ')}, and there is left: ${left[0]}`;
}

async function fatesOf(lab: Lab, loaded: Loaded, shots: readonly Shot[]): Promise<readonly Fate[]> {
  if (!(await load(lab, loaded.ruleset, { strict: true }))) throw new Error('what was loaded once is refused now');
  return lab.shoot(shots, FRESH);
}

function differenceOf(lab: Lab, { before, after }: Pair, kind: EditKind) {
  const state = (loaded: Loaded): State => ({
    pipeline: situated(loaded.device.pipeline),
    fates: (shots) => fatesOf(lab, loaded, shots),
  });
  return { before: state(before), after: state(after), names: lab.names, equal: equalKinds.has(kind) };
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
        const [before, after] = [await load(lab, one, STRICT), await load(lab, other, STRICT)];
        if (!before || !after) continue;
        const still = await wrongOf(
          differenceOf(lab, { before, after }, kind),
          best.wrong.shot ? [best.wrong.shot] : [],
        );
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
