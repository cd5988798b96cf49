import type { Problem } from '../lib/result.js';
import type { Instant, MaintenanceWindow, SessionsLeft, WindowPlan } from '../windows/index.js';
import type { Word } from './acceptance.js';
import type { CoverageStatement } from './coverage.js';
import type { JudgeState } from './findings.js';
import type { BaselineSeen } from './tamper.js';
import type { FindingEvent, Observation, Severity, Subject, Waiver } from './types.js';

/** What happens to the judge. Every event carries its own instant: the judge has no clock. */
export type JudgeEvent =
  | { readonly kind: 'observed'; readonly at: Instant; readonly observation: Observation }
  /** A reading was due and brought nothing. */
  | { readonly kind: 'missed'; readonly at: Instant; readonly device: string; readonly reason: string }
  | {
      readonly kind: 'windowPlanned';
      readonly at: Instant;
      readonly window: WindowPlan;
      /** In the place of the one of this id, where that has not been opened, or was taken out of the configuration. */
      readonly replaces?: boolean;
    }
  | {
      readonly kind: 'windowOpened';
      readonly at: Instant;
      readonly window: string;
      readonly before?: NonNullable<MaintenanceWindow['before']>;
    }
  | {
      readonly kind: 'windowExtended';
      readonly at: Instant;
      readonly window: string;
      readonly until: Instant;
      readonly by: string;
      readonly reason: string;
      readonly second?: string;
    }
  | { readonly kind: 'windowResumed'; readonly at: Instant; readonly window: string; readonly by: string }
  | {
      readonly kind: 'windowHandedOver';
      readonly at: Instant;
      readonly window: string;
      readonly to: string;
      readonly by: string;
    }
  | {
      readonly kind: 'windowCancelled';
      readonly at: Instant;
      readonly window: string;
      /** By being taken out of the configuration. */
      readonly withdrawn?: boolean;
    }
  /** The vendor says that everything is shut; `observations` are the readings just taken because of it. */
  | {
      readonly kind: 'windowClose';
      readonly at: Instant;
      readonly window: string;
      readonly observations: readonly Observation[];
      /** Connections that outlived what the window opened; absent where there was nothing to look for. */
      readonly sessions?: SessionsLeft;
    }
  /** The same, looked at again of a window that is closed. */
  | { readonly kind: 'windowSessions'; readonly at: Instant; readonly window: string; readonly sessions: SessionsLeft }
  | { readonly kind: 'acknowledge'; readonly at: Instant; readonly key: string; readonly by: string }
  /** Somebody of the hospital says that an unplanned opening is their work. */
  | {
      readonly kind: 'claim';
      readonly at: Instant;
      readonly key: string;
      readonly by: string;
      readonly reason: string;
    }
  /** Somebody of the hospital says that a flow which a window announced stays, or that it does not. */
  | { readonly kind: 'accept'; readonly at: Instant; readonly key: string; readonly word: Word }
  /** A person approved a snapshot that shows the device as of `seen`: what was accepted before is part of it, or not meant. */
  | { readonly kind: 'approved'; readonly at: Instant; readonly device: string; readonly seen: Instant }
  | { readonly kind: 'waive'; readonly at: Instant; readonly waiver: Waiver }
  | { readonly kind: 'unwaive'; readonly at: Instant; readonly device: string; readonly subject: string }
  /** A baseline was compared with what was taken or approved last. */
  | { readonly kind: 'baseline'; readonly at: Instant; readonly seen: BaselineSeen }
  /** The devices that the configuration names from now on. */
  | { readonly kind: 'configured'; readonly at: Instant; readonly devices: readonly string[] }
  /** Time has passed. */
  /** What was shut before then need not be remembered any more. */
  | { readonly kind: 'forget'; readonly at: Instant; readonly before: Instant }
  | { readonly kind: 'tick'; readonly at: Instant };

export interface OpeningLeft {
  readonly id: string;
  readonly device: string;
  readonly summary: string;
  readonly code: string;
  readonly severity: Severity;
  readonly firstSeen: Instant;
  /** Where it is, what opened it, a packet of it, how it is shut, and what decides where it is only possible. */
  readonly subject: Pick<Subject, 'place' | 'cause' | 'witness' | 'undo' | 'certainty' | 'conditions'>;
}

/** What the checklist hook is answered. `unattested`: something could not be seen, so nothing is claimed. */
export interface CloseAnswer {
  readonly window: string;
  readonly state: 'closed' | 'refused' | 'unattested';
  readonly openings: readonly OpeningLeft[];
  readonly coverage: CoverageStatement;
}

export interface JudgeStep {
  readonly state: JudgeState;
  readonly events: readonly FindingEvent[];
  /** To `windowClose` only. */
  readonly answer?: CloseAnswer;
  /** The event was not possible (an unknown window, an illegal transition); what was due was judged all the same. */
  readonly problem?: Problem;
}
