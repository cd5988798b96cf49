import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AskedPacket, ask } from '../../agent/exposure/ask.js';
import type { Family } from '../../agent/model/index.js';
import { iptablesDevice } from './rulesets.js';

/** Shorter than any list that gets an index. */
const SHORT = 40;

const address = fc
  .tuple(fc.nat(3), fc.constantFrom(0, 8, 24, 30, 32))
  .map(([last, length]) => `10.0.0.${last}/${length}`);
const option = fc.oneof(
  address.map((text) => `-s ${text}`),
  address.map((text) => `! -d ${text}`),
  address.map((text) => `-d ${text}`),
  fc.constantFrom('-i a', '-i b', '-i a+', '! -i b', '-o b', '-o +', '-p tcp', '-p udp', '-p icmp'),
  fc.constantFrom('-p tcp -m tcp --dport 22', '-p tcp -m tcp --dport 20:80', '-p udp -m udp --sport 53'),
  fc.constantFrom('-m conntrack --ctorigdst 10.0.0.1', '-p tcp -m conntrack --ctorigdstport 22', '-m mark --mark 0x1'),
  fc.constantFrom('-m time --timestart 08:00', '-m set --match-set nowhere src'),
);
const target = fc.constantFrom('ACCEPT', 'DROP', 'MARK --set-xmark 0x1/0xffffffff', 'LOG', 'REJECT');
/** Most rules are about hosts that no packet has, as in a long list. */
const rule = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 255 }).map((host) => `-s 10.9.9.${host}/32 -j DROP`), weight: 6 },
  {
    arbitrary: fc.tuple(fc.uniqueArray(option, { maxLength: 3 }), target).map(([all, to]) => {
      const parts = all.filter((one, at) => all.findIndex((other) => other.split(' ')[0] === one.split(' ')[0]) === at);
      const plain = parts.filter((one) => !one.startsWith('!') || !parts.includes(one.slice(2)));
      return `${plain.join(' ')} -j ${to}`.trim();
    }),
    weight: 4,
  },
);

/** Mostly given: a packet that lacks much meets no rule for sure. */
function given<T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(values, { nil: undefined, freq: 30 });
}

const packet: fc.Arbitrary<AskedPacket> = fc
  .record({
    source: given(fc.integer({ min: 0x0a00_0000, max: 0x0a00_0004 })),
    destination: given(fc.integer({ min: 0x0a00_0000, max: 0x0a00_0004 })),
    protocol: given(fc.constantFrom(6, 17, 1)),
    sourcePort: given(fc.constantFrom(53, 40000)),
    destinationPort: given(fc.constantFrom(22, 80, 8080)),
    inInterface: given(fc.constantFrom('a', 'b', 'ab', 'c')),
    outInterface: given(fc.constantFrom('b', 'c')),
  })
  .map(({ inInterface, outInterface, ...fields }) => ({
    families: ['ip4'] as readonly Family[],
    direction: 'forward',
    state: 'new',
    fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    ...(inInterface !== undefined && { inInterface }),
    ...(outInterface !== undefined && { outInterface }),
  }));

function saved(rules: readonly string[], translation: boolean): { readonly long: string; readonly short: string } {
  const nat = [
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':INPUT ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    ...(translation ? ['-A PREROUTING -p tcp -m tcp --dport 22 -j DNAT --to-destination 10.0.0.3:80'] : []),
    'COMMIT',
  ];
  const chains = Array.from({ length: Math.ceil(rules.length / SHORT) }, (_, number) => `part${number}`);
  const head = ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]'];
  const text = (...lines: readonly string[]): string => [...nat, ...head, ...lines, 'COMMIT', ''].join('\n');
  return {
    long: text(':all - [0:0]', '-A FORWARD -j all', ...rules.map((one) => `-A all ${one}`)),
    short: text(
      ...chains.map((chain) => `:${chain} - [0:0]`),
      ...chains.map((chain) => `-A FORWARD -j ${chain}`),
      ...rules.map((one, at) => `-A ${chains[Math.floor(at / SHORT)]} ${one}`),
    ),
  };
}

test('a long list, whose rules are found by an index, decides as the same rules in short lists', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 80, maxLength: 150 }),
      fc.array(packet, { minLength: 15, maxLength: 15 }),
      fc.boolean(),
      (rules, packets, translation) => {
        const { long, short } = saved(rules, translation);
        const [one, other] = [iptablesDevice(long).pipeline, iptablesDevice(short).pipeline];
        for (const asked of packets) {
          const met = (pipeline: typeof one) => {
            const { verdict, trace, unknowns } = ask(pipeline, asked);
            const steps = trace?.steps.map(({ did, rule: origin }) => `${did}: ${origin.text.replace(/^-A \S+ /, '')}`);
            return {
              verdict,
              unknowns: [...unknowns].sort(),
              steps: steps?.filter((step) => !step.startsWith('jump')),
            };
          };
          expect(met(one)).toEqual(met(other));
        }
      },
    ),
    { seed: 20160216, numRuns: 20 },
  );
});

test('behind a translation a long list is asked for the new destination', () => {
  const hosts = Array.from({ length: 100 }, (_, host) => `-s 10.9.9.${host}/32 -j DROP`);
  const { long } = saved([...hosts, '-d 10.0.0.3/32 -p tcp -m tcp --dport 80 -j DROP'], true);
  const fields = { source: 0x0a00_0001, destination: 0x0a00_0001, protocol: 6, sourcePort: 40000, destinationPort: 22 };
  const asked: AskedPacket = { families: ['ip4'], direction: 'forward', state: 'new', fields };
  expect(ask(iptablesDevice(long).pipeline, asked).verdict).toBe('deny');
});
