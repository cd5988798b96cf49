import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type OpenGuard, openGuard } from '../../agent/app/guard/index.js';
import { type Configuration, changesBetween, type ReloadableGuard, reloadable } from '../../agent/app/reload.js';
import { emptyBaseline } from '../../agent/baseline/index.js';
import { failure, type Problem, type Result, success } from '../../agent/lib/result.js';
import { START } from '../support/guard.js';
import { rules } from '../support/services.js';
import { run, systemTest, waitFor } from '../support/system.js';
import { type FakeWorld, fakeWorld, must } from './fakes.js';
import { endAll, inWorld, needs, startProgram } from './started.js';

afterEach(endAll);

const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString();

interface Live {
  readonly live: ReloadableGuard;
  /** What the file says now. */
  file: Result<Configuration>;
  /** Configurations that cannot be opened. */
  broken: (configuration: Configuration) => boolean;
  readonly lost: Problem[];
  readonly rows: string[];
  until(minutes: number): Promise<void>;
}

async function liveGuard(world: FakeWorld): Promise<Live> {
  const rows: string[] = [];
  let settled: () => Promise<void> = async () => {};
  const runs = (guard: OpenGuard): void => {
    const running = guard.run({
      onEvents: (events) =>
        void rows.push(
          ...events
            .filter(({ row }) => row)
            .map((event) => `${(event.at - START) / 60_000} ${event.code} ${event.finding.subjectId}`),
        ),
    });
    settled = running.settled;
  };
  const configuration: Configuration = { settings: world.settings, baseline: emptyBaseline, rules: rules() };
  const first = must(await openGuard(world.settings, world.tools));
  const lost: Problem[] = [];
  const scene: Omit<Live, 'live'> = {
    file: success(configuration),
    broken: () => false,
    lost,
    rows,
    async until(minutes) {
      while (world.clock.now() < START + minutes * 60_000) {
        world.clock.advanceTo(Math.min(START + minutes * 60_000, world.clock.now() + 15_000));
        await settled();
      }
    },
  };
  const live = reloadable(first, configuration, {
    read: () => scene.file,
    open: async (next) =>
      scene.broken(next) ? failure({ code: 'STORE_FULL', message: 'no space' }) : openGuard(next.settings, world.tools),
    onGuard: runs,
    onLost: (problem) => void lost.push(problem),
  });
  runs(first);
  await settled();
  return Object.assign(scene, { live });
}

function without(world: FakeWorld, device: string): Result<Configuration> {
  const devices = world.settings.devices.filter(({ id }) => id !== device);
  return success({ settings: { ...world.settings, devices }, baseline: emptyBaseline, rules: rules() });
}

const plan = { vendor: 'Integrator', devices: ['fw'], start: at(0), end: at(60), scope: [] };

