import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openGuard, realParts } from '../../agent/app/guard/index.js';
import { knownKeysFile } from '../../agent/app/guard/place.js';
import { trusting } from '../../agent/app/trust.js';
import { revokeKeys, type SshTarget } from '../../agent/collect/ssh/index.js';
import { loadSettings, type Settings } from '../../agent/config/index.js';
import { drivers } from '../../agent/drivers/registry.js';
import { fakeLog, fakeWorld, must } from '../app/fakes.js';
import { START } from '../support/guard.js';
import { rules } from '../support/services.js';
import { type Sshd, sshd } from '../support/sshd.js';
import { run, systemTest, tempDir, waitFor, withNamespaces } from '../support/system.js';
import { type Behaviour, type FakeServer, fingerprintOf, keyPair, serve, target } from './hostile.js';

/** A guard on a clock of its own whose one device is such a server; what it told after a quarter of an hour. */
async function told(
  server: FakeServer,
  prepare: (knownKeys: string) => Partial<SshTarget>,
): Promise<readonly string[]> {
  const base = fakeWorld(['fw']);
  const more = prepare(knownKeysFile(base.settings.stateFolder));
  const { device: _device, ...source } = { ...target(server), ...more };
  const devices = base.settings.devices.map((device) => ({
    ...device,
    source: { kind: 'ssh' as const, ...source },
    drivers: ['nftables'],
  }));
  const guard = must(await openGuard({ ...base.settings, devices }, { ...base.tools, parts: realParts }));
  try {
    const rows: string[] = [];
    const running = guard.run({
      onEvents: (events) =>
        rows.push(...events.map(({ code, finding }) => `${code} ${finding.severity} ${finding.details?.join('; ')}`)),
    });
    await running.firstReadings;
    for (const minutes of [5, 16]) {
      base.clock.advanceTo(START + minutes * 60_000);
      await running.settled();
    }
    expect(must(await guard.snapshots({})).some((one) => one.complete)).toBe(false);
    return rows;
  } finally {
    await guard.close();
  }
}

const over = (text: string, exitCode = 0): Behaviour => ({
  exec: (channel) => {
    channel.write(text);
    channel.exit(exitCode);
    channel.end();
  },
});

describe('a guard over SSH tells in words that it is blind, where', () => {
  test.each<[string, Behaviour, Partial<SshTarget>, RegExp]>([
    ['nobody accepted the host key', {}, { hostKeys: [] }, /HOST_KEY_UNKNOWN.*SHA256:.*ecluse trust fw/],
    [
      'the login is refused',
      { login: (context) => context.reject(['publickey']) },
      {},
      /SSH_LOGIN_(?:REFUSED|STOPPED)/,
    ],
    ['every command is lost', { exec: (_channel, _command, client) => void client.end() }, {}, /lost/],
    ['half a ruleset comes', over('table inet filter {\n  chain input {\n'), {}, /./],
    ['escapes come', over('\u001b[2J\u001b]0;clean\u0007 nothing to see', 1), {}, /./],
  ])(
    '%s',
    async (_case, behaviour, more, words) => {
      const rows = await told(await serve(behaviour), () => more);
      expect(rows).toEqual([expect.stringMatching(/^GUARD_BLIND /)]);
      expect(rows[0]).toMatch(words);
      expect(rows[0]).not.toMatch(/[\u0007\u001b]/);
    },
    60_000,
  );
});

test.each<[string, (server: FakeServer, knownKeys: string) => Partial<SshTarget>, RegExp]>([
  ['another', () => ({ hostKeys: [fingerprintOf(keyPair())] }), /^HOST_KEY_CHANGED high .*another machine/],
  [
    'a revoked',
    ({ fingerprint }, knownKeys) => {
      revokeKeys(knownKeys, [fingerprint], { at: '2026-01-01T00:00:00Z', by: 'RSSI' });
      return {};
    },
    /^HOST_KEY_CHANGED high .*HOST_KEY_REVOKED/,
  ],
])(
  'a device that shows %s host key is an alarm at the first reading, besides blindness later',
  async (_case, prepare, words) => {
    const server = await serve();
    const rows = await told(server, (knownKeys) => prepare(server, knownKeys));
    expect(rows).toEqual([expect.stringMatching(words), expect.stringMatching(/^GUARD_BLIND /)]);
    expect(server.logins).toEqual([]);
  },
);

const LONG = { timeoutMs: 60_000, intervalMs: 100 };

function settingsFor(folder: string, { user, port, key }: Sshd, more = ''): Settings {
  const file = join(folder, 'config.yaml');
  writeFileSync(
    file,
    [
      'site: hospital',
      'state: ./state',
      'poll: 2s',
      'grace: 0m',
      'devices:',
      '  - id: web',
      '    kind: host',
      '    zone: dmz',
      '    interfaces: {wan0: internet}',
      `    source: {ssh: "${user}@127.0.0.1:${port}", key: "file:${key}"${more}}`,
      '',
    ].join('\n'),
  );
  return must(loadSettings(file, { drivers: drivers.map(({ id }) => id) }));
}

