import type { Intervals } from '../lib/intervals.js';
import type { AddressSet, Origin } from '../model/index.js';
import type { Instant } from '../windows/types.js';
import type { Awaited } from './awaited.js';

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';

/** One end of a flow, as far as it is known: a name people use, addresses, a zone. */
export interface Party {
  /** How it is written to people: `internet`, `web-results`, `10.1.0.0/16`. */
  readonly text: string;
  readonly addresses?: AddressSet;
  /** Zone of the host or network, such as `dmz` or `imaging`. */
  readonly zone?: string;
  /** Where it lies in several: all of them, and no `zone`. */
  readonly zones?: readonly string[];
}

/** The traffic of a subject as judgement needs it: enough for risk and scope; the exact set is `Subject.set`. */
export interface Flow {
  readonly src: Party;
  readonly dst: Party;
  /** `any`, `tcp`, `udp`, `icmp`, …, or a list such as `tcp,udp`. */
  readonly proto: string;
  readonly ports: Intervals | 'any';
  readonly nat?: string;
}

/**
 * Something that is open and may need judging: an opening made by one permitting rule, a listener, the filtering
 * engine switched off, or an access fact that differs.
 */
export interface Subject {
  /** Stable identity within the device: never a rule's number, name, comment or UUID. */
  readonly id: string;
  readonly device: string;
  /** The rule that lets it through now, where the one that the finding began with has gone: that rule's own identity. */
  readonly carrier?: string;
  readonly kind: 'rule' | 'listener' | 'engine' | 'fact';
  readonly direction?: 'forward' | 'input' | 'output';
  readonly flow: Flow;
  /** One line in words a network engineer uses. */
  readonly summary: string;
  /** Digest of the exact packet set: waivers and acknowledgements bind to it. */
  readonly set?: string;
  readonly certainty?: 'certain' | 'possible';
  readonly conditions?: readonly string[];
  /** The rule that now permits, or the listener's line. */
  readonly place?: Origin;
  /** The edit that opened it. */
  readonly cause?: {
    readonly edit: 'added' | 'removed' | 'moved' | 'changed' | 'object' | 'policy' | 'flushed';
    readonly rule: Origin;
  };
  /** A packet that is let through and should not be, in words. */
  readonly witness?: string;
  /** How the platform shuts it. */
  readonly undo?: string;
  /** For an access fact: the code it is told under, such as `ACCESS_WIDENED`. */
  readonly factCode?: string;
  /** It differs only because the platform has another version. */
  readonly platform?: { readonly from: string; readonly to: string };
  /** Declared to be open only while a window is open that names it, or that is of its vendor. */
  readonly inWindows?: { readonly id: string; readonly vendor?: string };
  /** Shut now, comes back by itself: `after a reboot`, `when rule 12 is enabled`. */
  readonly latent?: { readonly returnsWhen: string; readonly shadowed?: boolean };
}

/** What carries a finding on: the rule itself, or the one that took its traffic over. */
export function carrierOf(subject: Subject): string {
  return subject.carrier ?? subject.id;
}

/** The id of what a rule lets through and is declared, beside the finding about what it lets through besides. */
export function declaredId(subject: Subject): string {
  return `${carrierOf(subject)}+declared`;
}

/** What one complete or failed reading of one device says to the judge. */
export interface Observation {
  readonly device: string;
  readonly at: Instant;
  /** Snapshot this was derived from; absent when the reading failed. */
  readonly snapshot?: string;
  /**
   * Everything open that the baseline does not declare. When `blind` is not empty: only what is open for certain all
   * the same; it is told, and its absence means nothing.
   */
  readonly undeclared: readonly Subject[];
  /** Open and declared: judged for exposure of the baseline itself. */
  readonly declared: readonly Subject[];
  /** Declared flows observed before and cut now. */
  readonly missing: readonly Subject[];
  /** Why this reading cannot be trusted to be complete; not empty: nothing is RESOLVED and nothing is clean on its word. */
  readonly blind: readonly string[];
  /** What was too much to look at, in sentences: it stands with what is not covered. */
  readonly limits?: readonly string[];
  /** Nothing could be asked, because of what lies on the way: other devices may be behind the same. */
  readonly unreachable?: true;
  /** Who answers shows another host key than the accepted one, or one that was revoked: in words. */
  readonly impostor?: string;
}

