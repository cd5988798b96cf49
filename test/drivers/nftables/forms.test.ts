import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seed } from '../../support/seed.js';
import { describeSystem, systemTest, withNamespaces } from '../../support/system.js';
import { essence, readSections, section } from './support.js';

/** Rules of random parts that nft accepts in an inet chain at the forward hook, for the text form and the JSON form of one ruleset. */
const octet = fc.integer({ min: 0, max: 255 });
const address = fc.tuple(octet, octet).map(([a, b]) => `192.0.${a}.${b}`);
const portNumber = fc.integer({ min: 1, max: 65535 });
const range = fc
  .tuple(portNumber, portNumber)
  .filter(([a, b]) => a < b)
  .map(([a, b]) => `${a}-${b}`);
const negated = fc.constantFrom('', '!= ');
const test4 = fc.tuple(
  fc.constantFrom('ip saddr', 'ip daddr'),
  negated,
  fc.oneof(
    address,
    fc.uniqueArray(address, { minLength: 1, maxLength: 3 }).map((all) => `{ ${all.join(', ')} }`),
  ),
);
const testPort = fc.tuple(fc.constantFrom('tcp dport', 'udp sport'), negated, fc.oneof(portNumber.map(String), range));
const words = (parts: readonly string[]): string => parts.join(' ');
const condition = fc.oneof(
  test4.map(words),
  testPort.map(words),
  fc.constantFrom(
    ...[
      'ct state new',
      'ct state established,related',
      'ct state != invalid',
      'tcp flags syn / syn,ack',
      'tcp flags != syn',
      'tcp flags ! ack',
    ],
    ...[
      'icmp type echo-request',
      'icmpv6 type { nd-router-advert, echo-reply }',
      'iifname "eth*"',
      'oifname != "wan0"',
      'meta mark & 0xf == 0x3',
    ],
    ...[
      'ct mark 0x10',
      'ct status dnat',
      'meta nfproto ipv6',
      'meta l4proto { tcp, udp } th dport 53',
      'fib daddr type local',
      'meta skuid 1000',
    ],
    ...[
      'ip ttl < 5',
      'ip6 hoplimit 255',
      'fib saddr . iif oif missing',
      'limit rate 5/minute',
      'ip saddr . tcp dport { 192.0.2.1 . 22, 192.0.2.2 . 80-90 }',
    ],
  ),
);
const action = fc.constantFrom(
  ...[
    'accept',
    'drop',
    'return',
    'jump other',
    'goto other',
    'reject',
    'counter',
    'meta mark set 0x5',
    'ct mark set meta mark & 0xff',
  ],
  ...['meta mark set ct mark', 'notrack', 'log prefix "seen "', 'tcp dport vmap { 22 : accept, 23 : drop }'],
);
const ruleset = fc
  .array(fc.tuple(fc.array(condition, { maxLength: 3 }), action), { minLength: 1, maxLength: 12 })
  .map((rules) =>
    [
      'table inet t {',
      'chain other {',
      '}',
      'chain forward {',
      'type filter hook forward priority 0; policy drop;',
      ...rules.map(([conditions, end]) => words([...conditions, end])),
      '}',
      '}',
    ].join('\n'),
  );

describeSystem(['root', 'netns', 'nft', 'ip'], 'text and JSON of one ruleset', () => {
  test('are one model', async () => {
    await withNamespaces(['fw'], async ({ fw }) => {
      let loaded = 0;
      await fc.assert(
        fc.asyncProperty(ruleset, async (rules) => {
          const load = await fw.run(['nft', '-f', '-'], { input: `flush ruleset\n${rules}\n` });
          // Tests of two protocols in one rule are refused by nft; such a ruleset says nothing here.
          fc.pre(load.code === 0);
          loaded += 1;
          const text = await fw.must(['nft', '-s', 'list', 'ruleset']);
          const json = await fw.must(['nft', '-j', 'list', 'ruleset']);
          const [written, listed, encoded, both] = [
            readSections(section('source.nft', `${rules}\n`)),
            readSections(section('nft-text', text)),
            readSections(section('nft-json', json)),
            readSections(section('nft-text', text), section('nft-json', json)),
          ];
          if (!written.ok || !listed.ok || !encoded.ok || !both.ok) throw new Error('not read');
          expect(essence(encoded.value)).toEqual(essence(listed.value));
          expect(both.value.coverage.blind).toEqual([]);
          expect(listed.value.coverage.rules.unread).toBe(0);
          // As written there may be other spellings, but no more and no fewer rules.
          expect(written.value.pipeline.lists.map(({ rules: all }) => all.length)).toEqual(
            listed.value.pipeline.lists.map(({ rules: all }) => all.length),
          );
        }),
        { seed, numRuns: 25, interruptAfterTimeLimit: 8000 },
      );
      expect(loaded).toBeGreaterThan(3);
    });
  }, 60_000);
});

