import type { Instant, MaintenanceWindow, ScopeEntry } from '../windows/index.js';
import { deadlineOf, type JudgeContext } from './context.js';
import type { PresentSubject } from './findings.js';
import { addressesOf } from './networks.js';
import { oncePer, oncePerSubject } from './once.js';
import type { Subject } from './types.js';

export interface Ownership {
  /** The windows an opening belongs to: those whose scope holds it, else all that cover it. */
  readonly owners: readonly MaintenanceWindow[];
  readonly inScope: boolean;
  /** Announced as staying: until when somebody must have accepted it, and who answers for it. */
  readonly kept?: { readonly until: Instant; readonly owners: readonly string[] };
}

/** The windows that an opening belongs to; `at` matters only to what may be open in windows alone. */
export function ownershipOf(
  present: PresentSubject,
  windows: readonly MaintenanceWindow[],
  context: JudgeContext,
  at: Instant = Number.POSITIVE_INFINITY,
): Ownership {
  const naming = present.subject.inWindows ? namingWindows(present, windows, context, at) : [];
  if (naming.length > 0) return { owners: naming, inScope: true };
  return known(present.subject, context, windows, present.firstSeen).ownership;
}

interface Known {
  readonly windows: readonly MaintenanceWindow[];
  readonly firstSeen: Instant;
  readonly ownership: Ownership;
}

/** A close asks it of every opening for every window. */
const known = oncePerSubject(
  (subject, context, windows: readonly MaintenanceWindow[], firstSeen: Instant): Known => ({
    windows,
    firstSeen,
    ownership: workedOut(subject, windows, context, firstSeen),
  }),
  (answer, windows, firstSeen) => answer.windows === windows && answer.firstSeen === firstSeen,
);

/** The windows of one device, and of them those that cover what was first seen at the instant asked for last. */
interface OfDevice {
  readonly windows: MaintenanceWindow[];
  last?: { readonly firstSeen: Instant; readonly covering: readonly MaintenanceWindow[] };
}

/** Of a year's windows most are another device's. */
const byDevice = oncePer((windows: readonly MaintenanceWindow[]): ReadonlyMap<string, OfDevice> => {
  const lists = new Map<string, OfDevice>();
  for (const window of windows) {
    for (const device of new Set(window.devices)) {
      const list = lists.get(device);
      if (list) list.windows.push(window);
      else lists.set(device, { windows: [window] });
    }
  }
  return lists;
});

/** What appears together is asked about one after the other. */
function coveringOf(
  windows: readonly MaintenanceWindow[],
  device: string,
  firstSeen: Instant,
  { windows: machine }: JudgeContext,
): readonly MaintenanceWindow[] {
  const ofDevice = byDevice(windows).get(device);
  if (!ofDevice) return [];
  if (ofDevice.last?.firstSeen !== firstSeen) {
    const covering = ofDevice.windows.filter((window) => machine.covers(window, device, firstSeen));
    ofDevice.last = { firstSeen, covering };
  }
  return ofDevice.last.covering;
}

interface Scope {
  readonly context: JudgeContext;
  readonly read: (subject: Subject) => ScopeEntry | undefined;
}

const scopes = new WeakMap<MaintenanceWindow, Scope>();

/** The entry of a window's scope that holds the subject. */
function entryFor(window: MaintenanceWindow, subject: Subject, context: JudgeContext): ScopeEntry | undefined {
  let scope = scopes.get(window);
  if (scope?.context !== context) {
    scope = { context, read: context.windows.scopeReader(window.scope, (text) => addressesOf(text, context)) };
    scopes.set(window, scope);
  }
  return scope.read(subject);
}

function workedOut(
  subject: Subject,
  windows: readonly MaintenanceWindow[],
  context: JudgeContext,
  firstSeen: Instant,
): Ownership {
  const covering = coveringOf(windows, subject.device, firstSeen, context);
  const matches: { readonly window: MaintenanceWindow; readonly entry: ScopeEntry }[] = [];
  for (const window of covering) {
    const entry = entryFor(window, subject, context);
    if (entry) matches.push({ window, entry });
  }
  if (matches.length === 0) return { owners: covering, inScope: false };
  const keeps = matches.flatMap(({ entry }) => entry.keep ?? []);
  return {
    owners: matches.map((match) => match.window),
    inScope: true,
    ...(keeps.length > 0 && {
      kept: {
        until: Math.max(...keeps.map(({ review }) => review)),
        owners: [...new Set(keeps.map(({ owner }) => owner))],
      },
    }),
  };
}

/**
 * The windows in which something may be open that is declared to be so in windows alone: those of its vendor, and those
 * whose scope holds it, once they have begun. That it was open before one does not matter; one that had ended when it
 * came does not count.
 */
function namingWindows(
  { subject, firstSeen }: PresentSubject,
  windows: readonly MaintenanceWindow[],
  context: JudgeContext,
  at: Instant,
): readonly MaintenanceWindow[] {
  const same = (text: string): string => text.trim().toLowerCase();
  const { vendor } = subject.inWindows!;
  return windows.filter((window) => {
    const { state, devices, start } = window;
    if (state === 'cancelled' || !devices.includes(subject.device) || start > at) return false;
    if (firstSeen > context.windows.effectiveEnd(window)) return false;
    if (vendor !== undefined && same(window.vendor) === same(vendor)) return true;
    return entryFor(window, subject, context) !== undefined;
  });
}

/** The instant from which the opening counts as left: its own windows' last deadline. */
export function leftFrom(owners: readonly MaintenanceWindow[], context: JudgeContext): Instant {
  return owners.reduce((last, window) => Math.max(last, deadlineOf(window, context)), Number.NEGATIVE_INFINITY);
}

/**
 * Whether the rule that carries it now came in this window's time, though the opening is older: whoever wrote the rule
 * cannot sign that theirs is gone. When it is told stays with the windows in which it began.
 */
export function isTakenOver(
  { subject, carriedSince }: PresentSubject,
  window: MaintenanceWindow,
  context: JudgeContext,
): boolean {
  return (
    carriedSince !== undefined &&
    context.windows.covers(window, subject.device, carriedSince) &&
    entryFor(window, subject, context) !== undefined
  );
}
