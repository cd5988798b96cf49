import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { finding, opening } from '../support/fake-guard.js';
import { run, tempDir } from '../support/index.js';
import { askOnce, ecluse, guarded, withColour } from './capture.js';

const ends = ['--end', '2036-01-01T17:30'];

describe('a call that is wrong is told in one line, with exit code 2', () => {
  test.each<[string, readonly string[], string]>([
    ['an unknown command', ['opne'], "unknown command 'opne'"],
    ['an unknown option', ['drift', '--since', '2h'], "unknown option '--since'"],
    ['a missing argument', ['ack'], "missing required argument 'alarm'"],
    ['too many arguments', ['findings', 'fw1'], "too many arguments for 'findings'. Expected 0 arguments but got 1."],
    ['a missing option', ['waive', 'fw1/op-1'], "required option '--until <date>' not specified"],
    ['a count that is none', ['snapshots', '--limit', '-1'], 'Expected a number from 1 to 99999.'],
    ['a day that is past', ['waive', 'k', '--until', '2020-01-01', '--owner', 'o', '--reason', 'r'], 'this is past'],
    [
      'a time that is none',
      ['window', 'extend', 'W', '--until', 'soon', '--reason', 'r'],
      '--until soon: this is not a time',
    ],
    ['a past that is none', ['alarms', '--since', 'yesterday'], '--since yesterday: this is not a time'],
    ['opening nothing', ['window', 'open'], 'no window was named'],
    ['a plan without a vendor', ['window', 'plan', 'W1', ...ends], 'a plan without a vendor (expected --vendor NAME)'],
    ['opening with half a plan', ['window', 'open', 'W1', '--for', '2h'], 'a plan without a vendor'],
    ['opening a planned one with more', ['window', 'open', 'W1', '--reason', 'late'], 'belong to an emergency'],
    ['a plan without an end', ['window', 'plan', '--vendor', 'v'], 'a plan without an end (expected one of --end'],
    ['a plan with two ends', ['window', 'plan', '--vendor', 'v', '--for', '2h', ...ends], 'two ends'],
    [
      'a length that is none',
      ['window', 'plan', '--vendor', 'v', '--for', '17:30'],
      '--for 17:30: this is not a duration',
    ],
    ['no length', ['window', 'plan', '--vendor', 'v', '--for', '0h'], '--for 0h: this is past'],
    ['an end before the start', ['window', 'plan', '--vendor', 'v', '--start', '2036-02-01', ...ends], 'this is past'],
    [
      'a flow that is none',
      ['window', 'open', '--vendor', 'v', ...ends, '--allow', 'https'],
      "--allow 'https': this is not a flow",
    ],
    ['a window that is not there', ['window', 'show', 'W9'], 'no window is called W9'],
    ['a window without a name', ['window', 'show', ''], 'id: may not be empty'],
    ['a reason of blanks', ['window', 'extend', 'W', '--until', '23:00', '--reason', ' '], '--reason is empty'],
    ['a name that names nobody', ['window', 'resume', 'W1', '--by', ''], '--by is empty (expected a text)'],
    ['a device that is not there', ['snapshot', 'fw9'], 'no device is called fw9'],
    ['a finding that is not there', ['ack', 'fw9/x'], 'there is no finding fw9/x'],
    ['one capture for two devices', ['snapshot', 'fw1', 'fw2', '--file', 'x'], 'a capture is of one device'],
    [
      'a path that is taken',
      ['baseline', 'learn', '--output', 'package.json'],
      'package.json: there is a file already',
    ],
  ])('%s', async (_name, argv, words) => {
    const { code, stdout, stderr } = await askOnce({}, ...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr).toMatch(/^ecluse: [^\n]+\n$/);
  });

  test.each(['check', 'status', 'drift', 'findings'])('a configuration that is wrong: %s', async (command) => {
    const config = join(tempDir(), 'config.yaml');
    writeFileSync(config, 'site: x\ngrase: 5m\n');
    const { code, stdout, stderr } = await ecluse(command, '--config', config);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^ecluse: \S+config\.yaml:2:1: there is no setting `grase` [^\n]+did you mean `grace`\?\)\n$/,
    );
  });
});

