import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Condition, Rule } from '../../../agent/model/index.js';
import { readSections, readText, rulesOf, section } from './support.js';

/**
 * A line that was read before is not read again. What it says then is what it says to a reader who never saw it: that
 * is seen by reading the same ruleset with blanks behind its lines, which nobody has read yet.
 */
const root = join('test', 'recordings', 'nftables');
const recordings = readdirSync(root).flatMap((name) =>
  ['nft-text', 'source.nft'].map((file) => join(root, name, file)).filter((path) => existsSync(path)),
);

function strange(text: string, blanks: number): string {
  return text.replaceAll(/(?<=[^\\\r\n])(?=\r?\n)/g, ' '.repeat(blanks));
}

function read(text: string) {
  const device = readSections(section('nft-text', text));
  return device.ok ? device.value : device.error;
}

const forms = `table inet t {
  set s { type ipv4_addr; elements = { 192.0.2.1, 192.0.2.2 } }
  chain other { tcp dport 1 accept }
  chain c {
    type filter hook forward priority 0; policy drop;
    tcp dport 22 accept comment "a # b ; c" # handle 7
    tcp dport 22 accept comment "a # b ; c" # handle 8
    tcp dport { 80,
      443 } accept
    tcp dport 23 \\
      accept
    tcp dport 24 accept; tcp dport 25 accept
    ip saddr @s accept # handle 12
    tcp dport 26 jump other
    tcp dport 27 jump nowhere
    tcp dport 28 jump { ip saddr 192.0.2.3 accept
      drop
    }
    ip daddr 192.0.2.4 limit rate 5/second accept
    ip daddr 192.0.2.4 limit rate 5/second accept
    frobnicate 3
    tcp dport 29 accept # managed by nobody
    meta l4proto { tcp, udp } th dport 53 accept
  }
}
`;

describe('a line that was read before', () => {
  test.each([
    ['of all kinds', forms] as const,
    ...recordings.map((path) => [path, readFileSync(path, 'utf8')] as const),
  ])('says what it says to a new reader: %s', (_, text) => {
    const first = read(text);
    expect(read(text)).toEqual(first);
    expect(read(strange(text, 3))).toEqual(first);
    expect(read(`\n${text}`)).toEqual(read(`\n${strange(text, 5)}`));
  });

  test('shares its steps with the reading before, and has its own place and handle', () => {
    const ruleset = (handle: number, more = '') =>
      `table inet t {\n chain c {\n${more}  tcp dport 4711 accept # handle ${handle}\n }\n}\n`;
    const [before, after] = [ruleset(3), ruleset(9, '  tcp dport 1 drop\n')].map(
      (text) => rulesOf(readText(text), 'inet/t/c').at(-1)!,
    );
    expect(after!.steps).toBe(before!.steps);
    expect(before!.origin).toMatchObject({ line: 3, rule: 'inet/t/c rule 1 (handle 3)' });
    expect(after!.origin).toMatchObject({ line: 4, rule: 'inet/t/c rule 2 (handle 9)' });
  });

  test('is read anew where it names what may have changed', () => {
    const ruleset = (addresses: string, chain: string) => `table inet t {
  set s { type ipv4_addr; elements = { ${addresses} } }
  chain ${chain} { tcp dport 1 accept }
  chain c {
    ip saddr @s accept
    tcp dport 26 jump other
  }
}
`;
    const rules = (addresses: string, chain: string) => rulesOf(readText(ruleset(addresses, chain)), 'inet/t/c');
    const [set, jump] = rules('192.0.2.1', 'other');
    expect(rules('192.0.2.1', 'other').map(({ steps }) => steps)).toEqual([set!.steps, jump!.steps]);
    expect(rules('192.0.2.2', 'other')[0]!.steps).not.toEqual(set!.steps);
    expect(rules('192.0.2.1', 'another')[1]!.steps).not.toEqual(jump!.steps);
  });

  test('has a limit of its own in each rule', () => {
    const line = '    ip daddr 192.0.2.44 limit rate 7/second accept\n';
    const rules = rulesOf(readText(`table inet t {\n  chain c {\n${line}${line}  }\n}\n`), 'inet/t/c');
    const limitOf = ({ steps }: Rule): Condition | undefined =>
      steps.flatMap((step) => (step.kind === 'match' && step.condition.kind === 'unknown' ? [step.condition] : []))[0];
    const [one, other] = rules.map(limitOf);
    expect(one).toMatchObject({ stateful: true });
    expect(other).toEqual(one);
    expect(other).not.toBe(one);
  });
});

describe('a statement of the same words as another', () => {
  const steps = (chain: string, text: string) => rulesOf(readText(text), chain).map((rule) => rule.steps);
  const table = (name: string, element: string): string =>
    `table inet ${name} {\n set s { type ipv4_addr; elements = { ${element} } }\n chain c {\n  ip saddr @s accept\n }\n}\n`;

  test('asks the sets of its own table', () => {
    const both = table('one', '192.0.2.1') + table('two', '192.0.2.2');
    expect(steps('inet/one/c', both)).not.toEqual(steps('inet/two/c', both));
    expect(steps('inet/two/c', both)).toEqual(steps('inet/two/c', table('two', '192.0.2.2')));
  });

  test('asks no more than what the tests before it leave', () => {
    const chain = (before: string): string => `table inet t {\n chain c {\n  ${before} th dport 53 accept\n }\n}\n`;
    const rules = ['meta l4proto tcp', 'meta l4proto icmp', 'meta l4proto { tcp, udp }', ''];
    const one = `table inet t {\n chain c {\n${rules.map((rule) => `  ${rule} th dport 53 accept`).join('\n')}\n }\n}\n`;
    expect(steps('inet/t/c', one)).toEqual(rules.flatMap((rule) => steps('inet/t/c', chain(rule))));
  });

  test('is one condition, and another one where it answers anew each time', () => {
    const text =
      'table inet t {\n chain c {\n  tcp dport 1 meta length 4 limit rate 1/second accept\n  tcp dport 1 meta length 4 limit rate 1/second drop\n }\n}\n';
    const [one, other] = steps('inet/t/c', text);
    expect(other!.slice(0, 3)).toEqual(one!.slice(0, 3));
    expect(other![0]).toBe(one![0]);
    expect(other![1]).toBe(one![1]);
    expect(other![2]).not.toBe(one![2]);
  });
});
