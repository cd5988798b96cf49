import type { Instant, MaintenanceWindow } from '../windows/index.js';
import { deadlineOf, type JudgeContext } from './context.js';
import type { DeviceMemory, JudgeState } from './findings.js';
import { type Desk, openFinding, raise, resolve, tell } from './life.js';
import type { Severity } from './types.js';

const MINUTE_MS = 60_000;
const LOW_AFTER_MS = 10 * MINUTE_MS;
const MEDIUM_AFTER_MS = 60 * MINUTE_MS;
const MISSED_READINGS_MIN = 2;

export function memoryOf(state: JudgeState, device: string): DeviceMemory | undefined {
  return state.devices.find((memory) => memory.device === device);
}

/** Since when nothing complete is known of the device. */
function darkSince(memory: DeviceMemory): Instant | undefined {
  if (memory.missedReadings === 0) return undefined;
  return memory.lastCompleteAt ?? memory.blindSince;
}

/** A window's devices matter from its start to its deadline, unless it was closed and attested before. */
function isUnderWork(
  device: string,
  windows: readonly MaintenanceWindow[],
  context: JudgeContext,
  at: Instant,
): boolean {
  return windows.some(
    (window) =>
      window.state !== 'cancelled' &&
      window.state !== 'closed' &&
      window.devices.includes(device) &&
      window.start <= at &&
      at < deadlineOf(window, context),
  );
}

/** Brings the finding about one device's blindness to what it should be at this instant. */
export function settleBlindness(
  desk: Desk,
  memory: DeviceMemory,
  state: JudgeState,
  context: JudgeContext,
  at: Instant,
): void {
  const key = `blind/${memory.device}`;
  const open = openFinding(desk, key);
  const since = darkSince(memory);
  if (since === undefined) {
    if (open) resolve(desk, open, at, { row: true, why: 'read completely again' });
    return;
  }
  const underWork = isUnderWork(memory.device, state.windows, context, at);
  const darkMs = at - since;
  const severity: Severity = underWork ? 'high' : darkMs >= MEDIUM_AFTER_MS ? 'medium' : 'low';
  const minutes = Math.floor(darkMs / MINUTE_MS);
  const because = `${severity}: no complete reading for ${minutes} min${underWork ? ', inside a change window' : ''}`;
  if (!open) {
    if (memory.missedReadings < MISSED_READINGS_MIN || (!underWork && darkMs < LOW_AFTER_MS)) return;
    const windows = underWork
      ? state.windows.filter((one) => one.devices.includes(memory.device)).map((one) => one.id)
      : [];
    raise(desk, {
      key,
      at,
      code: 'GUARD_BLIND',
      severity,
      because,
      subjectId: memory.device,
      device: memory.device,
      windows,
      firstSeen: memory.blindSince ?? since,
      lastSeen: at,
      details: memory.blindReasons,
    });
  } else if (open.severity !== severity) {
    const next = { ...open, severity, severityBecause: because, lastSeen: at, details: memory.blindReasons };
    tell(desk, next, { kind: 'update', at, row: false });
  }
}

/** Instants at which blindness may be graded anew though nothing is read. */
export function blindnessDue(state: JudgeState, context: JudgeContext): readonly Instant[] {
  return state.devices.flatMap((memory) => {
    const since = darkSince(memory);
    if (since === undefined || memory.missedReadings < MISSED_READINGS_MIN) return [];
    const edges = state.windows
      .filter((window) => window.state !== 'cancelled' && window.devices.includes(memory.device))
      .flatMap((window) => [window.start, deadlineOf(window, context)]);
    return [since + LOW_AFTER_MS, since + MEDIUM_AFTER_MS, ...edges];
  });
}