describe('every command', () => {
  const window = ['plan', 'open', 'close', 'extend', 'cancel', 'list', 'show'].map((name) => ['window', name]);
  const baseline = ['learn', 'show', 'diff', 'accept'].map((name) => ['baseline', name]);
  const plain = ['check', 'status', 'snapshot', 'snapshots', 'drift', 'findings', 'alarms', 'ack', 'waive'];
  test.each([...plain.map((name) => [name]), ...window, ...baseline].map((argv) => [argv.join(' '), argv] as const))(
    '%s takes --help, --config and --json',
    async (_name, argv) => {
      const { code, stdout, stderr } = await ecluse(...argv, '--help');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      for (const option of ['--config <file>', '--json', '--help']) expect(stdout).toContain(option);
    },
  );
});

describe('what is typed reaches the guard', () => {
  test('a window planned and opened at once, on every device, from now', async () => {
    const before = Date.now();
    const { guard, ask, close } = await guarded({ devices: { fw1: [], fw2: [] } });
    const { code } = await ask('window', 'open', '--vendor', 'Medisys', '--for', '90m', '--allow-filtering-off');
    await close();
    const [name, id, plan] = guard.calls.at(-1) as [string, string, { start: string; end: string }];
    expect({ code, name, id }).toEqual({ code: 0, name: 'openWindow', id: '' });
    expect(plan).toMatchObject({ vendor: 'Medisys', devices: ['fw1', 'fw2'], scope: [{ kind: 'engine' }] });
    expect(Date.parse(plan.end) - Date.parse(plan.start)).toBe(90 * 60_000);
    expect(Date.parse(plan.start)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(plan.start)).toBeLessThanOrEqual(Date.now());
  });

  test('what may change besides flows, and a rule of recurrence with the zone of who types it', async () => {
    const { guard, ask, close } = await guarded();
    const when = ['--start', '2036-01-01T22:00', '--end', '2036-01-02T04:00'];
    const { code } = await ask(
      'window',
      'plan',
      'W',
      '--vendor',
      'A',
      ...when,
      '--allow-access',
      '--rrule',
      'FREQ=DAILY;COUNT=2',
    );
    await close();
    const [name, plan] = guard.calls.at(-1) as [string, object];
    expect({ code, name }).toEqual({ code: 0, name: 'planWindow' });
    expect(plan).toMatchObject({
      scope: [{ kind: 'fact' }],
      recurs: { rule: 'FREQ=DAILY;COUNT=2', timeZone: expect.any(String) },
    });
  });

  test('an id of its own, before the ticket', async () => {
    const { guard, ask, close } = await guarded();
    await ask('window', 'plan', 'W7', '--vendor', 'v', '--ticket', 'INT-1', ...ends);
    await ask('window', 'plan', '--vendor', 'v', '--ticket', 'INT-1', ...ends);
    await close();
    const plans = guard.calls.filter(([name]) => name === 'planWindow').map(([, plan]) => plan);
    expect(plans).toMatchObject([
      { id: 'W7', ticket: 'INT-1' },
      { id: 'INT-1', ticket: 'INT-1' },
    ]);
  });

  test('who asks, also behind sudo', async () => {
    const before = process.env.SUDO_USER;
    process.env.SUDO_USER = 'garde';
    try {
      const { guard, ask, close } = await guarded({ findings: [finding] });
      await ask('ack', finding.key);
      await ask('ack', finding.key, '--by', 'RSSI');
      await close();
      expect(guard.calls.filter(([name]) => name === 'acknowledge')).toEqual([
        ['acknowledge', finding.key, 'garde'],
        ['acknowledge', finding.key, 'RSSI'],
      ]);
    } finally {
      if (before === undefined) delete process.env.SUDO_USER;
      else process.env.SUDO_USER = before;
    }
  });

  test('a baseline is written where nothing was, for its reader', async () => {
    const file = join(tempDir(), 'baseline.yaml');
    const { code, stdout, stderr } = await askOnce({}, 'baseline', 'learn', '--owner', 'RSSI', '--output', file);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(readFileSync(file, 'utf8')).toContain('owner: RSSI');
    expect(stderr).toContain('read it before it is used');
  });
});

