import { describe, expect, test } from '@jest/globals';
import { driver } from '../../../agent/drivers/nftables/index.js';
import { readSections, readText, rulesOf, section } from './support.js';

const workstation = `#!/usr/sbin/nft -f
flush ruleset

table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ct state established,related accept
		tcp dport 22 counter packets 12 bytes 720 accept comment "administration" # handle 7
	}
	chain forward { type filter hook forward priority 0; policy drop; }
}
`;

describe('a text ruleset', () => {
  test('gives lists, bases and policies', () => {
    const { pipeline, coverage } = readText(workstation);
    expect(pipeline.lists.map(({ id }) => id)).toEqual(['inet/filter/input', 'inet/filter/forward']);
    expect(pipeline.bases.map(({ list, hook, priority, policy }) => [list, hook, priority, policy])).toEqual([
      ['inet/filter/input', 'input', 0, 'drop'],
      ['inet/filter/forward', 'forward', 0, 'drop'],
    ]);
    expect(pipeline.speaksOf).toHaveLength(6);
    expect(coverage.rules).toEqual({ exact: 3, bounded: 0, unread: 0 });
    expect(coverage.blind).toEqual([]);
  });

  test('keeps where each rule stands, in its words without counters', () => {
    const rule = rulesOf(readText(workstation), 'inet/filter/input')[2]!;
    expect(rule.origin).toEqual({
      file: 'ruleset.nft',
      line: 9,
      rule: 'inet/filter/input rule 3 (handle 7)',
      text: 'tcp dport 22 counter accept comment "administration"',
    });
    expect(rule.comment).toBe('administration');
  });

  test('ends every line in one state', () => {
    const { lines } = readText(workstation).coverage;
    expect(lines.map(({ line }) => line)).toEqual(
      workstation
        .trimEnd()
        .split('\n')
        .map((_, index) => index + 1),
    );
    expect(lines.filter(({ state }) => state === 'irrelevant').map(({ line }) => line)).toEqual([1, 3, 10, 12]);
  });

  test('shows control characters of quoted words as escapes', () => {
    const [rule] = rulesOf(
      readText('table ip t {\nchain c {\nmeta cgroup "\x1b[2J" accept comment "\x1b]0;x\x07"\n}\n}\n'),
      'ip/t/c',
    );
    expect(rule!.origin.text).toBe('meta cgroup "\\x1b[2J" accept comment "\\x1b]0;x\\x07"');
    expect(rule!.comment).toBe('\\x1b]0;x\\x07');
  });

  test('leaves a dormant table out of the bases', () => {
    const { pipeline } = readText(
      'table ip x {\n flags dormant\n chain c {\n type filter hook input priority 0\n }\n}\n',
    );
    expect(pipeline.bases).toEqual([]);
    expect(pipeline.lists[0]!.table).toMatchObject({ dormant: true });
  });

  test('an empty ruleset is a device without lists that speaks of everything', () => {
    const read = readSections(section('nft-text', ''));
    expect(read.ok && read.value.pipeline).toMatchObject({ lists: [], bases: [] });
    expect(read.ok && read.value.pipeline.speaksOf).toHaveLength(6);
    expect(read.ok && read.value.coverage.blind).toEqual([]);
  });
});