export interface Waiver {
  readonly device: string;
  readonly subject: string;
  /** Bound to the exact set it was given for; anything outside is a new finding. */
  readonly set?: string;
  readonly owner: string;
  readonly reason: string;
  /** Valid while now < expires. */
  readonly expires: Instant;
  /** Written in the baseline file: it ends when it is taken out of it. */
  readonly from?: 'baseline';
}

/** Devices that went dark together. */
export interface BlindGroup {
  /** Those that are dark. */
  readonly members: readonly string[];
  /** Those that were and are not any more. */
  readonly left: readonly string[];
  /** All of them went dark between these two instants. */
  readonly from: Instant;
  readonly to: Instant;
  /** What was told last of who they are. */
  readonly told: { readonly at: Instant; readonly members: readonly string[] };
}

/** A finding under judgement. Its key is stable for as long as the same thing is open. */
export interface Finding {
  /**
   * `device/subject` for openings, `window/ID` for windows, `blind/DEVICE` for blindness (of the first device, where
   * several went dark together), `removed/DEVICE` for a device taken out of the configuration.
   */
  readonly key: string;
  /** Counts how often this subject came back after RESOLVED; higher where something was forgotten since. */
  readonly generation: number;
  readonly code: string;
  readonly severity: Severity;
  /** Severity in words: `high: DICOM 104 critical, one public host −1`. */
  readonly severityBecause: string;
  /** Ids of the rules of rules/exposure that speak of it. */
  readonly rules?: readonly string[];
  readonly device?: string;
  /** Fixture id or subject id, or the window's id. */
  readonly subjectId: string;
  readonly subject?: Subject;
  readonly windows: readonly string[];
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  readonly count: number;
  readonly resolvedAt?: Instant;
  /** It ended without being shut: it is in the baseline since. */
  readonly ended?: 'declared';
  /** The same subject was open before, was shut, and is back. */
  readonly previous?: { readonly code: string; readonly generation: number; readonly resolvedAt: Instant };
  /** What it was called before, oldest first: an emergency declared after the fact does not unsay that it was unplanned. */
  readonly earlier?: readonly { readonly code: string; readonly until: Instant }[];
  readonly acknowledged?: { readonly by: string; readonly at: Instant; readonly set?: string };
  /** Whose work it turned out to be. It was unplanned all the same, and stays told as that. */
  readonly claimed?: { readonly by: string; readonly reason: string; readonly at: Instant; readonly set?: string };
  readonly waived?: { readonly owner: string; readonly until: Instant };
  /** When it was told as an alarm last: from then on somebody may take it on. */
  readonly raisedAt?: Instant;
  /** Whom it was passed on to because nobody had taken it on; they hear of its end as well. */
  readonly escalated?: readonly string[];
  /** Key of the alarm by which it is told together with others. It is a finding of its own all the same. */
  readonly toldAs?: string;
  /** Of an alarm that stands for many. */
  readonly grouped?: Grouped;
  readonly nextReminderAt?: Instant;
  readonly remindersSent: number;
  /** Events told so far; the next one's number. */
  readonly sequence: number;
  readonly details?: readonly string[];
  /** Of a flow that is to stay: whom it waits for. */
  readonly awaits?: Awaited;
  /** Of blindness: whom it is about. */
  readonly group?: BlindGroup;
}

/** Of many alarms told as one: how they stand, and when that was told last. */
export interface Grouped {
  readonly open: number;
  /** All that ever belonged to it. */
  readonly total: number;
  /** One line: how many, and how bad. */
  readonly summary: string;
  readonly toldAt: Instant;
  /** Something has changed since. */
  readonly stale: boolean;
}

/** A finding about a flow that is cut; the same flow may have another one about its being open. */
export function isMissing(finding: Finding): boolean {
  return finding.key.startsWith('missing/');
}

/** What is told about a finding. One row in a replay's findings when `row` is true. */
export interface FindingEvent {
  /** `KEY#GENERATION.SEQUENCE`: the same event told twice has the same id. */
  readonly id: string;
  readonly kind: 'raise' | 'update' | 'remind' | 'escalate' | 'resolve' | 'answer';
  readonly at: Instant;
  readonly code: string;
  readonly severity: Severity;
  readonly finding: Finding;
  /** False for a change of severity alone, a reminder, a count, and what tells of many at once. */
  readonly row: boolean;
}