describe('what is shown', () => {
  test('of a device cannot act on the terminal', async () => {
    const evil = '\u001b]0;owned\u0007\u001b[2Jpacs\u202e\r\nfake: clean';
    const scene = {
      devices: { fw1: [evil] },
      undeclared: [{ ...opening, summary: evil, place: evil, cause: evil, witness: evil, undo: evil, because: evil }],
      findings: [{ ...finding, summary: evil, details: [evil] }],
    };
    const { ask, close } = await guarded(scene);
    for (const argv of ['status', 'snapshot', 'snapshots', 'drift', 'findings', 'alarms']) {
      for (const json of [[], ['--json']]) {
        const { stdout, stderr } = await ask(argv, ...json);
        expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
        expect(stdout).toContain('pacs');
      }
      // No line of a device's making stands alone.
      expect((await ask(argv)).stdout).not.toMatch(/^fake/m);
    }
    await close();
  });

  test('has colour where colour is wanted', async () => {
    const drift = (colour: NodeJS.ProcessEnv, ...argv: readonly string[]) =>
      withColour(colour, () => askOnce({ undeclared: [opening] }, 'drift', ...argv));
    expect((await drift({ FORCE_COLOR: '1' })).stdout).toContain('\u001b[31mcritical\u001b[39m');
    expect((await drift({ FORCE_COLOR: undefined, NO_COLOR: '1' })).stdout).not.toContain('\u001b');
    expect(JSON.parse((await drift({ FORCE_COLOR: '1' }, '--json')).stdout)).toHaveLength(1);
  });

  test('of many declared flows is short, and whole in JSON', async () => {
    const { guard, ask, close } = await guarded();
    const declared = Array.from({ length: 200 }, (_, index) => `fw1: flow ${index}`);
    const coverage = { observed: ['fw1'], declared, notCovered: [] };
    Object.assign(guard, { findings: async () => ({ ok: true, value: { findings: [], coverage } }) });
    const { stdout } = await ask('findings');
    expect(stdout).toContain(
      'declared:\n  fw1: flow 0\n  fw1: flow 1\n  fw1: flow 2\n  fw1: flow 3\n  fw1: flow 4\n  and 195 more',
    );
    expect(JSON.parse((await ask('findings', '--json')).stdout)).toMatchObject({ coverage: { declared } });
    await close();
  });
});

test('times within a sentence are said by the clocks of the hospital; JSON keeps the instants', async () => {
  const scene = { devices: { fw1: ['shut since 2026-11-24T17:00:00.000Z, it says'] } };
  expect((await askOnce(scene, 'drift')).stdout).toMatch(/shut since 2026-11-24 \d\d:00[+-]\d\d:00, it says/);
  expect((await askOnce(scene, 'drift', '--json')).stdout).toContain('shut since 2026-11-24T17:00:00.000Z, it says');
});

