import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { configText, type InitAnswers } from '../../agent/app/init.js';
import { answersTo, type InitOptions } from '../../agent/cli/init.js';
import { parseSettings } from '../../agent/config/index.js';
import { run, systemTest, tempDir, withNamespaces } from '../support/system.js';
import { ecluse } from './capture.js';

const plain: InitAnswers = { device: 'gateway', kind: 'fw', networks: [], interfaces: [], owner: 'RSSI' };

describe('the configuration that is written', () => {
  test('says what was answered, whatever letters it has', () => {
    const text = configText({
      ...plain,
      site: 'Hôpital "Nord": bâtiment #2',
      timeZone: 'Europe/Paris',
      state: './state',
      zone: 'dmz',
      networks: ['192.0.2.0/24', '2001:db8::/32'],
      interfaces: ['wan0=internet', 'lan.10=lan-clinical'],
      syslog: '[2001:db8::9]:6514',
    });
    const settings = parseSettings(text, '/etc/ecluse/config.yaml');
    if (!settings.ok) throw new Error(settings.error.message);
    expect(settings.value).toMatchObject({
      site: 'Hôpital "Nord": bâtiment #2',
      timeZone: 'Europe/Paris',
      stateFolder: '/etc/ecluse/state',
      devices: [
        { id: 'gateway', kind: 'fw', zone: 'dmz', interfaceZones: { wan0: 'internet', 'lan.10': 'lan-clinical' } },
      ],
      sinks: [{ id: 'siem', kind: 'syslog', host: '2001:db8::9', port: 6514 }],
    });
  });

  test('names the schema that editors complete with', () => {
    const schema = /^# yaml-language-server: \$schema=(?<path>\S+)\n/.exec(configText(plain))?.groups?.path;
    expect(JSON.parse(readFileSync(schema!, 'utf8'))).toHaveProperty('properties.devices');
  });

  test('is good with nothing answered, and has a baseline only where one is written', () => {
    for (const baseline of [undefined, './baseline.yaml']) {
      const text = configText({ ...plain, ...(baseline !== undefined && { baseline }) });
      const settings = parseSettings(text, '/etc/ecluse/config.yaml');
      expect(settings.ok && settings.value.baselineFiles).toEqual(baseline && ['/etc/ecluse/baseline.yaml']);
    }
  });
});

describe('the questions', () => {
  const options: InitOptions = { config: 'config.yaml', network: [], interface: [], baseline: 'baseline.yaml' };

  async function asked(given: Partial<InitOptions>, replies: Readonly<Record<string, string>>) {
    const questions: string[] = [];
    const answers = await answersTo({ ...options, ...given }, async (text) => {
      questions.push(text.replace(/[ :].*/, ''));
      return Object.entries(replies).find(([start]) => text.startsWith(start))?.[1] ?? '';
    });
    return { questions, answers };
  }

  test('are few, and an empty answer takes what is offered', async () => {
    const { questions, answers } = await asked({ timeZone: 'UTC', device: 'pacs-1' }, {});
    expect(questions).toEqual(['Hospital', 'Kind', 'Zone', 'Receiver', 'Who']);
    expect(answers).toEqual({
      timeZone: 'UTC',
      device: 'pacs-1',
      kind: 'host',
      networks: [],
      interfaces: [],
      baseline: 'baseline.yaml',
      owner: 'to be named',
    });
  });

  test('ask of a firewall where the internet is, unless that was said', async () => {
    const replies = { Kind: 'fw', Interface: 'wan0', Zone: 'dmz', Hospital: 'nord', Receiver: 'siem:514' };
    const { answers } = await asked({}, replies);
    expect(answers).toMatchObject({ interfaces: ['wan0=internet'], zone: 'dmz', site: 'nord', syslog: 'siem:514' });
    const known = await asked({ interface: ['eth0=internet', 'eth1=lan'] }, replies);
    expect(known.questions).not.toContain('Interface');
    expect(known.answers.interfaces).toEqual(['eth0=internet', 'eth1=lan']);
  });
});

const init = (folder: string, ...more: readonly string[]) =>
  ecluse('init', '--config', join(folder, 'config.yaml'), '--no-baseline', ...more);

