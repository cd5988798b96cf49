import { createHash } from 'node:crypto';
import type { DialogueStep, VolatilePattern } from '../../drivers/contract.js';
import { assert } from '../../lib/assert.js';
import { spellingsOf } from '../dialogue.js';
import type { Speaker } from '../runner.js';
import { readFileArgv, spelled } from './commands.js';

/** One step of a dialogue, as it is known on both ends of the connection. */
export interface PlannedStep {
  /** `nftables/nft-text` */
  readonly name: string;
  readonly step: DialogueStep;
  /** Tried in this order as long as the program is not there. */
  readonly spellings: readonly (readonly string[])[];
  /** Only where no spelling of this one is there. */
  readonly fallbacks: readonly PlannedStep[];
}

/** A dialogue as it is carried out on a device in one go. */
export interface Plan {
  readonly driver: string;
  /**
   * The driver and a digest of all that would be run for it. Two ends that agree in it mean the same by every name, so
   * that a script of another version is not taken for this one.
   */
  readonly token: string;
  readonly steps: readonly PlannedStep[];
  /** Volatile text that is left out on the device, in this order, where it only tells whether anything changed. */
  readonly leftOut: readonly VolatilePattern[];
}

const plans = new WeakMap<Speaker, Plan>();

/** Made once for each speaker: what is asked of a platform stays the same. */
export function planOf(speaker: Speaker): Plan {
  const plan = plans.get(speaker) ?? planned(speaker);
  plans.set(speaker, plan);
  return plan;
}

function planned({ id, dialogue, volatile = [] }: Speaker): Plan {
  const onBothEnds = (step: DialogueStep): PlannedStep => {
    const fallbacks = dialogue.steps.filter(({ fallbackFor }) => fallbackFor === step.id).map(onBothEnds);
    // A file that is not there shows only in what cat says: the script does not look into that.
    assert(step.file === undefined || fallbacks.length === 0, `${id}/${step.id}: a file with a fallback`);
    const spellings = step.file === undefined ? spellingsOf(step) : [readFileArgv(step.file)];
    return { name: `${id}/${step.id}`, step, spellings, fallbacks };
  };
  const steps = dialogue.steps.filter(({ fallbackFor }) => fallbackFor === undefined).map(onBothEnds);
  const leftOut = volatile.filter(({ onDevice }) => onDevice !== undefined);
  // Else a step of `stableText` before them would see another text here than on the device; see shared/volatile.ts.
  const areFirst = volatile.every(({ onDevice }, at) => onDevice === undefined || at < leftOut.length);
  assert(areFirst, `${id}: what is left out on the device must stand first`);
  // A script that does not ask what only refines reads as well as it did before there was such a step.
  const asBefore = steps.filter(({ step }) => step.refines === undefined);
  const words = JSON.stringify([asBefore.map(inWords), leftOut.map(({ onDevice }) => onDevice)]);
  const digest = createHash('sha256').update(words).digest('hex').slice(0, 12);
  return { driver: id, token: `${id}@${digest}`, steps, leftOut };
}

function inWords({ name, step, spellings, fallbacks }: PlannedStep): unknown {
  const { need, beside } = step;
  return [name, secondsOf(step), need, beside, spellings.map(spelled), fallbacks.map(inWords)];
}

export function secondsOf({ timeoutMsMax }: DialogueStep): number {
  return Math.ceil(timeoutMsMax / 1000);
}

/** With its fallbacks. */
export function everyStep(plans: readonly Plan[]): readonly PlannedStep[] {
  const all = (step: PlannedStep): readonly PlannedStep[] => [step, ...step.fallbacks.flatMap(all)];
  return plans.flatMap(({ steps }) => steps.flatMap(all));
}
