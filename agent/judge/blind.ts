import type { Instant, MaintenanceWindow } from '../windows/index.js';
import { belongs, commonCause, differentErrors, shared, spanOf } from './blind-group.js';
import { deadlineOf, type JudgeContext } from './context.js';
import { type DeviceMemory, type JudgeState, memoryOf } from './findings.js';
import { type Desk, openFinding, raise, resolve, tell } from './life.js';
import type { BlindGroup, Finding, Severity } from './types.js';

const MINUTE_MS = 60_000;
const LOW_AFTER_MS = 10 * MINUTE_MS;
const MEDIUM_AFTER_MS = 60 * MINUTE_MS;
const MISSED_READINGS_MIN = 2;
/** Forty devices do not come back at one moment: that a group has changed is told once in this time, that it is over at once. */
const TELL_AGAIN_MS = 5 * MINUTE_MS;
const CODE = 'GUARD_BLIND';

/** Since when nothing complete is known of a device that should be read. */
function darkSince(memory: DeviceMemory): Instant | undefined {
  if (memory.missedReadings === 0 || memory.removedAt !== undefined) return undefined;
  return memory.lastCompleteAt ?? memory.blindSince;
}

/** The windows in which the device matters: from their start to their deadline, unless closed and attested before. */
function windowsOn(
  device: string,
  windows: readonly MaintenanceWindow[],
  context: JudgeContext,
  at: Instant,
): readonly string[] {
  return windows
    .filter(
      (window) =>
        window.state !== 'cancelled' &&
        window.state !== 'closed' &&
        window.devices.includes(device) &&
        window.start <= at &&
        at < deadlineOf(window, context),
    )
    .map(({ id }) => id);
}

/** A finding about devices that went dark together, while one instant is judged. */
interface Working {
  /** Absent: to be raised now. */
  readonly finding?: Finding;
  readonly founder: string;
  members: readonly DeviceMemory[];
  group: Pick<BlindGroup, 'left' | 'from' | 'to'>;
}

interface Moment {
  readonly desk: Desk;
  readonly state: JudgeState;
  readonly context: JudgeContext;
  readonly at: Instant;
}

/**
 * Brings the findings about blindness to what they should be at this instant. A device is a member of one of them for
 * as long as it is dark, and returns to the same one if it goes dark again while that is open: so no device moves from
 * one finding to another.
 */
export function settleBlindness(desk: Desk, state: JudgeState, context: JudgeContext, at: Instant): void {
  const moment: Moment = { desk, state, context, at };
  const dark = state.devices.filter((memory) => darkSince(memory) !== undefined);
  const groups: Working[] = [];
  for (const finding of desk.findings.values()) {
    if (finding.code === CODE && finding.resolvedAt === undefined) groups.push(standing(finding, dark));
  }
  const taken = new Set(groups.flatMap(({ members }) => members.map(({ device }) => device)));
  const free = (): readonly DeviceMemory[] => dark.filter(({ device }) => !taken.has(device));
  const gather = (working: Working): void => {
    for (let found = true; found; ) {
      const joining = free().filter((memory) => belongs(memory, working.group, working.members, context));
      for (const memory of joining) {
        taken.add(memory.device);
        join(working, memory);
      }
      found = joining.length > 0;
    }
  };
  for (const working of groups) gather(working);
  for (const memory of dark) {
    if (taken.has(memory.device) || !mustBeTold(memory, moment)) continue;
    taken.add(memory.device);
    const span = spanOf(memory);
    const working: Working = { founder: memory.device, members: [memory], group: { left: [], ...span } };
    gather(working);
    groups.push(working);
  }
  for (const working of groups) settleGroup(working, moment);
}

function standing(finding: Finding, dark: readonly DeviceMemory[]): Working {
  const before = finding.group?.members ?? [finding.device ?? finding.subjectId];
  const members = dark.filter(({ device }) => before.includes(device));
  const gone = before.filter((name) => !members.some(({ device }) => device === name));
  const left = [...new Set([...(finding.group?.left ?? []), ...gone])];
  const span = finding.group ?? members.map(spanOf).reduce(shared, { from: 0, to: finding.lastSeen });
  return { finding, founder: finding.subjectId, members, group: { left, from: span.from, to: span.to } };
}

function join(working: Working, memory: DeviceMemory): void {
  const { left, ...span } = working.group;
  const isBack = left.includes(memory.device);
  working.members = [...working.members, memory];
  working.group = {
    left: left.filter((device) => device !== memory.device),
    // What went dark anew says nothing of when the others did.
    ...(isBack ? span : shared(span, spanOf(memory))),
  };
}

function mustBeTold(memory: DeviceMemory, { state, context, at }: Moment): boolean {
  if (memory.missedReadings < MISSED_READINGS_MIN) return false;
  return windowsOn(memory.device, state.windows, context, at).length > 0 || at - darkSince(memory)! >= LOW_AFTER_MS;
}

