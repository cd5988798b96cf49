import { describe, expect, test } from '@jest/globals';
import {
  type CommandOutput,
  type CommandRunner,
  localRunner,
  readChange,
  runDialogues,
} from '../../agent/collect/index.js';
import type { Capture, Dialogue } from '../../agent/drivers/contract.js';
import { drivers as all } from '../../agent/drivers/registry.js';
import { systemTest, withNamespaces } from '../support/system.js';
import { step } from './fakes.js';

/** Two drivers: one with a listing that is taken in one piece, one with a view of it, a check and something beside. */
const rules: Dialogue = {
  steps: [
    step(['list'], { id: 'list', inOnePiece: { frame: /^table \S+/m } }),
    step(['json'], { id: 'json', need: 'crossCheck' }),
    step(['fine'], { id: 'fine', need: 'crossCheck', refines: 'rules/list' }),
  ],
};
const host: Dialogue = {
  steps: [
    step(['view'], { id: 'view', viewOf: 'rules/list' }),
    step(['sockets'], { id: 'sockets' }),
    step(['containers'], { id: 'containers', beside: true }),
  ],
};
const volatile = [{ title: 'counter', pattern: /counter \d+/, replacement: 'counter' }];
const drivers = [
  { id: 'rules', dialogue: rules, volatile },
  { id: 'host', dialogue: host, volatile },
];

const LIST = 'table a\nrule 1\nrule 2\nrule 3\n';
const usual: Readonly<Record<string, string>> = {
  list: LIST,
  json: '{}',
  fine: 'f1\n',
  view: 'v\n',
  sockets: '22\n',
  containers: 'c1\n',
};

type Answer = string | (() => string) | CommandOutput;

function runnerOf(answers: Readonly<Record<string, Answer>>): CommandRunner & { readonly asked: readonly string[] } {
  const asked: string[] = [];
  return {
    asked,
    parallelMax: 4,
    readFile: async (path) => ({ kind: 'missing', what: path }),
    follow: async () => ({ kind: 'cancelled' }),
    async run(argv) {
      asked.push(argv[0]!);
      const answer = answers[argv[0]!]!;
      if (typeof answer === 'object') return answer;
      return { kind: 'exited', exitCode: 0, stdout: typeof answer === 'string' ? answer : answer(), stderr: '' };
    },
  };
}

async function changeFrom(answers: Readonly<Record<string, Answer>>, before: Readonly<Record<string, Answer>> = {}) {
  const base = await runDialogues(drivers, runnerOf({ ...usual, ...before }), 'fw');
  const runner = runnerOf({ ...usual, ...answers });
  const change = await readChange(drivers, runner, 'fw', { base, redact: (capture) => capture });
  return { change, asked: runner.asked };
}

const OPENED = `${LIST}rule 4\n`;

function textOf(captures: readonly Capture[], name: string): string | undefined {
  return captures.flatMap(({ sections }) => sections).find((section) => section.name === name)?.text;
}

