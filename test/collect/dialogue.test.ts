import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CommandRunner, localRunner, runDialogue } from '../../agent/collect/index.js';
import type { DialogueStep, SectionFailure } from '../../agent/drivers/contract.js';
import { systemTest, tempDir, waitFor, withNamespaces } from '../support/system.js';
import { driverWith, fakeProgram, step } from './fakes.js';

const runner = localRunner();
/** Each program started by this process itself. */
const { converse: _lanes, ...oneByOne } = runner;
let asked: CommandRunner = runner;

async function failureOf(only: DialogueStep): Promise<SectionFailure> {
  const { sections } = await runDialogue(driverWith(only), asked, 'web-01');
  expect(sections).toHaveLength(1);
  const { failure } = sections[0]!;
  expect(failure).toBeDefined();
  return failure!;
}

/** Every message names the device and the command; every problem says what was expected and what to do. */
function expectWhole(failure: SectionFailure, command: string): void {
  expect(failure.problem.message).toContain(`web-01: ${command}: `);
  expect(failure.problem.expected).toBeTruthy();
  expect(failure.problem.remedy).toBeTruthy();
}

describe.each<[string, CommandRunner]>([
  ['started by a shell that is kept', runner],
  ['started by this process', oneByOne],
])('a program that does not answer well, %s,', (_how, by) => {
  beforeAll(() => {
    asked = by;
  });
  afterAll(() => {
    asked = runner;
  });

  test('is missing', async () => {
    const failure = await failureOf(step(['ecluse-no-such-program', '-a'], { package: 'nftables' }));
    expectWhole(failure, 'ecluse-no-such-program -a');
    expect(failure.kind).toBe('missing-program');
    expect(failure.problem.remedy).toBe('install it on the device: apt-get install nftables');
  });

  test('hangs', async () => {
    const program = fakeProgram('echo partial; sleep 600');
    const failure = await failureOf(step([program], { timeoutMsMax: 100 }));
    expectWhole(failure, program);
    expect(failure.kind).toBe('timeout');
    expect(failure.problem.message).toContain('100 ms');
  });

  test('ignores SIGTERM, and so do its children: all are ended', async () => {
    const pids = join(tempDir(), 'pids');
    // Each shell ignores the signal and waits in itself; the child writes its pid last.
    const loop = `trap "" TERM; echo $$ >> ${pids}; while :; do sleep 1; done`;
    const child = fakeProgram(loop);
    const program = fakeProgram(`${child} & ${loop}`);
    const failure = await failureOf(step([program], { timeoutMsMax: 400 }));
    expect(failure.kind).toBe('timeout');
    const started = readFileSync(pids, 'utf8').trim().split('\n');
    expect(started).toHaveLength(2);
    await waitFor(() => started.every((pid) => !existsSync(`/proc/${pid}/exe`)), { what: 'the end of both' });
  });

  test('prints 50 MB', async () => {
    const program = fakeProgram('head -c 50000000 /dev/zero; sleep 600');
    const failure = await failureOf(step([program], { timeoutMsMax: 20_000 }));
    expectWhole(failure, program);
    expect(failure.kind).toBe('too-large');
    expect(failure.problem.message).toContain('1000000 bytes');
  });

  test('prints bytes that are not UTF-8', async () => {
    const program = fakeProgram("printf 'caf\\303\\251 caf\\351\\n'");
    const failure = await failureOf(step([program]));
    expectWhole(failure, program);
    expect(failure.kind).toBe('not-utf8');
    expect(failure.problem.message).toContain('byte 9 ');
  });

  test('exits 1 with "Operation not permitted"', async () => {
    const program = fakeProgram('echo "Operation not permitted (you must be root)" >&2; exit 1');
    const right = { capability: 'CAP_NET_ADMIN', command: 'setcap cap_net_admin+ep /usr/sbin/nft' };
    const failure = await failureOf(step([program, 'list'], { right }));
    expectWhole(failure, `${program} list`);
    expect(failure.kind).toBe('missing-right');
    expect(failure.problem.expected).toBe('CAP_NET_ADMIN');
    expect(failure.problem.remedy).toBe('grant it: setcap cap_net_admin+ep /usr/sbin/nft');
  });

  test('says that it may not see everything, and exits 0', async () => {
    const failure = await failureOf(step([fakeProgram('echo half; echo "netlink: Operation not permitted" >&2')]));
    expect(failure.kind).toBe('missing-right');
  });

  test('is one of the words that a step calls a refusal', async () => {
    const program = fakeProgram('echo "who are you?" >&2; exit 3');
    expect((await failureOf(step([program], { refused: /who are you/ }))).kind).toBe('missing-right');
    expect((await failureOf(step([program]))).kind).toBe('exit-code');
  });

  test('is no program at all', async () => {
    const path = join(tempDir(), 'plain');
    writeFileSync(path, 'not a program');
    expect((await failureOf(step([path]))).kind).toBe('missing-right');
  });

  test('ends by a signal, or with an exit code and terminal escapes', async () => {
    const killed = await failureOf(step([fakeProgram('kill -SEGV $$')]));
    expect(killed.problem.message).toContain('signal SIGSEGV');
    const program = fakeProgram("printf '\\033[2J\\033]0;title\\007line 3: syntax error\\n' >&2; exit 4");
    const failure = await failureOf(step([program]));
    expectWhole(failure, program);
    expect(failure.problem.message).toContain('ended with exit code 4: line 3: syntax error');
    expect(failure.problem.message).not.toMatch(/\u001b/);
  });

  test('is given up', async () => {
    const giveUp = new AbortController();
    setTimeout(() => giveUp.abort(), 50);
    const driver = driverWith(step(['sleep', '600']), step(['sleep', '600'], { id: 'second' }));
    const { sections } = await runDialogue(driver, { ...by, parallelMax: 1 }, 'web-01', { signal: giveUp.signal });
    expect(sections.map((section) => section.failure?.problem.code)).toEqual(['CANCELLED', 'CANCELLED']);
  });
});

