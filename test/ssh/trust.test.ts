import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ecluse as call } from '../cli/capture.js';
import { run, tempDir } from '../support/system.js';
import { device } from './device.js';
import { type FakeServer, fingerprintOf, keyFile, keyPair, serve } from './hostile.js';

// A test run by a person has a terminal, where the command would ask.
Object.defineProperty(process.stdin, 'isTTY', { value: false, configurable: true });

function site(server: FakeServer, jump?: FakeServer) {
  const folder = tempDir();
  const config = join(folder, 'config.yaml');
  const known = join(folder, 'state', 'known-keys.json');
  const key = keyFile();
  const write = (port: number): void => {
    const way = jump ? `, jump: {ssh: "ecluse@127.0.0.1:${jump.port}"}` : '';
    writeFileSync(
      config,
      `state: ./state\ndevices:\n  - {id: here, kind: host}\n  - {id: web, kind: host, source: {ssh: "ecluse@127.0.0.1:${port}", key: "file:${key}"${way}}}\n`,
    );
  };
  write(server.port);
  const ecluse = (...argv: readonly string[]) => call(...argv, '--config', config);
  return { ecluse, known, config, write };
}

function keysIn(path: string): readonly { readonly fingerprint: string; readonly by: string }[] {
  return JSON.parse(readFileSync(path, 'utf8')).keys;
}

