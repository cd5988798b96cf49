import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { drivers, readDevice, readingBeside, readingOf } from '../../agent/app/index.js';
import { type CommandOutput, type CommandRunner, localRunner } from '../../agent/collect/index.js';
import type { DeviceSettings } from '../../agent/config/index.js';
import { systemTest, tempDir, withNamespaces } from '../support/system.js';

const key = new TextEncoder().encode('sixteen bytes or more');
const clock = { now: () => 1_000, at: () => () => {} };
const noPause = async (): Promise<void> => {};

function settings(...ids: readonly string[]): DeviceSettings {
  return { id: 'fw-01', kind: 'fw', interfaceZones: {}, source: { kind: 'local' }, drivers: ids };
}

type Answer = string | CommandOutput;

const rules =
  'table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t\ttcp dport 22 accept\n\t}\n}\n';
const json = JSON.stringify({
  nftables: [
    { table: { family: 'inet', name: 'filter' } },
    {
      chain: { family: 'inet', table: 'filter', name: 'input', type: 'filter', hook: 'input', prio: 0, policy: 'drop' },
    },
    { rule: { family: 'inet', table: 'filter', chain: 'input', expr: [{ accept: null }] } },
  ],
});
const socket = (port: number): string =>
  `tcp   LISTEN 0      128          0.0.0.0:${port}      0.0.0.0:*    users:(("sshd",pid=612,fd=3)) ino:1 sk:1 cgroup:/x <->\n`;

/** Answers for a small host with one rule and one socket, by program and its words; the rest is not installed. */
function host(changes: Readonly<Record<string, Answer | (() => Answer)>> = {}): CommandRunner & { asked: string[] } {
  const answers: Readonly<Record<string, Answer | (() => Answer)>> = {
    'nft -s -a list ruleset': rules,
    'nft -j list ruleset': json,
    'iptables-nft-save': '',
    'ip6tables-nft-save': '',
    'ss -H -l -n -t -u -S -d -w -p -e': socket(22),
    'ip -j addr show': '[{"ifname":"lo","addr_info":[{"local":"127.0.0.1"}]}]',
    'ip -4 rule show': '',
    'ip -6 rule show': '',
    'ip -4 route show table all': '',
    'ip -6 route show table all': '',
    'ip netconf show': '',
    'ip -d -j link show': '[]',
    '/proc/sys/net/ipv4/ip_forward': '0\n',
    ...changes,
  };
  const asked: string[] = [];
  const answer = async (words: string, what: string): Promise<CommandOutput> => {
    asked.push(words);
    const found = answers[words];
    const said = typeof found === 'function' ? found() : found;
    if (said === undefined) return { kind: 'missing', what };
    return typeof said === 'string' ? { kind: 'exited', exitCode: 0, stdout: said, stderr: '' } : said;
  };
  return {
    run: (argv) => answer(argv.join(' '), argv[0]!),
    readFile: (path) => answer(path, path),
    follow: async () => ({ kind: 'cancelled' }),
    parallelMax: 4,
    asked,
  };
}

interface Mutable {
  readonly driver: string;
  readonly sections: { readonly name: string; text: string }[];
}

const everything = settings('nftables', 'iptables', 'linux-listeners');
const tools = (runner: CommandRunner) => ({ runner, drivers, key, clock, pause: noPause });

