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
