import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { redactText } from '../../../agent/collect/redact.js';
import { driver } from '../../../agent/drivers/panos/index.js';
import type { Device } from '../../../agent/model/index.js';

const folder = join(process.cwd(), 'test', 'recordings', 'panos');
const texts = ['ward-xml/running-config.xml', 'branch-set/branch.txt', 'lab-braces/lab.cfg'].map((path) =>
  readFileSync(join(folder, path), 'utf8'),
);

function read(text: string): Device | undefined {
  const sections = [{ name: 'config', source: 'config', text }];
  const result = driver.read({ driver: 'panos', device: 'fw', sections }, { device: 'fw' });
  return result.ok ? result.value : undefined;
}

test('a secret that was taken out does not make an element of itself', () => {
  const redacted = redactText(texts[0]!, driver.secrets, new Uint8Array(32));
  expect(redacted).toMatch(/<phash><secret-[0-9a-f]{24}><\/phash>/);
  expect(read(redacted)?.pipeline).toEqual(read(texts[0]!)?.pipeline);
});

test('another password is another digest, and the same one the same', () => {
  const factsWith = (hash: string) =>
    read(redactText(texts[0]!.replace(/(?<=<phash>)[^<]+/, hash), driver.secrets, new Uint8Array(32)))!.facts;
  expect(factsWith('$5$one$two')).toEqual(factsWith('$5$one$two'));
  expect(factsWith('$5$one$three')).not.toEqual(factsWith('$5$one$two'));
  expect(JSON.stringify(factsWith('$5$one$two'))).not.toContain('$5$');
});

function isClean({ coverage }: Device): boolean {
  return coverage.blind.length === 0 && coverage.lines.every(({ state }) => state !== 'unrecognized');
}

/** All that is said of the device, without where it stands. */
function meaning({ pipeline, facts }: Device): string {
  return JSON.stringify([pipeline, facts], (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

test('a configuration that was cut off is never clean', () => {
  for (const text of [texts[0]!, texts[2]!]) {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.trimEnd().length - 1 }), (at) => {
        const device = read(text.slice(0, at));
        expect(device !== undefined && isClean(device)).toBe(false);
      }),
      { seed: 6, numRuns: 200 },
    );
  }
});

test('a change within a line of the model is refused, told, or seen', () => {
  for (const text of texts) {
    const whole = read(text)!;
    const said = meaning(whole);
    const lines = text.split('\n');
    const modelled = whole.coverage.lines.filter(
      // Names that nothing refers to, and what stands in one line with something that is no part of the model.
      ({ line, state }) =>
        state === 'modelled' &&
        !/<config|localhost|blocked|<interface><member>|description|tag 7|ethernet1\/2 {|lab-machine/.test(
          lines[line - 1]!,
        ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...modelled), fc.nat(), ({ line }, at) => {
        const words = [...lines[line - 1]!.matchAll(/[A-Za-z0-9]+/g)];
        if (words.length === 0) return;
        const word = words[at % words.length]!;
        const changed = `${lines[line - 1]!.slice(0, word.index)}zz${lines[line - 1]!.slice(word.index)}`;
        const device = read([...lines.slice(0, line - 1), changed, ...lines.slice(line)].join('\n'));
        if (device && isClean(device)) expect([changed, meaning(device) !== said]).toEqual([changed, true]);
      }),
      { seed: 60, numRuns: 170 },
    );
  }
});

test.each([
  ['XML', (secret: string) => `<phash>${secret}</phash><pre-shared-key><key>${secret}</key></pre-shared-key>`],
  ['commands', (secret: string) => `set mgt-config users a phash ${secret}\nset x bind-password "${secret}"\n`],
  ['braces', (secret: string) => `users { a { phash ${secret}; secret ${secret}; } }`],
])('no secret stays in %s', (_, write) => {
  for (let index = 0; index < 70; index++) {
    const secret = `canary${index}Xy/+=${index}`;
    expect(redactText(write(secret), driver.secrets, new Uint8Array(32))).not.toContain('canary');
  }
});

test.each([
  ['set network frobnicate x yes', /“frobnicate” is not known below “network”/],
  ['set network interface etherrnet ethernet1/9 layer3 ip 10.99.0.1/24', /“etherrnet” is no kind of interface/],
])('%s makes the reading blind', (command, reason) => {
  const device = read(`${texts[1]!.trimEnd()}\n${command}\n`);
  expect(device?.coverage.blind.join('\n')).toMatch(reason);
});