describe('what is not a ruleset', () => {
  test('a text that ends inside a block is cut off, with its place', () => {
    const read = readSections(section('r.nft', workstation.slice(0, workstation.indexOf('chain forward'))));
    expect(read).toMatchObject({ ok: false, error: { code: 'TRUNCATED', file: 'r.nft', line: 11 } });
  });

  test('other text is not understood', () => {
    const read = readSections(section('r.nft', 'hostname switch1\ninterface Gi0/1\n'));
    expect(read).toMatchObject({ ok: false, error: { code: 'NOT_UNDERSTOOD', file: 'r.nft', line: 1 } });
    expect(driver.identify([section('r.cfg', 'hostname switch1\n')])).toBe('no');
    expect(driver.identify([section('r.cfg', 'static {\n    table 10 {\n    }\n}\n')])).toBe('no');
    expect(driver.identify([section('r.nft', 'table filter {\n}\n')])).toBe('likely');
  });

  test('a variable that is not defined leaves an unknown rule in its place', () => {
    const device = readText('table ip t {\nchain c {\n$x accept\ntcp dport 22 accept\n}\n}\n');
    expect(rulesOf(device, 'ip/t/c')).toMatchObject([
      { steps: [{ kind: 'opaque' }] },
      { steps: [{ kind: 'match' }, { kind: 'accept' }] },
    ]);
    expect(device.coverage.blind).not.toEqual([]);
  });

  test('a line in between that cannot be placed is lost, said, and never skipped', () => {
    const device = readText(workstation.replace('iif "lo" accept', 'iif "lo" frobnicate accept'));
    const [first] = rulesOf(device, 'inet/filter/input');
    expect(first!.steps).toMatchObject([{ kind: 'opaque', unknown: { unrecognized: true } }]);
    expect(device.coverage.lines[6]).toMatchObject({ line: 7, state: 'unrecognized' });
    expect(device.coverage.blind).not.toEqual([]);
    expect(device.coverage.rules).toEqual({ exact: 2, bounded: 0, unread: 1 });
  });
});

describe('the dialogue', () => {
  test('only lists, with the right it needs and its bounds', () => {
    const { steps, monitors } = driver.dialogue;
    expect(steps.map(({ id, argv, need }) => [id, argv.join(' '), need])).toEqual([
      ['nft-text', 'nft -s -a list ruleset', 'required'],
      ['nft-json', 'nft -j list ruleset', 'crossCheck'],
      ['nft-bytecode', 'nft -s -a -t --debug=netlink list ruleset', 'crossCheck'],
      ['kernel-symbols', 'grep -o -w -E nf_hook_slow|nft_do_chain /proc/kallsyms', 'ifPresent'],
    ]);
    for (const step of steps.slice(0, 3)) {
      expect(step).toMatchObject({
        timeoutMsMax: 5000,
        bytesMax: 33_554_432,
        package: 'nftables',
        right: { capability: 'CAP_NET_ADMIN' },
      });
      expect('Operation not permitted (you must be root)').toMatch(step.refused!);
    }
    expect(monitors).toEqual([['nft', 'monitor']]);
  });

  test('what changes while nothing does is taken out', () => {
    const before = 'tcp dport 22 counter packets 7 bytes 420 accept # handle 4\n10.0.0.1 timeout 1h expires 59m59s\n';
    const after = 'tcp dport 22 counter packets 9 bytes 999 accept # handle 5\n10.0.0.1 timeout 1h expires 3s\n';
    const still = (text: string): string =>
      driver.volatile.reduce((rest, { pattern, replacement }) => rest.replace(pattern, replacement), text);
    expect(still(before)).toBe(still(after));
    expect(still(before)).toContain('timeout 1h');
  });

  test('a refused reading is the problem it says, not an empty ruleset', () => {
    const problem = { code: 'MISSING_RIGHT', message: 'nft needs CAP_NET_ADMIN' };
    const failed = { ...section('nft-text', ''), failure: { kind: 'missing-right' as const, problem } };
    expect(readSections(failed)).toEqual({ ok: false, error: problem });
    const json = section('nft-json', '{"nftables": [{"metainfo": {}}, {"table": {"family": "ip", "name": "t"}}]}');
    const read = readSections(failed, json);
    expect(read.ok && read.value.coverage.blind).toEqual(['nft needs CAP_NET_ADMIN']);
  });
});

