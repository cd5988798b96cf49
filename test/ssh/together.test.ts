import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { dialogueReader, type Speaker } from '../../agent/collect/index.js';
import { PATH } from '../../agent/collect/ssh/commands.js';
import { type FrameReader, frameReader } from '../../agent/collect/ssh/frames.js';
import { forcedCommandScript } from '../../agent/collect/ssh/index.js';
import { planOf } from '../../agent/collect/ssh/plan.js';
import { driverWith, fakeProgram, step } from '../collect/fakes.js';
import { sshd } from '../support/sshd.js';
import { run, systemTest, tempDir, waitFor } from '../support/system.js';
import { endsWithTest } from './hostile.js';
import { targetOf, withRunner } from './targets.js';

const MARK = 'ab'.repeat(16);

/** Asks the script as sshd does where it is a forced command. */
async function asked(speaker: Speaker, words: string, script = forcedCommandScript([speaker])) {
  const path = join(tempDir(), 'ecluse-read');
  writeFileSync(path, script, { mode: 0o755 });
  const outcome = await run(['sh', path], {
    env: { SSH_ORIGINAL_COMMAND: `sh -s -- ${words} ${planOf(speaker).token}` },
    timeoutMs: 60_000,
  });
  const [out, err] = [frameReader(MARK), frameReader(MARK)];
  out.feed(Buffer.from(outcome.stdout));
  err.feed(Buffer.from(outcome.stderr));
  return { ...outcome, out, err };
}

function said({ passes }: FrameReader): readonly unknown[] {
  return passes.map((frames) => frames.map(({ name, status, content }) => [name, status, content.toString('utf8')]));
}

/** Says how often it was asked; longer than its step may take where it was asked for the time that is given. */
function counting(folder: string, name: string, slowAt: number): string {
  const count = join(folder, name);
  return fakeProgram(
    `echo x >> ${count}; n=$(grep -c x ${count}); echo "begun $n"; echo "complains $n" >&2
if [ "$n" -eq ${slowAt} ]; then trap '' TERM; sleep 300; echo late; fi`,
  );
}

test('all steps are tried together, and what is not done in time counts for nothing', async () => {
  const folder = tempDir();
  const speaker = driverWith(
    step([counting(folder, 'one', 0)], { id: 'one', timeoutMsMax: 2_000 }),
    step([counting(folder, 'two', 2)], { id: 'two', timeoutMsMax: 30_000 }),
  );
  const { code, out, err } = await asked(speaker, `read ${MARK} 2`);
  expect(code).toBe(0);
  expect([out.startedAnew(), err.startedAnew()]).toEqual([true, true]);
  expect(said(out)).toEqual([
    [
      ['fake/one:0', '0', 'begun 3\n'],
      ['fake/two:0', '0', 'begun 3\n'],
    ],
    [
      ['fake/one:0', '0', 'begun 4\n'],
      ['fake/two:0', '0', 'begun 4\n'],
    ],
  ]);
  expect(said(err)[1]).toEqual([
    ['fake/one:0', '0', 'complains 4\n'],
    ['fake/two:0', '0', 'complains 4\n'],
  ]);
}, 120_000);

test('a host that is known to be slow is not asked that way', async () => {
  const folder = tempDir();
  const speaker = driverWith(step([counting(folder, 'one', 0)], { id: 'one', timeoutMsMax: 1_000 }));
  const { out } = await asked(speaker, `read ${MARK} 1 slowly`);
  expect(out.startedAnew()).toBe(false);
  expect(said(out)).toEqual([[['fake/one:0', '0', 'begun 1\n']]]);
});

test('of what hangs nothing is left, whoever began it, and the step is ended again in its own time', async () => {
  const folder = tempDir();
  const pids = join(folder, 'pids');
  const speaker = driverWith(
    step([fakeProgram(`sh -c 'echo $$ >> ${pids}; exec sleep 300'; echo never`)], { id: 'hangs', timeoutMsMax: 1_000 }),
    step([fakeProgram('echo after')], { id: 'after', timeoutMsMax: 1_000 }),
  );
  const { out } = await asked(speaker, `read ${MARK} 1`);
  expect(said(out)).toEqual([
    [
      ['fake/hangs:0', '124', ''],
      ['fake/after:0', '0', 'after\n'],
    ],
  ]);
  const begun = (await run(['cat', pids])).stdout.trim().split('\n');
  expect(begun).toHaveLength(2);
  // Ended, also where nobody has asked yet how.
  const ended = async (pid: string) => / Z |^$/.test((await run(['cat', `/proc/${pid}/stat`])).stdout);
  for (const pid of begun) await waitFor(() => ended(pid), { what: `the end of ${pid}` });
}, 120_000);