describe('a reading', () => {
  test('joins what its drivers say of one host', async () => {
    const reading = await readDevice(everything, tools(host()));
    expect(reading).toMatchObject({ device: 'fw-01', at: 1_000, complete: true, blind: [], rules: 1, listeners: 1 });
    expect(reading.captures.map(({ driver }) => driver)).toEqual(['nftables', 'iptables', 'linux-listeners']);
    expect(reading.model?.pipeline).toMatchObject({
      bases: [{ list: 'inet/filter/input' }],
      forwarding: { ip4: false },
    });
  });

  test('comes out of the store as it went in', async () => {
    const reading = await readDevice(everything, tools(host()));
    const stored = JSON.parse(JSON.stringify(reading.captures));
    expect(readingOf(stored, 'fw-01', drivers, 1_000)).toEqual(reading);
  });

  test('has the same hash until something changes; counters, handles and a garbled check are nothing', async () => {
    const hash = async (changes: Readonly<Record<string, string>>): Promise<string> =>
      (await readDevice(everything, tools(host(changes)))).hash;
    const first = await hash({});
    const handled = rules.replace('accept', 'accept # handle 7');
    expect(await hash({ 'nft -s -a list ruleset': handled, 'nft -j list ruleset': '{"nft' })).toBe(first);
    expect(await hash({ 'nft -s -a list ruleset': rules.replace('22', '23') })).not.toBe(first);
    expect(await hash({ 'ss -H -l -n -t -u -S -d -w -p -e': socket(2222) })).not.toBe(first);
  });

  test('is taken again when anything changed between its two halves, whichever driver it is', async () => {
    let looks = 0;
    const runner = host({ 'ss -H -l -n -t -u -S -d -w -p -e': () => socket(++looks > 1 ? 23 : 22) });
    const reading = await readDevice(everything, tools(runner));
    expect(reading).toMatchObject({ complete: true, listeners: 1 });
    expect(reading.model?.listeners[0]?.port).toBe(23);
    expect(runner.asked.filter((words) => words === 'nft -s -a list ruleset')).toHaveLength(3);
  });

  test('that says the same as the last one is not understood anew, and one that differs is', async () => {
    const first = await readDevice(everything, tools(host()));
    const again = async (changes: Readonly<Record<string, Answer>>) =>
      readDevice(everything, { ...tools(host(changes)), clock: { ...clock, now: () => 2_000 }, known: first });
    const same = await again({});
    expect(same.model).toBe(first.model);
    expect(same).toEqual({ ...first, at: 2_000 });
    const other = await again({ 'ss -H -l -n -t -u -S -d -w -p -e': socket(2222) });
    expect(other.model).not.toBe(first.model);
    expect(other.hash).not.toBe(first.hash);
    const broken = await again({ 'ss -H -l -n -t -u -S -d -w -p -e': { kind: 'timeout', afterMs: 1 } });
    expect(broken.complete).toBe(false);
    const renumbered = await again({ 'nft -s -a list ruleset': rules.replace('accept', 'accept # handle 7') });
    expect(renumbered.model).not.toBe(first.model);
    expect(renumbered.hash).toBe(first.hash);
  });

  test('searches what it knows already for secrets no more, and what is new as ever', async () => {
    const secret = rules.replace('accept', 'accept comment "password: hunter22"');
    const first = await readDevice(everything, tools(host({ 'nft -s -a list ruleset': secret })));
    expect(JSON.stringify(first.captures)).not.toContain('hunter22');
    const again = { ...tools(host({ 'nft -s -a list ruleset': secret })), known: first };
    expect((await readDevice(everything, again)).captures).toEqual(first.captures);
    const other = {
      ...tools(host({ 'nft -s -a list ruleset': secret.replace('22 accept', '23 accept') })),
      known: first,
    };
    const changed = await readDevice(everything, other);
    expect(changed.hash).not.toBe(first.hash);
    expect(JSON.stringify(changed.captures)).not.toContain('hunter22');
  });

  test('that the store has too is understood once, in whatever order, and each stored one that differs by itself', async () => {
    const reading = await readDevice(everything, tools(host()));
    const stored = JSON.parse(JSON.stringify(reading.captures)) as Mutable[];
    const beside = () => readingBeside(reading, stored as never, drivers, 500);
    for (const capture of stored) capture.sections.reverse();
    stored.reverse();
    expect(beside().model).toBe(reading.model);
    expect(beside()).toEqual({ ...reading, captures: stored, at: 500 });
    const { sections } = stored.find(({ driver }) => driver === 'nftables')!;
    const listing = sections.find(({ name }) => name === 'nft-text')!;
    listing.text = listing.text.replace('22', '23');
    expect(beside()).toEqual(readingOf(stored as never, 'fw-01', drivers, 500));
    expect(beside().model?.pipeline).not.toEqual(reading.model?.pipeline);
    sections.splice(sections.indexOf(listing), 1);
    expect(beside()).toEqual(readingOf(stored as never, 'fw-01', drivers, 500));
  });

  test('asks no more at once than the device bears', async () => {
    let running = 0;
    let most = 0;
    const base = host();
    const runner: CommandRunner = {
      ...base,
      parallelMax: 2,
      run: async (argv, limits) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return base.run(argv, limits);
      },
    };
    expect((await readDevice(everything, tools(runner))).complete).toBe(true);
    expect(most).toBe(2);
  });
});