async function guarding(settings: Settings) {
  const logged: string[] = [];
  const heard: string[] = [];
  const details: string[] = [];
  const guard = must(await openGuard(settings, { parts: realParts, rules: rules(), log: fakeLog(logged) }));
  const running = guard.run({
    onEvents: (events) => {
      heard.push(...events.map(({ code }) => code));
      details.push(...events.flatMap(({ finding }) => finding.details ?? []));
    },
  });
  await running.firstReadings;
  return { guard, heard, details, logged };
}

const FILTER = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname lo accept
  }
}
`;

systemTest(
  ['root', 'netns', 'nft', 'sshd', 'ssh-keygen'],
  'a host over SSH is trusted by a person, read, and a change on it is told',
  () =>
    withNamespaces(['web'], async ({ web }) => {
      await web.must(['nft', '-f', '-'], { input: FILTER });
      const folder = tempDir();
      const server = await sshd(folder, { inside: ['ip', 'netns', 'exec', web.name] });
      try {
        const settings = settingsFor(folder, server);
        const unseen = await guarding(settings);
        try {
          const { blind } = unseen.guard.seen('web')!.reading;
          expect(blind).toEqual([expect.stringMatching(/^web: HOST_KEY_UNKNOWN: .*SHA256:\S+ .*ecluse trust web\)$/)]);
          // It runs on, and reads as soon as a person has accepted the key.
          const trust = must(trusting(settings, 'web', { by: 'RSSI' }));
          const [hop] = must(await trust.scan());
          expect(hop?.keys.map(({ fingerprint, state }) => [fingerprint, state])).toEqual([
            [server.fingerprints.ed25519, 'new'],
            [server.fingerprints.rsa, 'new'],
          ]);
          expect(await run(['ip', 'netns', 'pids', web.name])).toMatchObject({ stdout: '' });
          expect(trust.accept(hop!, [server.fingerprints.rsa], false)).toBeUndefined();
          expect(await trust.login()).toBeUndefined();
          await waitFor(() => unseen.guard.seen('web')?.reading.complete, { ...LONG, what: 'a complete reading' });
          expect(unseen.guard.seen('web')!.reading.rules).toBeGreaterThan(0);
          const monitors = async () => (await run(['ip', 'netns', 'pids', web.name])).stdout;
          await waitFor(monitors, { ...LONG, what: 'the monitors to run there' });
          await web.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '3389', 'accept']);
          await waitFor(() => unseen.heard.includes('UNPLANNED_OPENING'), { ...LONG, what: 'the opening to be told' });
          expect(JSON.stringify(must(await unseen.guard.findings({ all: false })))).toContain('3389');
          expect(unseen.logged.filter((line) => /forced command|not allowed/.test(line))).toEqual([]);
          expect(server.log().match(/Accepted publickey/g)!.length).toBeLessThanOrEqual(4);
        } finally {
          await unseen.guard.close();
        }
        // What watched for changes ends with the connection.
        await waitFor(async () => (await run(['ip', 'netns', 'pids', web.name])).stdout === '', {
          ...LONG,
          what: 'the monitors to end',
        });
      } finally {
        await server.stop();
      }
    }),
  180_000,
);

systemTest(
  ['root', 'netns', 'nft', 'sshd', 'ssh-keygen'],
  'a host whose key has changed is not read any more, and that is told',
  () =>
    withNamespaces(['web'], async ({ web }) => {
      await web.must(['nft', '-f', '-'], { input: FILTER });
      const folder = tempDir();
      const server = await sshd(folder, { inside: ['ip', 'netns', 'exec', web.name] });
      try {
        const other = fingerprintOf(keyPair());
        const { guard, heard, details } = await guarding(settingsFor(folder, server, `, hostKeys: ["${other}"]`));
        try {
          await waitFor(() => guard.seen('web')?.reading.blind.some((one) => one.includes('HOST_KEY_CHANGED')), LONG);
          expect(guard.seen('web')!.reading).toMatchObject({ complete: false, captures: [] });
          const status = must(await guard.status());
          expect(status.devices[0]!.blind.join()).toContain('HOST_KEY_CHANGED');
          expect(heard).toContain('HOST_KEY_CHANGED');
          expect([
            heard.filter((code) => code !== 'GUARD_BLIND' && code !== 'HOST_KEY_CHANGED'),
            details.filter((one) => one.includes('\u001b')),
          ]).toEqual([[], []]);
          expect(server.log()).not.toContain('Accepted');
        } finally {
          await guard.close();
        }
      } finally {
        await server.stop();
      }
    }),
  120_000,
);
