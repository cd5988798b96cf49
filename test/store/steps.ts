import type { JudgeState } from '../../agent/judge/findings.js';
import type { FindingEvent } from '../../agent/judge/types.js';
import { anEvent, aState } from './samples.js';

export const SUBJECTS_MAX = 9;

/** The state and the events of a step, known from its number alone: so any half-written step can be told. */
export function stepState(step: number): { readonly next: JudgeState; readonly events: readonly FindingEvent[] } {
  return {
    next: aState({ subjects: step % SUBJECTS_MAX, findings: (step * 5) % 7, at: step }),
    events: [anEvent(`f${step}`, 1), anEvent(`f${step}`, 2)],
  };
}
