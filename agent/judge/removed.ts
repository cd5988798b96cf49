import type { Instant, MaintenanceWindow } from '../windows/index.js';
import { NOT_CONFIGURED } from './blind.js';
import type { DeviceMemory, JudgeState } from './findings.js';
import { type Desk, raise, resolve, tell } from './life.js';
import type { Severity } from './types.js';

/** A window in which somebody may be at work, or whose work was not seen shut. */
function isUnderWork({ state }: MaintenanceWindow): boolean {
  return state === 'open' || state === 'refused' || state === 'overdue';
}

function windowsOn(device: string, state: JudgeState): readonly string[] {
  return state.windows.filter((window) => isUnderWork(window) && window.devices.includes(device)).map(({ id }) => id);
}

/** Whether what is remembered of the devices differs from what the configuration names. */
export function isConfiguredAnew(state: JudgeState, devices: readonly string[]): boolean {
  return configured(state, devices, state.judgedUpTo) !== state;
}

/**
 * The devices that the configuration names from now on. One of an open window that nothing was ever read of is
 * remembered too: it is missed all the same.
 */
export function configured(state: JudgeState, devices: readonly string[], at: Instant): JudgeState {
  const named = new Set(devices);
  let differs = false;
  const known = state.devices.map((memory): DeviceMemory => {
    const { removedAt, ...rest } = memory;
    if (named.has(memory.device) === (removedAt === undefined)) return memory;
    differs = true;
    return named.has(memory.device) ? rest : { ...rest, removedAt: at };
  });
  const unknown = new Set(state.windows.filter(isUnderWork).flatMap((window) => window.devices));
  for (const device of [...named, ...state.devices.map((memory) => memory.device)]) unknown.delete(device);
  const added = [...unknown].map((device) => ({ device, missedReadings: 0, blindReasons: [], removedAt: at }));
  return differs || added.length > 0 ? { ...state, devices: [...known, ...added] } : state;
}

/**
 * Taking a device out of the configuration is told: as an alarm that lasts while a window is open on it, because what
 * its vendor leaves would be seen by nobody; else once, for the record.
 */
export function settleRemoved(desk: Desk, state: JudgeState, at: Instant): void {
  const told = desk.findings.named('removed');
  for (const { device, removedAt } of state.devices) {
    if (removedAt === undefined && !told.has(device)) continue;
    const key = `removed/${device}`;
    const known = desk.findings.get(key);
    const isOpen = known !== undefined && known.resolvedAt === undefined;
    if (removedAt === undefined) {
      if (isOpen) resolve(desk, known, at, { row: true, why: 'in the configuration again' });
      continue;
    }
    const windows = windowsOn(device, state);
    if (isOpen && windows.length === 0)
      resolve(desk, known, at, { row: true, why: 'no window is open on it any more' });
    // Told already of this removal.
    if (known !== undefined && known.firstSeen >= removedAt) continue;
    const severity: Severity = windows.length > 0 ? 'high' : 'info';
    const left = openOn(device, desk);
    const because = windows.length > 0 ? 'high: a change window is open on it' : 'info: no change window is open on it';
    const removal = {
      ...{ key, at, code: 'DEVICE_REMOVED' as const, severity, because, subjectId: device, device, windows },
      ...{ firstSeen: removedAt, lastSeen: at, details: [`${device}: ${NOT_CONFIGURED}`, ...left] },
    };
    if (severity === 'high') raise(desk, removal);
    else tellOnce(desk, removal);
  }
}

function openOn(device: string, desk: Desk): readonly string[] {
  const open = [...desk.findings.values()].filter(
    (finding) => finding.resolvedAt === undefined && finding.device === device && finding.subject !== undefined,
  );
  if (open.length === 0) return [];
  return [`not read again, and open when it last was: ${open.map(({ subject }) => subject!.summary).join('; ')}`];
}

/** An event for the record, over once it is told. */
function tellOnce(desk: Desk, removal: Parameters<typeof raise>[1]): void {
  const before = desk.findings.get(removal.key);
  const { at, because, ...parts } = removal;
  const finding = {
    ...parts,
    generation: (before?.generation ?? 0) + 1,
    severityBecause: because,
    count: 1,
    remindersSent: 0,
    sequence: 0,
    resolvedAt: at,
  };
  tell(desk, finding, { kind: 'answer', at, row: true });
}