describe('without nft', () => {
  const missing = {
    ...section('nft-text', ''),
    failure: {
      kind: 'missing-program' as const,
      problem: { code: 'MISSING_PROGRAM', message: 'nft is not installed', remedy: 'apt-get install nftables' },
    },
  };

  test('a kernel that has no nftables has no rules', () => {
    const read = readSections(missing, section('kernel-symbols', 'nf_hook_slow\n'));
    expect(read.ok && read.value.pipeline).toMatchObject({ lists: [], bases: [] });
    expect(read.ok && read.value.pipeline.speaksOf).toHaveLength(6);
    expect(read.ok && read.value.coverage.blind).toEqual([]);
  });

  test.each([
    ['has nftables', 'nf_hook_slow\nnft_do_chain\n'],
    ['does not list its functions', ''],
  ])('a kernel that %s is not read', (_, text) => {
    const read = readSections(missing, section('kernel-symbols', text));
    expect(read).toMatchObject({ ok: false, error: { code: 'MISSING_PROGRAM', remedy: 'apt-get install nftables' } });
  });
});

describe('text and JSON', () => {
  const two = 'table ip a {\n\tchain c {\n\t\taccept\n\t}\n}\ntable ip b {\n}\n';
  const json = JSON.stringify({
    nftables: [
      { table: { family: 'ip', name: 'a' } },
      { chain: { family: 'ip', table: 'a', name: 'c' } },
      { rule: { family: 'ip', table: 'a', chain: 'c', expr: [{ accept: null }] } },
      { table: { family: 'ip', name: 'b' } },
    ],
  });

  test('a listing that was cut between two tables, or before the first, is seen by its check', () => {
    const blind = (text: string): readonly string[] | false => {
      const read = readSections(section('nft-text', text), section('nft-json', json));
      return read.ok && read.value.coverage.blind;
    };
    expect(blind(two)).toEqual([]);
    expect(blind(two.slice(0, two.indexOf('table ip b')))).toEqual([
      'table ip b: nft-text has nothing, nft-json has a table',
    ]);
    expect(blind('')).not.toEqual([]);
  });

  test.each(['timeout', 'exit-code', 'not-utf8', 'too-large'] as const)(
    'a check that failed (%s) is one less',
    (kind) => {
      const failed = { ...section('nft-json', ''), failure: { kind, problem: { code: 'X', message: 'no JSON' } } };
      const read = readSections(section('nft-text', two), failed);
      expect(read.ok && read.value.coverage.blind).toEqual([]);
      expect(read.ok && read.value.coverage.notCovered.join()).toContain('the text was not checked against it');
    },
  );
});

describe('what is outside of the model', () => {
  test('is said, and compared by its content', () => {
    const bridge = (rule: string) =>
      readText(`table bridge b {\nchain c {\ntype filter hook forward priority filter; policy drop;\n${rule}\n}\n}\n`);
    const [first, second] = [bridge('ip saddr 192.0.2.1 accept'), bridge('ip saddr 192.0.2.2 accept')];
    expect(first.pipeline.lists).toEqual([]);
    expect(first.coverage.notCovered[0]).toContain('bridge/b/c');
    expect(first.coverage.lines[3]).toMatchObject({ state: 'unmodelled' });
    expect(first.coverage.rules).toEqual({ exact: 0, bounded: 1, unread: 0 });
    expect(first.facts).toMatchObject([{ kind: 'filterNotCovered', subject: 'bridge/b/c at forward' }]);
    expect(first.facts[0]!.value).not.toBe(second.facts[0]!.value);
    expect(bridge('ip saddr 192.0.2.1 accept comment "x"').facts[0]!.value).toBe(first.facts[0]!.value);
  });

  test('tables that iptables-nft made are known by their chains, by extensions and by the warning of nft', () => {
    const managed = (text: string) => readText(text).pipeline.lists[0]!.table!.managedByIptables === true;
    const chain = (name: string) => `chain ${name} {\ntype filter hook input priority filter; policy accept;\n}\n`;
    expect(managed(`table ip filter {\n${chain('INPUT')}}\n`)).toBe(true);
    expect(managed(`table ip filter {\n${chain('input')}}\n`)).toBe(false);
    expect(managed(`table inet filter {\n${chain('INPUT')}}\n`)).toBe(false);
    expect(managed('table ip x {\nchain c {\nxt match recent\n}\n}\n')).toBe(true);
    expect(
      managed('# Warning: table ip x is managed by iptables-nft, do not touch!\ntable ip x {\nchain c {\n}\n}\n'),
    ).toBe(true);
  });
});
