import type { Instant } from '../windows/index.js';
import { NOT_CONFIGURED } from './blind.js';
import type { JudgeState } from './findings.js';
import { type Desk, openFinding, raise, resolve } from './life.js';

const CODE = 'HOST_KEY_CHANGED';

/**
 * Another machine may stand in a device's place: that is told at the first reading that meets it, long before the
 * device counts as blind. It is over when the device itself was read again; that it cannot be reached says nothing.
 */
export function settleHostKeys(desk: Desk, state: JudgeState, at: Instant): void {
  const told = desk.findings.named('host-key');
  for (const { device, impostor, missedReadings, removedAt } of state.devices) {
    if (impostor === undefined && !told.has(device)) continue;
    const key = `host-key/${device}`;
    const open = openFinding(desk, key);
    if (removedAt !== undefined) {
      if (open) resolve(desk, open, at, { row: true, why: NOT_CONFIGURED });
    } else if (impostor === undefined) {
      if (open && missedReadings === 0) resolve(desk, open, at, { row: true, why: 'read with an accepted host key' });
    } else if (!open) {
      const windows = state.windows.filter(
        (window) => window.state !== 'closed' && window.state !== 'cancelled' && window.devices.includes(device),
      );
      raise(desk, {
        key,
        at,
        code: CODE,
        severity: 'high',
        because: 'high: nobody has accepted the key that the device shows',
        subjectId: device,
        device,
        windows: windows.filter(({ start }) => start <= at).map(({ id }) => id),
        firstSeen: at,
        lastSeen: at,
        details: [impostor],
      });
    } else if (open.details?.[0] !== impostor) desk.findings.set(key, { ...open, lastSeen: at, details: [impostor] });
  }
}
