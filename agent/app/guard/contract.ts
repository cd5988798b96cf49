import type { CoverageStatement, OpeningLeft } from '../../judge/index.js';
import type { Result } from '../../lib/result.js';
import type { SessionLeft } from '../../windows/index.js';

/**
 * What a guard can be asked and told. The command line, the socket API and tests all speak to this one shape, whether
 * the guard runs in this process or behind the socket. Everything in it is plain JSON; times are ISO 8601 in UTC.
 */
export interface Guard {
  status(): Promise<Result<GuardStatus>>;
  /** Reads devices now (all when none are named), judges what is seen, and keeps the snapshots. */
  snapshot(devices: readonly string[]): Promise<Result<readonly ReadingView[]>>;
  /** Takes a capture file as a reading of a device. */
  importCapture(device: string, path: string): Promise<Result<ReadingView>>;
  snapshots(filter: SnapshotFilter): Promise<Result<readonly SnapshotView[]>>;
  /** Reads now and says what is open and not declared. */
  drift(devices: readonly string[]): Promise<Result<readonly DriftView[]>>;
  windows(filter: { readonly all: boolean }): Promise<Result<readonly WindowView[]>>;
  window(id: string): Promise<Result<WindowView>>;
  planWindow(plan: WindowRequest): Promise<Result<WindowView>>;
  /** Opens a planned window, or plans and opens one at once where `plan` is given. Takes the snapshot before. */
  openWindow(id: string, plan?: WindowRequest): Promise<Result<OpenAnswerView>>;
  closeWindow(id: string): Promise<Result<CloseAnswerView>>;
  extendWindow(id: string, extension: ExtensionRequest): Promise<Result<WindowView>>;
  cancelWindow(id: string): Promise<Result<WindowView>>;
  /** After a refused close: the work goes on until the planned end. */
  resumeWindow(id: string, by: string): Promise<Result<WindowView>>;
  /** What a refused or overdue window left is somebody's from then on. */
  handOverWindow(id: string, request: HandOverRequest): Promise<Result<WindowView>>;
  findings(filter: FindingFilter): Promise<Result<FindingsView>>;
  /** What was told, newest last. */
  alarms(filter: AlarmFilter): Promise<Result<readonly AlarmView[]>>;
  /** `alarm` is a finding's key or the id of one of its alarms. */
  acknowledge(alarm: string, by: string): Promise<Result<FindingView>>;
  /** Says whose work an unplanned opening is; that it was unplanned stays. */
  claim(request: ClaimRequest): Promise<Result<FindingView>>;
  waive(request: WaiveRequest): Promise<Result<FindingView>>;
  /** Accepts that a flow stays which a window announced as staying, or refuses it. */
  accept(request: StayRequest): Promise<Result<FindingView>>;
  /** The approved snapshots and declared flows of these devices, in YAML. */
  baseline(devices: readonly string[]): Promise<Result<string>>;
  /** What the latest snapshots let through, as a baseline file that a person can edit. */
  learnBaseline(devices: readonly string[], owner: string): Promise<Result<string>>;
  /** What the latest snapshot adds to the baseline, and what it lacks. */
  baselineDiff(devices: readonly string[]): Promise<Result<readonly DriftView[]>>;
  /** Approves a device's latest snapshot, or the one named. */
  acceptBaseline(request: AcceptRequest): Promise<Result<SnapshotView>>;
}

export interface GuardStatus {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly devices: readonly {
    readonly id: string;
    readonly lastComplete?: string;
    readonly blind: readonly string[];
    readonly approved?: string;
    /** What may wake a reading at once besides its monitors; `why` it does not. */
    readonly wakes?: readonly { readonly source: string; readonly why?: string }[];
    /** Until when what is open on it is one report, and how much is not told otherwise. */
    readonly onboarding?: { readonly until: string; readonly heldBack: number };
  }[];
  readonly openFindings: number;
  /** Why the store takes nothing now, in one line: what was read since is not judged yet. */
  readonly refused?: string;
  readonly sinks: readonly { readonly id: string; readonly queued: number; readonly lastError?: string }[];
  /** Absent where nothing is listened for. */
  readonly listening?: ListeningView;
}

/** What came in by syslog since the start. */
export interface ListeningView {
  readonly udp?: string;
  readonly tcp?: string;
  /** Why it cannot be listened; it is tried again. */
  readonly problem?: string;
  readonly devices: readonly {
    readonly id: string;
    readonly messages: number;
    /** Those that said that the configuration was changed. */
    readonly reports: number;
    /** The readings that they woke. */
    readonly readings: number;
    readonly lastReport?: string;
  }[];
  /** Senders that no device is known by: nothing of theirs was read. */
  readonly unknown: readonly { readonly address: string; readonly messages: number }[];
}