describe('exit codes of judgements', () => {
  const possible = { ...opening, certainty: 'possible' as const };
  const blind = { fw1: ['nft: permission denied'] };
  test.each([
    ['nothing', {}, 0],
    ['a certain opening', { undeclared: [opening] }, 1],
    ['a cut flow', { missing: [opening] }, 1],
    ['only a possible one', { undeclared: [possible] }, 3],
    ['a blind device', { devices: blind }, 3],
    ['a certain opening on a blind device', { devices: blind, undeclared: [opening] }, 1],
    ['a possible opening on a blind device', { devices: blind, undeclared: [possible] }, 3],
  ])('drift with %s', async (_name, scene, code) => {
    for (const argv of [['drift'], ['drift', '--json'], ['baseline', 'diff']])
      expect((await askOnce(scene, ...argv)).code).toBe(code);
  });

  test.each([
    ['nothing', {}, 0],
    ['one', { findings: [finding] }, 1],
    ['a notice', { findings: [{ ...finding, severity: 'info' }] }, 0],
    ['one that is shut', { findings: [{ ...finding, resolvedAt: finding.lastSeen }] }, 0],
    ['one that is waived', { findings: [{ ...finding, waivedUntil: finding.lastSeen }] }, 0],
    ['one that is acknowledged', { findings: [{ ...finding, acknowledgedBy: 'garde' }] }, 1],
    ['one that is only possible', { findings: [{ ...finding, certainty: 'possible' as const }] }, 3],
    ['a blind device', { devices: blind }, 3],
    ['one and a blind device', { devices: blind, findings: [finding] }, 1],
  ])('findings with %s', async (_name, scene, code) => {
    expect((await askOnce(scene, 'findings')).code).toBe(code);
    expect((await askOnce(scene, 'findings', '--all', '--json')).code).toBe(code);
  });

  test('a fault of the daemon is a fault: 70', async () => {
    const { guard, ask, close } = await guarded();
    Object.assign(guard, { status: () => Promise.reject(new Error('broken')) });
    const { code, stdout, stderr } = await ask('status');
    await close();
    expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
    expect(stderr).toBe(
      'ecluse: a fault of Écluse itself: in the daemon: a fault of Écluse itself; its log says more\n',
    );
  });

  test('a daemon that goes away before it answers is a problem: 2', async () => {
    const folder = tempDir();
    writeFileSync(join(folder, 'config.yaml'), 'state: .\n');
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'ecluse.sock'), resolve));
    const { code, stderr } = await ecluse('status', '--config', join(folder, 'config.yaml'));
    await new Promise((resolve) => server.close(resolve));
    expect(code).toBe(2);
    expect(stderr).toContain('the daemon does not answer');
  });
});

describe('an answer that nobody can take', () => {
  const main = 'build/agent/main.js';

  test('because its reader is gone keeps its exit code', async () => {
    const { code, stderr } = await run([
      'sh',
      '-c',
      `{ sleep 0.2; node ${main} drivers --json; echo "exit $?" >&2; } | true`,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'exit 0\n' });
  });

  test('because the disk is full is none', async () => {
    const { code, stderr } = await run(['sh', '-c', `node ${main} drivers --json > /dev/full`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^ecluse: the answer could not be written: ENOSPC[^\n]+\n$/);
  });
});

test('rules are listed, shown in both languages, tested; own ones are checked with their place', async () => {
  const listed = await ecluse('rules', 'list');
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  expect(listed.stdout).toContain('dicom-clear ');
  const page = await ecluse('rules', 'show', 'dicom-clear', '--lang', 'fr');
  expect(page.stdout).toContain('Images médicales en clair\ndicom-clear (Écluse, rules/exposure/dicom-clear.yaml)');
  expect(page.stdout).toContain('Gravité : celle du risque');
  expect(await ecluse('rules', 'show', 'nothing')).toMatchObject({ code: 2, stdout: '' });
  expect(await ecluse('rules', 'test')).toMatchObject({ code: 0, stderr: '' });
  const folder = tempDir();
  const config = join(folder, 'config.yaml');
  writeFileSync(config, 'rules: ./own\n');
  mkdirSync(join(folder, 'own'));
  const rule = readFileSync('rules/exposure/dicom-clear.yaml', 'utf8');
  writeFileSync(join(folder, 'own', 'dicom-clear.yaml'), rule.replace('severity: risk', 'severity: very high'));
  const refused = await ecluse('check', '--config', config);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/own\/dicom-clear\.yaml:5:11: `severity` is wrong or missing \(expected `risk`/);
  // Files are mended in one go: all that is wrong in all of them.
  const other = rule
    .replace('id: dicom-clear', 'id: other')
    .replace(/^ {2}fr: .*$/m, '')
    .replace('services:', 'servces:');
  writeFileSync(join(folder, 'own', 'other.yaml'), other);
  const all = (await ecluse('check', '--config', config)).stderr.split('\n');
  expect(all.filter((line) => line.includes('own/dicom-clear.yaml:'))).toHaveLength(1);
  expect(all.filter((line) => line.includes('own/other.yaml:')).length).toBeGreaterThanOrEqual(2);
  expect(all.join('\n')).toContain('did you mean `services`?');
  rmSync(join(folder, 'own', 'other.yaml'));
  writeFileSync(
    join(folder, 'own', 'dicom-clear.yaml'),
    rule.replace('dst: pacs, proto: tcp, ports: "104"', 'dst: pacs, proto: tcp, ports: "2762"'),
  );
  expect(await ecluse('check', '--config', config)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/dicom-clear\.yaml:\d+:7: the rule dicom-clear does not speak of an example/),
  });
  expect(await ecluse('rules', 'test', '--config', config)).toMatchObject({ code: 1, stdout: '' });
});

