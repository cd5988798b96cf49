import { chmodSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { ServerChannel } from 'ssh2';
import { addKnownKeys, revokeKeys } from '../../agent/collect/ssh/index.js';
import { type Behaviour, fingerprintOf, keyPair, rawServe, serve, target } from './hostile.js';
import { knownKeysPath, LIMITS, patient, readyProblem, withRunner } from './targets.js';

describe('a host key that', () => {
  test('nobody has accepted is shown, and no login is tried', async () => {
    const server = await serve();
    expect(await readyProblem(target(server, { hostKeys: [] }))).toMatchObject({
      code: 'HOST_KEY_UNKNOWN',
      message: expect.stringContaining(server.fingerprint),
      remedy: expect.stringContaining('ecluse trust web'),
    });
    expect(server.logins).toEqual([]);
  });

  test('is another than the accepted ones ends it, and no login is tried', async () => {
    const server = await serve();
    const other = fingerprintOf(keyPair());
    expect(await readyProblem(target(server, { hostKeys: [other] }))).toMatchObject({
      code: 'HOST_KEY_CHANGED',
      message: expect.stringContaining(server.fingerprint),
      expected: expect.stringContaining(other),
    });
    expect(server.logins).toEqual([]);
  });

  test('is one of several is taken: a pair of machines has two', async () => {
    const server = await serve();
    const hostKeys = [fingerprintOf(keyPair()), server.fingerprint];
    expect(await readyProblem(target(server, { hostKeys }))).toBeUndefined();
  });

  test('was accepted by command counts for that device at that address alone', async () => {
    const server = await serve();
    const entry = { type: 'ssh-ed25519', fingerprint: server.fingerprint, at: '2026-01-01T00:00:00Z', by: 'RSSI' };
    const accept = (device: string, address: string): string => {
      const path = knownKeysPath();
      expect(addKnownKeys(path, [{ device, address, ...entry }], false)).toMatchObject({ ok: true });
      return path;
    };
    const where = target(server, { hostKeys: [] });
    const address = `127.0.0.1:${server.port}`;
    expect(await readyProblem(where, accept('web', address))).toBeUndefined();
    expect(await readyProblem(where, accept('other', address))).toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
    expect(await readyProblem(where, accept('web', '127.0.0.1:1'))).toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
  });

  test('was revoked is refused, even where the configuration names it', async () => {
    const server = await serve();
    const knownKeys = knownKeysPath();
    revokeKeys(knownKeys, [server.fingerprint], { at: '2026-01-01T00:00:00Z', by: 'RSSI' });
    expect(await readyProblem(target(server), knownKeys)).toMatchObject({ code: 'HOST_KEY_REVOKED' });
    expect(server.logins).toEqual([]);
  });

  test.each([
    ['no JSON', '{', 0o600],
    ['others may write', '{"version":1,"keys":[],"revoked":[],"asked":{}}', 0o622],
    ['a bad fingerprint', '{"version":1,"keys":[{"fingerprint":"x"}],"revoked":[],"asked":{}}', 0o600],
  ])('would be read from a bad file (%s) is not believed', async (_case, text, mode) => {
    const server = await serve();
    const knownKeys = knownKeysPath();
    writeFileSync(knownKeys, text);
    chmodSync(knownKeys, mode);
    expect(await readyProblem(target(server), knownKeys)).toMatchObject({ code: 'KNOWN_KEYS', file: knownKeys });
  });
});

describe('a server that is no good is a Problem in its time', () => {
  test.each<[string, Parameters<typeof rawServe>[0], RegExp]>([
    ['says nothing', () => {}, /^SSH_TIMEOUT .*no exchange of keys after 1500 ms/],
    ['says half a line', (socket) => void socket.write('SSH-2.0-Op'), /^SSH_TIMEOUT/],
    ['closes at once', (socket) => socket.destroy(), /^SSH_BROKEN/],
    ['closes after its name', (socket) => void socket.end('SSH-2.0-x\r\n'), /^SSH_BROKEN/],
    ['is a web server', (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(2000)), /^SSH_BROKEN/],
    ['greets without end', (socket) => pour(socket, 'welcome\r\n'), /^SSH_BROKEN/],
    ['never ends its line', (socket) => pour(socket, 'x'), /^SSH_BROKEN/],
    [
      'sends rubbish after its name',
      (socket) => pour(socket, '\u0001\u0002\u0003rubbish', 'SSH-2.0-x\r\n'),
      /^SSH_BROKEN/,
    ],
    ['names itself with escapes', (socket) => void socket.end('SSH-1.0-\u001b[2J\u001b]0;x\u0007\r\n'), /^SSH_BROKEN/],
  ])('it %s', async (_case, speak, words) => {
    const server = await rawServe(speak);
    const problem = await readyProblem(target(server));
    expect(`${problem?.code} ${problem?.message}`).toMatch(words);
    expect(JSON.stringify(problem)).not.toMatch(/\\u001b|\\u0007/);
  });

  test('nobody listens', async () => {
    const server = await rawServe(() => {});
    await server.stop();
    expect(await readyProblem(target(server))).toMatchObject({
      code: 'SSH_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('it hangs at the login', async () => {
    const server = await serve({ login: () => {} });
    expect(await readyProblem(target(server))).toMatchObject({
      code: 'SSH_TIMEOUT',
      message: expect.stringContaining('no answer to the login'),
    });
  });

  test('it knows old algorithms alone, unless the device is allowed them', async () => {
    const server = await serve({ algorithms: { kex: ['diffie-hellman-group14-sha1'] } });
    expect(await readyProblem(target(server))).toMatchObject({
      code: 'SSH_ALGORITHMS',
      remedy: expect.stringContaining('legacyAlgorithms'),
    });
    const legacyAlgorithms = ['diffie-hellman-group14-sha1'];
    const timeouts = { ...patient.timeouts, handshakeMs: 20_000 };
    expect(
      await withRunner(target(server, { legacyAlgorithms }), (runner) => runner.ready(), { timeouts }),
    ).toBeUndefined();
  }, 120_000);
});

/** Writes for ever, as fast as it is read. */
function pour(stream: NodeJS.WritableStream, text: string, first = ''): void {
  const chunk = text.repeat(Math.ceil(65_536 / text.length));
  stream.write(first);
  let ended = false;
  stream.on('close', () => {
    ended = true;
  });
  const more = (): void => {
    while (!ended && stream.write(chunk)) {}
    if (!ended) stream.once('drain', more);
  };
  more();
}

describe('a command whose server', () => {
  const limits = { timeoutMsMax: 1_000, bytesMax: 100_000 };
  const outputs: [string, Behaviour, unknown][] = [
    ['never takes it', { silent: true }, { kind: 'timeout', afterMs: 1_000 }],
    ['never ends it', { exec: (channel) => void channel.write('half a li') }, { kind: 'timeout', afterMs: 1_000 }],
    ['talks without end', { exec: (channel) => pour(channel, 'rule\n') }, { kind: 'too-large', bytesMax: 100_000 }],
    ['complains without end', { exec: (channel) => pour(channel.stderr, 'no\n') }, { kind: 'timeout', afterMs: 1_000 }],
    [
      'closes without an exit code',
      {
        exec: (channel) => {
          channel.write('table inet filter {\n');
          channel.end();
          channel.close();
        },
      },
      { kind: 'broken', reason: 'the server closed the channel without an exit code' },
    ],
    [
      'is lost in the middle of a line',
      {
        exec: (channel, _command, client) => {
          channel.write('table inet fil', () => (client as unknown as { _sock: { destroy(): void } })._sock.destroy());
        },
      },
      { kind: 'broken', reason: expect.stringMatching(/^the connection was lost/) },
    ],
    [
      'ends it by a signal',
      {
        exec: (channel) => {
          channel.exit('KILL', true, '\u001b[31m');
          channel.end();
        },
      },
      { kind: 'killed', signal: 'SIGKILL', stderr: '' },
    ],
    [
      'sends bytes that are no text',
      {
        exec: (channel) => {
          channel.write(Buffer.from([0x61, 0xff]));
          channel.exit(0);
          channel.end();
        },
      },
      { kind: 'not-utf8', offset: 1 },
    ],
    [
      'says that everything is fine and says nothing',
      {
        exec: (channel) => {
          channel.exit(0);
          channel.end();
        },
      },
      { kind: 'exited', exitCode: 0, stdout: '', stderr: '' },
    ],
  ];
  test.each(outputs)(
    '%s',
    async (_case, behaviour, expected) => {
      const server = await serve(behaviour);
      await withRunner(target(server), async (runner) => {
        expect(await runner.run(['nft', 'list'], limits)).toEqual(expected);
      });
    },
    120_000,
  );

  test('is lost is connected again for the next one', async () => {
    const server = await serve({
      exec: (channel, command, client) => {
        if (command.includes('drop')) return client.end();
        channel.write('ok');
        channel.exit(0);
        channel.end();
      },
    });
    await withRunner(
      target(server),
      async (runner) => {
        expect(await runner.run(['drop'], LIMITS)).toMatchObject({ kind: 'broken' });
        expect(await runner.run(['nft'], LIMITS)).toMatchObject({ kind: 'exited', stdout: 'ok' });
        expect(server.connections()).toBe(2);
      },
      { backoffMsMin: 0 },
    );
  });

  test('goes silent altogether is noticed by its missing signs of life', async () => {
    let frozen: ServerChannel | undefined;
    const server = await serve({
      exec: (channel, _command, client) => {
        frozen = channel;
        (
          client as unknown as { _sock: { pause(): void; removeAllListeners(of: string): void } }
        )._sock.removeAllListeners('data');
      },
    });
    await withRunner(
      target(server),
      async (runner) => {
        const heard = runner.follow(['nft', 'monitor'], { onOutput: () => {}, signal: new AbortController().signal });
        expect(await heard).toMatchObject({
          kind: 'broken',
          reason: expect.stringContaining('the connection was lost'),
        });
        expect(frozen).toBeDefined();
      },
      { timeouts: { keepAliveMs: 200 } },
    );
  }, 120_000);
});

test('one who gives up while the server hangs gets an answer, and closing ends everything', async () => {
  const server = await rawServe(() => {});
  await withRunner(target(server), async (runner) => {
    const giveUp = new AbortController();
    const output = runner.run(['nft'], { ...LIMITS, signal: giveUp.signal });
    await sleep(100);
    giveUp.abort();
    expect(await output).toEqual({ kind: 'cancelled' });
    const waiting = runner.ready();
    runner.close();
    expect(await waiting).toMatchObject({ code: 'CANCELLED' });
    expect(await runner.run(['nft'], LIMITS)).toEqual({ kind: 'cancelled' });
  });
});
