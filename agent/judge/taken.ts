import type { Problem } from '../lib/result.js';
import type { CloseAnswer } from './events.js';
import type { JudgeState, PresentSubject } from './findings.js';
import type { Desk } from './life.js';

/** What an event did to what the judge remembers, before anything is judged. */
export interface Taken {
  readonly state: JudgeState;
  readonly gone?: readonly PresentSubject[];
  /** Of what is there, what is not as it was; left out, it may be anything. */
  readonly changed?: readonly PresentSubject[];
  /** What the event itself tells, after the subjects and the windows. */
  readonly answered?: (desk: Desk) => void;
  readonly answer?: (judged: JudgeState) => CloseAnswer;
  readonly problem?: Problem;
}
