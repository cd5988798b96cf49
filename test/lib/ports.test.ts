import { expect, test } from '@jest/globals';
import { formatPorts, parsePorts } from '../../agent/lib/ports.js';

test.each([
  ['any', 'any', 'any'],
  [' ANY ', 'any', 'any'],
  ['443', [443, 443], '443'],
  ['80, 443', [80, 80, 443, 443], '80,443'],
  ['8000-8010,8011', [8000, 8011], '8000-8011'],
  ['0-65535', [0, 65535], '0-65535'],
])('%j reads as %j', (text, ports, shown) => {
  expect(parsePorts(text)).toEqual(ports);
  expect(formatPorts(parsePorts(text)!)).toBe(shown);
});

test.each(['', '443,', 'https', '65536', '90-80', '-1', '1-2-3', '0x50', '4 43'])('%j is refused', (text) => {
  expect(parsePorts(text)).toBeUndefined();
});