interface Grade {
  readonly severity: Severity;
  readonly because: string;
  readonly windows: readonly string[];
}

function gradeOf(members: readonly DeviceMemory[], { state, context, at }: Moment): Grade {
  const windows = [...new Set(members.flatMap(({ device }) => windowsOn(device, state.windows, context, at)))];
  const darkMs = at - Math.min(...members.map((memory) => darkSince(memory)!));
  const severity: Severity = windows.length > 0 ? 'high' : darkMs >= MEDIUM_AFTER_MS ? 'medium' : 'low';
  const cause = commonCause(members, context);
  const because = [
    `${severity}: no complete reading ${members.length > 1 ? `of ${members.length} devices ` : ''}for ${Math.floor(darkMs / MINUTE_MS)} min`,
    ...(cause === undefined ? [] : [cause]),
    ...(windows.length > 0 ? ['inside a change window'] : []),
  ];
  return { severity, because: because.join(', '), windows };
}

/** `fw2` before `fw10`. */
const byNumber = new Intl.Collator('en', { numeric: true });

function detailsOf(members: readonly DeviceMemory[]): readonly string[] {
  if (members.length === 1) return members[0]!.blindReasons;
  const names = members.map(({ device }) => device).sort(byNumber.compare);
  return [`${names.length} devices: ${names.join(', ')}`, ...differentErrors(members)];
}

function settleGroup(working: Working, moment: Moment): void {
  const { finding, members, group } = working;
  const { desk, state, at } = moment;
  if (finding && members.length === 0) {
    const isRemoved = group.left.every((device) => memoryOf(state, device)?.removedAt !== undefined);
    resolve(desk, finding, at, { row: true, why: isRemoved ? NOT_CONFIGURED : 'read completely again' });
    return;
  }
  const names = members.map(({ device }) => device);
  const grade = gradeOf(members, moment);
  const details = detailsOf(members);
  const toldNow: BlindGroup = { ...group, members: names, told: { at, members: names } };
  if (!finding) {
    raise(desk, {
      key: freeKey(desk, working.founder),
      at,
      code: CODE,
      ...grade,
      subjectId: working.founder,
      ...(names.length === 1 && { device: working.founder }),
      firstSeen: Math.min(...members.map((memory) => memory.blindSince ?? at)),
      lastSeen: at,
      details,
      group: toldNow,
    });
    return;
  }
  const { device: _, acknowledged, ...rest } = finding;
  const told = finding.group?.told ?? { at: finding.lastSeen, members: names };
  const next: Finding = {
    ...rest,
    ...(names.length === 1 && { device: names[0]! }),
    // Somebody works on what was told then, and not on what is dark besides.
    ...(acknowledged && names.every((name) => told.members.includes(name)) && { acknowledged }),
    details,
    group: { ...group, members: names, told },
  };
  const changed = !isSame(names, told.members);
  const graded = { severity: grade.severity, severityBecause: grade.because, windows: grade.windows };
  if (grade.severity !== finding.severity || (changed && at >= told.at + TELL_AGAIN_MS)) {
    tell(desk, { ...next, ...graded, lastSeen: at, group: toldNow }, { kind: 'update', at, row: false });
  } else if (!isSame(names, finding.group?.members ?? names)) {
    desk.findings.set(finding.key, { ...next, ...graded });
  } else if (!isSame(details, finding.details ?? [])) desk.findings.set(finding.key, next);
}

/** Why a finding about a device ends though nobody has looked. */
export const NOT_CONFIGURED = 'not in the configuration any more';

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}

/** A device's own key is taken while others that went dark with it before still are. */
function freeKey(desk: Desk, device: string): string {
  for (let number = 1; ; number++) {
    const key = number === 1 ? `blind/${device}` : `blind/${device}/${number}`;
    if (!openFinding(desk, key)) return key;
  }
}

/** Instants at which blindness may be graded anew though nothing is read. */
export function blindnessDue(state: JudgeState, context: JudgeContext): readonly Instant[] {
  const grades = state.devices.flatMap((memory) => {
    const since = darkSince(memory);
    if (since === undefined || memory.missedReadings < MISSED_READINGS_MIN) return [];
    const edges = state.windows
      .filter((window) => window.state !== 'cancelled' && window.devices.includes(memory.device))
      .flatMap((window) => [window.start, deadlineOf(window, context)]);
    return [since + LOW_AFTER_MS, since + MEDIUM_AFTER_MS, ...edges];
  });
  const untold: Instant[] = [];
  for (const { code, resolvedAt, group } of state.findings) {
    if (code !== CODE || resolvedAt !== undefined || !group || isSame(group.members, group.told.members)) continue;
    untold.push(group.told.at + TELL_AGAIN_MS);
  }
  return [...grades, ...untold];
}
