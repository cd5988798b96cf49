import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readBaseline } from '../../agent/app/baseline-file.js';
import { openGuard } from '../../agent/app/guard/index.js';
import { reloadable } from '../../agent/app/reload.js';
import { success } from '../../agent/lib/result.js';
import { openDatabase } from '../../agent/store/sqlite/engine.js';
import { START } from '../support/guard.js';
import { tempDir } from '../support/machine.js';
import { rules } from '../support/services.js';
import { fakeWorld, must, startGuard } from './fakes.js';

const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString();
const window = {
  vendor: 'Integrator',
  technician: 'Technician 12',
  devices: ['fw'],
  start: at(0),
  end: at(60),
  scope: [],
};
const web = '- {from: any, to: 192.0.2.10, service: tcp/443, why: portal, owner: RSSI}';
const rdp = '- {from: any, to: 192.0.2.11, service: tcp/3389, why: none, owner: nobody}';

function fileOf(flows: readonly string[], comment = ''): string {
  return `version: 1\n${comment}flows:\n${flows.map((flow) => `  ${flow}\n`).join('')}`;
}

function guardedFile() {
  const path = join(tempDir(), 'baseline.yaml');
  const write = (flows: readonly string[], comment?: string): void => writeFileSync(path, fileOf(flows, comment));
  write([web]);
  return { path, write, world: fakeWorld(['fw'], { baselineFiles: [path] }) };
}

describe('a baseline file that is edited behind the guard’s back', () => {
  test('is told with what, where and whose it is, and is over once it is put back', async () => {
    const { path, write, world } = guardedFile();
    const { guard, rows, until } = await startGuard(world);
    write([rdp, web], '# only a comment, and another order\n');
    await until(2);
    const [finding] = must(await guard.findings({ all: false })).findings;
    expect(finding).toMatchObject({ key: 'baseline/files', code: 'BASELINE_TAMPER', severity: 'medium' });
    expect(finding?.details).toEqual([
      expect.stringMatching(new RegExp(`^${path}:4: added: flow any → 192\\.0\\.2\\.11 .*3389`)),
      `since it was taken ${at(0)} (first start)`,
      expect.stringMatching(new RegExp(`^${path}: written 20\\d\\d-.*, belongs to \\w+`)),
    ]);
    write([web], '# moved\n\n');
    await until(4);
    expect(rows()).toEqual([
      expect.stringContaining('BASELINE_TAMPER files'),
      expect.stringContaining('RESOLVED files'),
    ]);
    await guard.close();
  });

  test('is worse while a vendor works, and stays told across a restart until somebody takes it by name', async () => {
    const { write, world } = guardedFile();
    const first = await startGuard(world);
    must(await first.guard.openWindow('W', window));
    await first.guard.close();
    write([web, rdp]);
    const second = await startGuard(world);
    const [told] = must(await second.guard.findings({ all: false })).findings;
    expect(told).toMatchObject({ code: 'BASELINE_TAMPER', severity: 'high', windows: ['W'] });
    await second.guard.close();
    const third = await startGuard(world);
    await third.until(5);
    expect(third.rows()).toEqual([]);
    third.guard.takeBaseline('RSSI and DSI');
    await third.until(7);
    expect(third.rows()).toEqual([expect.stringContaining('RESOLVED files')]);
    await third.guard.close();
  });

  test('that cannot be read any more is told too, and gone is as good as empty', async () => {
    const { path, world } = guardedFile();
    const { guard, until } = await startGuard(world);
    writeFileSync(path, 'version: 1\nflow: []\n');
    await until(2);
    expect(must(await guard.findings({ all: false })).findings[0]?.details?.[0]).toMatch(`${path}:2:`);
    await guard.close();
  });
});

test('G17: a reload takes another baseline by two names while somebody works, and never by theirs', async () => {
  const { path, write, world } = guardedFile();
  const { guard } = await startGuard(world);
  must(await guard.openWindow('W', window));
  const read = () => success({ settings: world.settings, baseline: must(readBaseline([path])), rules: rules() });
  const taken: string[] = [];
  const live = reloadable(guard, read().value, {
    read,
    open: async () => {
      const next = must(await openGuard(world.settings, world.tools));
      return success({
        ...next,
        takeBaseline(by: string) {
          taken.push(by);
          next.takeBaseline(by);
        },
      });
    },
    onGuard: () => {},
    onLost: () => {},
  });
  const code = async (by?: string, second?: string): Promise<string> => {
    const signed = { ...(by !== undefined && { by }), ...(second !== undefined && { second }) };
    const answer = await live.reload(signed);
    return answer.ok ? answer.value.changes.join() : answer.error.code;
  };
  write([web], '# a comment\n');
  expect(await code()).toBe('baseline: changed');
  write([web, rdp]);
  expect(await code()).toBe('BASELINE_UNSIGNED');
  expect(await code('RSSI', 'rssi ')).toBe('BASELINE_UNSIGNED');
  expect(await code('RSSI', 'technician 12')).toBe('BASELINE_TAMPER');
  expect(await code('RSSI', 'DSI')).toBe('baseline: changed');
  expect(taken).toEqual(['a reload', 'RSSI and DSI']);
  await live.close();
});

test('an approved snapshot that is not what was stored: told, nothing is called clean, until another is approved', async () => {
  const world = fakeWorld();
  const first = await startGuard(world);
  await first.guard.close();
  const database = openDatabase(join(world.settings.stateFolder, 'ecluse.db'));
  const captures = database.prepare('select manifest from captures').all() as { manifest: string }[];
  expect(captures).toHaveLength(1);
  database
    .prepare('update captures set manifest = ?')
    .run(captures[0]!.manifest.replace('"source":"fake"', '"source":"fak3"'));
  database.close();
  world.devices.fw!.open = [{ id: 'x', ports: '443' }];
  const second = await startGuard(world);
  expect(second.rows()).toEqual([
    expect.stringContaining('BASELINE_TAMPER fw'),
    expect.stringContaining('UNPLANNED_OPENING x'),
  ]);
  expect(must(await second.guard.status()).devices[0]?.blind.join()).toContain('has not the digest');
  const { id } = must(await second.guard.snapshots({ device: 'fw' }))[0]!;
  must(await second.guard.acceptBaseline({ device: 'fw', snapshot: id, by: 'RSSI' }));
  expect(second.rows().at(-1)).toContain('RESOLVED');
  expect(must(await second.guard.findings({ all: false })).findings).toEqual([]);
  expect(must(await second.guard.status()).devices[0]?.blind).toEqual([]);
  await second.guard.close();
});