test('check says what will be watched, and touches nothing', async () => {
  const folder = tempDir();
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    'site: chu\nstate: state\nbaseline: baseline.yaml\ndevices:\n  - {id: fw1, kind: fw, source: {netns: blue}}\n',
  );
  const missing = await ecluse('check', '--config', config);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toBe(
    `ecluse: ${join(folder, 'baseline.yaml')}: cannot be read: ENOENT (expected a baseline file)\n`,
  );
  writeFileSync(join(folder, 'baseline.yaml'), 'version: 1\nflows: []\n');
  const { code, stdout, stderr } = await ecluse('check', '--config', config);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.replaceAll(folder, 'FOLDER').split('\n')).toEqual([
    'configuration: FOLDER/config.yaml: good',
    'device fw1: firewall, behind ip netns exec blue, read by nftables, iptables, linux-listeners',
    'sinks: none; findings stay in the store and on the terminal',
    'state: FOLDER/state',
    'baseline: FOLDER/baseline.yaml: good, 0 flows, 0 listeners, 0 waivers',
    expect.stringMatching(/^rules: those that come with Écluse: \d+ exposures, \d+ services$/),
    '',
  ]);
  expect(existsSync(join(folder, 'state'))).toBe(false);
  const json = await ecluse('check', '--config', config, '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({ site: 'chu', devices: [{ id: 'fw1', kind: 'fw' }] });
});

describe('without a daemon', () => {
  test('the guard is opened for each question, and remembers', async () => {
    const folder = tempDir();
    const config = join(folder, 'config.yaml');
    writeFileSync(config, 'timeZone: Europe/Paris\nstate: state\ndevices: [{id: fw1, kind: fw}]\n');
    const ask = (...argv: readonly string[]) => ecluse(...argv, '--config', config);
    const status = await ask('status');
    expect(status).toEqual({
      code: 0,
      stdout: [
        'no daemon runs: nothing is read until somebody asks',
        'device fw1: never read completely, nothing approved',
        'open findings: 0',
        '',
      ].join('\n'),
      stderr: '',
    });
    const planned = await ask(
      'window',
      'plan',
      'W1',
      '--vendor',
      'Medisys',
      '--start',
      '2036-01-01T08:00',
      '--for',
      '2h',
    );
    expect(planned.code).toBe(0);
    expect(planned.stderr).toBe(
      'ecluse: no daemon runs: nobody watches the end of the window until `ecluse start` does\n',
    );
    expect((await ask('window', 'show', 'W1')).stdout).toBe(planned.stdout);
    expect((await ask('window', 'plan', 'W1', '--vendor', 'v', ...ends)).code).toBe(2);
    // Nothing was ever read, so nothing is clean.
    const findings = await ask('findings');
    expect(findings.code).toBe(3);
    expect(findings.stdout).toContain('no clean verdict: fw1: never read completely');
    expect(findings.stdout).not.toContain('No drift');
    expect((await ask('baseline', 'accept')).stderr).toMatch(/^ecluse: [^\n]+\n$/);
  });
});
