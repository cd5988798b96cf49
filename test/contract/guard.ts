import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Guard, WindowRequest } from '../../agent/app/guard/contract.js';
import { type FakeGuard, fakeGuard, finding, NOW, opening } from '../support/fake-guard.js';

export interface GuardUnderTest {
  readonly name: string;
  /** The guard as its callers meet it, in front of the one that answers. */
  open(behind: Guard): Promise<{ readonly guard: Guard; close(): Promise<void> }>;
}

export const plan: WindowRequest = {
  id: 'INT-4711 / café',
  vendor: 'Medisys',
  technician: 'technicien 9',
  ticket: 'INT-4711',
  devices: ['fw1', 'pacs'],
  start: NOW,
  end: '2026-11-23T16:30:00.000Z',
  scope: [
    { src: 'any', dst: '192.0.2.10', proto: 'tcp', ports: '443,8000-8010' },
    { kind: 'engine', device: 'fw1' },
    { dst: '192.0.2.11', keep: { owner: 'RSSI', review: '2027-01-31T22:59:59.000Z' } },
  ],
};

/** Each method with arguments; what it answers in front must be what it answers behind. */
const questions: readonly [string, (guard: Guard) => Promise<unknown>][] = [
  ['status', (guard) => guard.status()],
  ['snapshot of all', (guard) => guard.snapshot([])],
  ['snapshot of one', (guard) => guard.snapshot(['pacs'])],
  ['snapshot of a stranger', (guard) => guard.snapshot(['fw1', 'no-such'])],
  ['importCapture', (guard) => guard.importCapture('fw1', '/captures/fw1.nft')],
  ['importCapture of a stranger', (guard) => guard.importCapture('no such/device', '/captures/fw1.nft')],
  ['importCapture of another kind of file', (guard) => guard.importCapture('fw1', '/captures/fw1.pdf')],
  ['snapshots', (guard) => guard.snapshots({})],
  ['snapshots of one', (guard) => guard.snapshots({ device: 'fw1', limit: 1 })],
  ['drift', (guard) => guard.drift([])],
  ['windows', (guard) => guard.windows({ all: false })],
  ['all windows', (guard) => guard.windows({ all: true })],
  ['a window', (guard) => guard.window(plan.id!)],
  ['a window that is not there', (guard) => guard.window('..')],
  ['planWindow without an id', (guard) => guard.planWindow({ ...plan, id: 'second', devices: [], scope: [] })],
  ['planWindow again', (guard) => guard.planWindow(plan)],
  ['openWindow', (guard) => guard.openWindow(plan.id!)],
  ['openWindow at once', (guard) => guard.openWindow('W3', { ...plan, id: 'W3' })],
  ['openWindow at once under an id that is made', (guard) => guard.openWindow('', { ...plan, id: 'W4' })],
  ['openWindow that is not there', (guard) => guard.openWindow('nowhere')],
  ['closeWindow before it is open', (guard) => guard.closeWindow(plan.id!)],
  [
    'extendWindow',
    (guard) =>
      guard.extendWindow(plan.id!, { until: '2026-11-23T18:00:00.000Z', by: 'RSSI', reason: 'parts "late" ♥' }),
  ],
  [
    'extendWindow with a second approver',
    (guard) =>
      guard.extendWindow(plan.id!, { until: '2026-11-24T18:00:00.000Z', by: 'RSSI', reason: 'x', second: 'DSI' }),
  ],
  ['cancelWindow', (guard) => guard.cancelWindow(plan.id!)],
  ['resumeWindow', (guard) => guard.resumeWindow(plan.id!, 'garde')],
  ['handOverWindow', (guard) => guard.handOverWindow(plan.id!, { to: 'astreinte', by: 'garde' })],
  ['openWindow of its own staff', (guard) => guard.openWindow('S1', { ...plan, id: 'S1', vendor: 'self', owner: 'x' })],
  [
    'openWindow in an emergency',
    (guard) => {
      const emergency = { caller: 'a', reason: 'PACS down', onCall: 'b', late: true };
      return guard.openWindow('E1', { ...plan, id: 'E1', emergency });
    },
  ],
  ['findings', (guard) => guard.findings({ all: false })],
  ['findings of one device', (guard) => guard.findings({ all: true, device: 'fw1' })],
  ['alarms', (guard) => guard.alarms({})],
  ['some alarms', (guard) => guard.alarms({ limit: 1, since: NOW })],
  ['acknowledge', (guard) => guard.acknowledge('fw1/op-1#1.1', 'garde')],
  ['acknowledge nothing', (guard) => guard.acknowledge('fw1/none', 'garde')],
  ['claim', (guard) => guard.claim({ finding: 'fw1/op-1', by: 'réseau', reason: 'a\nb' })],
  ['claim nothing', (guard) => guard.claim({ finding: 'fw1/none', by: 'x', reason: 'y' })],
  ['waive', (guard) => guard.waive({ finding: 'fw1/op-1', until: NOW, owner: 'RSSI', reason: 'a\nb' })],
  ['baseline', (guard) => guard.baseline([])],
  ['baseline of one', (guard) => guard.baseline(['fw1'])],
  ['baseline of two', (guard) => guard.baseline(['fw1', 'pacs'])],
  ['learnBaseline', (guard) => guard.learnBaseline(['fw1'], 'RSSI')],
  ['baselineDiff', (guard) => guard.baselineDiff(['pacs'])],
  ['acceptBaseline', (guard) => guard.acceptBaseline({ device: 'fw1', by: 'RSSI' })],
  ['acceptBaseline of another', (guard) => guard.acceptBaseline({ device: 'fw1', snapshot: 'x', by: 'RSSI' })],
];

