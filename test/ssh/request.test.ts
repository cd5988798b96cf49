import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { dialogueReader, localRunner, runDialogues, type Speaker } from '../../agent/collect/index.js';
import { forcedCommandScript } from '../../agent/collect/ssh/index.js';
import { planOf } from '../../agent/collect/ssh/plan.js';
import type { Capture } from '../../agent/drivers/contract.js';
import { drivers } from '../../agent/drivers/registry.js';
import { driverWith, step } from '../collect/fakes.js';
import { sshd } from '../support/sshd.js';
import { run, systemTest, tempDir } from '../support/system.js';
import { type Asked, asked, device, type Said } from './device.js';
import { type Behaviour, endsWithTest, serve, target } from './hostile.js';
import { patient, targetOf, withRunner } from './targets.js';

const MARK = 'ab'.repeat(16);
const linux = drivers.filter(({ dialogue }) => dialogue.shell === undefined && dialogue.steps.length > 0);

const three: Speaker = driverWith(
  step(['list', 'one'], { id: 'one', timeoutMsMax: 700, bytesMax: 1000 }),
  step(['list', 'two'], { id: 'two', timeoutMsMax: 700, bytesMax: 1000 }),
  step(['list', 'three'], { id: 'three', timeoutMsMax: 700, bytesMax: 1000 }),
);
const speakers = [three];

async function reading(behaviour: Behaviour): Promise<Capture> {
  const server = await serve(behaviour);
  return withRunner(target(server), async (runner) => (await runDialogues(speakers, runner, 'web'))[0]!, {
    ...patient,
    timeouts: { ...patient.timeouts, overdueMs: 2_000 },
  });
}

/** Section by section: its text, or why it was not read. */
function shown({ sections }: Capture): readonly string[] {
  return sections.map(({ name, text, failure }) =>
    failure ? `${name} ${failure.kind} ${failure.problem.message}` : `${name} ${JSON.stringify(text)}`,
  );
}

const plain = (name: string): Said => ({ out: `${name}\n` });
const only =
  (which: string, said: Said | undefined) =>
  (name: string): Said | undefined =>
    name.startsWith(`fake/${which}:`) ? said : plain(name);

