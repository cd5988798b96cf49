import { createHash } from 'node:crypto';
import type { DialogueStep } from '../../drivers/contract.js';
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
}

export function planOf({ id, dialogue }: Speaker): Plan {
  const planned = (step: DialogueStep): PlannedStep => {
    const fallbacks = dialogue.steps.filter(({ fallbackFor }) => fallbackFor === step.id).map(planned);
    // A file that is not there shows only in what cat says: the script does not look into that.
    assert(step.file === undefined || fallbacks.length === 0, `${id}/${step.id}: a file with a fallback`);
    const spellings = step.file === undefined ? spellingsOf(step) : [readFileArgv(step.file)];
    return { name: `${id}/${step.id}`, step, spellings, fallbacks };
  };
  const steps = dialogue.steps.filter(({ fallbackFor }) => fallbackFor === undefined).map(planned);
  const digest = createHash('sha256')
    .update(JSON.stringify(steps.map(described)))
    .digest('hex')
    .slice(0, 12);
  return { driver: id, token: `${id}@${digest}`, steps };
}

function described({ name, step, spellings, fallbacks }: PlannedStep): unknown {
  return [name, secondsOf(step), spellings.map(spelled), fallbacks.map(described)];
}

export function secondsOf({ timeoutMsMax }: DialogueStep): number {
  return Math.ceil(timeoutMsMax / 1000);
}

/** With its fallbacks. */
export function everyStep(plans: readonly Plan[]): readonly PlannedStep[] {
  const all = (step: PlannedStep): readonly PlannedStep[] => [step, ...step.fallbacks.flatMap(all)];
  return plans.flatMap(({ steps }) => steps.flatMap(all));
}
