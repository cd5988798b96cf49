import { describe, expect, test } from '@jest/globals';
import { openGuard } from '../../agent/app/guard/index.js';
import { START } from '../support/guard.js';
import { waitFor } from '../support/system.js';
import { fakeWorld, must, startGuard } from './fakes.js';

const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString();
const plan = { vendor: 'Integrator', devices: ['fw'], start: at(0), end: at(60), scope: [] };
const rdp = { id: 'rdp', ports: '3389' };

test('the first complete reading is what is declared, is said, and is judged itself', async () => {
  const world = fakeWorld();
  world.devices.fw!.open = [rdp];
  const { guard, rows } = await startGuard(world);
  expect(world.said).toEqual([expect.stringContaining('fw: learned at the first start: S-')]);
  expect(rows()).toEqual(['0 BASELINE_EXPOSURE rdp']);
  const [snapshot] = must(await guard.snapshots({}));
  expect(snapshot).toMatchObject({ device: 'fw', complete: true, approvedBy: 'first reading' });
  await guard.close();
});

test('what is first read inside a window is approved by nobody', async () => {
  const world = fakeWorld();
  world.devices.fw!.blind = ['nft: refused'];
  const { guard, rows, until } = await startGuard(world);
  const opened = must(await guard.openWindow('W1', plan));
  expect(opened.before).toEqual([{ device: 'fw', fresh: false, blind: ['nft: refused', 'fw: never read completely'] }]);
  world.devices.fw!.open = [rdp];
  world.devices.fw!.blind = [];
  await until(2);
  expect(must(await guard.snapshots({}))[0]).not.toHaveProperty('approvedBy');
  expect(rows()).toContain('1 OUT_OF_SCOPE_OPENING rdp');
  await guard.close();
});

test('three hundred readings of one opening are one finding, told once, and reminded of', async () => {
  const world = fakeWorld();
  const { guard, rows, events, until } = await startGuard(world);
  world.devices.fw!.open = [rdp];
  await until(305);
  expect(world.devices.fw!.readings).toBeGreaterThanOrEqual(300);
  expect(rows()).toEqual(['5 UNPLANNED_OPENING rdp']);
  expect(events.map(({ kind, finding }) => `${kind} ${finding.key}`)).toEqual([
    ...['raise fw/rdp', 'remind fw/rdp', 'remind fw/rdp'],
  ]);
  const { findings } = must(await guard.findings({ all: true }));
  // It is looked at before it is said again: two readings besides those of the clock.
  expect(findings).toEqual([expect.objectContaining({ key: 'fw/rdp', count: 303 })]);
  expect(must(await guard.snapshots({})).length).toBe(2);
  await guard.close();
});

