/** Times are milliseconds since the epoch, UTC: a day on which the clocks change keeps its durations. */
export type Instant = number;

export type WindowState = 'planned' | 'open' | 'closed' | 'refused' | 'overdue' | 'cancelled';

/** One vendor intervention. */
export interface MaintenanceWindow {
  readonly id: string;
  /** `self`: the hospital's own staff. */
  readonly vendor: string;
  /** Who answers for it in the hospital; a window of its own staff always has one. */
  readonly owner?: string;
  /** Opened without a plan: who called, why, and who was on call and let it happen. */
  readonly emergency?: { readonly caller: string; readonly reason: string; readonly onCall: string };
  readonly technician?: string;
  readonly ticket?: string;
  /** It stands in the configuration, which may plan it anew until it begins. */
  readonly from?: 'configuration';
  /** One of many that were planned together by a rule of recurrence (RFC 5545), by the clocks of a zone. */
  readonly series?: { readonly id: string; readonly rule: string; readonly timeZone: string };
  /** Devices on which changes are expected. */
  readonly devices: readonly string[];
  readonly start: Instant;
  /** Planned end. */
  readonly end: Instant;
  /** Approved extension, with who granted it and why; `second` is the other approver of a long one. */
  readonly extension?: {
    readonly until: Instant;
    readonly by: string;
    readonly reason: string;
    readonly second?: string;
  };
  /** What the vendor said would be opened; empty: nothing was declared, so every opening is out of scope. */
  readonly scope: readonly ScopeEntry[];
  readonly state: WindowState;
  readonly openedAt?: Instant;
  /** The first close event, accepted or refused: it ends the window whatever it answers. */
  readonly firstCloseAt?: Instant;
  readonly closedAt?: Instant;
  readonly cancelledAt?: Instant;
  /** Nobody gave it up by name: it was taken out of the configuration. Put back, it is planned again. */
  readonly withdrawn?: boolean;
  /** Work went on after a refused close. */
  readonly resumed?: { readonly by: string; readonly at: Instant };
  /** Who took over what a refused or overdue window left. */
  readonly handedOver?: { readonly to: string; readonly by: string; readonly at: Instant };
  /** The latest close could not be attested: something of the window could not be read. */
  readonly unattested?: boolean;
  /** The deadline (effective end + grace) has been judged. */
  readonly deadlineJudged?: boolean;
  /** Connections that outlived what the window opened, as they were at the latest close. */
  readonly sessions?: SessionsLeft & { readonly at: Instant };
  /** Snapshot taken at opening, by device; a device that could not be read has its last one, with its age. */
  readonly before?: Readonly<
    Record<string, { readonly snapshot: string; readonly takenAt: Instant; readonly fresh: boolean }>
  >;
}

/** A part of the declared scope. Every field that is given must hold; names, addresses and ports as people write them. */
export interface ScopeEntry {
  readonly device?: string;
  readonly kind?: 'rule' | 'listener' | 'engine' | 'fact';
  readonly src?: string;
  readonly dst?: string;
  readonly proto?: string;
  /** `any`, or a list such as `443,8000-8010`. */
  readonly ports?: string;
  /** The flow is meant to stay: not left open at the deadline, but waiting for acceptance until the review date. */
  readonly keep?: { readonly owner: string; readonly review: Instant };
}

/** A connection that a rule of the window let in and that outlived it. */
export interface SessionLeft {
  readonly device: string;
  /** `tcp 203.0.113.10:40022 → 198.51.100.80:8080`. */
  readonly summary: string;
  /** In the platform's words. */
  readonly state: string;
  /** `possible`: something that is not known of it decides, such as the interface it came in by. */
  readonly certainty: 'certain' | 'possible';
  /** The rule that let it in, as it was. */
  readonly admittedBy: string;
  /** Ends it; for a person to run. */
  readonly command: string;
  readonly forgottenAfterSeconds?: number;
}

export interface SessionsLeft {
  readonly left: readonly SessionLeft[];
  /** Where nobody could look, in sentences. */
  readonly notCovered: readonly string[];
}
