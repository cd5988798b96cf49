import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  defaultSettings,
  loadSettings,
  parseSettings,
  type Settings,
  type Surroundings,
} from '../../agent/config/index.js';
import { ConfigFile } from '../../agent/config/schema.js';
import { drivers } from '../../agent/drivers/registry.js';
import { problemText } from '../../agent/lib/result.js';
import { tempDir } from '../support/index.js';

const here: Surroundings = { env: {}, host: 'pacs-1', home: '/home', isRoot: false };
/** Every setting of the file; a section that is added needs no other line here. */
const KEYS = Object.keys(ConfigFile.shape).join(', ');
const driverIds = drivers.map(({ id }) => id);

function read(text: string, around = here): Settings {
  const settings = parseSettings(text, 'config.yaml', { surroundings: around, drivers: driverIds });
  if (!settings.ok) throw new Error(problemText(settings.error));
  return settings.value;
}

function complaint(text: string): string {
  const settings = parseSettings(text, 'config.yaml', { surroundings: here, drivers: driverIds });
  return settings.ok ? 'no complaint' : problemText(settings.error);
}

describe('the embedded default', () => {
  test('is this machine, told about on the terminal', () => {
    expect(defaultSettings(here)).toEqual({
      stateFolder: '/home/.local/state/ecluse',
      devices: [
        {
          id: 'pacs-1',
          kind: 'host',
          interfaceZones: {},
          source: { kind: 'local' },
          drivers: ['nftables', 'iptables', 'linux-listeners', 'linux-saved', 'linux-access'],
        },
      ],
      pollSeconds: 300,
      wholeReadingSeconds: 3600,
      graceMinutes: 15,
      retentionDays: 400,
      approvedHosts: [],
      sinks: [],
    });
  });

  test.each<[Partial<Surroundings>, string]>([
    [{}, '/home/.local/state/ecluse'],
    [{ isRoot: true }, '/var/lib/ecluse'],
    [{ env: { XDG_STATE_HOME: '/srv/state' } }, '/srv/state/ecluse'],
    [{ env: { XDG_STATE_HOME: 'relative' } }, '/home/.local/state/ecluse'],
    [{ env: { ECLUSE_STATE: '/srv/ecluse', XDG_STATE_HOME: '/srv/state' }, isRoot: true }, '/srv/ecluse'],
    [{ env: { ECLUSE_STATE: 'beside' } }, resolve('beside')],
    [{ env: { ECLUSE_STATE: '' }, isRoot: true }, '/var/lib/ecluse'],
  ])('state with %j is %s', (around, folder) => {
    expect(defaultSettings({ ...here, ...around }).stateFolder).toBe(folder);
  });

  test.each([
    ['pacs.chu.example', 'pacs.chu.example'],
    ['-odd name', 'odd-name'],
    ['', 'this-machine'],
    ['x'.repeat(90), 'x'.repeat(64)],
  ])('a host called %j is the device %s', (host, id) => {
    expect(defaultSettings({ ...here, host }).devices[0]!.id).toBe(id);
  });
});

describe('a configuration file', () => {
  test('says little, and the rest is the embedded default', () => {
    expect(read('site: chu')).toEqual({ ...defaultSettings(here), site: 'chu' });
  });

  test.each([
    ['poll: 90s\ngrace: 2h', { pollSeconds: 90, graceMinutes: 120 }],
    ['poll: 1d\ngrace: 90s', { pollSeconds: 86_400, graceMinutes: 1.5 }],
    ['poll: 1s\ngrace: 0m\nwholeReading: 0m', { pollSeconds: 1, graceMinutes: 0, wholeReadingSeconds: 0 }],
    ['devices: [{id: off, kind: host}]', { devices: [{ ...defaultSettings(here).devices[0]!, id: 'off' }] }],
    ['sinks: [{id: a, jsonl: "-"}]', { sinks: [{ kind: 'jsonl', id: 'a', to: '-' }] }],
    [
      'sinks: [{id: a, syslog: "[2001:db8::1]:514", facility: 4}]',
      { sinks: [{ kind: 'syslog', id: 'a', host: '2001:db8::1', port: 514, facility: 4 }] },
    ],
    [
      'devices: [{id: a, kind: host, source: {ssh: "b@[2001:db8::1]:2222", password: env:P, legacyAlgorithms: [ssh-rsa]}}]',
      {
        devices: [
          {
            ...defaultSettings(here).devices[0]!,
            id: 'a',
            source: {
              kind: 'ssh',
              user: 'b',
              host: '2001:db8::1',
              port: 2222,
              password: { kind: 'env', place: 'P' },
              hostKeys: [],
              legacyAlgorithms: ['ssh-rsa'],
            },
          },
        ],
      },
    ],
    ['baseline: b.yaml', { baselineFiles: [resolve('b.yaml')] }],
  ])('%s', (text, part) => {
    expect(read(text)).toEqual({ ...defaultSettings(here), ...part });
  });

  test('is looked for, and its relative paths start beside it', () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'etc'));
    const file = join(folder, 'etc', 'hospital.yaml');
    writeFileSync(file, 'state: ../state\nbaseline: matrix.yaml\nsinks: [{id: f, jsonl: out.jsonl}]\n');
    const settings = loadSettings(file, { surroundings: here });
    expect(settings).toMatchObject({
      ok: true,
      value: {
        stateFolder: join(folder, 'state'),
        baselineFiles: [join(folder, 'etc', 'matrix.yaml')],
        sinks: [{ to: join(folder, 'etc', 'out.jsonl') }],
      },
    });
  });

  test('that is named must be there; the usual one need not', () => {
    expect(loadSettings('no-such.yaml')).toMatchObject({
      ok: false,
      error: { code: 'CONFIG_UNREADABLE', file: 'no-such.yaml', message: 'there is no such file' },
    });
    expect(loadSettings('agent')).toMatchObject({ ok: false, error: { message: 'cannot be read: EISDIR' } });
    // The repository has no config.yaml of its own.
    expect(loadSettings(undefined, { surroundings: here })).toEqual({ ok: true, value: defaultSettings(here) });
  });
});