describe('a listing that was damaged', () => {
  const listing = readFileSync(join('test', 'recordings', 'nftables', 'router', 'nft-text'), 'utf8');
  const whole = readSections(section('nft-text', listing));
  const count = (read: typeof whole): number =>
    read.ok ? read.value.pipeline.lists.reduce((sum, { rules }) => sum + rules.length, 0) : -1;

  test('cut anywhere before its last brace is cut off', () => {
    const end = listing.trimEnd().length;
    for (let at = listing.indexOf('{') + 1; at < end; at += 3) {
      const before = listing.slice(0, at);
      // Between two tables a text is whole: only its JSON could tell.
      if (/\n\}\s*$/.test(before)) continue;
      const read = readSections(section('nft-text', before));
      expect(read.ok ? read.value.coverage.blind.length > 0 : read.error.code).toEqual(read.ok ? true : 'TRUNCATED');
    }
  });

  test('is never read with fewer rules in silence, and never throws', () => {
    const damage = fc.record({
      at: fc.nat(listing.length),
      cut: fc.nat(12),
      put: fc.oneof(
        fc.string({ maxLength: 6 }),
        fc.constantFrom('{', '}', '"', '\0', '\x1b[31m', '$x', '/', ' accept\n', ';', '#', '@', '('),
      ),
    });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
        let text = listing;
        for (const { at, cut, put } of damages) text = text.slice(0, at) + put + text.slice(at + cut);
        const read = readSections(section('nft-text', text));
        if (!read.ok) return;
        const states = read.value.coverage.lines.map(({ line }) => line);
        expect(states).toEqual([...new Set(states)]);
        // A comment sign or a newline may take a rule out by the language's own rules; then a line went with it.
        const lines = text.split('\n').filter((line) => /\S/.test(line.replace(/#.*/, ''))).length;
        const before = listing.split('\n').filter((line) => /\S/.test(line)).length;
        if (lines === before && count(read) < count(whole)) expect(read.value.coverage.blind).not.toEqual([]);
      }),
      { seed, numRuns: 400 },
    );
  });

  test('a rule that the JSON has and the text has not is blindness', () => {
    const json = readFileSync(join('test', 'recordings', 'nftables', 'router', 'nft-json'), 'utf8');
    const short = listing.replace(/^.*maintenance.*\n/m, '');
    const read = readSections(section('nft-text', short), section('nft-json', json));
    expect(read.ok && read.value.coverage.blind).toEqual([
      'chain inet/router/vendor: nft-text has 0 rules, nft-json has 1 rules',
    ]);
  });

  test('an unreadable JSON is said, and the text stands', () => {
    const read = readSections(
      section('nft-text', listing),
      section('nft-json', '{"nftables": [{"table": {"flags": \n'),
    );
    expect(read.ok && read.value.coverage.blind).toEqual([]);
    expect(read.ok && read.value.coverage.notCovered[0]).toContain('not checked against it');
  });

  test('JSON alone, cut off, is cut off', () => {
    const read = readSections(section('nft-json', '{"nftables": [{"table": {"family": "ip", '));
    expect(read).toMatchObject({ ok: false, error: { code: 'TRUNCATED', line: 1 } });
  });
});

describe('bounds', () => {
  const nested = (open: string, times: number): string => `table ip f {\nchain c {\n${open.repeat(times)}\n`;
  test.each([
    ['braces', nested('ip saddr {', 50_000)],
    ['parentheses', `${nested('meta mark (', 50_000)}}\n}\n`],
    ['blocks', nested('jump {\n', 50_000)],
    ['operators', `${nested('meta mark & 1 ', 1)}${'& 1 '.repeat(50_000)}== 1\n}\n}\n`],
    ['tables', 'table ip f {\n'.repeat(50_000)],
    [
      'variables',
      `define a = { 1, 2 }\n${'define a = { $a, $a, $a, $a }\n'.repeat(40)}table ip f { chain c { tcp dport $a accept\n}\n}\n`,
    ],
    ['unknown variables', '$x '.repeat(2000) + '$:\n'.repeat(2000)],
    ['unknown variables in blocks', `table ip f {\n$y\nchain c {\n${'$x\n'.repeat(2000)}}\n}\n`],
    ['quotes', '"'.repeat(100_000)],
    ['closing braces', '}'.repeat(100_000)],
    ['JSON', `{"nftables": [{"rule": ${'{"concat": ['.repeat(50_000)}${']}'.repeat(50_000)}}]}`],
  ])('%s in depth are answered, and never as a clean ruleset', (_, text) => {
    const read = readSections(section('f', text));
    expect(read.ok ? read.value.coverage.blind.length : 1).toBeGreaterThan(0);
  });
});

systemTest(['root', 'netns', 'nft', 'ip'], 'a dormant table is not called, in both forms', async () => {
  await withNamespaces(['fw'], async ({ fw }) => {
    await fw.must(['nft', '-f', '-'], {
      input: 'table ip x {\nflags dormant\nchain c {\ntype filter hook input priority 0; policy drop;\n}\n}\n',
    });
    const read = readSections(section('nft-text', await fw.must(['nft', '-s', 'list', 'ruleset'])));
    expect(read.ok && read.value.pipeline.bases).toEqual([]);
  });
});