describe('a program that leaves a child in a session of its own, which holds the pipe,', () => {
  test('is waited for where this process started it', async () => {
    asked = oneByOne;
    const started = performance.now();
    const failure = await failureOf(step(['setsid', '-f', 'sleep', '20'], { timeoutMsMax: 200 }));
    asked = runner;
    expect(failure.kind).toBe('timeout');
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  test('gave its answer where a shell did, and what the child prints later is in no answer', async () => {
    const written = join(tempDir(), 'written');
    const stray = fakeProgram(`echo whole; setsid sh -c 'sleep 0.3; echo stray; : > ${written}' &`);
    const own = localRunner();
    const textOf = async (argv: readonly string[]): Promise<string> =>
      (await runDialogue(driverWith(step(argv)), own, 'web-01')).sections[0]!.text;
    expect(await textOf([stray])).toBe('whole\n');
    await waitFor(() => existsSync(written), { what: 'what the child printed' });
    // What has come in by now is heard in the next turn.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    for (let again = 0; again < 5; again++) expect(await textOf(['echo', 'mine'])).toBe('mine\n');
  });
});

describe('a dialogue', () => {
  test('keeps the order of its steps, whichever ends first', async () => {
    const driver = driverWith(
      step(['sh', '-c', 'sleep 0.2; echo slow'], { id: 'slow' }),
      step(['echo', 'fast'], { id: 'fast' }),
    );
    const capture = await runDialogue(driver, runner, 'web-01');
    expect(capture.sections.map(({ name, text }) => [name, text])).toEqual([
      ['slow', 'slow\n'],
      ['fast', 'fast\n'],
    ]);
    expect(capture.sections[1]!.source).toBe('echo fast');
  });

  test('tries other spellings when the program is missing, and leaves out what is not present', async () => {
    const driver = driverWith(
      step(['ecluse-no-such-program'], { alternatives: [['ecluse-neither'], ['echo', 'third']] }),
      step(['ecluse-no-such-program'], { id: 'optional', need: 'ifPresent' }),
    );
    const { sections } = await runDialogue(driver, runner, 'web-01');
    expect(sections).toEqual([{ name: 'rules', source: 'echo third', text: 'third\n' }]);
  });

  test('a present program that fails is a failure also where it need not be present', async () => {
    expect((await failureOf(step(['false'], { need: 'ifPresent' }))).kind).toBe('exit-code');
  });

  test('reads files, and knows one that does not exist', async () => {
    const path = join(tempDir(), 'value');
    writeFileSync(path, '1\n');
    const driver = driverWith(
      step(['cat', path], { id: 'there', file: path }),
      step(['cat', '/nowhere/x'], { id: 'absent', file: '/nowhere/x' }),
      step(['cat', '/nowhere/x'], { id: 'optional', file: '/nowhere/x', need: 'ifPresent' }),
      step(['cat', '/proc/self/status'], { id: 'proc', file: '/proc/self/status' }),
      step(['cat', '/proc/self/status'], { id: 'small', file: '/proc/self/status', bytesMax: 10 }),
    );
    const { sections } = await runDialogue(driver, runner, 'web-01');
    expect(sections.map(({ name, failure }) => [name, failure?.kind])).toEqual([
      ['there', undefined],
      ['absent', 'missing-program'],
      ['proc', undefined],
      ['small', 'too-large'],
    ]);
    expect(sections[0]!.text).toBe('1\n');
    expect(sections[2]!.text).toMatch(/^CapEff:/m);
  });

  test('runs a fallback only when the program of its step is missing', async () => {
    const fallback = step(['echo', 'second best'], { id: 'fallback', fallbackFor: 'rules' });
    const names = async (argv: readonly string[]): Promise<readonly string[]> =>
      (await runDialogue(driverWith(fallback, step(argv)), runner, 'web-01')).sections.map(({ name }) => name);
    expect(await names(['ecluse-no-such-program'])).toEqual(['fallback', 'rules']);
    expect(await names(['true'])).toEqual(['rules']);
    expect(await names(['false'])).toEqual(['rules']);
  });

  test('gives programs an English world without our environment and without input', async () => {
    process.env.ECLUSE_TEST_TOKEN = 'do not pass on';
    try {
      const { sections } = await runDialogue(driverWith(step(['sh', '-c', 'env; cat; pwd'])), runner, 'web-01');
      expect(sections[0]!.text).toContain('LC_ALL=C\n');
      expect(sections[0]!.text).not.toContain('do not pass on');
      expect(sections[0]!.text).toMatch(/\n\/\n$/);
    } finally {
      delete process.env.ECLUSE_TEST_TOKEN;
    }
  });
});

systemTest(['root', 'netns', 'ip'], 'a namespace is read as a device behind a prefix', async () => {
  await withNamespaces(['blue'], async ({ blue }) => {
    const inside = localRunner({ prefix: blue.inside([]) });
    await blue.must(['ip', 'addr', 'add', '198.51.100.7/32', 'dev', 'lo']);
    await blue.must(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    const forward = '/proc/sys/net/ipv4/ip_forward';
    const driver = driverWith(
      step(['ip', '-o', 'addr'], { id: 'addr' }),
      step(['cat', forward], { id: 'forward', file: forward }),
      step(['cat', '/nowhere/x'], { id: 'absent', file: '/nowhere/x' }),
      step(['ecluse-no-such-program'], { id: 'program' }),
    );
    const { sections } = await runDialogue(driver, inside, 'blue');
    expect(sections[0]!.text).toContain('198.51.100.7');
    expect(sections[1]!.text).toBe('1\n');
    expect(sections[2]!.failure?.kind).toBe('missing-program');
    expect(sections[3]!.failure?.kind).toBe('missing-program');
  });
});

systemTest(['root', 'nft', 'setpriv'], 'a real refusal by nft names the capability and the command', async () => {
  const argv = ['setpriv', '--reuid=65534', '--clear-groups', 'nft', 'list', 'ruleset'];
  const right = { capability: 'CAP_NET_ADMIN', command: 'setcap cap_net_admin+ep /usr/sbin/nft' };
  const failure = await failureOf(step(argv, { right }));
  expect(failure.kind).toBe('missing-right');
  expect(failure.problem.expected).toBe('CAP_NET_ADMIN');
});