describe('a reading is blind, in one line that says why,', () => {
  test.each<[string, Readonly<Record<string, Answer>>, RegExp]>([
    [
      'where a right is missing',
      { 'nft -s -a list ruleset': { kind: 'exited', exitCode: 1, stdout: '', stderr: 'Operation not permitted' } },
      /^fw-01: nft -s -a list ruleset: refused: .*CAP_NET_ADMIN.*setcap/,
    ],
    ['where a listing is cut', { 'nft -s -a list ruleset': rules.slice(0, 60) }, /nft -s -a list ruleset/],
    [
      'where two listings contradict each other',
      { 'nft -j list ruleset': '{"nftables":[]}' },
      /table inet filter: .* has a table, .* has nothing/,
    ],
    [
      'where sockets are not listed',
      { 'ss -H -l -n -t -u -S -d -w -p -e': { kind: 'timeout', afterMs: 5 } },
      /no end after 5 ms/,
    ],
    ['where bytes are not text', { 'nft -s -a list ruleset': { kind: 'not-utf8', offset: 7 } }, /byte 7 .*not UTF-8/],
  ])('%s', async (_, changes, line) => {
    const reading = await readDevice(everything, tools(host(changes)));
    expect(reading.complete).toBe(false);
    expect(reading.blind.join('\n')).toMatch(line);
    for (const said of reading.blind) expect(said).not.toMatch(/\n/);
  });

  test('where a device never holds still', async () => {
    let looks = 0;
    const runner = host({ 'nft -s -a list ruleset': () => rules.replace('22', `${++looks}`) });
    const reading = await readDevice(everything, tools(runner));
    expect(reading.complete).toBe(false);
    expect(reading.blind.join()).toContain('still changing after 5 readings');
  });

  test('where there is no such driver, or none', async () => {
    expect((await readDevice(settings('nftables', 'fortress'), tools(host()))).blind).toEqual([
      'fw-01: there is no driver fortress',
    ]);
    expect((await readDevice(settings(), tools(host()))).blind).toEqual(['fw-01: nothing was read']);
  });

  test('where a reader fails by a fault of ours', async () => {
    const [first] = drivers.filter(({ id }) => id === 'nftables');
    const broken = {
      ...first!,
      read: () => {
        throw new Error('out of luck');
      },
    };
    const reading = await readDevice(settings('nftables'), { ...tools(host()), drivers: [broken] });
    expect(reading).toMatchObject({ complete: false, blind: [expect.stringContaining('out of luck')] });
    const short = await readDevice(settings('nftables'), { ...tools(host()), key: new Uint8Array(1) });
    expect(short).toMatchObject({ complete: false, blind: [expect.stringContaining('redaction key')] });
  });

  test('but not where only the check of a whole text failed', async () => {
    for (const answer of [{ kind: 'timeout', afterMs: 1 }, '{"nft', { kind: 'missing', what: 'nft' }] as const) {
      const reading = await readDevice(everything, tools(host({ 'nft -j list ruleset': answer })));
      expect([answer, reading.complete, reading.blind]).toEqual([answer, true, []]);
    }
  });
});

