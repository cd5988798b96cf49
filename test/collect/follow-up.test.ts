import { expect, test } from '@jest/globals';
import { askInOrder } from '../../agent/collect/follow-up.js';
import type { CommandOutput } from '../../agent/collect/index.js';
import { step } from './fakes.js';

const said = (stdout: string): CommandOutput => ({ kind: 'exited', exitCode: 0, stdout, stderr: '' });
const groups = step(['list'], { id: 'groups' });
const members = step(['show', 'name={name}'], {
  id: 'members',
  forEach: { step: 'groups', names: /^group (?<name>"[^"]*"|\S+)/gm },
});

async function asked(list: CommandOutput) {
  const commands: string[] = [];
  const answers = await askInOrder([groups, members], async (one, argv) => {
    commands.push(argv.join(' '));
    return one.id === 'groups' ? list : said('');
  });
  return { commands: commands.slice(1), answer: answers.get(members)! };
}

test('each name that an answer holds is asked for once, and its section is called by it', async () => {
  const { commands, answer } = await asked(said('group a\ngroup "b c"\nhost x\ngroup a\n'));
  expect(commands).toEqual(['show name=a', 'show name="b c"']);
  expect(answer.each!.map(({ name, source }) => [name, source])).toEqual([
    ['a', 'show name=a'],
    ['b c', 'show name="b c"'],
  ]);
});

test('no names are no questions', async () => {
  const { commands, answer } = await asked(said('host x\n'));
  expect([commands, answer.each]).toEqual([[], []]);
});

test('where the list was not read, it is not known what there is', async () => {
  for (const list of [
    { kind: 'timeout', afterMs: 5 },
    { kind: 'refused', reason: 'no' },
  ] as const) {
    const { commands, answer } = await asked(list);
    expect([commands, answer.output.kind]).toEqual([[], 'broken']);
  }
  const { answer } = await asked({ kind: 'missing', what: 'list' });
  expect(answer.output.kind).toBe('missing');
});

test.each(['"a\u0007b"', '"a\u202eb"', '"a\u2028b"', `"${'x'.repeat(300)}"`])(
  'a name such as %j becomes no part of a command',
  async (name) => {
    const { commands, answer } = await asked(said(`group good\ngroup ${name}\n`));
    expect([commands, answer.output.kind]).toEqual([[], 'broken']);
  },
);

test('more names than any configuration has are not asked for', async () => {
  const { commands } = await asked(said(Array.from({ length: 2_001 }, (_, at) => `group g${at}\n`).join('')));
  expect(commands).toEqual([]);
});