describe('ecluse init', () => {
  test('writes a configuration that `ecluse check` finds good, and never over one', async () => {
    const folder = tempDir();
    const argv = [
      '--site',
      'nord',
      '--state',
      './state',
      '--device',
      'gateway',
      '--kind',
      'fw',
      '--interface',
      'wan0=internet',
    ];
    expect(await init(folder, ...argv)).toMatchObject({ code: 0, stderr: '' });
    const checked = await ecluse('check', '--config', join(folder, 'config.yaml'));
    expect(checked).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('device gateway: firewall, this machine'),
    });
    const before = readFileSync(join(folder, 'config.yaml'), 'utf8');
    const again = await init(folder, '--site', 'sud');
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('a file of this name already') });
    expect(readFileSync(join(folder, 'config.yaml'), 'utf8')).toBe(before);
  });

  test.each([
    [['--kind', 'router'], '`fw` for a firewall'],
    [['--network', '10.1'], 'an address or a prefix'],
    [['--interface', 'wan0'], 'NAME=ZONE'],
    [['--time-zone', 'Europe/Bethune'], 'an IANA time zone'],
    [['--syslog', 'siem'], 'HOST:PORT'],
  ])('with %j is refused, and nothing is written', async (argv, words) => {
    const folder = tempDir();
    const refused = await init(folder, '--state', './state', ...argv);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
    // Of a file that was not written no line is named.
    expect(refused.stderr).not.toMatch(/config\.yaml:\d/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('for a machine over SSH says what is left to do', async () => {
    const folder = tempDir();
    const answer = await init(folder, '--ssh', 'ecluse@portal.example.org', '--device', 'portal', '--state', './state');
    expect(answer.code).toBe(0);
    // The file stands where no command would look for it by itself.
    const where = `--config ${join(folder, 'config.yaml')}`;
    expect(answer.stdout).toContain(
      `ecluse trust portal ${where}, ecluse snapshot ${where}, and ecluse baseline learn`,
    );
    expect(answer.stdout).toContain(`next: ecluse check ${where}, then ecluse start ${where}`);
  });

  systemTest(
    ['root', 'netns', 'nft', 'ip', 'ss'],
    'writes a first baseline of what it reads, from which nothing differs',
    () =>
      withNamespaces(['fw'], async ({ fw }) => {
        const folder = tempDir();
        await fw.must(['nft', '-f', '-'], {
          input:
            'table inet filter { chain input { type filter hook input priority 0; policy drop; iif lo accept; ip saddr 10.0.0.0/8 tcp dport 22 accept; }; }',
        });
        const inside = (...argv: readonly string[]) =>
          run(fw.inside([process.execPath, join(process.cwd(), 'build/agent/main.js'), ...argv]), { cwd: folder });
        const made = await inside('init', '--yes', '--device', 'gateway', '--state', './state', '--owner', 'RSSI');
        expect(made).toMatchObject({ code: 0, stderr: '' });
        expect(readFileSync(join(folder, 'baseline.yaml'), 'utf8')).toMatch(/10\.0\.0\.0\/8/);
        expect(existsSync(join(folder, 'state'))).toBe(false);
        expect((await inside('check')).code).toBe(0);
        expect(await inside('drift')).toMatchObject({ code: 0 });
        await fw.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '3389', 'accept']);
        expect(await inside('drift')).toMatchObject({ code: 1, stdout: expect.stringContaining('3389') });
      }),
    60_000,
  );

  systemTest(
    ['root', 'setpriv'],
    'without the right to read writes no baseline, and says that it was blind',
    async () => {
      const folder = tempDir();
      writeFileSync(join(folder, 'x'), '');
      const argv = [
        process.execPath,
        join(process.cwd(), 'build/agent/main.js'),
        'init',
        '--yes',
        '--state',
        './state',
      ];
      await run(['chmod', '0777', folder]);
      const made = await run(['setpriv', '--reuid', '65534', '--clear-groups', ...argv], { cwd: folder });
      expect(made.code).toBe(3);
      expect(made.stdout).toContain('no first baseline was written');
      expect(readdirSync(folder).sort()).toEqual(['config.yaml', 'x']);
    },
  );
});