describe('a reading in one request', () => {
  test('gives each step its own answer, and one request serves two readings', async () => {
    let requests = 0;
    let pass = 0;
    const server = await serve(
      device(
        (name, { passes }) => {
          if (name === 'fake/one:0') pass++;
          requests = passes;
          return { out: `${name} ${pass}` };
        },
        { speakers },
      ),
    );
    await withRunner(target(server), async (runner) => {
      const { read } = dialogueReader(speakers, runner, 'web');
      expect(shown((await read(2))[0]!)[0]).toBe('one "fake/one:0 1"');
      expect(requests).toBe(2);
      expect(shown((await read(1))[0]!)).toEqual([
        'one "fake/one:0 2"',
        'two "fake/two:0 2"',
        'three "fake/three:0 2"',
      ]);
      expect(shown((await read(1))[0]!)[0]).toBe('one "fake/one:0 3"');
      expect(requests).toBe(1);
    });
  });

  test.each<[string, Said | undefined, string]>([
    ['fails', { status: 3, err: 'no such table\n' }, 'exit-code web: list two: ended with exit code 3: no such table'],
    [
      'may not',
      { status: 1, err: 'Operation not permitted' },
      'missing-right web: list two: refused: Operation not permitted',
    ],
    [
      'was ended on the device',
      { out: 'half a', status: 124 },
      'timeout web: list two: no end after 1000 ms, so it was ended',
    ],
    ['was killed', { status: 137 }, 'exit-code web: list two: ended with signal SIGKILL and said nothing'],
    ['is not there', undefined, 'missing-program web: list two: list is not installed'],
    ['is no text', { out: Buffer.from([0x61, 0xff]) }, 'not-utf8 web: list two: byte 1 of the output is not UTF-8'],
    [
      'ends with nonsense',
      { status: '\u001b[2J' },
      'exit-code web: list two: ended with an error of the system: it ended with the status',
    ],
    [
      'is a little too long',
      { out: 'x'.repeat(1001) },
      'too-large web: list two: more than 1000 bytes, so it was ended',
    ],
    ['has bytes that are none of a text’s', { out: 'a\u0000\r\n\u001b[2J\n\n' }, '"a\\u0000\\r\\n\\u001b[2J\\n\\n"'],
    ['says nothing', {}, '""'],
  ])('one step that %s leaves the others alone', async (_case, said, words) => {
    const sections = shown(await reading(device(only('two', said), { speakers })));
    expect(sections).toEqual([
      'one "fake/one:0\\n"',
      expect.stringContaining(`two ${words}`),
      'three "fake/three:0\\n"',
    ]);
  });

  const begin = ({ channel, mark }: Asked, name: string): void => {
    for (const stream of [channel, channel.stderr]) stream.write(`${mark} ${name}\n`);
  };
  /** What `say` does not answer is done by hand. */
  const until = (name: string, then: (request: Asked) => void): Behaviour =>
    asked(
      (request) => {
        for (const one of request.names) {
          begin(request, one);
          if (one === name) return then(request);
          for (const stream of [request.channel, request.channel.stderr]) stream.write(`x\n${request.mark} 0\n`);
        }
        for (const stream of [request.channel, request.channel.stderr]) stream.write(`${request.mark} end\n`);
        request.channel.exit(0);
        request.channel.end();
      },
      { speakers },
    );

  test.each<[string, (request: Asked) => void, string]>([
    ['hangs', ({ channel }) => void channel.write('half a li'), 'timeout web: list two: no end after 2700 ms'],
    [
      'never ends',
      ({ channel }) => void channel.write('rule\n'.repeat(2000)),
      'too-large web: list two: more than 1000 bytes',
    ],
    [
      'complains without end',
      ({ channel }) => void channel.stderr.write('no\n'.repeat(700_000)),
      'too-large web: list two: more than 1048576 bytes',
    ],
  ])(
    'a step that %s beyond its limits is left out, and the others are asked for again',
    async (_case, then, words) => {
      const sections = shown(await reading(until('fake/two:0', then)));
      expect(sections).toEqual(['one "x"', expect.stringContaining(`two ${words}`), 'three "x"']);
    },
    120_000,
  );

  test('a device of which each step hangs is given up in the end', async () => {
    const sections = shown(await reading(asked((request) => begin(request, request.names[0]!), { speakers })));
    expect(sections).toHaveLength(3);
    for (const section of sections) expect(section).toContain(' timeout ');
  }, 120_000);

  test.each<[string, (request: Asked) => void, string]>([
    ['is lost in the middle', ({ client }) => void client.end(), 'the connection was lost'],
    [
      'stops before the end of a step',
      ({ channel }) => {
        channel.write('table inet fil');
        channel.exit(0);
        channel.end();
      },
      'the answer of the device stops before its end',
    ],
    [
      'closes without an exit code',
      ({ channel }) => void channel.close(),
      'the server closed the channel without an exit code',
    ],
    [
      'prints what looks like the end of a step, without its mark',
      ({ channel }) => {
        channel.write(`\n${'0'.repeat(32)} 0\n${'0'.repeat(32)} end\n`);
        channel.exit(0);
        channel.end();
      },
      'the answer of the device stops before its end',
    ],
  ])('what %s is not taken for a whole answer', async (_case, then, words) => {
    const sections = shown(await reading(until('fake/two:0', then)));
    expect(sections[0]).toBe('one "x"');
    for (const section of sections.slice(1)) expect(section).toContain(words);
  });

  test('a device without the script, or with another version of it, says so for each step', async () => {
    const sections = shown(
      await reading({
        exec: (channel) => {
          channel.stderr.write('ecluse-read: not allowed: this script runs only what Écluse reads with\n');
          channel.exit(126);
          channel.end();
        },
      }),
    );
    for (const section of sections) expect(section).toContain('missing-right');
    for (const section of sections) expect(section).toContain('ecluse trust --script');
  });
});