describe('a program nft that', () => {
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  /** Reads with a program `nft` of a few lines of shell, first on PATH; only its driver is asked. */
  async function readWith(script: string, timeoutMsMax = 5_000) {
    const folder = tempDir();
    writeFileSync(join(folder, 'nft'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'nft'), 0o755);
    process.env.PATH = `${folder}:${path}`;
    const nftables = drivers.find(({ id }) => id === 'nftables')!;
    const steps = nftables.dialogue.steps.map((step) => ({ ...step, timeoutMsMax }));
    const impatient = { ...nftables, dialogue: { ...nftables.dialogue, steps } };
    return readDevice(settings('nftables'), { ...tools(localRunner()), drivers: [impatient] });
  }

  test.each([
    ['prints escape sequences', "printf '\\033[2J\\033]0;title\\007table inet filter {\\n'", /nft -s -a list ruleset/],
    ['prints bytes that are not UTF-8', "printf 'table inet caf\\351 {\\n}\\n'", /byte 14 .*not UTF-8/],
    ['stops in the middle', "printf 'table inet filter {\\n\\tchain input {\\n'", /brace/],
    ['prints garbage', 'seq 20000 | base64', /nft -s -a list ruleset/],
    [
      'says something and fails',
      "echo 'cache initialization failed' >&2; exit 1",
      /exit code 1: cache initialization failed/,
    ],
  ])('%s blinds, in words that are safe to show', async (_, script, words) => {
    const reading = await readWith(script);
    expect(reading.complete).toBe(false);
    expect(reading.blind.join('\n')).toMatch(words);
    expect(reading.blind.join('\n')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  });

  test('hangs blinds after its time', async () => {
    const reading = await readWith('sleep 600', 150);
    expect(reading.blind).toEqual([expect.stringMatching(/no end after 150 ms/)]);
  });

  test('prints 50 MB blinds as soon as it is too much', async () => {
    const reading = await readWith('yes "lorem ipsum dolor sit amet" | head -c 50000000', 20_000);
    expect(reading.blind).toEqual([expect.stringMatching(/more than 33554432 bytes/)]);
  }, 120_000);

  test('prints thousands of wrong lines blinds with a few reasons and their number', async () => {
    const reading = await readWith("printf 'table inet t {\\n'; yes 'frob' | head -n 30000; echo '}'");
    expect(reading.complete).toBe(false);
    expect(reading.blind).toHaveLength(21);
    expect(reading.blind.at(-1)).toMatch(/^and \d+ more reasons/);
  });

  test('answers well is read', async () => {
    const reading = await readWith(`[ "$1" = -j ] && exit 3; cat <<'EOF'\n${rules}EOF`);
    expect(reading).toMatchObject({ complete: true, blind: [], rules: 1 });
  });
});

systemTest(['root', 'netns', 'nft', 'iptables', 'ip', 'ss'], 'a namespace is read as a device', async () => {
  await withNamespaces(['fw'], async ({ fw }) => {
    await fw.must(['nft', 'add table inet t; add chain inet t c { type filter hook input priority 0; policy drop; }']);
    await fw.must(['nft', 'add', 'rule', 'inet', 't', 'c', 'tcp', 'dport', '22', 'accept']);
    const runner = localRunner({ prefix: fw.inside([]) });
    const reading = await readDevice(everything, { runner, drivers, key });
    expect(reading).toMatchObject({ complete: true, blind: [], rules: 1 });
    await fw.must(['nft', 'add', 'table', 'inet', 't', '{ flags dormant; }']);
    const dormant = await readDevice(everything, { runner, drivers, key });
    expect(dormant).toMatchObject({ complete: true, blind: [] });
    expect(dormant.hash).not.toBe(reading.hash);
    expect(dormant.model?.pipeline.bases).toEqual([]);
  });
});

/** This machine, as if these programs were not installed on it. */
function without({ converse: _whole, ...runner }: CommandRunner, programs: RegExp): CommandRunner {
  const absent = (argv: readonly string[]): boolean => programs.test(argv[0]!);
  return {
    ...runner,
    run: async (argv, limits) => (absent(argv) ? { kind: 'missing', what: argv[0]! } : runner.run(argv, limits)),
  };
}

systemTest(
  ['root', 'netns', 'nft', 'iptables', 'iptables-legacy', 'ip', 'ss'],
  'what is not installed is asked of the kernel, and is blind only where that leaves a doubt',
  async () => {
    await withNamespaces(['fw'], async ({ fw }) => {
      const runner = localRunner({ prefix: fw.inside([]) });
      const read = async (programs: RegExp) =>
        (await readDevice(everything, { runner: without(runner, programs), drivers, key })).blind.join('\n');
      await fw.must(['iptables-nft', '-A', 'INPUT', '-p', 'tcp', '--dport', '22', '-j', 'ACCEPT']);
      expect(await read(/tables.*-save/)).toBe('');
      // This kernel has nftables, so that rules may be there which nobody lists.
      expect(await read(/nft$/)).toMatch(/^fw-01: .*nft.* is not installed .*apt-get install nftables/m);
      await fw.must(['iptables-nft', '-A', 'INPUT', '-m', 'string', '--string', 'x', '--algo', 'bm', '-j', 'DROP']);
      expect(await read(/tables.*-save/)).toMatch(/iptables-nft-save|iptables-save is not installed/);
      expect(await read(/nothing/)).toBe('');
      await fw.must(['nft', 'flush', 'ruleset']);
      await fw.must(['iptables-legacy', '-A', 'INPUT', '-j', 'ACCEPT']);
      expect(await read(/legacy/)).toMatch(/legacy tables \(filter\).*apt-get install iptables/);
      expect(await read(/ip6tables-legacy/)).toBe('');
    });
  },
  60_000,
);
