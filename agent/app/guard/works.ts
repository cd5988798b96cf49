import { learnBaseline } from '../../baseline/index.js';
import { drivers as allDrivers } from '../../drivers/registry.js';
import { compare } from '../../exposure/index.js';
import {
  type ComposeInput,
  composeObservation,
  type Observation,
  type Shut,
  type ShutInput,
  shutAgain,
} from '../../judge/index.js';
import type { Device } from '../../model/index.js';
import { undoWith } from '../undo.js';

/** A person waits for the answer, and the next reading for this one. */
const COMPARE_MS_MAX = 20_000;
/** Asked for each state that a window saw: together no longer than that either. */
const SHUT_MS_MAX = 10_000;

export interface LearnInput {
  readonly models: readonly { readonly device: string; readonly model: Device }[];
  readonly owner: string;
  readonly at: number;
}

/** What compares states, and so may take long: plain data in and out, so that another thread can do it. */
export interface Works {
  readonly compose: { readonly input: Omit<ComposeInput, 'undo' | 'timeMsMax'>; readonly output: Observation };
  readonly learn: { readonly input: LearnInput; readonly output: string };
  readonly shut: { readonly input: Omit<ShutInput, 'timeMsMax'>; readonly output: Shut };
}

export type WorkName = keyof Works;

export const works: { readonly [Name in WorkName]: (input: Works[Name]['input']) => Works[Name]['output'] } = {
  compose(input) {
    const { now, approved, before } = input;
    const states = [now, approved, before].flatMap((state) => (state ? [state.pipeline] : []));
    return composeObservation({ ...input, undo: undoWith(states, allDrivers), timeMsMax: COMPARE_MS_MAX });
  },
  learn({ models, owner, at }) {
    const undecided: string[] = [];
    const inputs = models.map(({ device, model }) => {
      const { undeclared, reasons } = compare(model.pipeline, { timeMsMax: COMPARE_MS_MAX });
      undecided.push(...reasons.map((reason) => `${device}: ${reason}`));
      return { device, openings: undeclared, listeners: model.listeners, owner, at };
    });
    const { yaml, leftOut } = learnBaseline(...inputs);
    return [yaml, ...[...undecided, ...leftOut].map((line) => `# left out: ${line}\n`)].join('');
  },
  shut: (input) => shutAgain({ ...input, timeMsMax: SHUT_MS_MAX }),
};
