import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { localRunner } from '../../agent/collect/index.js';
import { CLOCK_ARGV } from '../../agent/collect/ssh/index.js';
import { type Sshd, sshd } from '../support/sshd.js';
import { describeSystem, tempDir } from '../support/system.js';
import { LIMITS, readyProblem, targetOf, withRunner } from './targets.js';

describeSystem(['sshd', 'ssh-keygen', 'ipset'], 'a real sshd with the forced command', () => {
  let server: Sshd;
  beforeAll(async () => {
    server = await sshd(tempDir());
  }, 60_000);
  afterAll(() => server.stop());

  test('runs what is asked for between readings, as the local machine does', async () => {
    await withRunner(targetOf(server), async (runner) => {
      expect(await runner.ready()).toBeUndefined();
      const argv = ['ipset', '-t', 'list'];
      expect(await runner.run(argv, LIMITS)).toEqual(await localRunner().run(argv, LIMITS));
      const clock = await runner.run(CLOCK_ARGV, LIMITS);
      expect(clock).toMatchObject({ kind: 'exited', exitCode: 0, stdout: expect.stringMatching(/^\d+\n$/) });
    });
  }, 60_000);

  test.each([
    [['id']],
    [['sh', '-c', 'id']],
    [['nft', 'flush', 'ruleset']],
    [['nft', '-s', '-a', 'list', 'ruleset; id']],
    [['nft', '-s', '-a', 'list', 'ruleset\nid']],
    [['nft', '-s', '-a', 'list', 'ruleset', '$(id)']],
    [['cat', '--', '/etc/shadow']],
    [['cat', '--', '/etc/passwd']],
    [['nft', '-s', '-a', 'list', 'ruleset']],
    [['date', '-u', '-s', '@0']],
    [['grep', '-H', '', '/etc/shadow']],
    [['grep', '-H', '', '/proc/net/tcp', '/etc/shadow']],
    [['grep', '-H', '', '-r', '/']],
    [['grep', '-H', '']],
    [['grep', '-H', '', '/proc/net/tcp;id']],
    [['grep', '-H', '', '/proc/net/*']],
  ])(
    'refuses %j',
    async (argv) => {
      await withRunner(targetOf(server), async (runner) => {
        expect(await runner.run(argv, LIMITS)).toEqual({
          kind: 'refused',
          reason: expect.stringContaining('the forced command on the device does not allow it'),
        });
      });
    },
    60_000,
  );

  test('lets files be looked at together, and gives what is there', async () => {
    const argv = ['grep', '-H', '', '/proc/sys/net/ipv4/ip_forward', '/proc/net/sockstat'];
    await withRunner(targetOf(server), async (runner) => {
      const output = await runner.run(argv, LIMITS);
      expect(output).toMatchObject({ kind: 'exited', exitCode: 0 });
      expect((output as { stdout: string }).stdout).toMatch(/^\/proc\/sys\/net\/ipv4\/ip_forward:\d\n/);
    });
  }, 60_000);

  test('is known by any of its keys, of whatever kind', async () => {
    const { rsa } = server.fingerprints;
    expect(await readyProblem(targetOf(server, { hostKeys: [rsa] }))).toBeUndefined();
    const other = `SHA256:${'A'.repeat(43)}`;
    expect(await readyProblem(targetOf(server, { hostKeys: [other] }))).toMatchObject({ code: 'HOST_KEY_CHANGED' });
  }, 60_000);

  test('many commands share one connection', async () => {
    await withRunner(targetOf(server), async (runner) => {
      const logins = (): number => [...server.log().matchAll(/Accepted publickey/g)].length;
      const before = logins();
      const outputs = await Promise.all(Array.from({ length: 12 }, () => runner.run(CLOCK_ARGV, LIMITS)));
      // sshd gives a connection ten sessions at once; the others wait for their turn.
      expect(outputs.filter(({ kind }) => kind !== 'exited')).toEqual([]);
      expect(logins() - before).toBe(1);
    });
  }, 60_000);
});

describeSystem(['sshd', 'ssh-keygen'], 'a real sshd whose account may run anything', () => {
  let server: Sshd;
  beforeAll(async () => {
    server = await sshd(tempDir(), { plain: true });
  }, 60_000);
  afterAll(() => server.stop());

  test.each([
    ['a program that is not there', ['no-such-program', 'x'], { kind: 'missing', what: 'no-such-program' }],
    [
      'a program that fails',
      ['sh', '-c', 'echo no >&2; exit 3'],
      { kind: 'exited', exitCode: 3, stdout: '', stderr: 'no\n' },
    ],
    [
      'words that a shell would read otherwise',
      ['printf', '%s|', "a'b", '$HOME', '', 'c d', '*'],
      { kind: 'exited', exitCode: 0, stdout: "a'b|$HOME||c d|*|", stderr: '' },
    ],
    ['bytes that are no text', ['printf', '\\377'], { kind: 'not-utf8', offset: 0 }],
    ['a program that is killed', ['sh', '-c', 'kill -9 $$'], { kind: 'killed', signal: 'SIGKILL', stderr: '' }],
    ['no input', ['cat'], { kind: 'exited', exitCode: 0, stdout: '', stderr: '' }],
  ])(
    '%s',
    async (_case, argv, expected) => {
      await withRunner(targetOf(server), async (runner) => {
        expect(await runner.run(argv, LIMITS)).toEqual(expected);
      });
    },
    60_000,
  );

  test('endless output and a program that hangs are ended, and the connection goes on', async () => {
    await withRunner(targetOf(server), async (runner) => {
      const endless = runner.run(['yes'], { ...LIMITS, bytesMax: 100_000 });
      const hangs = runner.run(['sleep', '600'], { ...LIMITS, timeoutMsMax: 500 });
      expect(await endless).toEqual({ kind: 'too-large', bytesMax: 100_000 });
      expect(await hangs).toEqual({ kind: 'timeout', afterMs: 500 });
      expect(await runner.readFile('/no/such/file', LIMITS)).toEqual({ kind: 'missing', what: '/no/such/file' });
    });
  }, 60_000);

  test('one who gives up gets an answer at once', async () => {
    await withRunner(targetOf(server), async (runner) => {
      const giveUp = new AbortController();
      const output = runner.run(['sleep', '600'], { ...LIMITS, signal: giveUp.signal });
      setTimeout(() => giveUp.abort(), 300);
      expect(await output).toEqual({ kind: 'cancelled' });
      expect(await runner.run(['true'], { ...LIMITS, signal: giveUp.signal })).toEqual({ kind: 'cancelled' });
    });
  }, 60_000);
});
