import type { Dice } from './dice.js';
import type { Context } from './nft-rules.js';
import type { NamedSet } from './ruleset.js';
import * as words from './words.js';

const named: readonly (readonly [NamedSet['kind'], string, string, (context: Context) => readonly string[]])[] = [
  ['set', 'nets4', 'type ipv4_addr; flags interval', ({ dice }) => words.addressList(dice, 'ip4').split(', ')],
  ['set', 'hosts4', 'type ipv4_addr', ({ dice }) => dice.some(words.hosts.ip4, 2)],
  ['set', 'nets6', 'type ipv6_addr; flags interval', ({ dice }) => words.addressList(dice, 'ip6').split(', ')],
  ['set', 'services', 'type inet_service; flags interval', ({ dice }) => words.portList(dice).split(', ')],
  [
    'set',
    'pairs4',
    'type ipv4_addr . inet_service; flags interval',
    ({ dice }) => concatenated(dice, () => `${words.aPrefix(dice, 'ip4')} . ${words.aPortRange(dice)}`),
  ],
  [
    'set',
    'pairs6',
    'type ipv6_addr . inet_service; flags interval',
    ({ dice }) => concatenated(dice, () => `${words.aPrefix(dice, 'ip6')} . ${words.aPortRange(dice)}`),
  ],
  [
    'set',
    'triples',
    'type inet_proto . ipv4_addr . inet_service; flags interval',
    ({ dice }) =>
      concatenated(
        dice,
        () => `${dice.pick(['tcp', 'udp'])} . ${words.aPrefix(dice, 'ip4')} . ${words.aPortRange(dice)}`,
      ),
  ],
  [
    'set',
    'timed4',
    'type ipv4_addr; flags timeout',
    ({ dice }) => dice.some(words.hosts.ip4, 2).map((one) => `${one} timeout 1d`),
  ],
  [
    'map',
    'desks',
    'type ipv4_addr . inet_service : verdict',
    (context) =>
      concatenated(context.dice, () => `${context.dice.pick(words.hosts.ip4)} . ${words.aPort(context.dice)}`).map(
        (one) => `${one} : ${verdict(context)}`,
      ),
  ],
  [
    'map',
    'places',
    'type ipv4_addr : mark; flags interval',
    ({ dice }) =>
      words
        .addressList(dice, 'ip4')
        .split(', ')
        .map((one) => `${one} : ${words.hex(dice.pick(words.marks))}`),
  ],
  [
    'set',
    'flows',
    'type inet_proto . inet_service',
    ({ dice }) => concatenated(dice, () => `${dice.pick(['tcp', 'udp'])} . ${words.aPort(dice)}`),
  ],
  [
    'set',
    'ways',
    'type ifname . ipv4_addr',
    ({ dice }) => concatenated(dice, () => `"${dice.pick(['wan0', 'lan0', 'dmz0'])}" . ${dice.pick(words.hosts.ip4)}`),
  ],
  [
    'set',
    'ports',
    'type ifname',
    ({ dice }) => dice.some(['wan0', 'lan0', 'lan1', 'dmz0'], 2).map((one) => `"${one}"`),
  ],
  [
    'map',
    'doors',
    'type inet_service : verdict',
    (context) =>
      words
        .portList(context.dice)
        .split(', ')
        .filter((one) => !one.includes('-'))
        .map((port) => `${port} : ${verdict(context)}`),
  ],
  [
    'map',
    'sides',
    'type ipv4_addr : verdict; flags interval',
    (context) =>
      words
        .addressList(context.dice, 'ip4')
        .split(', ')
        .map((one) => `${one} : ${verdict(context)}`),
  ],
  [
    'map',
    'labels',
    'type inet_service : mark',
    ({ dice }) => dice.some(words.ports, 3).map((port) => `${port} : ${words.hex(dice.pick(words.marks))}`),
  ],
];

/** Concatenations are told apart by their text: two that overlap would be refused. */
export function concatenated(dice: Dice, draw: () => string): readonly string[] {
  return dice.once(2)
    ? [draw()]
    : words.apart(2 + dice.below(2), draw, (text) => {
        const part = text.split(' . ').at(-1)!;
        return /^\d+(?:-\d+)?$/.test(part) ? words.portBounds(part) : words.addressBounds(part);
      });
}

export function verdict({ dice, callable }: Context): string {
  if (callable.length > 0 && dice.once(3)) return `${dice.pick(['jump', 'jump', 'goto'])} ${dice.pick(callable)}`;
  return dice.pick(['accept', 'accept', 'drop', 'drop', 'return', 'continue']);
}

/** The sets and maps that a table has: each of them in one table of three. */
export function namedSets(context: Context): readonly NamedSet[] {
  return named
    .filter(() => context.dice.once(3))
    .map(([kind, name, head, elements]): NamedSet => ({ kind, name, head, elements: elements(context) }))
    .filter(({ elements }) => elements.length > 0);
}