test('the mark stands in no command’s words, which everybody on the host can read', async () => {
  const speaker = driverWith(
    step([fakeProgram("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'")], { id: 'words' }),
  );
  const { out } = await asked(speaker, `read ${MARK} 1`);
  expect(out.startedAnew()).toBe(false);
  const words = out.passes[0]![0]!.content.toString('utf8');
  expect(words).toContain('--together');
  expect(words).not.toContain(MARK);
});

test('a `timeout` that ends one process alone is used for each step', async () => {
  const folder = tempDir();
  const log = join(folder, 'log');
  // As that of busybox: it becomes the program, and what it began beside that ends it.
  writeFileSync(
    join(folder, 'timeout'),
    `#!/bin/sh\necho "$*" >> ${log}\nif [ "$1" = -s ]; then shift 2; fi\nshift; exec "$@"\n`,
    { mode: 0o755 },
  );
  const program = fakeProgram('echo read');
  const speaker = driverWith(step([program], { timeoutMsMax: 4_000 }));
  const script = forcedCommandScript([speaker]).replace(`PATH=${PATH}`, `PATH=${folder}:${PATH}`);
  const { code, out } = await asked(speaker, `read ${MARK} 1`, script);
  expect(code).toBe(0);
  expect(said(out)).toEqual([[['fake/rules:0', '0', 'read\n']]]);
  const calls = (await run(['cat', log])).stdout.trim().split('\n');
  expect(calls).toEqual([expect.stringMatching(/^-s KILL 4 sh \S+ --together \d+$/), `4 ${program}`]);
});

test('a look for changes that takes too long is begun anew as well', async () => {
  const folder = tempDir();
  const speaker = driverWith(
    step([counting(folder, 'one', 1)], { id: 'one', timeoutMsMax: 1_000 }),
    step([fakeProgram('echo two')], { id: 'two', timeoutMsMax: 30_000 }),
  );
  const seal = 'cd'.repeat(16);
  const { code, out, stderr } = await asked(speaker, `check ${MARK} ${seal}`);
  expect(code).toBe(0);
  expect(out.startedAnew()).toBe(true);
  expect(said(out)).toEqual([[['fake', '0', expect.stringMatching(/^[0-9a-f]{64} {2}-\n$/)]]]);
  const complaints = frameReader(seal);
  complaints.feed(Buffer.from(stderr));
  expect(complaints.startedAnew()).toBe(true);
  expect(said(complaints)).toEqual([
    [
      ['fake/one:0', '0', 'complains 2\n'],
      ['fake/two:0', '0', ''],
    ],
  ]);
}, 120_000);

systemTest(
  ['sshd', 'ssh-keygen'],
  'a host that took too long is asked step by step from then on, over the same connection',
  async () => {
    const folder = tempDir();
    const one = counting(folder, 'one', 1);
    const speaker = { ...driverWith(step([one], { id: 'one', timeoutMsMax: 1_000 })), volatile: [] };
    const asks = join(folder, 'asks');
    const script = forcedCommandScript([speaker]).replace(
      '\nset -f\n',
      `\nset -f\necho "$SSH_ORIGINAL_COMMAND" >> ${asks}\n`,
    );
    const server = endsWithTest(await sshd(folder, { script }));
    await withRunner(targetOf(server), async (runner) => {
      const { read } = dialogueReader([speaker], runner, 'web');
      expect((await read(1))[0]!.sections).toMatchObject([{ name: 'one', text: 'begun 2\n' }]);
      expect((await read(1))[0]!.sections).toMatchObject([{ name: 'one', text: 'begun 3\n' }]);
    });
    const words = (await run(['cat', asks])).stdout.trim().split('\n');
    expect(words.map((line) => line.includes(' slowly '))).toEqual([false, false, true]);
  },
  120_000,
);
