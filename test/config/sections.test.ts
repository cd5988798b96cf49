import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadOptions } from '../../agent/app/load-options.js';
import { parseSettings, type Settings } from '../../agent/config/index.js';
import { problemLines, problemText } from '../../agent/lib/result.js';
import { tempDir } from '../support/index.js';

const here = { env: {}, host: 'pacs-1', home: '/home', isRoot: false };

/** A folder with files by their paths; the configuration is `config.yaml` in it. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = tempDir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function read(text: string, folder = '/etc/ecluse'): Settings {
  const settings = parseSettings(text, join(folder, 'config.yaml'), { surroundings: here });
  if (!settings.ok) throw new Error(problemText(settings.error));
  return settings.value;
}

/** Each complaint without the folder. */
function complaints(text: string, folder = '/etc/ecluse'): readonly string[] {
  const settings = parseSettings(text, join(folder, 'config.yaml'), { surroundings: here });
  return settings.ok ? [] : problemLines(settings.error).map((line) => line.replaceAll(`${folder}/`, ''));
}

describe('zones', () => {
  test.each([
    ['internet', 'outside'],
    ['guest', 'outside'],
    ['vendor', 'partner'],
    ['biomed', 'inside'],
  ])('of kind %s are trusted as %s where nothing is said', (kind, trust) => {
    expect(read(`zones: {z: {kind: ${kind}}}`).zones).toEqual({ z: { kind, trust } });
  });

  test('that are named must be declared once one is, or be known to everybody', () => {
    const devices =
      'devices: [{id: a, kind: fw, zone: imagrie, interfaces: {wan0: internt, lan0: INTERNET, lan1: imagerie}}]';
    expect(complaints(devices)).toEqual([]);
    expect(complaints(`zones: {imagerie: {kind: imaging}}\n${devices}`)).toEqual([
      expect.stringMatching(/^config\.yaml:2:35: there is no zone `imagrie` .*did you mean `imagerie`\?\)$/),
      expect.stringMatching(/^config\.yaml:2:63: there is no zone `internt` .*did you mean `internet`\?\)$/),
    ]);
  });

  test.each([
    ['zones: {z: {kind: clinic}}', 'did you mean `clinical`?'],
    ['zones: {z: {kind: lab, trust: insde}}', 'did you mean `inside`?'],
    ['zones: {z: {kind: lab, networks: [10.1.2.3/8]}}', 'write 10.0.0.0/8'],
    ['zones: {z: {knd: lab}}', 'did you mean `kind`?'],
    ['zones: {"a b": {kind: lab}}', 'the name of a zone'],
    ['zones: {z: lab}', 'a zone: {kind, networks, trust}'],
  ])('%s', (text, words) => {
    expect(complaints(text).join()).toContain(words);
  });
});

describe('approved hosts', () => {
  test('hold until the end of their last day, on the clock of the site', () => {
    const { approvedHosts } = read('timeZone: Europe/Paris\napprovedHosts: [{host: 203.0.113.20, until: 2027-06-30}]');
    expect(approvedHosts).toEqual([{ hosts: ['203.0.113.20'], until: Date.parse('2027-06-30T23:59:59+02:00') }]);
  });

  test.each([
    ['approvedHosts: [{name: HDS}]', '`approvedHosts[1].host` is missing'],
    ['approvedHosts: [{host: 203.0.113.20, until: 2027-02-30}]', '`approvedHosts[1].until` is `2027-02-30`'],
    ['approvedHosts: [{host: 203.0.113.20, untill: 2027-02-01}]', 'did you mean `until`?'],
    ['approvedHosts: [{host: [203.0.113.20, 10.1]}]', '`approvedHosts[1].host[2]` is `10.1`'],
  ])('%s', (text, words) => {
    expect(complaints(text).join()).toContain(words);
  });
});

describe('baselines in files of their own', () => {
  const folder = folderOf({
    'b.yaml': '',
    'baselines/fw2.yaml': '',
    'baselines/fw1.yaml': '',
    'baselines/.fw3.yaml': '',
  });

  test.each([
    ['b.yaml', ['b.yaml']],
    ['./baselines/*.yaml', ['baselines/fw1.yaml', 'baselines/fw2.yaml']],
    [
      '[b.yaml, baselines/fw?.yaml, baselines/fw*.yaml]',
      ['b.yaml', 'baselines/fw?.yaml', 'baselines/fw1.yaml', 'baselines/fw2.yaml'],
    ],
    ['[b.yaml, "*.yaml"]', ['b.yaml']],
  ])('%s', (text, files) => {
    expect(read(`baseline: ${text}`, folder).baselineFiles).toEqual(files.map((file) => join(folder, file)));
  });

  test('a pattern that finds nothing is wrong: nothing would be declared, and nobody told', () => {
    expect(complaints('baseline: [baselines/*.yml, base*/x.yaml, none/*.yaml]', folder)).toEqual([
      'config.yaml:1:12: `baselines/*.yml` finds no file (expected at least one; correct it, or remove it)',
      expect.stringMatching(/^config\.yaml:1:29: .* a `\*` in the name of the file alone/),
      expect.stringMatching(/^config\.yaml:1:43: .*ENOENT/),
    ]);
  });
});

