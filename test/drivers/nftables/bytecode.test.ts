import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readBytecode } from '../../../agent/drivers/nftables/bytecode.js';
import { driver } from '../../../agent/drivers/nftables/index.js';
import type { Device } from '../../../agent/model/index.js';
import { randomFrom } from '../mutate.js';
import { plain, readSections, rulesOf, section } from './support.js';

const folder = join('test', 'recordings', 'nftables', 'as-in-the-kernel');
const [text, bytecode] = ['nft-text', 'nft-bytecode'].map((name) => readFileSync(join(folder, name), 'utf8')) as [
  string,
  string,
];

function deviceOf(...more: readonly ReturnType<typeof section>[]): Device {
  const read = readSections(section('nft-text', text), ...more);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

const withBytecode = (listing: string): Device => deviceOf(section('nft-bytecode', listing));
const stepsIn = (device: Device): unknown => plain(device.pipeline.lists.map(({ rules }) => rules.map((r) => r.steps)));
const texts = (device: Device): readonly string[] => rulesOf(device, 'inet/words/forward').map((r) => r.origin.text);
const rules = (device: Device): number => device.pipeline.lists.reduce((sum, one) => sum + one.rules.length, 0);

const asPrinted = deviceOf();

describe('the bytecode of a listing', () => {
  test('says what the kernel has where nft prints something else', () => {
    const found = texts(withBytecode(bytecode));
    expect(found.slice(0, 4)).toEqual([
      'tcp sport >= 1024 tcp dport <= 2047 accept',
      'tcp dport 1024-2047 accept',
      'tcp dport < 25 tcp dport > 80 accept',
      'tcp sport < 25 tcp dport > 80 accept',
    ]);
    expect(found).toContain('tcp dport != 25-80 accept');
    expect(found).toContain('ip saddr >= 10.0.0.1 ip daddr <= 10.0.0.4 accept');
    expect(found).toContain('ct protocol 47 th dport 53 accept');
    expect(found).toContain('ct protocol 6 meta l4proto tcp tcp dport 443 accept');
    expect(found).toContain('ct l3proto 2 tcp dport 80 accept');
    expect(found).toContain('udp sport . udp dport != 2222 . 8080 accept');
    expect(found).toContain('meta mark set 1 ct protocol 47 th dport 22 accept');
    expect(texts(asPrinted)).not.toContain('ct protocol 47 th dport 53 accept');
  });

  test('makes exact what else is bounded, and bounds what has no words', () => {
    const device = withBytecode(bytecode);
    const unknowns = rulesOf(device, 'inet/words/forward').map(({ steps, origin }) => [
      origin.text,
      JSON.stringify(plain(steps)).includes('"kind":"unknown"'),
    ]);
    const bounded = unknowns.filter(([, isBounded]) => isBounded).map(([words]) => words);
    expect(bounded).not.toContain('tcp dport != 25-80 accept');
    expect(bounded).not.toContain('udp sport . udp dport != 2222 . 8080 accept');
    expect(bounded.filter((words) => String(words).includes('ip ttl <= 7'))).toHaveLength(1);
    expect(device.coverage.rules!.exact).toBeGreaterThan(asPrinted.coverage.rules!.exact);
    expect(device.coverage.blind).toEqual([]);
  });

  test('is one check less where it is missing, failed, or another text', () => {
    const problem = { code: 'TIMEOUT', message: 'no answer after 5 s' };
    const failed = { ...section('nft-bytecode', ''), failure: { kind: 'timeout' as const, problem } };
    const missing = { ...failed, failure: { kind: 'missing-program' as const, problem } };
    for (const one of [
      failed,
      missing,
      section('nft-bytecode', 'unrecognized option\n'),
      section('nft-bytecode', ''),
    ]) {
      const device = deviceOf(one);
      expect(stepsIn(device)).toEqual(stepsIn(asPrinted));
      expect(device.coverage.blind).toEqual([]);
    }
    expect(deviceOf(missing).coverage.notCovered).toEqual(asPrinted.coverage.notCovered);
    expect(deviceOf(failed).coverage.notCovered.join()).toContain('no answer after 5 s');
  });

  test('of a table that was made anew is that of another one', () => {
    const anew = bytecode.replace('table inet words { # handle 1\n', 'table inet words { # handle 2\n');
    expect(anew).not.toBe(bytecode);
    expect(stepsIn(withBytecode(anew))).toEqual(stepsIn(asPrinted));
  });

  test('that speaks of other rules is used for those that both have', () => {
    const [first] = /^inet words forward \d+\n/m.exec(bytecode)!;
    const other = bytecode.replace(first, 'inet words forward 999\n');
    expect(texts(withBytecode(other)).slice(0, 2)).toEqual([
      'tcp dport 1024-2047 accept',
      'tcp dport 1024-2047 accept',
    ]);
    expect(texts(withBytecode(other))).toContain('ct protocol 47 th dport 53 accept');
  });

  test('that names a rule twice says nothing of it: a log prefix may look like a rule', () => {
    const [block] = /^inet words forward \d+\n(?: {2}.*\n)+/m.exec(bytecode)!;
    const forged = bytecode.replace('table inet words', `${block}\ntable inet words`);
    expect(texts(withBytecode(forged))[0]).toBe('tcp dport 1024-2047 accept');
  });
});

test('of two comparisons of the same words one may be a part of what the kernel asks as one', () => {
  const rule = 'tcp sport != 5 tcp sport != 5 tcp dport != 6 tcp dport != 6 drop';
  const listing = `table inet f { # handle 2\n\tchain c { # handle 1\n\t\t${rule} # handle 3\n\t}\n}\n`;
  const asked = [
    ['2b @ transport header + 0', '0x00000500'],
    ['4b @ transport header + 0', '0x06000500'],
    ['2b @ transport header + 2', '0x00000600'],
  ].map(([place, value]) => `  [ payload load ${place} => reg 1 ]\n  [ cmp neq reg 1 ${value} ]\n`);
  const block = `inet f c 3\n  [ meta load l4proto => reg 1 ]\n  [ cmp eq reg 1 0x00000006 ]\n${asked.join('')}  [ immediate reg 0 drop ]\n\n`;
  const read = readSections(section('nft-text', listing), section('nft-bytecode', block + listing));
  if (!read.ok) throw new Error(read.error.message);
  const [found] = rulesOf(read.value, 'inet/f/c');
  expect(found!.steps).toHaveLength(4);
  expect(read.value.coverage.rules).toEqual({ exact: 1, bounded: 0, unread: 0 });
  expect(found!.origin.text).toBe('tcp sport . tcp dport != 5 . 6 tcp sport != 5 tcp dport != 6 drop');
});

describe('a bytecode that is damaged', () => {
  test('cut off anywhere before its listing it is no bytecode', () => {
    const end = bytecode.indexOf('table inet words');
    for (let at = 0; at < end; at += 7) expect(readBytecode(bytecode.slice(0, at), text)).toBeUndefined();
    for (let at = end; at < bytecode.length - 1; at++)
      expect(stepsIn(withBytecode(bytecode.slice(0, at)))).toEqual(stepsIn(asPrinted));
  });

  test('a line that is gone leaves a rule as nft prints it', () => {
    const lines = bytecode.split('\n');
    const body = lines.findIndex((line) => line.startsWith('table '));
    const [whole, printed] = [texts(withBytecode(bytecode)), texts(asPrinted)];
    const exact = withBytecode(bytecode).coverage.rules!.exact;
    let tried = 0;
    for (const [at, line] of lines.slice(0, body).entries()) {
      if (!/^ {2}\[ (?:payload|meta load|ct load|cmp|range)/.test(line)) continue;
      tried += 1;
      const less = withBytecode(lines.filter((_, other) => other !== at).join('\n'));
      for (const [index, words] of texts(less).entries()) expect([whole[index], printed[index]]).toContain(words);
      expect(less.coverage.rules!.exact).toBeLessThanOrEqual(exact);
    }
    expect(tried).toBeGreaterThan(60);
  });

  test('characters that are others never throw, never blind, and never make more rules exact', () => {
    const random = randomFrom(20_261_122);
    const end = bytecode.indexOf('table inet words');
    const whole = withBytecode(bytecode).coverage.rules!;
    for (let round = 0; round < 400; round++) {
      const at = random(end);
      const letter = String.fromCharCode(32 + random(95));
      const device = withBytecode(bytecode.slice(0, at) + letter + bytecode.slice(at + 1));
      expect(device.coverage.blind).toEqual([]);
      expect(rules(device)).toBe(rules(asPrinted));
      expect(device.coverage.rules!.exact).toBeLessThanOrEqual(whole.exact);
    }
  });
});

test('what changes while nothing does is taken out of it, and nothing of a rule', () => {
  const still = (listing: string): string =>
    driver.volatile.reduce((rest, { pattern, replacement }) => rest.replace(pattern, replacement), listing);
  const other = bytecode
    .replace(/pkts 0 bytes 0/g, 'pkts 12 bytes 3400')
    .replace(/consumed 0/g, 'consumed 4711')
    .replace(/__set0/g, '__set7')
    .replace(/^(?<rule>inet words \w+) \d+(?: \d+)?$/gm, '$<rule> 77 76')
    .replace(/# handle \d+/g, '# handle 9')
    .replace(/^\telement 00005b00.*\n/gm, '');
  expect(other).not.toBe(bytecode);
  expect(still(other)).toBe(still(bytecode));
  expect(still(bytecode.replace('cmp gte', 'cmp lte'))).not.toBe(still(bytecode));
  expect(still('\t\tjump __chain1\n\t\tlog prefix "__set1 consumed 5"\n')).toContain(
    'jump __chain1\n\t\tlog prefix "__set1',
  );
});
