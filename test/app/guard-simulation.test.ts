import { expect, test } from '@jest/globals';
import type { FindingEvent } from '../../agent/judge/index.js';
import { minute, START } from '../support/guard.js';
import { seed } from '../support/seed.js';
import { fakeWorld, must, type RunningGuard, startGuard } from './fakes.js';

/** Marsaglia's xorshift32: enough chance for a play, and the same one for a seed. */
function chance(from: number): { below(limit: number): number; often(percent: number): boolean } {
  let state = from | 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return { below, often: (percent) => below(100) < percent };
}

const PORTS = ['80', '443', '3389', '104', '5900', '8443'];
const HOURS = 10;

/** Everything that happens in one play, and what was told of it. */
async function play(number: number) {
  const { below, often } = chance(number);
  const world = fakeWorld(['fw', 'web']);
  const names = Object.keys(world.devices);
  const told: FindingEvent[] = [];
  const wrong: string[] = [];
  const notice = (events: readonly FindingEvent[]): void => {
    for (const event of events) {
      const { device, subject, subjectId } = event.finding;
      const there = device !== undefined && world.devices[device]!.open.some((one) => one.id === subjectId);
      if (subject && event.code === 'RESOLVED' && there) wrong.push(`${event.id} resolved although it is open`);
      if (subject && event.code === 'RESOLVED' && world.devices[device!]!.blind.length > 0) {
        wrong.push(`${event.id} resolved by a blind reading`);
      }
      told.push(event);
    }
  };
  let running: RunningGuard = await startGuard(world, notice);
  let now = 0;
  let windows = 0;
  const pass = async (minutes: number): Promise<void> => {
    now += minutes;
    await running.until(now);
  };
  const change = async (): Promise<void> => {
    const device = world.devices[names[below(names.length)]!]!;
    const port = PORTS[below(PORTS.length)]!;
    const isOpen = device.open.some((one) => one.id === port);
    device.open = isOpen ? device.open.filter((one) => one.id !== port) : [...device.open, { id: port, ports: port }];
    if (often(70)) device.wake();
    await running.settled();
  };
  const restart = async (): Promise<void> => {
    const before = must(await running.guard.findings({ all: true })).findings;
    await running.guard.close();
    now += below(100);
    world.clock.advanceTo(minute(now));
    if (often(50)) {
      const device = world.devices[names[below(names.length)]!]!;
      device.open = device.open.slice(1);
    }
    const count = told.length;
    running = await startGuard(world, notice);
    const after = must(await running.guard.findings({ all: true })).findings.map((finding) => finding.key);
    const lost = before.filter((finding) => !after.includes(finding.key));
    if (lost.length > 0) wrong.push(`lost at a restart after ${count} events: ${lost.map((one) => one.key)}`);
  };
  const openWindow = async (): Promise<void> => {
    const id = `W${++windows}`;
    const end = new Date(minute(now + 20 + below(60))).toISOString();
    const start = new Date(minute(now)).toISOString();
    const devices = often(30) ? names : [names[below(names.length)]!];
    const scope = often(50) ? [{ ports: PORTS[below(PORTS.length)]! }] : [];
    must(await running.guard.openWindow(id, { vendor: 'v', devices, start, end, scope }));
  };
  const closeOne = async (): Promise<void> => {
    const open = must(await running.guard.windows({ all: false }));
    const window = open[below(Math.max(1, open.length))];
    if (!window) return;
    const answer = must(await running.guard.closeWindow(window.id));
    const blind = window.devices.some((device) => world.devices[device]!.blind.length > 0);
    if (answer.state === 'closed' && (blind || answer.openings.length > 0)) wrong.push(`${window.id} closed wrongly`);
  };
  const blink = (): void => {
    const device = world.devices[names[below(names.length)]!]!;
    device.blind = device.blind.length > 0 ? [] : ['nft: refused'];
  };
  while (now < HOURS * 60) {
    await pass(1 + below(6));
    const what = below(100);
    if (what < 50) await change();
    else if (what < 62) await openWindow();
    else if (what < 74) await closeOne();
    else if (what < 84) blink();
    else if (what < 90) await restart();
  }
  for (const device of Object.values(world.devices)) device.blind = [];
  await pass(120);
  const state = {
    findings: must(await running.guard.findings({ all: false })).findings,
    windows: must(await running.guard.windows({ all: true })),
    alarms: must(await running.guard.alarms({ limit: 100_000 })),
  };
  await running.guard.close();
  return { world, told, wrong, state, now };
}

test.each([0, 1, 2])('whatever happens in ten hours, what is told is true, whole and told once (%#)', async (turn) => {
  const { world, told, wrong, state, now } = await play(seed + turn);
  expect(wrong).toEqual([]);
  const ids = told.map((event) => event.id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(state.alarms.map((alarm) => alarm.id)).toEqual(ids);
  // The numbers of a finding's events have no gap: nothing was decided and then not told.
  const expected = new Map<string, number>();
  for (const id of ids) {
    const { head, sequence } = /^(?<head>.*#\d+)\.(?<sequence>\d+)$/.exec(id)!.groups!;
    if (!head!.startsWith('window/')) expect([id, Number(sequence)]).toEqual([id, expected.get(head!) ?? 0]);
    expected.set(head!, Number(sequence) + 1);
  }
  const open = Object.entries(world.devices).flatMap(([device, one]) => one.open.map(({ id }) => `${device}/${id}`));
  const found = state.findings.map((finding) => finding.key).filter((key) => !key.startsWith('window/'));
  expect([...found].sort()).toEqual([...open].sort());
  // Every window came to an end, and of each whose end passed unanswered a word was said.
  for (const window of state.windows) {
    expect(['closed', 'refused', 'overdue']).toContain(window.state);
    if (window.state === 'overdue') expect(ids.some((id) => id.startsWith(`window/${window.id}#`))).toBe(true);
  }
  // What is open and was a window's work is told as left, not before the window's deadline.
  for (const event of told.filter((one) => one.row && /^(?:LEFT_OPEN|REMOTE_TOOL_LEFT)$/.test(one.code))) {
    const deadlines = event.finding.windows.map((id) => {
      const window = state.windows.find((one) => one.id === id)!;
      return Date.parse(window.deadline);
    });
    expect(event.at).toBeGreaterThanOrEqual(Math.max(...deadlines));
  }
  expect(world.clock.now()).toBe(START + now * 60_000);
});