describe('the script', () => {
  const script = forcedCommandScript(drivers);
  const path = join(tempDir(), 'ecluse-read');
  writeFileSync(path, script, { mode: 0o755 });
  const ask = (command: string) => run(['sh', path], { env: { SSH_ORIGINAL_COMMAND: command } });
  const [nftables] = linux.filter(({ id }) => id === 'nftables').map((driver) => planOf(driver).token);
  const good = `sh -s -- read ${MARK} 1 ${nftables}`;

  test('reads where the request is right', async () => {
    const { code, stdout } = await ask(good);
    expect(code).toBe(0);
    expect(stdout.endsWith(`${MARK} end\n`)).toBe(true);
  });

  test('is a script to a shell, whatever readers there are', async () => {
    for (const readers of [drivers, linux, [driverWith()], [...linux, driverWith()]]) {
      const outcome = await run(['sh', '-n'], { input: forcedCommandScript(readers) });
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
    }
  });

  test('knows only programs of hosts, and no appliance’s words', () => {
    expect(script).not.toMatch(/show running-config|get system status/);
  });

  test.each([
    ['another word', `${good} id`],
    ['a path', `${good} /etc/shadow`],
    ['a reader that is none', `sh -s -- read ${MARK} 1 passwd@000000000000`],
    ['a reader of another version', `sh -s -- read ${MARK} 1 nftables@000000000000`],
    ['a step that is none', `sh -s -- read ${MARK} 1 -etc/shadow ${nftables}`],
    ['no reader', `sh -s -- read ${MARK} 1 -nftables/nft-text`],
    ['no mark', `sh -s -- read 1 ${nftables}`],
    ['a short mark', `sh -s -- read abcd 1 ${nftables}`],
    ['a mark with other characters', `sh -s -- read ${'g'.repeat(32)} 1 ${nftables}`],
    ['a mark that is evaluated', `sh -s -- read $(id)${'a'.repeat(27)} 1 ${nftables}`],
    ['an endless number of passes', `sh -s -- read ${MARK} 999999 ${nftables}`],
    ['a number that is evaluated', `sh -s -- read ${MARK} $(id) ${nftables}`],
    ['another verb', `sh -s -- write ${MARK} 1 ${nftables}`],
    ['a second command', `${good}; id`],
    ['a second command without a blank', `${good};id`],
    ['a second line', `${good}\nid`],
    ['a pipe', `${good} | sh`],
    ['a redirection', `${good} > /tmp/x`],
    ['a pattern', `sh -s -- read ${MARK} 1 *`],
    ['a variable', `sh -s -- read ${MARK} 1 $nftables`],
    ['a substitution', `sh -s -- read ${MARK} 1 \`id\``],
    ['a shell with a command', 'sh -c id'],
    ['a shell', 'sh -s'],
    ['nothing', ''],
  ])('refuses %s', async (_case, command) => {
    expect(await ask(command)).toMatchObject({
      code: 126,
      stdout: '',
      stderr: expect.stringContaining('ecluse-read: not allowed'),
    });
  });

  test('does not read its input, so that nothing can be slipped in by it', async () => {
    const outcome = await run(['sh', path], { env: { SSH_ORIGINAL_COMMAND: good }, input: 'echo INJECTED\n' });
    expect(`${outcome.stdout}${outcome.stderr}`).not.toContain('INJECTED');
  });

  test('says of a path that is not there what the program would, and asks the program about any other', async () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'empty'), { recursive: true });
    const at = (name: string): string => join(folder, name);
    writeFileSync(at('file'), 'content\n');
    symlinkSync(at('nothing'), at('dangling'));
    symlinkSync(at('loop'), at('loop'));
    const places = ['file', 'none', 'no/folder', 'dangling', 'loop', 'file/below', 'x'.repeat(300)].map(at);
    const commands = places.flatMap((path) => [
      ['cat', '--', path],
      ['grep', '-r', '-H', '', path],
      ['ls', '-1', path],
    ]);
    const speaker = driverWith(...commands.map((argv, number) => step(argv, { id: `s${number}` })));
    const text = forcedCommandScript([speaker]);
    const words = ['read', MARK, '1', planOf(speaker).token];
    const outcome = await run(['sh', '-s', '--', ...words], { input: text });
    const said = (stream: string) =>
      [...stream.matchAll(new RegExp(`^${MARK} \\S+:0\n(?<text>[^]*?)\n?${MARK} (?<status>\\d+)$`, 'gm'))].map(
        ({ groups }) => [groups!.text, Number(groups!.status)],
      );
    const alone = await Promise.all(commands.map((argv) => run(argv, { env: { LC_ALL: 'C' } })));
    expect(said(outcome.stdout)).toEqual(alone.map(({ stdout, code }) => [stdout, code]));
    expect(said(outcome.stderr)).toEqual(alone.map(({ stderr, code }) => [stderr, code]));
    // Which of them no program was asked about: without cat and grep, the same is said of what is not there.
    expect(text).toContain(`of ${at('none')} 1 step fake/s3:0 `);
  });

  test('ends a program that hangs, tries spellings and fallbacks in their order, and leaves out what it is told to', async () => {
    const folder = tempDir();
    mkdirSync(folder, { recursive: true });
    const program = (name: string, text: string): string => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(folder, name), 0o755);
      return join(folder, name);
    };
    const speaker = driverWith(
      step([program('hangs', 'echo begun; exec sleep 600')], { id: 'hangs', timeoutMsMax: 1_000 }),
      step([join(folder, 'none')], { id: 'spelled', alternatives: [[program('there', 'echo second spelling')]] }),
      step([join(folder, 'none')], { id: 'first' }),
      step(['/bin/echo', 'in its stead'], { id: 'stand-in', fallbackFor: 'first' }),
      step(['/bin/echo', 'never asked'], { id: 'unused', fallbackFor: 'spelled' }),
      step(['cat', '/no/such/file'], { id: 'file', file: '/no/such/file', need: 'ifPresent' }),
      step([program('reads', 'cat; echo end of input')], { id: 'reads' }),
    );
    const text = forcedCommandScript([speaker]);
    const words = ['read', MARK, '1', '-fake/reads', planOf(speaker).token];
    const { code, stdout } = await run(['sh', '-s', '--', ...words], { input: text });
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => !line.startsWith(MARK) && line !== '')).toEqual([
      'begun',
      'second spelling',
      'in its stead',
    ]);
    expect(stdout).toContain(`begun\n\n${MARK} 124\n`);
  }, 120_000);
});

