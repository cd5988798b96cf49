import { describe, expect, test } from '@jest/globals';
import { installMissing } from '../../agent/app/start-install.js';
import type { CommandOutput } from '../../agent/collect/index.js';

const done: CommandOutput = { kind: 'exited', exitCode: 0, stdout: '', stderr: '' };
const failed: CommandOutput = {
  kind: 'exited',
  exitCode: 100,
  stdout: '',
  stderr: 'E: Unable to locate package\u001b[2J',
};

interface Machine {
  readonly missing: readonly string[];
  readonly release?: string;
  readonly isRoot?: boolean;
  /** apt-get says that all is well, and the programs are not there. */
  readonly staysMissing?: boolean;
  /** How apt-get ends, call by call. */
  readonly apt?: readonly CommandOutput[];
}

async function install({ missing, release = 'ID=debian\n', isRoot = true, staysMissing = false, apt = [] }: Machine) {
  const ran: string[] = [];
  const said: string[] = [];
  const answers = [...apt];
  let gone = missing;
  await installMissing({
    isRoot,
    say: (text) => said.push(text),
    signal: new AbortController().signal,
    runner: {
      run: async (argv) => {
        if (gone.includes(argv[0]!)) return { kind: 'missing', what: argv[0]! };
        if (argv[0] !== 'env') return done;
        ran.push(argv.slice(2).join(' '));
        const answer = answers.shift() ?? done;
        if (answer === done && argv[3] === 'install' && !staysMissing) gone = [];
        return answer;
      },
      readFile: async () => ({ ...done, stdout: release }) as CommandOutput,
    },
  });
  return { ran, said };
}

describe('what the quick start lacks', () => {
  test('nothing: nothing is said or run', async () => {
    expect(await install({ missing: [] })).toEqual({ ran: [], said: [] });
  });

  test('is installed on Debian as root, said first', async () => {
    const { ran, said } = await install({ missing: ['nft'] });
    expect(ran).toEqual(['apt-get install -y --no-install-recommends nftables']);
    expect(said).toEqual([expect.stringMatching(/^nftables: not installed\. Installing now/), 'nftables: installed.']);
  });

  test('is asked for again once the package lists were fetched', async () => {
    const { ran, said } = await install({ missing: ['nft', 'ss'], apt: [failed, done, done] });
    expect(ran.map((command) => command.split(' ')[1])).toEqual(['install', 'update', 'install']);
    expect(said.at(-1)).toBe('nftables iproute2: installed.');
  });

  test.each<[string, Partial<Machine>, RegExp]>([
    ['cannot be fetched', { apt: [failed, failed] }, /could not be installed \(E: Unable to locate package\)/],
    ['takes too long', { apt: [failed, done, { kind: 'timeout', afterMs: 120_000 }] }, /no end after 120 s/],
    ['is said to be there and is not', { staysMissing: true }, /iproute2: installed, but its program is not found/],
    ['needs root', { isRoot: false }, /Install with: sudo apt-get install -y/],
    ['is not Debian’s', { release: 'ID=alpine\n' }, /package manager of this system/],
  ])('that %s is named, and the start goes on', async (_case, machine, words) => {
    const { said } = await install({ missing: ['ip'], ...machine });
    expect(said.at(-1)).toMatch(words);
    expect(said.join('')).not.toContain('\u001b');
  });
});