describe('a look at what changed', () => {
  test('reads what is in one piece first, then everything else but checks and what stands beside', async () => {
    const { change, asked } = await changeFrom({ list: OPENED, containers: 'c2\n', fine: 'f2\n', sockets: '22\n' });
    expect(asked).toEqual(['list', 'view', 'sockets']);
    if (change.kind !== 'seen') throw new Error(change.kind);
    expect(change.captures.map(({ driver }) => driver)).toEqual(['rules', 'host']);
    expect(textOf(change.captures, 'list')).toBe(OPENED);
    expect(textOf(change.captures, 'containers')).toBe('c1\n');
    expect(textOf(change.captures, 'json')).toBeUndefined();
    // Of rules that are the same it says what it said; a whole reading follows, which asks for it.
    expect(textOf(change.captures, 'fine')).toBe('f1\n');
  });

  test.each<[string, Readonly<Record<string, Answer>>, Readonly<Record<string, Answer>>]>([
    ['nothing that is in one piece changed', { sockets: '22\n23\n' }, {}],
    ['something else changed as well', { list: OPENED, sockets: '22\n23\n' }, {}],
    ['something else cannot be read', { list: OPENED, sockets: { kind: 'timeout', afterMs: 1 } }, {}],
    ['it cannot be read', { list: { kind: 'timeout', afterMs: 1 } }, {}],
    ['it was not read before', { list: OPENED }, { list: { kind: 'timeout', afterMs: 1 } }],
    ['something was not read before', { list: OPENED }, { sockets: { kind: 'timeout', afterMs: 1 } }],
  ])('proves nothing where %s', async (_case, now, before) => {
    expect((await changeFrom(now, before)).change).toEqual({ kind: 'unclear' });
  });

  test('takes volatile text for no change', async () => {
    const { change } = await changeFrom({ list: OPENED, sockets: '22 counter 5\n' }, { sockets: '22 counter 4\n' });
    expect(change.kind).toBe('seen');
  });

  test('takes a changed view only between two listings that are the same', async () => {
    const still = await changeFrom({ list: OPENED, view: 'v2\n' });
    expect(still.change.kind).toBe('seen');
    expect(still.asked).toEqual(['list', 'view', 'sockets', 'list']);
    let looks = 0;
    const moving = await changeFrom({ list: () => `${OPENED}rule ${++looks}\n`, view: 'v2\n' });
    expect(moving.change).toEqual({ kind: 'unclear' });
  });

  test.each([
    ['a table', 'table b\nrule 1\nrule 2\nrule 3\n', LIST],
    ['one of two tables of one name', LIST, `${LIST}table a\n`],
    ['most of the lines', 'table a\n', LIST],
  ])('waits where %s went: rules are often loaded anew', async (_what, now, before) => {
    expect((await changeFrom({ list: now }, { list: before })).change).toEqual({ kind: 'torn' });
  });
});

describe('on the real kernel', () => {
  const real = ['nftables', 'iptables', 'linux-listeners'].map((id) => all.find((driver) => driver.id === id)!);
  const TABLES = ['a', 'b'].map(
    (name) => `table inet ${name} {
  chain c { type filter hook input priority 0; ip saddr 192.0.2.1 accept; ip saddr 192.0.2.2 accept; }
}`,
  );

  systemTest(
    ['root', 'netns', 'nft', 'iptables', 'ip', 'ss'],
    'a rule of nft or of iptables is seen',
    async () => {
      await withNamespaces(['fw'], async ({ fw }) => {
        await fw.must(['nft', '-f', '-'], { input: TABLES.join('\n') });
        await fw.must(['iptables-nft', '-A', 'INPUT', '-p', 'tcp', '--dport', '22', '-j', 'ACCEPT']);
        const runner = localRunner({ prefix: fw.inside([]) });
        const look = async (change: readonly string[]) => {
          const base = await runDialogues(real, runner, 'fw');
          await fw.must(change);
          return readChange(real, runner, 'fw', { base, redact: (capture) => capture });
        };
        const seen = await look(['nft', 'add', 'rule', 'inet', 'a', 'c', 'tcp', 'dport', '8080', 'accept']);
        expect(seen.kind === 'seen' && textOf(seen.captures, 'nft-text')).toContain('dport 8080');
        const view = await look(['iptables-nft', '-A', 'INPUT', '-p', 'tcp', '--dport', '8081', '-j', 'ACCEPT']);
        expect(view.kind === 'seen' && textOf(view.captures, 'iptables-save')).toContain('--dport 8081');
        expect(await look(['ip', 'route', 'add', 'blackhole', '192.0.2.0/24'])).toEqual({ kind: 'unclear' });
        expect(await look(['nft', 'flush', 'ruleset'])).toEqual({ kind: 'torn' });
      });
    },
    60_000,
  );

  systemTest(
    ['root', 'netns', 'nft', 'ip'],
    'a listing of nft is of one moment, whatever goes on',
    async () => {
      await withNamespaces(['fw'], async ({ fw }) => {
        await fw.must(['nft', '-f', '-'], { input: TABLES.join('\n') });
        // In one transaction both tables get one more rule, or both lose it.
        const flip = `while :; do
        nft 'add rule inet a c tcp dport 7 accept; add rule inet b c tcp dport 7 accept'
        nft 'flush chain inet a c; flush chain inet b c'
      done`;
        fw.start(['sh', '-c', flip]);
        const counts = new Set<number>();
        for (let looks = 0; looks < 60; looks++) {
          const text = await fw.must(['nft', '-s', '-a', 'list', 'ruleset']);
          counts.add((text.match(/dport 7 /g) ?? []).length);
        }
        expect([...counts].filter((count) => count % 2 === 1)).toEqual([]);
      });
    },
    60_000,
  );
});