export interface ReadingView {
  readonly device: string;
  readonly at: string;
  readonly snapshot: string;
  /** Nothing differs from the device's snapshot before. */
  readonly unchanged: boolean;
  readonly complete: boolean;
  readonly blind: readonly string[];
  readonly notCovered: readonly string[];
  readonly rules: number;
  readonly listeners: number;
}

export interface SnapshotFilter {
  readonly device?: string;
  readonly limit?: number;
}

export interface SnapshotView {
  readonly id: string;
  readonly device: string;
  readonly takenAt: string;
  readonly lastSeen: string;
  readonly count: number;
  readonly complete: boolean;
  readonly blind: readonly string[];
  readonly hash: string;
  readonly approvedBy?: string;
  readonly approvedAt?: string;
}

export interface SubjectView {
  readonly id: string;
  readonly device: string;
  readonly kind: 'rule' | 'listener' | 'engine' | 'fact';
  readonly summary: string;
  readonly severity: string;
  readonly because: string;
  readonly place?: string;
  readonly cause?: string;
  readonly witness?: string;
  readonly undo?: string;
  readonly certainty?: 'certain' | 'possible';
  readonly conditions?: readonly string[];
  /** It is shut now: when it comes back by itself. */
  readonly returnsWhen?: string;
}

export interface DriftView {
  readonly device: string;
  readonly at: string;
  readonly snapshot: string;
  readonly undeclared: readonly SubjectView[];
  readonly missing: readonly SubjectView[];
  readonly complete: boolean;
  readonly blind: readonly string[];
  readonly coverage: CoverageStatement;
}

export interface WindowRequest {
  /** Given by the person (a ticket number), else made. */
  readonly id?: string;
  /** `self`: the hospital's own staff; then somebody owns it. */
  readonly vendor: string;
  readonly owner?: string;
  /** `late`: declared after the fact, so that what was opened since its start is its own. */
  readonly emergency?: EmergencyView & { readonly late?: boolean };
  readonly technician?: string;
  readonly ticket?: string;
  readonly devices: readonly string[];
  /** ISO 8601. */
  readonly start: string;
  readonly end: string;
  readonly scope: readonly ScopeRequest[];
  /** Again and again: a rule such as `FREQ=WEEKLY;BYDAY=TU`, by the clocks of an IANA zone. `planWindow` only. */
  readonly recurs?: { readonly rule: string; readonly timeZone: string };
}

export interface EmergencyView {
  readonly caller: string;
  readonly reason: string;
  readonly onCall: string;
}

export interface ScopeRequest {
  readonly device?: string;
  readonly kind?: 'rule' | 'listener' | 'engine' | 'fact';
  readonly src?: string;
  readonly dst?: string;
  readonly proto?: string;
  readonly ports?: string;
  /** Instead of protocol and ports: services by name, such as `https` or `dicom,hl7`. In answers it is never there. */
  readonly service?: string;
  readonly keep?: { readonly owner: string; readonly review: string };
}

export interface WindowView {
  readonly id: string;
  readonly vendor: string;
  readonly owner?: string;
  readonly emergency?: EmergencyView;
  readonly technician?: string;
  readonly ticket?: string;
  readonly devices: readonly string[];
  readonly state: 'planned' | 'open' | 'closed' | 'refused' | 'overdue' | 'cancelled';
  readonly start: string;
  readonly end: string;
  readonly effectiveEnd: string;
  /** Planned together with others, which `windows` lists one by one; of how many, in the answer to the plan. */
  readonly series?: {
    readonly id: string;
    readonly rule: string;
    readonly timeZone: string;
    readonly planned?: number;
  };
  /** Effective end plus grace. */
  readonly deadline: string;
  readonly extension?: ExtensionRequest;
  readonly resumed?: { readonly by: string; readonly at: string };
  readonly handedOver?: { readonly to: string; readonly by: string; readonly at: string };
  readonly scope: readonly ScopeRequest[];
  readonly openedAt?: string;
  readonly closedAt?: string;
  /** Connections that outlived what it opened, as they were at the latest close. */
  readonly sessions?: {
    readonly at: string;
    readonly left: readonly SessionLeft[];
    readonly notCovered: readonly string[];
  };
  readonly before: readonly BeforeView[];
}

/** The snapshot a window starts from. A device that could not be read has its last one, with its age. */
export interface BeforeView {
  readonly device: string;
  readonly snapshot?: string;
  readonly takenAt?: string;
  readonly fresh: boolean;
  readonly ageSeconds?: number;
  readonly blind: readonly string[];
}

export interface OpenAnswerView {
  readonly window: WindowView;
  readonly before: readonly BeforeView[];
}

