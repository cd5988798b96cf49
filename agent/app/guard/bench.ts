import {
  type Finding,
  type FindingEvent,
  isGroup,
  type JudgeContext,
  type JudgeEvent,
  type JudgeState,
  type JudgeStep,
  judge,
  type Observation,
  type PresentSubject,
  withAccepted,
} from '../../judge/index.js';
import type { Log } from '../../lib/log.js';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { type Store, StoreFailure } from '../../store/index.js';

/** The judge at work: its state in memory is always the one that is stored. */
export interface Bench {
  readonly context: JudgeContext;
  state(): JudgeState;
  /** Judges one event and stores the step, or does neither: what was not stored was not told. */
  feed(event: JudgeEvent): Result<JudgeStep>;
  /** Takes a reading in; see `hold` for the time in which a due instant waits for its readings. */
  observe(observation: Observation): Result<void>;
  /**
   * From now until `release`, the first complete reading of each device is judged as it stood just before `due`, so
   * that the instant is judged on fresh ones; all of them are judged in their own time after it.
   */
  hold(due: number): void;
  release(): void;
  holding(): boolean;
  /** Whether the last commit was refused, with why. */
  refused(): Problem | undefined;
}

export interface BenchOptions {
  readonly store: Pick<Store, 'judge'>;
  readonly context: JudgeContext;
  readonly log: Log;
  /** After each step that was stored. */
  readonly onStep: (events: readonly FindingEvent[]) => void;
}

export function openBench({ store, context, log, onStep }: BenchOptions): Bench {
  let state = store.judge.load();
  let refusal: Problem | undefined;
  let held: { readonly due: number; readonly later: Observation[] } | undefined;

  const step = (event: JudgeEvent): Result<JudgeStep> => {
    const judged = judge(state, event, context);
    try {
      store.judge.commit({ previous: state, next: judged.state, events: judged.events, at: event.at });
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      if (refusal?.code !== error.problem.code) {
        log.error('the store refuses; the judgement is repeated until it is stored', { ...error.problem });
      }
      refusal = error.problem;
      return failure(error.problem);
    }
    if (refusal !== undefined) log.warn('the store takes judgements again', { after: refusal.code });
    refusal = undefined;
    state = judged.state;
    onStep(judged.events);
    return success(judged);
  };

  const release = (): void => {
    if (!held) return;
    const { due, later } = held;
    held = undefined;
    const at = Math.max(due, state.judgedUpTo);
    let last = step({ kind: 'tick', at });
    for (const observation of later) {
      if (!last.ok) break;
      last = step({ kind: 'observed', at: observation.at, observation });
    }
  };

  return {
    context,
    state: () => state,
    feed(event) {
      release();
      return step(event);
    },
    observe(observation) {
      if (!held) {
        const answer = step({ kind: 'observed', at: observation.at, observation });
        return answer.ok ? success(undefined) : answer;
      }
      // The first complete reading of a device stands for the instant. A later one, asked for while that one was under
      // way, speaks of what came after: taken for the instant as well, it would shut what was still open then.
      const { device, blind } = observation;
      const stands = held.later.some((one) => one.device === device && one.blind.length === 0);
      held.later.push(observation);
      if (blind.length > 0 || stands) return success(undefined);
      const known = onlyKnown(withAccepted(state, observation), state.present);
      const answer = step({ kind: 'observed', at: held.due - 1, observation: known });
      return answer.ok ? success(undefined) : answer;
    },
    hold(due) {
      release();
      held = { due, later: [] };
    },
    release,
    holding: () => held !== undefined,
    refused: () => refusal,
  };
}

/** A reading without what it shows for the first time: what was open at an instant before it was known by then. */
function onlyKnown(observation: Observation, present: readonly PresentSubject[]): Observation {
  const keys = new Set(
    present.map(({ subject, declared, missing }) =>
      keyOf(subject, missing ? 'missing' : declared ? 'declared' : 'open'),
    ),
  );
  const filter = (subjects: Observation['declared'], role: Role): Observation['declared'] =>
    subjects.filter((subject) => keys.has(keyOf(subject, role)));
  return {
    ...observation,
    undeclared: filter(observation.undeclared, 'open'),
    declared: filter(observation.declared, 'declared'),
    missing: filter(observation.missing, 'missing'),
  };
}

type Role = 'missing' | 'declared' | 'open';

function keyOf(subject: { readonly device: string; readonly id: string }, role: Role): string {
  return JSON.stringify([subject.device, subject.id, role]);
}

export function isOpen(finding: Finding): boolean {
  return finding.resolvedAt === undefined;
}

/** Open, and about one thing: an alarm that stands for many is counted by those. */
export function isOpenFinding(finding: Finding): boolean {
  return isOpen(finding) && !isGroup(finding);
}