describe('a device that cannot be read', () => {
  test('resolves nothing, and is told after two readings and ten minutes', async () => {
    const world = fakeWorld();
    const { guard, rows, until } = await startGuard(world);
    world.devices.fw!.open = [rdp];
    await until(6);
    world.devices.fw!.open = [];
    world.devices.fw!.blind = ['nft: killed'];
    await until(14);
    expect(rows()).toEqual(['5 UNPLANNED_OPENING rdp']);
    await until(20);
    expect(rows()).toEqual(['5 UNPLANNED_OPENING rdp', '16 GUARD_BLIND fw']);
    world.devices.fw!.blind = [];
    await until(22);
    expect(rows().slice(2).sort()).toEqual(['21 RESOLVED fw', '21 RESOLVED rdp']);
    await guard.close();
  });

  test('does not hold up the opening of a window: its last snapshot counts, with its age', async () => {
    const world = fakeWorld(['fw', 'web']);
    const { guard, until, settled } = await startGuard(world);
    await until(4);
    world.devices.fw!.hangs = true;
    const opening = guard.openWindow('W1', { ...plan, devices: ['fw', 'web'] });
    await settled();
    world.clock.advanceTo(START + 5 * 60_000);
    const { window, before } = must(await opening);
    expect(window.state).toBe('open');
    expect(before).toEqual([
      expect.objectContaining({ device: 'fw', fresh: false, ageSeconds: 300, blind: ['fw: no answer in time'] }),
      expect.objectContaining({ device: 'web', fresh: true, blind: [] }),
    ]);
    await guard.close();
  });

  test('is not attested at the close', async () => {
    const world = fakeWorld();
    const { guard } = await startGuard(world);
    must(await guard.openWindow('W1', plan));
    world.devices.fw!.blind = ['nft: refused'];
    const answer = must(await guard.closeWindow('W1'));
    expect(answer).toMatchObject({ state: 'refused', attested: false, openings: [] });
    expect(answer.coverage.notCovered).toContain('fw (nft: refused)');
    await guard.close();
  });

  test('whose reader breaks is blind, and the others are read on', async () => {
    const world = fakeWorld(['fw', 'web']);
    world.devices.fw!.throws = true;
    const { guard, rows, until } = await startGuard(world);
    world.devices.web!.open = [{ id: 'http', ports: '80' }];
    await until(15);
    expect(rows()).toEqual(['5 UNPLANNED_OPENING http', '10 GUARD_BLIND fw']);
    const status = must(await guard.status());
    expect(status.devices[0]).toMatchObject({ blind: ['a fault of Écluse itself: Error: the reader broke'] });
    expect(world.logged.some((line) => line.startsWith('error a reading failed'))).toBe(true);
    await guard.close();
  });
});

describe('started again', () => {
  test('windows that ended meanwhile are judged at once, each at its own deadline, on what is read now', async () => {
    const world = fakeWorld(['fw', 'web']);
    const first = await startGuard(world);
    const { guard } = first;
    must(await guard.openWindow('W1', plan));
    must(await guard.openWindow('W2', { ...plan, devices: ['web'], end: at(30) }));
    world.devices.fw!.open = [rdp];
    world.devices.web!.open = [{ id: 'http', ports: '80' }];
    await first.until(2);
    await guard.close();
    // Nobody looks while the vendor shuts one of the two.
    world.clock.advanceTo(START + 200 * 60_000);
    world.devices.web!.open = [];
    const second = await startGuard(world);
    expect(second.rows()).toEqual([
      // As the reading shows it, it had gone by the first instant that was missed.
      expect.stringMatching(/^44\.99\d+ RESOLVED http$/),
      '45 CLOSED_UNSIGNED W2',
      '75 REMOTE_TOOL_LEFT rdp',
      '75 WINDOW_NOT_CLOSED W1',
    ]);
    await second.until(205);
    expect(second.rows().length).toBe(4);
    await second.guard.close();
  });

  test('only to be asked: what fell due meanwhile is judged on the reading that answers', async () => {
    const world = fakeWorld();
    const first = await startGuard(world);
    must(await first.guard.openWindow('W1', plan));
    world.devices.fw!.open = [rdp];
    await first.until(2);
    await first.guard.close();
    world.clock.advanceTo(START + 200 * 60_000);
    world.devices.fw!.open = [];
    const guard = must(await openGuard(world.settings, world.tools));
    expect(must(await guard.drift([]))[0]!.undeclared).toEqual([]);
    expect(must(await guard.alarms({})).map((alarm) => `${alarm.code} ${alarm.at}`)).toEqual([
      expect.stringMatching(/^OUT_OF_SCOPE_OPENING /),
      expect.stringMatching(/^RESOLVED /),
      `CLOSED_UNSIGNED ${at(75)}`,
    ]);
    await guard.close();
  });

  test('an opening that is open is not told again', async () => {
    const world = fakeWorld();
    const first = await startGuard(world);
    world.devices.fw!.open = [rdp];
    await first.until(6);
    await first.guard.close();
    const second = await startGuard(world);
    await second.until(10);
    expect(second.rows()).toEqual([]);
    expect(must(await second.guard.findings({ all: false })).findings.length).toBe(1);
    await second.guard.close();
  });
});