/** What a guard is to its callers, whatever stands between them and it. */
export function guardContract(subject: GuardUnderTest): void {
  const scene = { devices: { fw1: [], pacs: ['ss: permission denied'] }, undeclared: [opening], findings: [finding] };

  describe(`${subject.name} keeps the guard's contract`, () => {
    let behind: FakeGuard;
    let front: { readonly guard: Guard; close(): Promise<void> };
    beforeEach(async () => {
      behind = fakeGuard(scene);
      front = await subject.open(behind);
    });
    afterEach(() => front.close());

    test.each(questions)('%s', async (_name, question) => {
      const twin = fakeGuard(scene);
      await twin.planWindow(plan);
      await front.guard.planWindow(plan);
      const expected = await question(twin);
      expect(await question(front.guard)).toEqual(expected);
      expect(behind.calls).toEqual(twin.calls);
    });

    test('a window is planned, opened, refused and asked for again', async () => {
      const { guard } = front;
      expect(await guard.planWindow(plan)).toMatchObject({ ok: true, value: { state: 'planned', scope: plan.scope } });
      expect(await guard.openWindow(plan.id!)).toMatchObject({
        ok: true,
        value: {
          before: [
            { device: 'fw1', fresh: true },
            { device: 'pacs', fresh: false, ageSeconds: 11_100 },
          ],
        },
      });
      expect(await guard.openWindow(plan.id!)).toMatchObject({ ok: false, error: { code: 'WINDOW_TRANSITION' } });
      expect(await guard.closeWindow(plan.id!)).toMatchObject({
        ok: true,
        value: { state: 'refused', attested: false, openings: [{ id: 'op-1', undo: opening.undo }] },
      });
      expect(await guard.window(plan.id!)).toMatchObject({ ok: true, value: { state: 'refused' } });
    });

    test('many questions at once are told apart', async () => {
      const ids = Array.from({ length: 20 }, (_, index) => `W${index}`);
      await Promise.all(ids.map((id) => front.guard.planWindow({ ...plan, id })));
      const answers = await Promise.all(ids.map((id) => front.guard.window(id)));
      expect(answers.map((answer) => answer.ok && answer.value.id)).toEqual(ids);
    });
  });
}