describe('what is wrong is told by line and column, with what was expected', () => {
  test.each([
    ['', 'config.yaml:1:1: the file is empty (expected settings such as `site: …`, one a line)'],
    ['- a', 'config.yaml:1:1: the file is a list (expected settings such as `site: …`, one a line)'],
    ['site: [', 'config.yaml:1:8: this is not YAML: Flow sequence in block collection must be sufficiently indented'],
    ['site: a\nsite: b', 'config.yaml:2:1: this is not YAML: Map keys must be unique'],
    ['site: &a x\nstate: *a', 'config.yaml:2:8: the alias *a is not followed (expected the value itself, written out)'],
    ['\tsite: a', 'config.yaml:1:1: this is not YAML: Tabs are not allowed as indentation'],
    [
      'site: a\ngrase: 5m',
      `config.yaml:2:1: there is no setting \`grase\` (expected one of ${KEYS}; did you mean \`grace\`?)`,
    ],
    [
      'timezone: Europe/Paris',
      `config.yaml:1:1: there is no setting \`timezone\` (expected one of ${KEYS}; did you mean \`timeZone\`?)`,
    ],
    ['site: a\nserver: b', `config.yaml:2:1: there is no setting \`server\` (expected one of ${KEYS}; remove it)`],
    [
      'devices:\n  - id: fw\n    kind: fw\n    network: [192.0.2.0/24]',
      'config.yaml:4:5: there is no setting `network` in `devices[1]` (expected one of id, kind, site, zone, networks, interfaces, source, drivers, onboarding; did you mean `networks`?)',
    ],
    [
      'timeZone: Mars/Base',
      'config.yaml:1:11: `timeZone` is `Mars/Base` (expected an IANA time zone such as Europe/Paris)',
    ],
    ['poll: 5', 'config.yaml:1:7: `poll` is `5` (expected a duration between 1s and 1d, such as 5m)'],
    ['poll: 0s', 'config.yaml:1:7: `poll` is `0s` (expected a duration between 1s and 1d, such as 5m)'],
    [
      'site:',
      'config.yaml:1:6: `site` is empty (expected the name of the hospital or site; write it like `site: hopital-nord`)',
    ],
    [
      'devices: []',
      'config.yaml:1:10: `devices` is a list (expected at least one device; left out, it is this machine)',
    ],
    ['devices: fw', 'config.yaml:1:10: `devices` is `fw` (expected a list of devices)'],
    ['devices: [fw]', 'config.yaml:1:11: `devices[1]` is `fw` (expected a device: {id, kind, …})'],
    [
      'devices:\n  - kind: fw',
      'config.yaml:2:5: `devices[1].id` is missing (expected a name of letters, digits, dots, dashes and underscores; add it, for example `id: gateway`)',
    ],
    [
      'devices:\n  - {id: fw, kind: firewall}',
      'config.yaml:2:20: `devices[1].kind` is `firewall` (expected `fw` for a firewall, `host` for a machine with its own packet filter; write it like `kind: fw`)',
    ],
    [
      'devices:\n  - {id: fw/1, kind: fw}',
      'config.yaml:2:10: `devices[1].id` is `fw/1` (expected a name of letters, digits, dots, dashes and underscores, 64 at most; write it like `id: gateway`)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw}\n  - {id: fw, kind: host}',
      'config.yaml:3:10: the id `fw` is used twice (expected a name that no other one has; give one of them another name)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, networks: [192.0.2.0/24, 192.0.2.300]}',
      'config.yaml:2:49: `devices[1].networks[2]` is `192.0.2.300` (expected an address or a prefix such as 192.0.2.0/24 or 2001:db8::/32)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: ssh}',
      'config.yaml:2:32: `devices[1].source` is `ssh` (expected `local` for this machine, {netns: NAME} for a namespace of it, {ssh: USER@HOST, key: file:PATH} or {https: USER@HOST, password: file:PATH})',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {netns: -x}}',
      'config.yaml:2:40: `devices[1].source.netns` is `-x` (expected the name of a namespace, as `ip netns` lists them; write it like `netns: lab`)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {nets: x}}',
      'config.yaml:2:33: there is no setting `nets` in `devices[1].source` (expected one of netns, ssh, key, passphrase, agent, password, hostKeys, legacyAlgorithms, https, certificates, enable, jump; did you mean `netns`?)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {}}',
      'config.yaml:2:32: `devices[1].source` is a map (expected `local` for this machine, ',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {netns: a, ssh: b@c, key: file:k}}',
      'config.yaml:2:32: `devices[1].source` is a map (expected `local` for this machine, ',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {netns: a, key: file:k}}',
      '`devices[1].source.netns` is `a` (expected `ssh` in its place: a namespace is read without a login; remove it, or the login)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {https: a@b}}',
      '`devices[1].source` is a map (expected `password` beside `https`; ',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {https: a@b, password: file:p, key: file:k}}',
      '`devices[1].source.key` is ',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {https: a@b, ssh: a@b, password: file:p}}',
      '`devices[1].source` is a map (expected `local` for this machine, ',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {https: a@b, password: file:p, certificates: [AB:CD]}}',
      '`devices[1].source.certificates[1]` is `AB:CD` (expected a list of SHA-256 fingerprints',
    ],
    [
      `devices:\n  - {id: fw, kind: fw, source: {ssh: a@b, password: file:p, certificates: [${'AB'.repeat(32)}]}}`,
      'expected `https` beside it: SSH has `hostKeys`',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {ssh: web.example.org, key: file:k}}',
      '`devices[1].source.ssh` is `web.example.org` (expected USER@HOST or USER@HOST:PORT, such as ecluse@web.example.org:22)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {ssh: a@b:70000, key: file:k}}',
      '`devices[1].source.ssh` is `a@b:70000` (expected USER@HOST',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {ssh: a@-oProxyCommand, key: file:k}}',
      '`devices[1].source.ssh` is `a@-oProxyCommand` (expected USER@HOST',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {ssh: a@b}}',
      '`devices[1].source` is a map (expected one of `key`, `agent` and `password` beside `ssh`; add what is missing, or remove this)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {ssh: a@b, password: hunter2}}',
      '`devices[1].source.password` is <secret> (expected `env:NAME` or `file:PATH`: a secret never stands in this file; put the secret in a file of its own (chmod 600) and name that: file:PATH)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {ssh: a@b, password: env:P, hostKeys: [MD5:aa]}}',
      '`devices[1].source.hostKeys[1]` is `MD5:aa` (expected a list of fingerprints as `ssh-keygen -lf` prints them',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {ssh: a@b, password: env:P, legacyAlgorithms: [none]}}',
      '`devices[1].source.legacyAlgorithms[1]` is `none` (expected a list of ',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {ssh: a@b, password: env:P, jump: {ssh: c@d, kye: file:k}}}',
      'there is no setting `kye` in `devices[1].source.jump` (expected one of ssh, key, passphrase, agent, password, hostKeys, legacyAlgorithms; remove it)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, source: {ssh: a@b, password: env:P, passphrase: env:Q}}',
      '`devices[1].source.passphrase` is <secret> (expected `key` beside it; add what is missing, or remove this)',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, drivers: [nftables, nft]}',
      'config.yaml:2:44: there is no driver `nft` (expected one of ',
    ],
    [
      'devices:\n  - {id: fw, kind: fw, drivers: [nftables, nftables]}',
      'config.yaml:2:44: the driver `nftables` is named twice',
    ],
    [
      'approvedHosts: [pacs.example.org]',
      'config.yaml:1:17: `approvedHosts[1]` is `pacs.example.org` (expected an address or a prefix such as 203.0.113.20, or {host: ',
    ],
    [
      'sinks: [{id: siem}]',
      'config.yaml:1:14: `sinks[1].id` is `siem` (expected one of `jsonl: PATH`, `syslog: HOST:PORT`, `webhook: URL` and `mail: ADDRESS` beside it; add what is missing, or remove this)',
    ],
    [
      'sinks: [{id: siem, syslog: siem.example.org}]',
      'config.yaml:1:28: `sinks[1].syslog` is `siem.example.org` (expected HOST:PORT, such as siem.example.org:514)',
    ],
    [
      'sinks: [{id: siem, syslog: "siem.example.org:65536"}]',
      'config.yaml:1:28: `sinks[1].syslog` is `siem.example.org:65536` (expected HOST:PORT, such as siem.example.org:514)',
    ],
    [
      'sinks: [{id: f, jsonl: a, facility: 3}]',
      'config.yaml:1:37: `sinks[1].facility` is `3` (expected `syslog` beside it; add what is missing, or remove this)',
    ],
  ])('%j', (text, message) => {
    expect(complaint(text)).toContain(message);
    expect(complaint(text)).not.toContain('\n');
  });
});
