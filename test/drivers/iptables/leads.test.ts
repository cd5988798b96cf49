import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFile } from './support.js';

// `-A` is read by its beginning and its tail, `--append` word by word: both must say the same of the same rule.

const words = fc.oneof(
  fc.constantFrom(
    '-s 192.0.2.1/32',
    '! -s 192.0.2.0/24',
    '-d 198.51.100.7',
    '-i eth0',
    '! -o eth+',
    '-i +',
    '-i "a b"',
  ),
  fc.constantFrom(
    '-s ! 192.0.2.1',
    '-s192.0.2.1',
    '--source=192.0.2.1',
    '-s nonsense',
    "-i 'eth0'",
    '-o br*',
    '-d',
    '!',
  ),
  fc.constantFrom('-p tcp', '-p tcp -m tcp --dport 22', '! -p udp', '--dport 80', '-m limit --limit 5/min', '-4', '-6'),
  fc.constantFrom('-m comment --comment "-s 1.2.3.4"', '-m comment --comment "open', '-m state --state NEW', '-c 1 2'),
  fc.constantFrom(
    '-A OUTPUT',
    '-i COMMIT',
    '-s 1.2.3.4[0:0]',
    '-i -o',
    '-d  1.2.3.4',
    '-s\t1.2.3.4',
    'stray',
    '--nobody',
  ),
);
const verdict = fc.constantFrom('-j ACCEPT', '-j DROP', '-j LOG', '-j nowhere', '-j REDIRECT --to-ports 8', '');

test('what is cut off at the beginning of a rule means what it means among all words', () => {
  const chains = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n';
  const said = (verb: string, rule: string): string => {
    const read = readFile(`*filter\n${chains}${verb} INPUT ${rule}\nCOMMIT\n`);
    return JSON.stringify(read, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).replaceAll(
      `${verb} INPUT`,
      'INPUT',
    );
  };
  fc.assert(
    fc.property(fc.array(words, { maxLength: 6 }), verdict, (parts, target) => {
      const rule = [...parts, target].join(' ');
      expect(said('-A', rule)).toBe(said('--append', rule));
    }),
    { numRuns: 2_000 },
  );
});
