import { describe, expect, test } from '@jest/globals';
import { isClean, numbersFrom, readSections, readText, sectionsOf, whole } from './support.js';

const running = sectionsOf('edge').find(({ name }) => name === 'running-config')!.text;
const lines = running.split('\n');

/** Lines of which every word counts for what passes: a word more, a word less or a broken one loses the meaning. */
const counts =
  /^(?:access-list (?!\S+ remark)|access-group|nat | nat | nameif| security-level| host| subnet| fqdn| service | network-object| service-object| port-object| protocol-object| icmp-object| group-object|http |ssh \d|object |object-group |interface )/;
const places = lines.flatMap((line, index) => (counts.test(line) ? [index] : []));

function isCleanText(text: string): boolean {
  const result = readSections([{ name: 'fw', source: 'fw', text }]);
  return result.ok && isClean(result.value);
}

describe('damaged configurations', () => {
  test('the whole one is clean', () => expect(isCleanText(running)).toBe(true));

  test('500 mutations: no crash, and never clean when a meaning was lost', () => {
    const random = numbersFrom(20265);
    const wrong: string[] = [];
    for (let round = 0; round < 500; round++) {
      const at = places[random(places.length)]!;
      const words = lines[at]!.trimEnd().split(' ');
      const first = words.findIndex((word) => word !== '');
      const word = first + random(words.length - first);
      const kinds: readonly (() => readonly string[])[] = [
        () => words.with(word, `${words[word]}\u00a7`),
        () => words.toSpliced(word, 0, '%%'),
        () => [...words, random(2) === 0 ? '\u00a7' : '%%'],
        () => words.with(first, `x${words[first]}`),
      ];
      const mutated = kinds[random(kinds.length)]!().join(' ');
      if (mutated === lines[at]) continue;
      if (isCleanText(lines.with(at, mutated).join('\n'))) wrong.push(mutated);
    }
    expect(wrong).toEqual([]);
  });

  test('a text cut anywhere before its end is no clean model, and speaks of nothing', () => {
    const random = numbersFrom(20266);
    const end = running.indexOf('Cryptochecksum');
    for (let round = 0; round < 100; round++) {
      const text = running.slice(0, 9 + random(end - 9));
      const result = readSections([{ name: 'fw', source: 'fw', text }]);
      if (!result.ok) continue;
      expect([text.slice(-40), isClean(result.value)]).toEqual([text.slice(-40), false]);
      expect(result.value.pipeline.speaksOf).toEqual([]);
    }
  });

  test('a text without its beginning is no clean model', () => {
    for (const at of places) expect(isCleanText(lines.slice(at).join('\n'))).toBe(false);
  });

  test('lines that run into each other are no clean model', () => {
    const wrong = places.filter((at) => {
      const before = at - 1;
      if (lines[before] === '' || lines[before]!.startsWith('!') || / remark | description /.test(lines[before]!))
        return false;
      const joined = [
        ...lines.slice(0, before),
        `${lines[before]!.trimEnd()}${lines[at]!.trimStart()}`,
        ...lines.slice(at + 1),
      ];
      return isCleanText(joined.join('\n'));
    });
    expect(wrong.map((at) => `${lines[at - 1]} | ${lines[at]}`)).toEqual([]);
  });

  test.each([
    ['an entry below another line', 'mtu inside 1500\n access-list a extended permit ip any any'],
    [
      'an entry below a section that does not filter',
      'class-map x\n match any\n access-list a extended permit ip any any',
    ],
    ['a command that nobody knows', 'frobnicate all'],
    ['a list that is not there', 'access-group nowhere in interface outside'],
    ['an interface that is not there', 'access-list a extended permit ip any any\naccess-group a in interface outsid'],
    [
      'two lists in one place',
      'access-list a extended deny ip any any\naccess-group a in interface outside\naccess-group a in interface outside',
    ],
    [
      'an object that is not there',
      'access-list a extended permit ip object web any\naccess-group a in interface outside',
    ],
    ['a group that is not there', 'object-group network g\n group-object h'],
    [
      'a translation between interfaces that are not there',
      'object network o\n host 10.0.0.1\n nat (insid,outside) static 203.0.113.3',
    ],
    ['a command of old systems', 'static (inside,outside) 203.0.113.3 10.0.0.3 netmask 255.255.255.255'],
    ['an odd level', 'interface GigabitEthernet0/2\n nameif dmz\n security-level fifty'],
    ['a name for two interfaces', 'interface GigabitEthernet0/2\n nameif inside\n security-level 50'],
    ['an empty range', 'access-list a extended permit tcp any any range 20 10'],
  ])('%s is no clean model', (_, text) => {
    expect(isClean(readText(whole(text)))).toBe(false);
  });

  test('names of Object.prototype are names', () => {
    const device = readText(
      whole(
        'object network constructor\n host 10.0.0.7\naccess-list toString extended permit tcp any object constructor eq 443\naccess-group toString in interface outside',
      ),
    );
    expect(isClean(device)).toBe(true);
    expect(isClean(readText(whole('access-list a extended permit tcp any object valueOf eq __proto__')))).toBe(false);
  });
});
