import { describe, expect, test } from '@jest/globals';
import { addressesOf } from '../../agent/judge/index.js';
import { inScope, type ScopeEntry } from '../../agent/windows/index.js';
import { contextOf, type SubjectText, subject } from '../support/guard.js';

const context = contextOf();
const addressOf = (text: string) => addressesOf(text, context);

describe('a scope entry holds a subject when nothing of it lies outside', () => {
  const table: readonly (readonly [ScopeEntry, SubjectText, boolean])[] = [
    // Sources: the same, narrower, wider, beside.
    [{ src: '198.51.100.7' }, { src: '198.51.100.7' }, true],
    [{ src: '198.51.100.7' }, { src: 'internet' }, false],
    [{ src: '198.51.100.7' }, { src: 'any' }, false],
    [{ src: '198.51.100.7' }, { src: '198.51.100.6/31' }, false],
    [{ src: '198.51.100.0/24' }, { src: '198.51.100.7' }, true],
    [{ src: '198.51.100.0-198.51.100.9' }, { src: '198.51.100.7' }, true],
    [{ src: '198.51.100.0/24' }, { src: '203.0.113.7' }, false],
    [{ src: '2001:db8::/32' }, { src: '2001:db8::7' }, true],
    [{ src: '2001:db8::7' }, { src: '2001:db8::/64' }, false],
    [{ src: '2001:db8::/32' }, { src: '198.51.100.7' }, false],
    [{ src: 'internet' }, { src: 'internet' }, true],
    [{ src: 'internet' }, { src: '198.51.100.7' }, true],
    [{ src: 'internet' }, { src: '10.0.0.1' }, false],
    [{ src: 'internet' }, { src: 'any' }, false],
    [{ src: 'any' }, { src: 'any' }, true],
    [{ src: 'any' }, { src: 'vendor-vpn' }, true],
    [{ src: 'vendor-vpn' }, { src: 'internet' }, false],
    // Destinations: a device, the zone it stands in, a name without addresses.
    [{ dst: 'web' }, { dst: 'web' }, true],
    [{ dst: 'dmz' }, { dst: 'web' }, true],
    [{ dst: 'web' }, { dst: 'dmz' }, false],
    [{ dst: 'web' }, { dst: 'any' }, false],
    [{ dst: 'web' }, { dst: 'pacs' }, false],
    // Protocols and ports.
    [{ proto: 'tcp' }, { proto: 'udp' }, false],
    [{ proto: 'tcp' }, { proto: 'any' }, false],
    [{ proto: 'any' }, { proto: 'any' }, true],
    [{ proto: 'tcp,udp' }, { proto: 'udp' }, true],
    [{ proto: 'TCP' }, { proto: 'tcp' }, true],
    [{ ports: '443' }, { ports: '443' }, true],
    [{ ports: '443' }, { ports: '80,443' }, false],
    [{ ports: '80,443,8000-8010' }, { ports: '443,8005' }, true],
    [{ ports: '80-82,83' }, { ports: '80-83' }, true],
    [{ ports: '443' }, { ports: 'any' }, false],
    [{ ports: 'any' }, { ports: 'any' }, true],
    [{ ports: 'https' }, { ports: '443' }, false],
    // Kinds and devices.
    [{ kind: 'listener' }, { kind: 'rule' }, false],
    [{ kind: 'listener', dst: 'web' }, { kind: 'listener', device: 'web', dst: 'web' }, true],
    [{ device: 'web' }, { device: 'fw' }, false],
    [{ device: 'fw' }, { device: 'fw' }, true],
    [{}, {}, true],
    [{ kind: 'engine' }, { kind: 'engine', dst: 'any', ports: 'any' }, true],
    [{ kind: 'rule', src: 'any' }, { kind: 'engine', dst: 'any', ports: 'any' }, false],
    [{ device: 'fw' }, { kind: 'engine', dst: 'any', ports: 'any' }, false],
    [{}, { kind: 'fact', factCode: 'ADMIN_ADDED' }, false],
    [{ kind: 'fact' }, { kind: 'fact', factCode: 'ADMIN_ADDED' }, true],
    // Every field that is given must hold.
    [{ src: '198.51.100.7', dst: 'web', proto: 'tcp', ports: '443' }, { src: '198.51.100.7', ports: '443' }, true],
    [{ src: '198.51.100.7', dst: 'web', proto: 'tcp', ports: '443' }, { src: '198.51.100.7', ports: '22' }, false],
  ];

  test.each(table)('%j holds %j: %s', (entry, text, expected) => {
    expect(inScope(entry, subject(text), addressOf)).toBe(expected);
  });

  test('a source without any address is never inside one', () => {
    const empty = {
      ...subject(),
      flow: { ...subject().flow, src: { text: 'group', addresses: { ip4: [], ip6: [] } } },
    };
    expect(inScope({ src: '198.51.100.7' }, empty, addressOf)).toBe(false);
  });
});