/** What a window leaves open, and where the rule stands that lets it through. */
export interface OpeningLeftView
  extends Omit<OpeningLeft, 'firstSeen' | 'subject'>,
    Pick<FindingView, 'firstSeen' | 'place' | 'cause' | 'witness' | 'undo' | 'certainty' | 'conditions'> {}

/** The contract's answer to a close. `refused` with no openings: it could not be attested (exit code 3). */
export interface CloseAnswerView {
  readonly window: string;
  readonly state: 'closed' | 'refused';
  readonly attested: boolean;
  readonly openings: readonly OpeningLeftView[];
  /** What else is open on the window's devices and not the window's: it refuses nothing, and no close calls it clean. */
  readonly alsoOpen: readonly FindingView[];
  /**
   * Connections that the window's rules let in and that go on though the rules are gone; absent where nothing was
   * opened and shut again. They are for a person to end.
   */
  readonly sessions?: readonly SessionLeft[];
  readonly coverage: CoverageStatement;
  /** Of a refused close, all four: no refusal is a dead end. */
  readonly waysOut?: readonly WayOut[];
  /** Of a refused close: who of the hospital answers for what is left, until somebody takes it over. */
  readonly owner?: string;
}

export interface WayOut {
  readonly way: 'fix' | 'resume' | 'waive' | 'handOver';
  readonly text: string;
  readonly command: string;
  /** Until when the way is open, where it is not for ever. */
  readonly until?: string;
}

export interface ExtensionRequest {
  readonly until: string;
  readonly by: string;
  readonly reason: string;
  /** Needed where the window would last more than twice as long as planned. */
  readonly second?: string;
}

export interface HandOverRequest {
  readonly to: string;
  readonly by: string;
}

export interface ClaimRequest {
  /** A finding's key. */
  readonly finding: string;
  readonly by: string;
  readonly reason: string;
}

export interface StayRequest {
  /** A finding's key. */
  readonly finding: string;
  readonly word:
    | { readonly kind: 'accept'; readonly by: string; readonly second?: string }
    | { readonly kind: 'refuse'; readonly by: string; readonly reason: string };
}

export interface FindingFilter {
  /** Resolved ones too. */
  readonly all: boolean;
  readonly device?: string;
}

export interface FindingView {
  readonly key: string;
  readonly code: string;
  readonly severity: string;
  readonly severityBecause: string;
  /** Ids of the rules that speak of it; `ecluse rules show ID`. */
  readonly rules?: readonly string[];
  readonly device?: string;
  /** Of blindness: those that went dark together and still are. */
  readonly devices?: readonly string[];
  readonly summary: string;
  readonly windows: readonly string[];
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly resolvedAt?: string;
  readonly count: number;
  readonly place?: string;
  readonly cause?: string;
  readonly witness?: string;
  readonly undo?: string;
  readonly certainty?: 'certain' | 'possible';
  readonly conditions?: readonly string[];
  /** It is shut now: when it comes back by itself. */
  readonly returnsWhen?: string;
  /** What is to be done where no single command shuts it. */
  readonly remedy?: string;
  /** What it was called before, oldest first. */
  readonly earlier?: readonly { readonly code: string; readonly until: string }[];
  readonly claimed?: { readonly by: string; readonly reason: string; readonly at: string };
  /** Sinks it was passed on to because nobody had taken it on. */
  readonly escalatedTo?: readonly string[];
  /** Key of the alarm by which it is told together with others. */
  readonly toldAs?: string;
  readonly acknowledgedBy?: string;
  readonly waivedUntil?: string;
  /** Of a flow that is to stay: whose word it waits for, and who has given theirs. */
  readonly awaits?: {
    readonly owners: readonly string[];
    readonly people: number;
    readonly until: string;
    readonly signed: readonly { readonly by: string; readonly at: string }[];
  };
  readonly details?: readonly string[];
}

export interface FindingsView {
  readonly findings: readonly FindingView[];
  readonly coverage: CoverageStatement;
}

export interface AlarmFilter {
  readonly limit?: number;
  readonly since?: string;
}

export interface AlarmView {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly code: string;
  readonly severity: string;
  readonly key: string;
  readonly summary: string;
  /** Sinks that have not taken it yet. */
  readonly queuedFor: readonly string[];
}

export interface WaiveRequest {
  /** A finding's key. */
  readonly finding: string;
  readonly until: string;
  readonly owner: string;
  readonly reason: string;
}

export interface AcceptRequest {
  readonly device: string;
  readonly snapshot?: string;
  readonly by: string;
  /** Somebody else of the hospital, needed while a change window on the device is not closed. */
  readonly second?: string;
}

/** What a reload of the configuration changed, in words. */
export interface ReloadView {
  readonly changes: readonly string[];
}
