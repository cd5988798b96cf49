import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contains, size } from '../../agent/lib/intervals.js';
import {
  formatIp4,
  formatIp6,
  formatRange,
  LAST_IP4,
  LAST_IP6,
  masked4,
  parseAddressSet,
  parseIp4,
  parseIp6,
  prefix4,
  prefix6,
} from '../../agent/model/address.js';
import { seed } from '../support/seed.js';

const ip4 = fc.integer({ min: 0, max: LAST_IP4 });
const ip6 = fc.bigInt({ min: 0n, max: LAST_IP6 });
/** Addresses as they are written: mostly zero groups, so that compression has something to do. */
const sparseIp6 = fc
  .array(fc.oneof({ weight: 2, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: fc.bigInt(0n, 0xffffn) }), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => groups.reduce((value, group) => (value << 16n) | group, 0n));

describe('IPv4, strictly', () => {
  test.each([
    ['0.0.0.0', 0],
    ['192.0.2.1', 0xc0000201],
    ['255.255.255.255', LAST_IP4],
  ])('%s', (text, value) => expect(parseIp4(text)).toBe(value));

  // Each of these names some host to inet_aton(3) or to a lenient parser, and another one or none to the next.
  test.each([
    '',
    '192.0.2',
    '10.1',
    '192.0.2.1.1',
    '010.0.0.1',
    '192.0.2.01',
    '192.0.2.00',
    '0x7f.0.0.1',
    '0x7f.1',
    '3221225985',
    '256.0.0.1',
    '192.0.2.1000',
    '192.0.2.-1',
    '192.0.2.+1',
    '192.0.2.1 ',
    ' 192.0.2.1',
    '192.0.2.1\n',
    '192.0.2.',
    '.192.0.2',
    '192..0.2',
    '192.0.2.1e0',
    '192.0.2.١',
  ])('refuses %j', (text) => expect(parseIp4(text)).toBeUndefined());

  test('what is printed is read back', () => {
    fc.assert(
      fc.property(ip4, (value) => expect(parseIp4(formatIp4(value))).toBe(value)),
      { seed },
    );
  });
});

describe('IPv6', () => {
  test.each([
    ['::', 0n],
    ['::1', 1n],
    ['1::', 1n << 112n],
    ['2001:db8::1', 0x2001_0db8_0000_0000_0000_0000_0000_0001n],
    ['2001:DB8:0:0:0:0:0:1', 0x2001_0db8_0000_0000_0000_0000_0000_0001n],
    ['2001:db8::0:1', 0x2001_0db8_0000_0000_0000_0000_0000_0001n],
    ['::192.0.2.1', 0xc000_0201n],
    ['::ffff:192.0.2.1', 0xffff_c000_0201n],
    ['2001:db8:0:0:0:0:192.0.2.1', 0x2001_0db8_0000_0000_0000_0000_c000_0201n],
    ['1:2:3:4:5:6:7::', 0x0001_0002_0003_0004_0005_0006_0007_0000n],
    ['::2:3:4:5:6:7:8', 0x0000_0002_0003_0004_0005_0006_0007_0008n],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', LAST_IP6],
  ])('%s', (text, value) => expect(parseIp6(text)).toBe(value));

  test.each([
    '',
    ':',
    ':::',
    '1',
    '192.0.2.1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    ':1::2',
    '12345::',
    'g::',
    '::0x1',
    '::+1',
    ' ::1',
    '::1 ',
    '::1\n',
    'fe80::1%eth0',
    '[::1]',
    '::1/128',
    '::192.0.2.256',
    '::192.0.02.1',
    '::192.0.2.1:1',
    '1:2:3:4:5:6:7:192.0.2.1',
  ])('refuses %j', (text) => expect(parseIp6(text)).toBeUndefined());

  test('what is printed is read back', () => {
    fc.assert(
      fc.property(fc.oneof(ip6, sparseIp6), (value) => expect(parseIp6(formatIp6(value))).toBe(value)),
      { seed },
    );
  });
});

