import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { type Cron, nextRun, systemCron } from '../../agent/app/guard/clockwork.js';
import type { ScheduleSettings } from '../../agent/config/index.js';
import { START } from '../support/guard.js';
import { tempDir, waitFor } from '../support/system.js';
import { type FakeWorld, fakeWorld, must, startGuard } from './fakes.js';

/** A clock that strikes when the test says so. */
function fakeCron() {
  const tasks = new Map<string, () => void>();
  const cron: Cron = (expression, timeZone, action) => {
    const name = `${expression} ${timeZone}`;
    tasks.set(name, action);
    return { stop: () => void tasks.delete(name) };
  };
  return { cron, tasks };
}

const timeZone = 'Europe/Paris';
const morning: ScheduleSettings = { id: 'morning', do: 'read', cron: '30 6 * * *', timeZone };
const monday: ScheduleSettings = { id: 'monday', do: 'report', cron: '0 7 * * MON', timeZone };

function scheduled(
  world: FakeWorld,
  schedules: readonly ScheduleSettings[],
  tools: Partial<FakeWorld['tools']>,
): FakeWorld {
  return { ...world, settings: { ...world.settings, schedules }, tools: { ...world.tools, ...tools } };
}

describe('what is done by the clock', () => {
  test('devices are read, all or those named, and no more once the guard is closed', async () => {
    const world = fakeWorld(['fw', 'pacs']);
    const { cron, tasks } = fakeCron();
    const schedules = [morning, { ...morning, id: 'noon', cron: '0 12 * * *', devices: ['pacs'] }];
    const { guard, settled } = await startGuard(scheduled(world, schedules, { cron }));
    const readings = (): readonly number[] => [world.devices.fw!.readings, world.devices.pacs!.readings];
    expect(readings()).toEqual([1, 1]);
    tasks.get(`30 6 * * * ${timeZone}`)!();
    await settled();
    expect(readings()).toEqual([2, 2]);
    tasks.get(`0 12 * * * ${timeZone}`)!();
    await settled();
    expect(readings()).toEqual([2, 3]);
    await guard.close();
    expect([...tasks.keys()]).toEqual([]);
  });

  test('a report is a file, and a record for the sinks it names, whatever else they are told', async () => {
    const folder = join(tempDir(), 'reports');
    const output = new PassThrough();
    const lines: string[] = [];
    output.on('data', (chunk: Buffer) => lines.push(...chunk.toString().split('\n').filter(Boolean)));
    const world = fakeWorld(['fw', 'pacs'], {
      site: 'nord',
      sinks: [{ kind: 'jsonl', id: 'file', to: '-', streams: ['heartbeat'] }],
      approvedHosts: [{ hosts: ['203.0.113.9'], name: 'Hébergeur', certificate: 'HDS 1', until: START + 86_400_000 }],
      windows: [
        { id: 'W1', vendor: 'V', devices: ['fw'], start: START + 86_400_000, end: START + 90_000_000, scope: [] },
        { id: 'W9', vendor: 'V', devices: ['fw'], start: START + 864_000_000, end: START + 865_000_000, scope: [] },
      ],
    });
    const { cron, tasks } = fakeCron();
    const schedule = { ...monday, folder, sinks: ['file'], language: 'en' as const };
    const { guard, until } = await startGuard(scheduled(world, [schedule], { cron, output }));
    world.devices.fw!.open = [{ id: 'rdp', ports: '3389' }];
    world.devices.fw!.wake();
    world.devices.pacs!.blind = ['pacs: <b>no\nanswer</b>'];
    world.devices.pacs!.wake();
    await until(12);
    must(await guard.acknowledge('fw/rdp', 'Responsable A'));
    tasks.get(`0 7 * * MON ${timeZone}`)!();
    await until(13);
    const [name, ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    expect(name).toMatch(/^monday-2016-02-16T08-12-\S+\.md$/);
    const text = readFileSync(join(folder, name!), 'utf8');
    expect(text).toMatch(
      /^# How things stand, nord, 2016-02-16 09:12\n\n## Open findings\n\n- critical: .*UNPLANNED_OPENING/,
    );
    expect(text).toContain('taken on by Responsable A');
    expect(text).toContain('- pacs: pacs: \\<b\\>no answer\\</b\\>');
    expect(text).toContain('- W1 (V), planned, 2016-02-17 09:00 – 2016-02-17 10:00: fw');
    expect(text).not.toContain('W9');
    expect(text).toContain('approved host: Hébergeur, HDS 1 (203.0.113.9), until 2016-02-17 09:00');
    expect(text).toMatch(/## Not covered\n\n(?:- .*\n)*- pacs \(/);
    const told = lines
      .map((line) => JSON.parse(line) as Record<string, string>)
      .filter(({ kind }) => kind === 'answer');
    expect(told).toMatchObject([
      { code: 'STANDING_REPORT', severity: 'info', key: 'nord/report/monday', site: 'nord' },
    ]);
    expect(told[0]!.details).toMatch(
      /^Open findings: 2 \(critical 1, low 1\); Devices that cannot be read: 1; Interventions/,
    );
    await guard.close();
  });

  test('a report has the name of its site, and says where what stands elsewhere is', async () => {
    const folder = join(tempDir(), 'reports');
    const sites = { nord: { name: 'Hôpital Nord' }, sud: { name: 'Hôpital Sud' } };
    const world = fakeWorld(['fw', 'pacs'], { site: 'nord', sites });
    const devices = world.settings.devices.map((one) => (one.id === 'pacs' ? { ...one, site: 'sud' } : one));
    const { cron, tasks } = fakeCron();
    const south = { ...monday, id: 'south', cron: '0 8 * * MON', folder, devices: ['pacs'] };
    const { guard, until } = await startGuard(
      scheduled({ ...world, settings: { ...world.settings, devices } }, [{ ...monday, folder }, south], { cron }),
    );
    world.devices.fw!.open = [{ id: 'rdp', ports: '3389' }];
    world.devices.pacs!.open = [{ id: 'ssh', ports: '22' }];
    for (const one of Object.values(world.devices)) one.wake();
    await until(1);
    for (const run of tasks.values()) run();
    await until(2);
    const [all, ofSouth] = readdirSync(folder)
      .sort()
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(all).toMatch(/^# État des lieux, Hôpital Nord, /);
    expect(all).toMatch(/: fw: /);
    expect(all).toMatch(/: pacs \(Hôpital Sud\): /);
    expect(ofSouth).toMatch(/^# État des lieux, Hôpital Sud, /);
    expect(ofSouth).toMatch(/: pacs: /);
    await guard.close();
  });

  test('a report of some devices speaks of no others', async () => {
    const folder = join(tempDir(), 'reports');
    const world = fakeWorld(['fw', 'pacs']);
    const { cron, tasks } = fakeCron();
    const schedule = { ...monday, folder, devices: ['pacs'] };
    const { guard, until } = await startGuard(scheduled(world, [schedule], { cron }));
    world.devices.fw!.open = [{ id: 'rdp', ports: '3389' }];
    world.devices.fw!.wake();
    await until(1);
    tasks.get(`0 7 * * MON ${timeZone}`)!();
    await until(2);
    const text = readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8');
    expect(text).toContain('# État des lieux');
    expect(text).toContain('## Constats ouverts\n\naucun');
    expect(text).not.toContain('fw');
    await guard.close();
  });

  test('a folder that cannot be written is told to the log, and the guard goes on', async () => {
    const world = fakeWorld();
    const { cron, tasks } = fakeCron();
    const { guard, settled } = await startGuard(
      scheduled(world, [{ ...monday, folder: '/dev/null/reports' }], { cron }),
    );
    tasks.get(`0 7 * * MON ${timeZone}`)!();
    await settled();
    await waitFor(() => world.logged.some((line) => line.includes('a report could not be written')), {
      timeoutMs: 10_000,
    });
    expect(must(await guard.status()).devices).toHaveLength(1);
    await guard.close();
  });
});

describe('node-cron', () => {
  test('runs an action when the clock shows it, and not after it was stopped', async () => {
    let runs = 0;
    let later = 0;
    const task = systemCron('* * * * * *', 'UTC', () => runs++);
    await waitFor(() => runs >= 2, { timeoutMs: 30_000 });
    task.stop();
    const stopped = runs;
    const other = systemCron('* * * * * *', 'UTC', () => later++);
    await waitFor(() => later >= 2, { timeoutMs: 30_000 });
    other.stop();
    expect(runs).toBe(stopped);
  });

  test('says when that is next, on the clock of the zone', () => {
    const next = nextRun('0 7 * * MON', 'Europe/Paris')!;
    const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit' } as const;
    expect(new Intl.DateTimeFormat('en-GB', { timeZone, ...parts }).format(next)).toBe('Mon 07:00');
  });
});