describe('ecluse trust', () => {
  test('shows the key and accepts it only by its exact fingerprint', async () => {
    const server = await serve();
    const { ecluse, known } = site(server);
    const shown = await ecluse('trust', 'web');
    expect(shown).toMatchObject({ code: 2, stderr: expect.stringContaining('no key of') });
    expect(shown.stdout).toContain(`new       ${server.fingerprint}  ssh-ed25519`);
    const wrong = await ecluse('trust', 'web', '--yes', fingerprintOf(keyPair()));
    expect(wrong).toMatchObject({ code: 2 });
    expect(await ecluse('trust', 'web', '--yes', 'yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not a fingerprint'),
    });
    expect(server.logins).toEqual([]);
    const accepted = await ecluse('trust', 'web', '--yes', server.fingerprint);
    expect(accepted).toMatchObject({ code: 0, stdout: expect.stringContaining('the login works') });
    expect(keysIn(known).map(({ fingerprint }) => fingerprint)).toEqual([server.fingerprint]);
    expect(statSync(known).mode & 0o777).toBe(0o600);
    const again = await ecluse('trust', 'web', '--json');
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ accepted: true, hops: [{ keys: [{ state: 'accepted' }] }] });
  }, 120_000);

  test('replaces a key that changed only when a person names the new one, and never a revoked one', async () => {
    const before = await serve();
    const after = await serve();
    const { ecluse, known, write } = site(before);
    expect((await ecluse('trust', 'web', '--yes', before.fingerprint)).code).toBe(0);
    // Another machine answers at the address of the first.
    write(after.port);
    writeFileSync(known, readFileSync(known, 'utf8').replaceAll(`:${before.port}`, `:${after.port}`));
    const changed = await ecluse('trust', 'web');
    expect(changed).toMatchObject({ code: 2, stdout: expect.stringContaining(`gone      ${before.fingerprint}`) });
    expect((await ecluse('trust', 'web', '--yes', after.fingerprint)).code).toBe(0);
    expect(keysIn(known).map(({ fingerprint }) => fingerprint)).toEqual([after.fingerprint]);
    expect((await ecluse('trust', 'web', '--revoke', after.fingerprint)).code).toBe(0);
    const revoked = await ecluse('trust', 'web', '--yes', after.fingerprint);
    expect(revoked).toMatchObject({ code: 2, stdout: expect.stringContaining(`revoked   ${after.fingerprint}`) });
    expect(keysIn(known)).toEqual([]);
  }, 120_000);

  test('the other member of a pair answers at the same address: the keys of both stay accepted', async () => {
    const [one, other] = [await serve(), await serve()];
    const { ecluse, known, write } = site(one);
    expect((await ecluse('trust', 'web', '--yes', one.fingerprint)).code).toBe(0);
    const failover = (from: FakeServer, to: FakeServer): void => {
      write(to.port);
      writeFileSync(known, readFileSync(known, 'utf8').replaceAll(`:${from.port}`, `:${to.port}`));
    };
    failover(one, other);
    const changed = await ecluse('doctor', 'web');
    expect(changed.stdout).toContain('if it is the other member of a pair: ecluse trust web --member');
    expect((await ecluse('trust', 'web', '--member', '--yes', other.fingerprint)).code).toBe(0);
    expect(keysIn(known).map(({ fingerprint }) => fingerprint)).toEqual([one.fingerprint, other.fingerprint]);
    failover(other, one);
    expect((await ecluse('trust', 'web')).code).toBe(0);
    failover(one, other);
    expect((await ecluse('trust', 'web')).code).toBe(0);
  }, 120_000);

  test('accepts a jump host first, and then what is behind it', async () => {
    const jump = await serve({ forward: 'works' });
    const server = await serve();
    const { ecluse, known } = site(server, jump);
    const first = await ecluse('trust', 'web', '--yes', jump.fingerprint);
    expect(first).toMatchObject({ code: 2, stdout: expect.stringContaining('(jump host)') });
    expect(first.stdout).toContain(server.fingerprint);
    expect((await ecluse('trust', 'web', '--yes', server.fingerprint)).code).toBe(0);
    expect(keysIn(known)).toHaveLength(2);
  }, 120_000);

  test('says what cannot be trusted', async () => {
    const { ecluse } = site(await serve());
    expect(await ecluse('trust', 'here')).toMatchObject({ code: 2, stderr: expect.stringContaining('no host key') });
    expect(await ecluse('trust', 'nobody')).toMatchObject({ code: 2, stderr: expect.stringContaining('one of web') });
    expect(await ecluse('trust')).toMatchObject({ code: 2, stderr: expect.stringContaining('which device?') });
  }, 60_000);

  test('ecluse doctor says what is in the way, and afterwards that nothing is', async () => {
    const server = await serve(
      device(() => ({ status: 1, err: 'Operation not permitted\n' }), {
        other: (channel, command) => {
          expect(command).toMatch(/date -u \+%s$/);
          channel.write('1000000000\n');
          channel.exit(0);
          channel.end();
        },
      }),
    );
    const { ecluse, config } = site(server);
    const before = await ecluse('doctor', 'web');
    expect(before).toMatchObject({ code: 3, stdout: expect.stringContaining(`HOST_KEY_UNKNOWN`) });
    expect(before.stdout).toContain('never read completely');
    expect((await ecluse('trust', 'web', '--yes', server.fingerprint)).code).toBe(0);
    const after = await ecluse('doctor', 'web');
    expect(after.code).toBe(3);
    expect(after.stdout).toMatch(/its clock is \d+ s slow: set it by NTP/);
    expect(after.stdout).toContain(
      `good  host key of 127.0.0.1:${server.port}: ${server.fingerprint} (ssh-ed25519), accepted`,
    );
    expect(after.stdout).toContain(`good  reached over SSH as ecluse@127.0.0.1:${server.port}, and asked within`);
    expect(after.stdout).toMatch(/bad {3}right missing: CAP_NET_ADMIN, for nft -s -a list ruleset/);
    expect(before.stdout).not.toContain(`good  host key of 127.0.0.1:${server.port}`);
    expect(before.stdout).toContain('not covered: anything of this device, until it can be asked');
    expect(after.stdout).toContain('MISSING_RIGHT: web: nft -s -a list ruleset: refused: Operation not permitted');
    const json = JSON.parse((await ecluse('doctor', 'web', '--json')).stdout);
    expect(json).toMatchObject({
      devices: [
        {
          device: 'web',
          complete: false,
          lastComplete: null,
          hostKeys: [{ address: `127.0.0.1:${server.port}`, fingerprint: server.fingerprint }],
          rights: expect.arrayContaining([{ right: 'CAP_NET_ADMIN', granted: false, for: expect.any(Array) }]),
        },
      ],
      sinks: [],
    });
    expect(await ecluse('doctor', 'nobody')).toMatchObject({ code: 2 });
    expect(after.stdout).not.toContain('weak algorithms');
    writeFileSync(config, readFileSync(config, 'utf8').replace('key:', 'legacyAlgorithms: [ssh-rsa], key:'));
    expect((await ecluse('doctor', 'web')).stdout).toContain('bad   weak algorithms are allowed: ssh-rsa');
  }, 120_000);

  test('ecluse check says how each device is reached, and warns of weak algorithms', async () => {
    const { ecluse, config } = site(await serve());
    writeFileSync(
      config,
      'devices: [{id: old, kind: fw, source: {ssh: a@192.0.2.1, password: env:P, legacyAlgorithms: [ssh-rsa], jump: {ssh: "b@192.0.2.2:23"}}}]',
    );
    const { code, stdout } = await ecluse('check');
    expect(code).toBe(0);
    expect(stdout).toContain(
      'device old: firewall, over SSH as a@192.0.2.1 port 22 by way of b@192.0.2.2 port 23, read by ',
    );
    expect(stdout).toContain('device old: warning: weak algorithms are allowed: ssh-rsa');
  });

  test('prints a script that a shell can read', async () => {
    const { ecluse } = site(await serve());
    const { code, stdout } = await ecluse('trust', '--script');
    expect(code).toBe(0);
    const path = join(tempDir(), 'ecluse-read');
    writeFileSync(path, stdout);
    expect(await run(['sh', '-n', path])).toMatchObject({ code: 0, stderr: '' });
    expect(await run(['sh', path], { env: { SSH_ORIGINAL_COMMAND: undefined } })).toMatchObject({ code: 126 });
  }, 60_000);
});