systemTest(
  ['sshd', 'ssh-keygen'],
  'a real sshd, with and without the forced command, gives what this machine itself gives',
  async () => {
    const steady = linux.map(({ id, dialogue }) => ({
      id,
      dialogue: {
        steps: dialogue.steps.filter((one) => !one.beside && one.need !== 'crossCheck' && one.id !== 'rights'),
      },
    }));
    const local = await runDialogues(steady, localRunner(), 'web');
    for (const bare of [false, true]) {
      const server = endsWithTest(
        await sshd(tempDir(), { plain: bare, ...(!bare && { script: forcedCommandScript(steady) }) }),
      );
      await withRunner(targetOf(server), async (runner) => {
        const remote = await runDialogues(steady, runner, 'web');
        const without = (captures: readonly Capture[]) =>
          captures.map((capture) => ({
            ...capture,
            // Sockets come and go on the machine that runs the tests, and a listing says when it was made.
            sections: capture.sections.map((section) => ({
              ...section,
              text: section.name === 'ss' ? '' : section.text.replace(/ on \w{3} .*$/gm, ''),
            })),
          }));
        expect(without(remote)).toEqual(without(local));
        expect(server.log().match(/Starting session: forced-command/g)?.length ?? 1).toBe(1);
      });
    }
  },
  60_000,
);

systemTest(
  ['sshd', 'ssh-keygen', 'nft'],
  'a script from before there was a step that only refines goes on being taken, and lacks its answer',
  async () => {
    const now = linux.find(({ id }) => id === 'nftables')!;
    const steps = now.dialogue.steps.filter(({ refines }) => refines === undefined);
    expect(steps.length).toBe(now.dialogue.steps.length - 1);
    const before: Speaker = { ...now, dialogue: { ...now.dialogue, steps } };
    expect(planOf(before).token).toBe(planOf(now).token);
    const server = endsWithTest(await sshd(tempDir(), { script: forcedCommandScript([before]) }));
    await withRunner(targetOf(server), async (runner) => {
      const [capture] = await runDialogues([now], runner, 'web');
      const failures = capture!.sections.map(({ name, failure }) => [name, failure?.kind]);
      expect(failures).toEqual([
        ['nft-text', undefined],
        ['nft-json', undefined],
      ]);
    });
  },
  60_000,
);