test('what the answers say when they are asked for what there is not', async () => {
  const world = fakeWorld();
  const { guard } = await startGuard(world);
  const codes = await Promise.all([
    guard.window('W9'),
    guard.closeWindow('W9'),
    guard.cancelWindow('W9'),
    guard.openWindow('W9'),
    guard.snapshot(['nobody']),
    guard.planWindow({ ...plan, devices: ['nobody'] }),
    guard.planWindow({ ...plan, start: 'tomorrow' }),
    guard.acknowledge('fw/none', 'me'),
    guard.waive({ finding: 'fw/none', until: at(60), owner: 'me', reason: 'why' }),
    guard.acceptBaseline({ device: 'fw', snapshot: 'S-none', by: 'me' }),
  ]);
  expect(codes.map((answer) => (answer.ok ? 'done' : answer.error.code))).toEqual([
    ...['NO_WINDOW', 'NO_WINDOW', 'NO_WINDOW', 'NO_WINDOW', 'UNKNOWN_DEVICE', 'UNKNOWN_DEVICE', 'BAD_TIME'],
    ...['NO_FINDING', 'NO_FINDING', 'NO_SNAPSHOT'],
  ]);
  must(await guard.openWindow('W1', plan));
  const again = [await guard.openWindow('W1', plan), await guard.openWindow('W1'), await guard.cancelWindow('W1')];
  expect(again.map((answer) => (answer.ok ? 'done' : answer.error.code))).toEqual([
    'WINDOW_EXISTS',
    'WINDOW_TRANSITION',
    'WINDOW_TRANSITION',
  ]);
  await guard.close();
  const late = await guard.status();
  expect(late).toMatchObject({ ok: false, error: { code: 'GUARD_CLOSED' } });
});

test('findings are acknowledged by key or alarm, waived until a date, and accepted with the snapshot', async () => {
  const world = fakeWorld();
  const { guard, until, rows } = await startGuard(world);
  world.devices.fw!.open = [rdp];
  await until(6);
  const [alarm] = must(await guard.alarms({}));
  expect(alarm).toMatchObject({ id: 'fw/rdp#1.0', code: 'UNPLANNED_OPENING', queuedFor: [] });
  expect(must(await guard.acknowledge(alarm!.id, 'duty officer'))).toMatchObject({ acknowledgedBy: 'duty officer' });
  const waived = await guard.waive({ finding: 'fw/rdp', until: at(20), owner: 'RSSI', reason: 'until Friday' });
  expect(must(waived)).toMatchObject({ waivedUntil: at(20) });
  await until(21);
  expect(rows()).toEqual(['5 UNPLANNED_OPENING rdp', '20 UNPLANNED_OPENING rdp']);
  const drift = must(await guard.drift([]));
  expect(drift[0]!.undeclared.map((one) => one.id)).toEqual(['rdp']);
  expect(must(await guard.baselineDiff(['fw']))[0]!.undeclared.length).toBe(1);
  expect(must(await guard.acceptBaseline({ device: 'fw', by: 'RSSI' })).device).toBe('fw');
  expect(must(await guard.drift([]))[0]!.undeclared).toEqual([]);
  expect(must(await guard.baseline([]))).toMatch(/by: RSSI/);
  expect(rows().at(-1)).toMatch(/RESOLVED rdp|BASELINE_EXPOSURE rdp/);
  await guard.close();
});

test('a clock that is set back does not stop the readings', async () => {
  const world = fakeWorld();
  let behindMs = 0;
  const clock = { ...world.clock, now: () => world.clock.now() - behindMs };
  const guard = must(await openGuard(world.settings, { ...world.tools, clock, heartbeatMs: 5 }));
  const running = guard.run();
  await running.firstReadings;
  const before = world.devices.fw!.readings;
  behindMs = 3_600_000;
  await waitFor(() => world.devices.fw!.readings > before);
  await running.settled();
  expect(world.logged.filter((line) => line.startsWith('warn the clock was set back'))).toHaveLength(1);
  await guard.close();
});
