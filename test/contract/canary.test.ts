import { describe, expect, test } from '@jest/globals';
import { redactCapture } from '../../agent/collect/index.js';
import type { Capture } from '../../agent/drivers/contract.js';
import { allDrivers as drivers } from '../drivers/recorded.js';
import { plantedIn, SECRETS, withoutPlants } from './plants.js';

/** No secret leaves collect/: 200 in each platform's own places, and not one byte of any behind the redaction. */

/** In two parts, because nothing that looks like a key is committed. */
const KEY = `${'PRIVATE'} KEY`;
const key = new TextEncoder().encode('a key of sixteen bytes or more');

test('every platform has its canaries', () => {
  expect(withoutPlants(drivers)).toEqual([]);
});

describe.each(drivers.map((driver) => [driver.id, driver] as const))('%s', (id, driver) => {
  const redacted = (capture: Capture): Capture => redactCapture(capture, driver.secrets, key);
  const captures = (round: number) =>
    plantedIn(driver, round).map(({ sections, cores }) => {
      const raw: Capture = { driver: id, device: 'fw', sections };
      return { raw, cores, clean: redacted(raw) };
    });

  test('the secrets are there before, and none of them is behind', () => {
    for (const { raw, cores, clean } of captures(1)) {
      expect(new Set(cores).size).toBeGreaterThanOrEqual(SECRETS);
      const [before, after] = [raw, clean].map((capture) => capture.sections.map(({ text }) => text).join('\n'));
      expect(cores.filter((core) => !before!.includes(core))).toEqual([]);
      const leaked = cores.filter((core) => after!.includes(core));
      expect(leaked.map((core) => after!.split('\n').find((line) => line.includes(core)))).toEqual([]);
    }
  });

  test('every line stays where it was, and redacting again changes nothing', () => {
    for (const { raw, clean } of captures(1)) {
      for (const [at, { text }] of clean.sections.entries())
        expect(text.split('\n')).toHaveLength(raw.sections[at]!.text.split('\n').length);
      expect(redacted(clean)).toEqual(clean);
    }
  });

  test('a secret that was changed is seen, in its line and in no other', () => {
    const [first, second] = [captures(1), captures(2)];
    for (const [plot, { raw, clean }] of first.entries()) {
      const other = second[plot]!;
      const linesOf = ({ sections }: Capture) => sections.flatMap(({ text }) => text.split('\n'));
      const [rawA, rawB, a, b] = [raw, other.raw, clean, other.clean].map(linesOf) as [
        string[],
        string[],
        string[],
        string[],
      ];
      const changed = rawA.flatMap((line, at) => (line === rawB[at] ? [] : [at]));
      expect(changed.length).toBeGreaterThan(0);
      // Of a key of several lines the first one stands for all of them.
      const begins = (at: number): boolean => rawA[at]!.includes('PRIVATE KEY');
      const others = a.flatMap((line, at) => (changed.includes(at) || line === b[at] || begins(at) ? [] : [line]));
      expect(others).toEqual([]);
      const unseen = changed.filter((at) => a[at] === b[at] && a[at] !== '');
      expect(unseen.map((at) => a[at])).toEqual([]);
    }
  });

  test('what is left is read as before: no driver stumbles over a digest', () => {
    for (const { raw, clean } of captures(1)) {
      const [before, after] = [raw, clean].map((capture) => driver.read(capture, { device: 'fw' }));
      expect(after!.ok).toBe(before!.ok);
      if (before!.ok && after!.ok) {
        expect(after!.value.pipeline.lists.map(({ rules }) => rules.length)).toEqual(
          before!.value.pipeline.lists.map(({ rules }) => rules.length),
        );
      }
    }
  });
});

describe('the net behind the patterns of a platform', () => {
  const clean = (text: string): string =>
    redactCapture({ driver: 'x', device: 'fw', sections: [{ name: 'x', source: 'x', text }] }, [], key).sections[0]!
      .text;

  test.each([
    'user ALL=(ALL) NOPASSWD: /usr/bin/backup',
    'PasswordAuthentication no',
    'PermitEmptyPasswords=no',
    'set password-policy enable',
    'password: no',
    'pass in on eth0',
    'bypass=1',
    'ip saddr 2001:db8::1 tcp dport 22 accept comment "token bucket of the ward"',
    'https://portal.example.org:8443/x@y',
    '/etc/passwd:root',
  ])('leaves alone: %s', (line) => {
    expect(clean(line)).toBe(line);
  });

  test('a key that has no end hides nothing of what stands behind it', () => {
    const rules = 'access-list in extended permit tcp any any eq 443\n'.repeat(3);
    const body = `${'A'.repeat(64)}\n`.repeat(5);
    for (const begin of [`-----BEGIN ${KEY}-----\n`, `-----BEGIN ${KEY}----- comment"\n`])
      expect(clean(`${begin}${rules}`)).toContain(rules);
    expect(clean(`-----BEGIN RSA ${KEY}-----\n${body}${rules}`)).toMatch(/^<secret-[0-9a-f]{24}>\n+access-list/);
    expect(clean(`-----BEGIN RSA ${KEY}-----\n${body}`)).not.toContain('AAAA');
    expect(
      clean(`remote a\n-----BEGIN OpenVPN Static key V1-----\n${body}-----END OpenVPN Static key V1-----\n`),
    ).not.toContain('AAAA');
  });

  test('takes no longer for what was made to keep it busy', () => {
    const count = 200_000;
    for (const text of [`-----BEGIN ${KEY}-----`, 'password', 'a://b:', '#password ', '$6$', 'eyJaaaaa.', 'x'])
      expect(clean(text.repeat(count / text.length)).length).toBeGreaterThan(0);
  });
});
