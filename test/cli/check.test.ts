import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { run, systemTest, tempDir, withNamespaces } from '../support/system.js';
import { ecluse } from './capture.js';

function configured(text: string): string {
  const path = join(tempDir(), 'config.yaml');
  writeFileSync(path, text);
  return path;
}

describe('ecluse check', () => {
  test('finds the example good, and says what will be done by it', async () => {
    const { code, stdout, stderr } = await ecluse('check', '--config', 'config.example.yaml');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('zone wifi-patients: guest, outside');
    expect(stdout).toMatch(/^window CHG-2041: Imagerie SA, from 2026-12-01 20:00\+01:00 to 2026-12-01 23:00\+01:00$/m);
    expect(stdout).toMatch(/^schedule monday: report, next at \d{4}-\d\d-\d\d 07:00\+0[12]:00$/m);
    expect(stdout).toContain('site hopital-sud: Hôpital Sud, 1 device, Indian/Reunion, Astreinte réseau, poste 4242\n');
    expect(stdout).toMatch(/^window CHG-2050: Scanner SARL, FREQ=MONTHLY;BYDAY=1TH \(Europe\/Paris\): /m);
    expect(stdout.match(/^SECRET_MISSING: device portal: /gm)).toHaveLength(1);
    const json = JSON.parse((await ecluse('check', '--config', 'config.example.yaml', '--json')).stdout) as object;
    expect(json).toMatchObject({
      approvedHosts: [{}, { certificate: 'HDS 2024-0117', until: '2027-06-30T21:59:59.000Z' }],
      baseline: null,
      schedules: [{ id: 'morning', do: 'read' }, { id: 'monday' }],
      sites: [
        { id: 'hopital-nord', devices: ['gateway', 'lab'] },
        { id: 'hopital-sud', name: 'Hôpital Sud', timeZone: 'Indian/Reunion', devices: ['portal'] },
      ],
      devices: [{ site: 'hopital-nord' }, { site: 'hopital-nord' }, { site: 'hopital-sud' }],
      windows: [{ id: 'CHG-2041' }, { id: 'CHG-2050', series: { rule: 'FREQ=MONTHLY;BYDAY=1TH' } }, { id: 'CHG-2042' }],
      zones: expect.arrayContaining([{ id: 'imagerie', kind: 'imaging', trust: 'inside' }]),
    });
  });

  test('remarks on what is right and will not do what was meant', async () => {
    const { code, stdout } = await ecluse(
      'check',
      '--config',
      configured(
        [
          'approvedHosts: [{host: 203.0.113.9, name: HDS, until: 2020-01-31}]',
          'devices: [{id: a, kind: host}]',
          'windows: [{id: W, vendor: V, devices: [a], start: 2020-01-31T08:00, for: 1h}, {id: S, vendor: V, devices: [a], start: 2020-01-31T08:00, for: 1h, rrule: FREQ=DAILY}]',
          'sites: {nord: {name: CH Nord}}',
          'sinks: [{id: s, webhook: "env:ECLUSE_NO_SUCH", style: teams}]',
        ].join('\n'),
      ),
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^APPROVAL_ENDED: HDS \(203\.0\.113\.9\): not approved since 2020-01-31T/m);
    expect(stdout).toMatch(/^WINDOW_PAST: window W: it is over/m);
    expect(stdout).toMatch(/^WINDOW_PAST: window S: none of its series lies ahead/m);
    expect(stdout).toMatch(/^window S: V, FREQ=DAILY \(\S+\): none ahead$/m);
    expect(stdout).toMatch(/^SITE_EMPTY: site nord: no device stands in it/m);
    expect(stdout).toMatch(/^SECRET_MISSING: sink s: the variable ECLUSE_NO_SUCH is not set here/m);
  });

  test('says everything that is wrong, a line each, and in all the files', async () => {
    const config = configured('poll: 5\nbaseline: b.yaml\ndevices: [{id: a, kind: hst}]\n');
    const broken = await ecluse('check', '--config', config);
    expect(broken).toMatchObject({ code: 2, stdout: '' });
    expect(broken.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/config\.yaml:1:7: `poll` is `5` \(expected a duration/),
      expect.stringMatching(/config\.yaml:3:25: `devices\[1\]\.kind` is `hst` .*did you mean `host`\?\)$/),
    ]);
    const days = '{id: W, vendor: self, owner: A, devices: [a], start: 2100-01-04T08:00, for: 3d}';
    writeFileSync(config, `baseline: b.yaml\nrules: ./none\ndevices: [{id: a, kind: host}]\nwindows: [${days}]\n`);
    const beyond = await ecluse('check', '--config', config);
    expect(beyond.stderr.trimEnd().split('\n')).toEqual([
      expect.stringContaining('window W: '),
      expect.stringContaining('b.yaml: cannot be read: ENOENT'),
      expect.stringContaining('none'),
    ]);
  });

  systemTest(
    ['root', 'netns', 'ip'],
    'needs no network: in a namespace that has none it says the same',
    () =>
      withNamespaces(['empty'], async ({ empty }) => {
        const check = [process.execPath, 'build/agent/main.js', 'check', '--config', 'config.example.yaml'];
        const inside = await run(empty.inside(check));
        expect(inside).toEqual(await run(check));
        expect(inside.code).toBe(0);
      }),
    60_000,
  );
});
