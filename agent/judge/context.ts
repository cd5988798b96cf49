import type { AddressSet } from '../model/index.js';
import type { Instant, MaintenanceWindow, WindowMachine } from '../windows/index.js';
import type { HostApproval } from './approvals.js';
import type { ExposureRule } from './rules/types.js';
import type { ServiceTable } from './services.js';
import type { Severity } from './types.js';
import type { Zones } from './zones.js';

export interface JudgedDevice {
  readonly kind: 'fw' | 'host';
  /** Zone it stands in, such as `dmz` or `imaging`; absent: no zone adjustment. */
  readonly zone?: string;
  /** Addresses that belong to it, or lie behind it: the hospital's own, also where they are public. */
  readonly networks?: AddressSet;
  /** What its readings pass on their way, in words: `jump host bastion.example.org:22`, `network 192.0.2.0/24`. */
  readonly way?: readonly string[];
  /** Until then what was open before is one report and no alarm each. */
  readonly onboardingUntil?: Instant;
}

/** Whom an alarm is passed on to when nobody takes it on in time; severities that are left out are not. */
export interface Escalation {
  readonly to: string;
  readonly afterMinutes: Readonly<Partial<Record<Severity, number>>>;
}

/** What judgement needs to know and does not change from one step to the next. Time is not in it. */
export interface JudgeContext {
  readonly devices: Readonly<Record<string, JudgedDevice>>;
  /** Hosts outside that may be sent data, as addresses or prefixes. */
  readonly approvedHosts: readonly string[];
  /** Those whose approval ends; `contextAt` says which of them hold. */
  readonly approvals?: readonly HostApproval[];
  /** Zones that were declared, by name; the names that everybody knows mean something without it. */
  readonly zones?: Zones;
  /** The networks of each site, by its id: the hospital's own, also where they are public. */
  readonly siteNetworks?: Readonly<Record<string, AddressSet>>;
  readonly services: ServiceTable;
  /** Exposures known by name: rules/exposure, with those of the hospital. */
  readonly exposures: readonly ExposureRule[];
  readonly graceMinutes: number;
  /** How many people of the hospital it takes to accept that a flow stays; left out, two. */
  readonly approvalPeople?: number;
  readonly escalations?: readonly Escalation[];
  /** The change-window machine. */
  readonly windows: WindowMachine;
}

export function graceMs(context: JudgeContext): number {
  return Math.round(context.graceMinutes * 60_000);
}

/** When everything the window opened must be shut: its effective end plus grace. */
export function deadlineOf(window: MaintenanceWindow, context: JudgeContext): Instant {
  return context.windows.deadline(window, graceMs(context));
}
