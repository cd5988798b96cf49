import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { redactCapture } from '../../agent/collect/index.js';
import type { Driver } from '../../agent/drivers/contract.js';
import { driverById } from '../../agent/drivers/registry.js';
import { compare } from '../../agent/exposure/index.js';
import { factSubjects } from '../../agent/judge/compose-hosts.js';
import type { Device } from '../../agent/model/index.js';
import { seed } from '../support/seed.js';
import { capture, recordingsOf } from './recorded.js';
import { type Draw, shuffleAsa, shuffleForti, shufflePanos } from './shuffle.js';

/**
 * Two readings that differ only in the order of what has none, in certificates, and in secrets that were encrypted
 * anew say the same: nothing is opened or shut, and no gate is another.
 */

const letters = (draw: Draw, length: number): string =>
  Array.from({ length }, () => 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'[draw(62)]).join('');
const hex = (draw: Draw, length: number): string => Array.from({ length }, () => '0123456789abcdef'[draw(16)]).join('');

const CHAIN = `crypto ca certificate chain CA
 certificate ca 0f3a
    30820122 300d0609 2a864886 f70d0101 01050003 82010f00 3082010a 02820101
  quit
`;
const CERTIFICATE = `<shared>
<certificate><entry name="web">
<public-key>-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----</public-key>
<private-key>-AQ==AAAAAAAAAAAAAAAAAAAAAAAAAAA=BBBB</private-key></entry></certificate>
</shared>`;

interface Platform {
  readonly shuffle: (text: string, draw: Draw) => string;
  /** Puts in what recordings have none of. */
  readonly prepare: (text: string) => string;
  readonly anew: (text: string, draw: Draw) => string;
}

const platforms: Readonly<Record<string, Platform>> = {
  asa: {
    shuffle: shuffleAsa,
    prepare: (text) => text.replace(/^(?=Cryptochecksum)/m, `${CHAIN}crypto isakmp nat-traversal 20\n`),
    anew: (text, draw) =>
      text.replace(/(?<=^ {4})[0-9a-f]{8}(?: [0-9a-f]{8})+$/gm, () => `${hex(draw, 8)} ${hex(draw, 8)}`),
  },
  fortios: {
    shuffle: shuffleForti,
    prepare: (text) => text,
    anew: (text, draw) => text.replace(/(?<= ENC )\S+/g, () => letters(draw, 24)),
  },
  panos: {
    shuffle: shufflePanos,
    prepare: (text) => text.replace(/^ *<devices>$/m, `${CERTIFICATE}\n<devices>`),
    anew: (text, draw) =>
      text
        .replace(/(?<=BEGIN CERTIFICATE-----)\w+/g, () => letters(draw, 30))
        .replace(/-AQ==[A-Za-z0-9+/=]+/g, () => `-AQ==${letters(draw, 27)}=${letters(draw, 20)}`),
  },
};

const key = new TextEncoder().encode('a key of sixteen bytes or more');

function read(driver: Driver, sections: Parameters<typeof capture>[1]): Device {
  const result = driver.read(redactCapture(capture(driver, sections), driver.secrets, key), { device: 'device' });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** All that would be told of a device of which the other was approved. */
function told(now: Device, approved: Device): unknown {
  const { undeclared, closed, reasons } = compare(now.pipeline, { pipeline: approved.pipeline, withClosed: true });
  const rules = [...undeclared, ...closed].map(({ because, permittedBy }) => [because, permittedBy]);
  const facts = factSubjects({ device: 'device', now, approved, blind: false, tellsForwarding: false });
  const later = (device: Device) => [device.later?.map(({ kind }) => kind), device.laterUnknown];
  const states = new Set([now, approved].map((device) => JSON.stringify(later(device))));
  return { rules, reasons, facts: facts.map(({ summary }) => summary), states: states.size };
}

describe.each(Object.entries(platforms))('%s', (id, { shuffle, prepare, anew }) => {
  const driver = driverById(id)!;
  const recordings = recordingsOf(driver).map(({ name, sections }) => ({
    name,
    sections: sections.map((one) => ({ ...one, text: prepare(one.text.replaceAll('\r\n', '\n')) })),
  }));

  test('there are recordings in which something changes places', () => {
    let count = 0;
    const draw: Draw = (limit) => (count++ * 7) % limit;
    const moved = recordings.filter(({ sections }) => sections.some(({ text }) => shuffle(text, draw) !== text));
    expect(moved.length).toBeGreaterThanOrEqual(2);
    expect(recordings.some(({ sections }) => sections.some(({ text }) => anew(text, draw) !== text))).toBe(true);
  });

  test.each(recordings.map((one) => [one.name, one] as const))('%s says the same in any order', (_, { sections }) => {
    const before = read(driver, sections);
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (stream) => {
        const draw: Draw = (limit) => stream.next().value % limit;
        const after = read(
          driver,
          sections.map((one) => ({ ...one, text: anew(shuffle(one.text, draw), draw) })),
        );
        expect(after.coverage.blind.length).toBe(before.coverage.blind.length);
        expect(after.coverage.lines.filter(({ state }) => state === 'unrecognized').length).toBe(
          before.coverage.lines.filter(({ state }) => state === 'unrecognized').length,
        );
        expect(told(after, before)).toEqual({ rules: [], reasons: [], facts: [], states: 1 });
        expect(told(before, after)).toEqual({ rules: [], reasons: [], facts: [], states: 1 });
      }),
      { seed, numRuns: 12 },
    );
  });
});
