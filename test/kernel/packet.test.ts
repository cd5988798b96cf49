import { expect, test } from '@jest/globals';
import { packetOf } from './packet.js';

test.each([
  [
    'tcp 203.0.113.9:40000 → 198.51.100.80:443 in wan0 out dmz0',
    { family: 4, source: '203.0.113.9', destination: '198.51.100.80', protocol: 6, sourcePort: 40_000 },
  ],
  [
    'udp [2001:db8:a::1]:53 → [2001:db8::2]:161 in dmz0',
    { family: 6, source: '2001:db8:a::1', destination: '2001:db8::2', destinationPort: 161, arrives: 'dmz0' },
  ],
  ['icmp type 8 code 0 192.0.2.1 → 192.0.2.2', { family: 4, source: '192.0.2.1', protocol: 1, icmp: 0x0800 }],
  ['254 2001:db8::1 → 2001:db8::2 in eth9', { family: 6, destination: '2001:db8::2', protocol: 254 }],
] as const)('a witness is read as a packet: %s', (text, packet) => {
  expect(packetOf(text)).toMatchObject(packet);
});

test('what is no witness is said', () => {
  expect(() => packetOf('nothing at all')).toThrow('no packet: nothing at all');
});