const plan = 'vendor: V, devices: [pacs-1], start: 2026-12-01T20:00';

describe('windows', () => {
  test('stand in the file, or in files of their own', () => {
    const folder = folderOf({
      'windows/b.yaml': `windows:\n  - {id: W2, ${plan}, for: 90m}\n`,
      'windows/a.yaml': `windows:\n  - {id: W1, ${plan}, end: 2026-12-02}\n`,
    });
    const { windows } = read(`timeZone: UTC\nwindows: [./windows/*.yaml, {id: W3, ${plan}+05:00, for: 1h}]`, folder);
    expect(windows?.map(({ id, start, end }) => [id, new Date(start).toISOString(), (end - start) / 60_000])).toEqual([
      ['W1', '2026-12-01T20:00:00.000Z', 28 * 60 - 1 / 60],
      ['W2', '2026-12-01T20:00:00.000Z', 90],
      ['W3', '2026-12-01T15:00:00.000Z', 60],
    ]);
  });

  test('recur by the clock of the file', () => {
    const { windows } = read(
      `timeZone: Europe/Paris\nwindows: [{id: W, ${plan}, for: 3h, rrule: FREQ=WEEKLY;BYDAY=TU}]`,
    );
    expect(windows![0]).toMatchObject({ id: 'W', recurs: { rule: 'FREQ=WEEKLY;BYDAY=TU', timeZone: 'Europe/Paris' } });
    // A series that is over is no mistake, as a window that is over is none.
    expect(
      read(`windows: [{id: W, ${plan.replace('2026', '2021')}, for: 1h, rrule: FREQ=DAILY}]`).windows,
    ).toHaveLength(1);
  });

  test('last as long as they say across the night on which the clocks change', () => {
    const { windows } = read(
      `timeZone: Europe/Paris\nwindows: [{id: W, vendor: V, devices: [pacs-1], start: 2026-10-24T22:00, end: 2026-10-25T04:00}]`,
    );
    expect((windows![0]!.end - windows![0]!.start) / 3_600_000).toBe(7);
  });

  test('are told where they stand, with whatever else is wrong', () => {
    const folder = folderOf({
      'a.yaml': `windows:\n  - {id: W1, ${plan}, for: 1h, scop: []}\n  - {id: W2, vendor: V, devices: [pacs], start: 2026-12-01T20:00, end: 2026-12-01T19:00}\n`,
      'b.yaml': 'window: []\n',
    });
    expect(complaints(`poll: x\nwindows: [a.yaml, b.yaml, c.yaml, {id: W3, ${plan}}]`, folder)).toEqual([
      expect.stringMatching(/^config\.yaml:1:7: `poll` is `x`/),
      expect.stringMatching(/^config\.yaml:2:27: .*c\.yaml cannot be read: ENOENT/),
      expect.stringMatching(/^config\.yaml:2:\d+: `windows\[4\]\.start` is .*expected `end` or `for` beside it/),
      expect.stringMatching(/^a\.yaml:2:\d+: there is no setting `scop` in `windows\[1\]`.*did you mean `scope`\?/),
      expect.stringMatching(/^a\.yaml:3:\d+: nothing is called `pacs` .*did you mean `pacs-1`\?/),
      expect.stringMatching(/^a\.yaml:3:\d+: window W2 ends before it starts/),
      expect.stringMatching(/^b\.yaml:1:1: `windows` is missing/),
      expect.stringMatching(/^b\.yaml:1:1: there is no setting `window`.*did you mean `windows`/),
    ]);
  });

  test('announce services by name: those that come with us, and those of the hospital’s own folder', () => {
    const own =
      '- {id: glims, name: GLIMS, names: [lab], proto: tcp, ports: "8801", category: web, risk: high, reason: r, reference: r}\n';
    const folder = folderOf({ 'rules/services.yaml': own });
    const file = (services: string) =>
      parseSettings(
        `rules: ./rules\nwindows: [{id: W, ${plan}, for: 1h, scope: [{dst: any, service: ${services}}]}]`,
        join(folder, 'config.yaml'),
        { ...loadOptions, surroundings: here },
      );
    const good = file('"dicom,lab"');
    expect(good.ok && good.value.windows?.[0]?.scope).toEqual([{ dst: 'any', proto: 'tcp', ports: '104,8801,11112' }]);
    const typo = file('glism');
    expect(typo.ok ? '' : problemText(typo.error)).toMatch(
      /config\.yaml:2:\d+: `glism` is neither a protocol nor a service .*did you mean `glims`\?/,
    );
    const both = file('https, ports: 443');
    expect(both.ok ? '' : problemText(both.error)).toMatch(/`service` beside `ports`/);
  });

  test.each([
    [`windows: [{id: W, ${plan}, for: 1h}, {id: W, ${plan}, for: 1h}]`, 'the id `W` is used twice'],
    ['windows: [{id: W, vendor: V, devices: [pacs], start: 2026-12-01, for: 1h}]', 'did you mean `pacs-1`?'],
    [`windows: [{id: W, ${plan}, end: 2026-12-01T19:00}]`, 'window W ends before it starts'],
    [
      `windows: [{id: W, vendor: self, devices: [pacs-1], start: 2026-12-01, for: 1h}]`,
      'somebody of the hospital answers for it',
    ],
    [`windows: [{id: W, ${plan}, for: 1h, rrule: FREQ=HOURLY}]`, 'begins with no frequency of days'],
    [`windows: [{id: W, ${plan}, for: 1h, rrule: FREQ=WEEKLY;BYDAY=XX}]`, 'no day can be made of it'],
    [`windows: [{id: W, ${plan}, for: 1h, rrule: FREQ=DAILY;BYHOUR=3}]`, 'is no part of it'],
    [`windows: [{id: W, ${plan}, for: 2d, rrule: FREQ=DAILY}]`, 'begins before the last has ended'],
    [`windows: [{id: W, ${plan}, for: 1h, repeat: FREQ=DAILY}]`, 'no setting `repeat`'],
    [
      `windows: [{id: W-20261202, ${plan}, for: 1h}, {id: W, ${plan}, for: 1h, rrule: FREQ=DAILY}]`,
      'the id `W-20261202` is used twice',
    ],
    [`windows: [{id: W, ${plan}, for: 1h, end: 2026-12-01T21:00}]`, '`end` or `for` beside it'],
    [`windows: [{id: W, ${plan}, for: 1h, scope: [{ports: 70000}]}]`, '`any`, or ports and ranges'],
    [`windows: [{id: W, ${plan}, for: 1h, scope: [{device: other}]}]`, 'nothing is called `other`'],
    [
      `zones: {lan: {kind: office}}\nwindows: [{id: W, ${plan}, for: 1h, scope: [{src: vendor-vnp}]}]`,
      'did you mean `vendor-vpn`?',
    ],
  ])('%s', (text, words) => {
    expect(complaints(text).join()).toContain(words);
  });
});