describe('RFC 5952', () => {
  // Section and example of each line; every text must come out as its canonical form.
  test.each([
    ['4.1 leading zeros go', '2001:0db8::0001', '2001:db8::1'],
    ['4.1 a zero group is one zero', '2001:db8:0000:1:0000:1:0000:1', '2001:db8:0:1:0:1:0:1'],
    ['4.2.1 as short as possible', '2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['4.2.2 one zero group is not compressed', '2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['4.2.3 the longest run', '2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['4.2.3 the first of equal runs', '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['4.3 lower case', '2001:DB8::ABCD', '2001:db8::abcd'],
    ['a run at the end', '2001:db8:1:1:1:1:0:0', '2001:db8:1:1:1:1::'],
    ['all zero', '0:0:0:0:0:0:0:0', '::'],
  ])('section %s', (_section, text, canonical) => expect(formatIp6(parseIp6(text)!)).toBe(canonical));

  test('never two colons twice, never for one group, never upper case or padding', () => {
    fc.assert(
      fc.property(sparseIp6, (value) => {
        const text = formatIp6(value);
        expect(text.split('::').length).toBeLessThanOrEqual(2);
        expect(text).not.toMatch(/[A-F]|(?:^|:)0[0-9a-f]/);
        const written = text.split(':').filter((group) => group !== '').length;
        if (text.includes('::')) expect(written).toBeLessThanOrEqual(6);
        else expect(text).not.toMatch(/(?:^|:)0:0(?::|$)/);
      }),
      { seed },
    );
  });
});

describe('prefixes and masks', () => {
  test.each([
    ['192.0.2.77/24', '192.0.2.0', '192.0.2.255'],
    ['192.0.2.77/32', '192.0.2.77', '192.0.2.77'],
    ['192.0.2.77/0', '0.0.0.0', '255.255.255.255'],
    ['192.0.2.77/255.255.255.240', '192.0.2.64', '192.0.2.79'],
    ['192.0.2.77/0.0.0.0', '0.0.0.0', '255.255.255.255'],
    ['192.0.2.3-192.0.2.9', '192.0.2.3', '192.0.2.9'],
    ['192.0.2.3', '192.0.2.3', '192.0.2.3'],
  ])('%s', (text, first, last) => {
    expect(parseAddressSet(text)).toEqual({ ip4: [parseIp4(first), parseIp4(last)], ip6: [] });
  });

  test.each([
    ['2001:db8::77/64', '2001:db8::', '2001:db8::ffff:ffff:ffff:ffff'],
    ['2001:db8::77/128', '2001:db8::77', '2001:db8::77'],
    ['2001:db8::77/0', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['2001:db8::1-2001:db8::9', '2001:db8::1', '2001:db8::9'],
  ])('%s', (text, first, last) => {
    expect(parseAddressSet(text)).toEqual({ ip4: [], ip6: [parseIp6(first), parseIp6(last)] });
  });

  test.each([
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/-1',
    '192.0.2.0/+8',
    '192.0.2.0/24/24',
    '192.0.2.0/255.255.255.256',
    '192.0.2.9-192.0.2.3',
    '192.0.2.9-',
    '-192.0.2.9',
    '192.0.2.1-2001:db8::1',
    '2001:db8::/129',
    '2001:db8::/ffff::',
    'any',
  ])('refuses %j', (text) => expect(parseAddressSet(text)).toBeUndefined());

  test('a mask with holes keeps exactly the addresses that agree on its bits', () => {
    const [address, mask] = [parseIp4('192.0.2.1')!, parseIp4('255.255.255.5')!];
    const set = masked4(address, mask)!;
    for (let low = 0; low < 256; low++) {
      const candidate = parseIp4(`192.0.2.${low}`)!;
      expect(contains(set, candidate)).toBe((low & 5) === 1);
    }
    expect(size(set)).toBe(64n);
  });

  test('a mask with too many holes is refused rather than cut short', () => {
    expect(masked4(0, parseIp4('0.0.85.85')!, 16)).toBeUndefined();
    expect(parseAddressSet('192.0.2.0/0.0.0.1')).toBeUndefined();
  });

  test('a contiguous mask is its prefix, and a prefix holds its address and a power of two', () => {
    fc.assert(
      fc.property(
        ip4,
        fc.integer({ min: 0, max: 32 }),
        ip6,
        fc.integer({ min: 0, max: 128 }),
        (four, length4, six, length6) => {
          const mask = length4 === 0 ? 0 : (LAST_IP4 << (32 - length4)) >>> 0;
          const [set4, set6] = [prefix4(four, length4), prefix6(six, length6)];
          expect(masked4(four, mask)).toEqual(set4);
          expect([contains(set4, four), contains(set6, six)]).toEqual([true, true]);
          expect([size(set4), size(set6)]).toEqual([1n << BigInt(32 - length4), 1n << BigInt(128 - length6)]);
        },
      ),
      { seed },
    );
  });
});

describe('a printed range', () => {
  test.each([
    ['192.0.2.0', '192.0.2.255', '192.0.2.0/24'],
    ['192.0.2.1', '192.0.2.2', '192.0.2.1-192.0.2.2'],
    ['192.0.2.2', '192.0.2.3', '192.0.2.2/31'],
    ['0.0.0.0', '255.255.255.255', '0.0.0.0/0'],
    ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
  ])('%s to %s is %s', (first, last, text) => expect(formatRange(parseIp4(first)!, parseIp4(last)!)).toBe(text));

  test.each([
    ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db8::/32'],
    ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::/0'],
    ['2001:db8::1', '2001:db8::2', '2001:db8::1-2001:db8::2'],
  ])('%s to %s is %s', (first, last, text) => expect(formatRange(parseIp6(first)!, parseIp6(last)!)).toBe(text));

  test('is read back as the same addresses', () => {
    fc.assert(
      fc.property(ip4, ip4, ip6, ip6, (a, b, c, d) => {
        const [low4, high4] = a < b ? [a, b] : [b, a];
        const [low6, high6] = c < d ? [c, d] : [d, c];
        expect(parseAddressSet(formatRange(low4, high4))).toEqual({ ip4: [low4, high4], ip6: [] });
        expect(parseAddressSet(formatRange(low6, high6))).toEqual({ ip4: [], ip6: [low6, high6] });
      }),
      { seed },
    );
  });
});