describe('a reload', () => {
  test('of a file that is wrong changes nothing', async () => {
    const world = fakeWorld();
    const scene = await liveGuard(world);
    const before = scene.live.now();
    scene.file = failure({ code: 'CONFIG_INVALID', message: 'there is no setting `grase`' });
    expect(await scene.live.reload()).toMatchObject({ ok: false, error: { code: 'CONFIG_INVALID' } });
    const elsewhere = { ...world.settings, stateFolder: '/elsewhere' };
    scene.file = success({ settings: elsewhere, baseline: emptyBaseline, rules: rules() });
    expect(await scene.live.reload()).toMatchObject({ ok: false, error: { code: 'RELOAD_STATE' } });
    expect(scene.live.now()).toBe(before);
    await scene.live.close();
  });

  test('keeps what is open, takes new devices, and says what has changed', async () => {
    const world = fakeWorld(['fw', 'pacs']);
    const both = success({ settings: world.settings, baseline: emptyBaseline, rules: rules() });
    const scene = await liveGuard({
      ...world,
      settings: (without(world, 'pacs') as { value: Configuration }).value.settings,
    });
    world.devices.fw!.open = [{ id: 'a', ports: '443' }];
    world.devices.fw!.wake();
    await scene.until(1);
    expect(scene.rows).toEqual(['0 UNPLANNED_OPENING a']);
    scene.file = both;
    expect(await scene.live.reload()).toEqual(success({ changes: ['device pacs: added'] }));
    await scene.until(2);
    const status = must(await scene.live.guard.status());
    expect(status.devices.map(({ id, blind }) => [id, blind])).toEqual([
      ['fw', []],
      ['pacs', []],
    ]);
    expect(status.openFindings).toBe(1);
    world.devices.fw!.open = [];
    await scene.until(4);
    expect(scene.rows.slice(1).map((row) => row.replace(/^\S+ /, ''))).toEqual(['RESOLVED a']);
    await scene.live.close();
  });

  test('answers what was asked before it, and what is asked while it goes on', async () => {
    const world = fakeWorld();
    const scene = await liveGuard(world);
    const asked = scene.live.guard.snapshot([]);
    const reloaded = scene.live.reload();
    const meanwhile = scene.live.guard.openWindow('W1', plan);
    expect(must(await asked).map(({ complete }) => complete)).toEqual([true]);
    expect(await reloaded).toEqual(success({ changes: [] }));
    expect(must(await meanwhile).window.state).toBe('open');
    await scene.live.close();
    expect(await scene.live.reload()).toMatchObject({ ok: false, error: { code: 'GUARD_CLOSED' } });
  });

  test('that cannot open the new configuration goes back to the old one; only without that is all lost', async () => {
    const world = fakeWorld();
    const scene = await liveGuard(world);
    scene.file = success({ settings: { ...world.settings, graceMinutes: 5 }, baseline: emptyBaseline, rules: rules() });
    scene.broken = ({ settings }) => settings.graceMinutes === 5;
    expect(await scene.live.reload()).toMatchObject({ ok: false, error: { code: 'STORE_FULL' } });
    expect(scene.live.configuration().settings.graceMinutes).toBe(15);
    expect(must(await scene.live.guard.status()).devices).toHaveLength(1);
    expect(scene.lost).toEqual([]);
    scene.broken = () => true;
    await scene.live.reload();
    expect(scene.lost).toMatchObject([{ code: 'STORE_FULL' }]);
  });
});

describe('a device that is removed while its window is open', () => {
  test('keeps being judged, as one that cannot be read', async () => {
    const world = fakeWorld(['fw', 'pacs']);
    const scene = await liveGuard(world);
    must(await scene.live.guard.openWindow('W1', plan));
    await scene.until(10);
    scene.file = without(world, 'fw');
    expect(must(await scene.live.reload()).changes).toEqual(['device fw: removed']);
    await scene.until(12);
    expect(scene.rows).toEqual(['10 DEVICE_REMOVED fw']);
    const closed = must(await scene.live.guard.closeWindow('W1'));
    expect(closed).toMatchObject({ state: 'refused', attested: false, openings: [] });
    expect(closed.coverage.notCovered.join()).toContain('not in the configuration any more');
    expect(closed.coverage.observed.join()).not.toContain('pacs');
    await scene.until(80);
    expect(scene.rows.join()).toContain('WINDOW_NOT_CLOSED W1');
    scene.file = success({ settings: world.settings, baseline: emptyBaseline, rules: rules() });
    must(await scene.live.reload());
    await scene.until(85);
    expect(must(await scene.live.guard.closeWindow('W1'))).toMatchObject({ state: 'closed', attested: true });
    await scene.live.close();
  });
});

test('what has changed is said in words', () => {
  const { settings } = fakeWorld(['fw', 'pacs']);
  const before: Configuration = { settings, baseline: emptyBaseline, rules: rules() };
  const [fw] = settings.devices;
  const after: Configuration = {
    settings: {
      ...settings,
      pollSeconds: 60,
      devices: [{ ...fw!, zone: 'dmz' }],
      sinks: [{ kind: 'jsonl', id: 'file', to: '/alarms' }],
    },
    baseline: emptyBaseline,
    rules: rules(),
  };
  expect(changesBetween(before, before).changes).toEqual([]);
  expect(changesBetween(before, after).changes).toEqual([
    ...['device pacs: removed', 'device fw: changed', 'sink file: added', 'pollSeconds: changed'],
  ]);
});

