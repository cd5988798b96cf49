import { describe, expect, test } from '@jest/globals';
import { runDialogues, type Speaker } from '../../agent/collect/index.js';
import { driverWith, step } from '../collect/fakes.js';
import { type Appliance, serveAppliance } from './appliance.js';
import { password, sectionsFrom } from './asking.js';
import { type Behaviour, serve, target } from './hostile.js';
import { patient, withRunner } from './targets.js';

/** Appliances that are awkward, broken or hostile: what cannot be read whole is said, and nothing of it is believed. */

const shell = { prompt: /^fw# ?$/, pager: { pattern: /--More-- ?/, answer: ' ' }, prepare: [], logout: 'exit' };
const two: Speaker = {
  ...driverWith(
    step(['show', 'one'], { id: 'one', timeoutMsMax: 1_500, bytesMax: 10_000, refused: /not allowed/ }),
    step(['show', 'two'], { id: 'two', timeoutMsMax: 1_500, bytesMax: 10_000 }),
  ),
};
const small: Speaker = { ...two, dialogue: { ...two.dialogue, shell } };
const plain = (line: string): string | undefined => (line.startsWith('show ') ? `${line.slice(5)}\n` : undefined);

/** Section by section: its text, or why it was not read. */
async function shown(appliance: Appliance, more?: Behaviour): Promise<readonly string[]> {
  const sections = await sectionsFrom(await serveAppliance(appliance, more), small);
  return sections.map(({ name, text, failure }) =>
    failure ? `${name} ${failure.kind} ${failure.problem.message}` : `${name} ${JSON.stringify(text)}`,
  );
}

describe('an appliance', () => {
  test('whose output holds its own prompt, escapes and a pager’s words is read to the end', async () => {
    const text = 'banner fw# \nfw# \nset comment "--More--"\n\u001b[1mbold\u001b[0m\n  --More-- is no pager\nlast\n';
    const sections = await shown({
      prompt: 'fw# ',
      answer: (line) => (line === 'show one' ? text : plain(line)),
      chunk: 5,
    });
    expect(sections).toEqual([`one ${JSON.stringify(text.replace(/\u001b\[\dm/g, ''))}`, 'two "two\\n"']);
  });

  test('that refuses a command says so for that command alone', async () => {
    const sections = await shown({
      prompt: 'fw# ',
      answer: (line) => (line === 'show one' ? 'not allowed here\n' : plain(line)),
    });
    expect(sections).toEqual([
      expect.stringContaining('one missing-right fw: show one: refused: not allowed here'),
      'two "two\\n"',
    ]);
  });

  const hostile: [string, Appliance['instead'], string, string][] = [
    [
      'hangs in the middle of a line',
      (_line, channel) => channel.write('half a li'),
      'timeout fw: show one: no end after 1500 ms',
      'the session ended by timeout',
    ],
    [
      'never ends',
      (_line, channel) => channel.write('rule\n'.repeat(5_000)),
      'too-large fw: show one: more than 10000 bytes',
      'the session ended by too-large',
    ],
    [
      'never ends its escape',
      (_line, channel) => channel.write(`\u001b]0;${'x'.repeat(20_000)}`),
      'too-large',
      'the session ended by too-large',
    ],
    [
      'shows its pager for ever',
      (_line, channel) =>
        channel.write('x\n--More-- ') && void channel.on('data', () => channel.write('x\n--More-- ')) === undefined,
      'one t',
      'not asked',
    ],
    [
      'logs out in the middle of its output',
      (_line, channel) => channel.write('one\nhalf a li') && void channel.end() === undefined,
      'the appliance ended the session',
      'the appliance ended the session',
    ],
    [
      'moves the cursor for ever',
      (_line, channel) => channel.write('\u001b[2J\u001b[H'.repeat(4_000)),
      'too-large',
      'the session ended by too-large',
    ],
    [
      'logs out',
      (_line, channel) => void channel.end() === undefined,
      'the appliance ended the session',
      'the appliance ended the session',
    ],
  ];
  test.each(hostile)(
    'that %s is not read, and nothing of it is believed',
    async (_case, instead, first, second) => {
      const sections = await shown({
        prompt: 'fw# ',
        answer: plain,
        instead: (line, channel) => line === 'show one' && instead!(line, channel),
      });
      expect(sections[0]).toContain(first);
      expect(sections[1]).toContain(second);
    },
    30_000,
  );

  test.each<[string, Partial<Appliance>, string]>([
    ['has another prompt', { prompt: 'C:\\> ' }, 'no prompt of this platform after'],
    ['says nothing', { prompt: '' }, 'no prompt of this platform after'],
    ['does not repeat what is typed', { silent: true }, 'the appliance does not repeat'],
    ['is poured out of', { greeting: 'welcome '.repeat(50_000) }, 'too-large'],
  ])(
    'that %s is not believed',
    async (_case, more, words) => {
      const sections = await shown({ prompt: 'fw# ', answer: plain, ...more });
      for (const section of sections) expect(section).toContain(words);
    },
    30_000,
  );

  test('is given a window in which it does not break its lines', async () => {
    const windows: { readonly cols: number; readonly rows: number }[] = [];
    const long = `${'object '.repeat(70)}\n`;
    const sections = await shown(
      { prompt: 'fw# ', answer: (line) => (line === 'show one' ? long : plain(line)) },
      { terminal: (window) => windows.push(window) },
    );
    expect(sections[0]).toBe(`one ${JSON.stringify(long)}`);
    expect(windows).toEqual([expect.objectContaining({ cols: 511 })]);
  });

  test('that shows the password as it is typed does not have it told', async () => {
    const speaker: Speaker = {
      ...two,
      dialogue: { ...two.dialogue, shell: { ...shell, login: { user: /^login: $/, password: /^Password: $/ } } },
    };
    const server = await serve({
      shell: (channel) => {
        channel.write('Password: ');
        channel.on('data', (bytes: Buffer) => channel.write(`\r\n? ${bytes.toString().trim()} is not it`));
      },
    });
    const sections = await sectionsFrom(server, speaker, { password: password('hunter2hunter2') });
    expect(JSON.stringify(sections)).toContain('<secret>');
    expect(JSON.stringify(sections)).not.toContain('hunter2');
  });

  test('that hangs at any step is given up at that step, and nothing of it is believed', async () => {
    const questions = [
      ['accept? ', 'a'],
      ['login: ', 'ecluse'],
      ['Password: ', 'x'],
    ] as const;
    const speaker: Speaker = {
      ...two,
      dialogue: {
        ...two.dialogue,
        steps: two.dialogue.steps.map((one) => ({ ...one, eachVirtual: true })),
        shell: {
          ...shell,
          prompt: /^fw(?:\/\w+)?# ?$/,
          greetings: [{ pattern: /^accept\? $/, answer: 'a' }],
          login: { user: /^login: $/, password: /^Password: $/ },
          prepare: ['pager off'],
          virtual: {
            step: 'one',
            names: /^context (?<name>\w+)$/gm,
            enter: (name) => [`enter ${name}`],
            leave: ['leave'],
          },
        },
      },
    };
    const read = async (hangsAt: number, ms: number) => {
      let lines = 0;
      const appliance: Appliance = {
        prompt: 'fw# ',
        questions,
        answer(line, self) {
          if (line.startsWith('enter ')) self.prompt = `fw/${line.slice(6)}# `;
          if (line === 'leave') self.prompt = 'fw# ';
          if (line === 'show one') return self.prompt === 'fw# ' ? 'context ward\n' : 'one\n';
          return line.startsWith('show ') ? 'two\n' : '';
        },
        instead: () => ++lines > hangsAt,
      };
      const server = await serveAppliance(appliance);
      const steps = speaker.dialogue.steps.map((one) => ({ ...one, timeoutMsMax: ms }));
      const sections = await withRunner(
        target(server, { password: password('x') }),
        async (runner) =>
          (await runDialogues([{ ...speaker, dialogue: { ...speaker.dialogue, steps } }], runner, 'fw'))[0]!.sections,
        { ...patient, timeouts: { connectMs: 20_000, handshakeMs: 20_000, loginMs: ms } },
      );
      return { sections, lines };
    };
    const whole = await read(Number.POSITIVE_INFINITY, 60_000);
    expect(whole.sections.map(({ name, failure }) => [name, failure])).toEqual(
      ['one', 'ward-one', 'two', 'ward-two'].map((name) => [name, undefined]),
    );
    expect(whole.lines).toBeGreaterThan(12);
    const texts = new Map(whole.sections.map(({ name, text }) => [name, text]));
    // The last line is the logout.
    for (let hangsAt = 0; hangsAt < whole.lines - 1; hangsAt++) {
      const { sections } = await read(hangsAt, 300);
      for (const { name, text, failure } of sections)
        expect([name, text]).toEqual([name, failure ? '' : texts.get(name)]);
      // Behind the last output nothing more is believed, and nothing is missing.
      if (hangsAt < whole.lines - 5) expect(sections.some(({ failure }) => failure)).toBe(true);
    }
  }, 120_000);

  test('that gives no shell says so', async () => {
    const sections = await sectionsFrom(await serve({}), small);
    for (const { failure } of sections) expect(failure?.problem.message).toContain('the appliance opens no shell');
  });

  test('whose shell refuses the password twice is not asked a third time', async () => {
    const asked: string[] = [];
    const login = { user: /^login: $/, password: /^Password: $/ };
    const speaker: Speaker = { ...two, dialogue: { ...two.dialogue, shell: { ...shell, login } } };
    const server = await serve({
      shell: (channel) => {
        channel.write('Password: ');
        channel.on('data', (bytes: Buffer) => {
          asked.push(bytes.toString());
          channel.write('\r\nPassword: ');
        });
      },
    });
    await withRunner(
      target(server, { password: password('wrong') }),
      async (runner) => {
        const messages: (string | undefined)[] = [];
        for (let reading = 0; reading < 4; reading++) {
          const [capture] = await runDialogues([speaker], runner, 'fw');
          messages.push(capture!.sections[0]!.failure?.problem.message);
        }
        expect(messages.slice(0, 2).join()).toContain('asks again for the password');
        expect(messages.slice(2).join()).toContain('it is not tried again');
        expect(asked.filter((line) => line === 'wrong\n')).toHaveLength(2);
      },
      patient,
    );
  });

  test('is read again over a new connection, without a wait: it gives a connection one shell', async () => {
    const server = await serveAppliance({ prompt: 'fw# ', answer: plain });
    await withRunner(target(server), async (runner) => {
      for (let reading = 1; reading <= 3; reading++) {
        expect(await runner.ready()).toBeUndefined();
        const [capture] = await runDialogues([small], runner, 'fw');
        expect(capture!.sections.map(({ text }) => text)).toEqual(['one\n', 'two\n']);
      }
      expect(server.connections()).toBe(3);
    });
  });
});