describe('schedules', () => {
  test('take the zone of the file where they name none', () => {
    expect(read('timeZone: Europe/Paris\nschedules: [{id: a, do: read, at: "0 5 * * *"}]').schedules).toEqual([
      { id: 'a', do: 'read', cron: '0 5 * * *', timeZone: 'Europe/Paris' },
    ]);
  });

  test.each([
    ['{id: a, do: read, at: "61 5 * * *"}', '61 is a invalid expression for minute'],
    ['{id: a, do: read, at: "* * * * * *"}', 'write five fields'],
    ['{id: a, do: read, at: "@daily"}', 'write five fields'],
    ['{id: a, do: read, at: "0 5 31 2 *"}', 'impossible day of month'],
    ['{id: a, do: read, at: "0 5 * * *", timeZone: Mars/Base}', 'an IANA time zone'],
    ['{id: a, do: read, at: "0 5 * * *", sinks: [s]}', '`do: report` beside it'],
    ['{id: a, do: report, at: "0 5 * * *"}', '`sinks` or `folder` beside it'],
    ['{id: a, do: report, at: "0 5 * * *", sinks: [x]}', 'nothing is called `x`'],
    ['{id: a, do: read, at: "0 5 * * *", devices: [pacs]}', 'did you mean `pacs-1`?'],
    ['{id: a, do: rapport, at: "0 5 * * *", folder: x}', 'did you mean `report`?'],
  ])('%s', (text, words) => {
    expect(complaints(`schedules: [${text}]`).join()).toContain(words);
  });
});