describe('the program', () => {
  systemTest(
    needs,
    'takes SIGHUP and `ecluse reload`; a bad file is told, and it goes on as before',
    inWorld(async ({ config, folder, fw }) => {
      const started = startProgram(['--config', config]);
      await started.hears(/Stop with Ctrl-C/);
      const good = readFileSync(config, 'utf8');
      writeFileSync(config, good.replace('poll: 60s', 'pol: 60s'));
      started.child.kill('SIGHUP');
      await started.hears(
        /Not taken, everything goes on as before: .*config\.yaml:2:1: there is no setting `pol`/,
        60_000,
      );
      await fw.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '3389', 'accept']);
      await started.hears(/UNPLANNED_OPENING +fw1: any → fw1 tcp 3389/);
      const second = join(folder, 'second.jsonl');
      writeFileSync(config, good.replace('sinks:', `sinks:\n  - {id: second, jsonl: ${second}}`));
      const command = [process.execPath, 'build/agent/main.js', 'reload', '--config', config];
      expect(await run(command)).toMatchObject({ code: 0, stdout: 'sink second: added\n' });
      await started.hears(/Read again: sink second: added\./);
      await fw.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '5900', 'accept']);
      await started.hears(/UNPLANNED_OPENING +fw1: any → fw1 tcp 5900/);
      await waitFor(() => existsSync(second) && readFileSync(second, 'utf8').includes('5900'), { timeoutMs: 20_000 });
      expect(readFileSync(second, 'utf8')).not.toContain('3389');
      writeFileSync(config, 'pol: 1s\n');
      const refused = await run(command);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('goes on as before') });
      writeFileSync(config, good);
      expect((await started.end('SIGTERM')).code).toBe(0);
      expect(await run(command)).toMatchObject({ code: 2, stderr: expect.stringContaining('no daemon answers') });
    }),
    90_000,
  );

  systemTest(
    needs,
    'tells everything that is wrong with the files, and takes the windows that are planned in one',
    inWorld(async ({ config, folder }) => {
      const [baseline, windows] = [join(folder, 'b.yaml'), join(folder, 'w.yaml')];
      const good = `${readFileSync(config, 'utf8')}baseline: b.yaml\n`;
      writeFileSync(config, good);
      writeFileSync(baseline, 'version: 1\n');
      const started = startProgram(['--config', config]);
      await started.hears(/Stop with Ctrl-C/, 20_000);
      const command = (...argv: readonly string[]) =>
        run([process.execPath, 'build/agent/main.js', ...argv, '--config', config]);

      writeFileSync(baseline, 'version: 1\nflows:\n  - {to: 10.1}\nlisteners:\n  - {listen: tcp}\n');
      const refused = await command('reload');
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(/b\.yaml:3:10: .*\n.*b\.yaml:5:14: /);
      await started.hears(/Not taken, everything goes on as before: .*b\.yaml:3:10: .*\n.*b\.yaml:5:14: /, 20_000);

      writeFileSync(config, good.replace('poll: 60s', 'pol: 60s\ngrace: 5'));
      const broken = await command('reload');
      expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining('goes on as before') });
      expect(broken.stderr).toMatch(/config\.yaml:2:1: .*`pol`.*\n.*config\.yaml:3:8: `grace` is `5`/);
      started.child.kill('SIGHUP');
      await started.hears(/Not taken.*config\.yaml:2:1: .*`pol`.*\n.*Not taken.*config\.yaml:3:8: `grace`/, 20_000);

      writeFileSync(baseline, 'version: 1\n');
      writeFileSync(
        windows,
        'windows:\n  - {id: CHG-1, vendor: Imagerie SA, devices: [fw1], start: 2100-01-04T20:00, for: 3h}\n',
      );
      writeFileSync(config, `${good}windows: [./w*.yaml]\n`);
      expect(await command('reload')).toMatchObject({ code: 0, stdout: 'window CHG-1: added\n' });
      await started.hears(/window CHG-1: planned from 2100-01-04T/, 20_000);
      expect((await command('window', 'list')).stdout).toMatch(/CHG-1 .*planned/);
      expect((await started.end('SIGTERM')).code).toBe(0);
    }),
    90_000,
  );
});
