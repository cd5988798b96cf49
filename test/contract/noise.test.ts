import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { captureHash, redactCapture } from '../../agent/collect/index.js';
import { movedSections } from '../../agent/collect/settle.js';
import type { Capture, Driver } from '../../agent/drivers/contract.js';
import type { Device } from '../../agent/model/index.js';
import { allDrivers, capture, recordingsOf } from '../drivers/recorded.js';
import { seed } from '../support/seed.js';

/**
 * Two readings of a device that nobody has touched are equal: what the platform encrypts anew, counts, dates or numbers
 * by itself is perturbed in every recording, and nothing else is.
 */

const key = new TextEncoder().encode('a key of sixteen bytes or more');
type Draw = (limit: number) => number;

/** Something that changes by itself: what it is, where it stands, and another of its kind. */
interface Noise {
  readonly what: string;
  readonly where: RegExp;
  readonly other: (draw: Draw) => string;
}

/** Numbers by which one section of a reading speaks of what stands in another: all of them go up by the same. */
interface Shift {
  readonly what: string;
  readonly where: RegExp;
}

const digits = (draw: Draw): string => `${draw(1_000_000)}`;
const letters =
  (length: number) =>
  (draw: Draw): string =>
    Array.from({ length }, () => 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'[draw(62)]).join('');
const hex =
  (length: number) =>
  (draw: Draw): string =>
    Array.from({ length }, () => '0123456789abcdef'[draw(16)]).join('');
const day = (draw: Draw): string => `Tue Dec ${1 + draw(28)} 0${draw(10)}:1${draw(10)}:2${draw(10)} 20${20 + draw(20)}`;

const noises: Readonly<Record<string, readonly Noise[]>> = {
  asa: [
    { what: 'who wrote it, and when', where: /(?<=^: Written by ).*$/gm, other: (draw) => `someone at ${day(draw)}` },
    { what: 'checksum', where: /(?<=^Cryptochecksum:)[0-9a-f]+/gm, other: hex(32) },
    { what: 'hits of an entry', where: /(?<=\(hitcnt=)\d+/g, other: digits },
    { what: 'uptime', where: /(?<=^\S+ up ).*$/gm, other: (draw) => `${draw(300)} days ${draw(24)} hours` },
  ],
  fortios: [
    { what: 'secrets, which are encrypted anew', where: /(?<= ENC )\S+/g, other: letters(44) },
    { what: 'the number of the file', where: /(?<=^#conf_file_ver=)\d+/gm, other: digits },
    { what: 'who reads', where: /(?<=^#config-version=.*:user=).*$/gm, other: letters(8) },
    {
      what: 'uuid',
      where: /(?<=^\s*set uuid )[\w-]+/gm,
      other: (draw) => `${hex(8)(draw)}-${hex(4)(draw)}-${hex(12)(draw)}`,
    },
    { what: 'the clock', where: /(?<=^System time: ).*$/gm, other: day },
  ],
  panos: [
    {
      what: 'when and by whom an entry was changed',
      where: /(?<= (?:time|dirtyId|ctime)=")[^"]*/g,
      other: (draw) => `2026/01/0${1 + draw(9)} 10:0${draw(10)}:00`,
    },
    { what: 'when something was last changed', where: /(?<=<last-modified>)[^<]*/g, other: day },
  ],
  stormshield: [
    { what: 'counters of rules', where: /(?<=^position=\d+; usage=)\d+(?= )/gm, other: (draw) => `${draw(2)}` },
    { what: 'when a slot was modified', where: /(?<=^lastmod=).*$/gm, other: (draw) => `"${day(draw)}"` },
  ],
  iptables: [
    { what: 'counters', where: /(?<=\[)\d+:\d+(?=\])/g, other: (draw) => `${digits(draw)}:${digits(draw)}` },
    { what: 'when it was listed', where: /(?<=^# (?:Generated|Completed) .*on ).*$/gm, other: day },
    {
      what: 'what is left of a timeout',
      where: /(?<=^add .* timeout )[1-9]\d*/gm,
      other: (draw) => `${1 + draw(9_000)}`,
    },
  ],
  nftables: [
    { what: 'counters', where: /(?<=packets )\d+(?= bytes)/g, other: digits },
    { what: 'counted bytes', where: /(?<=packets \d+ bytes )\d+/g, other: digits },
    { what: 'what is left of a timeout', where: /(?<= expires )\w+/g, other: (draw) => `${1 + draw(50)}s` },
  ],
  'linux-listeners': [
    {
      what: 'numbers of processes and files',
      where: /(?<=pid=)\d+(?=,fd=\d+\))/g,
      other: (draw) => `${1 + draw(30_000)}`,
    },
    { what: 'numbers of sockets', where: /(?<=\bino:)\d+/g, other: digits },
    { what: 'cookies of sockets', where: /(?<=\bsk:)[0-9a-f]+/g, other: hex(4) },
  ],
  'linux-access': [
    { what: 'numbers of an IPsec state', where: /(?<=\bspi 0x)[0-9a-f]+/g, other: hex(8) },
    { what: 'numbers of a request', where: /(?<=\breqid )\d+/g, other: digits },
  ],
};

/** In a text as JSON they do not stand behind `# handle`; in bytecode the rule's own comes first, then that of the one before. */
const shifts: Readonly<Record<string, Shift>> = {
  nftables: {
    what: 'handles',
    where: /(?<=# handle |^(?:ip|ip6|inet|bridge|netdev|arp) \S+ \S+ (?:\d+ )?)\d+(?= \d+$|$| )/gm,
  },
};

function shifted(text: string, shift: Shift | undefined, by: number): string {
  return shift ? text.replace(shift.where, (number) => `${Number(number) + by}`) : text;
}

const kinds = { digits, hex: hex(16), letters: letters(12), day } as const;

/** A platform that needs no more says it beside its recordings: `test/recordings/ID/noise.json`. */
function noisesOf(id: string): readonly Noise[] {
  const path = join('test', 'recordings', id, 'noise.json');
  if (Object.hasOwn(noises, id)) return noises[id]!;
  if (!existsSync(path)) return [];
  const listed = JSON.parse(readFileSync(path, 'utf8')) as readonly {
    readonly what: string;
    readonly where: string;
    readonly other: keyof typeof kinds;
  }[];
  return listed.map(({ what, where, other }) => ({ what, where: new RegExp(where, 'gm'), other: kinds[other] }));
}

/** Where recordings have none of it, it is put in before it is perturbed. */
const prepared: Readonly<Record<string, (text: string) => string>> = {
  nftables: (text) =>
    text.replace(/^(?<rule>\s+(?:ip|tcp|udp|meta|ct|iif|oif)[^#{}\n]* accept)$/gm, '$<rule> # handle 1'),
  panos: (text) => text.replace('<config ', '<config time="2026/01/01 10:00:00" dirtyId="7" '),
};

/** What the reading says of the device; of where it stands the line and not the words. */
function meaningOf({ pipeline, facts, listeners, later }: Device): string {
  return JSON.stringify([pipeline, facts, listeners, later], (name, value: unknown) =>
    name === 'text' || name === 'rule' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  );
}

function clean(driver: Driver, raw: Capture): Capture {
  return redactCapture(raw, driver.secrets, key);
}

describe.each(
  allDrivers.filter((driver) => recordingsOf(driver).length > 0).map((driver) => [driver.id, driver] as const),
)('noise of %s', (id, driver) => {
  const prepare = prepared[id] ?? ((text: string): string => text);
  const recordings = recordingsOf(driver).map((one) => ({
    ...one,
    sections: one.sections.map((section) => ({ ...section, text: prepare(section.text) })),
  }));
  const own = noisesOf(id);
  const all: readonly Shift[] = [...own, ...(shifts[id] ? [shifts[id]] : [])];
  const texts = recordings.flatMap(({ sections }) => sections.map(({ text }) => text));

  test('is listed', () => expect(own.length).toBeGreaterThan(0));

  test('stands in some recording', () => {
    expect(all.some(({ where }) => texts.some((text) => text.search(where) >= 0))).toBe(true);
  });

  test('makes no two readings differ', () => {
    const noisy = recordings.filter(({ sections }) =>
      all.some(({ where }) => sections.some(({ text }) => text.search(where) >= 0)),
    );
    if (noisy.length === 0) return;
    fc.assert(
      fc.property(fc.constantFrom(...noisy), fc.infiniteStream(fc.nat()), (recording, stream) => {
        const draw: Draw = (limit) => stream.next().value % limit;
        const by = draw(1_000);
        const sections = recording.sections.map((section) => ({
          ...section,
          text: own.reduce(
            (text, { where, other }) => text.replace(where, () => other(draw)),
            shifted(section.text, shifts[id], by),
          ),
        }));
        const [before, after] = [recording.sections, sections].map((one) => clean(driver, capture(driver, one)));
        expect(movedSections([before!], [after!], [driver])).toEqual([]);
        expect(captureHash(after!, driver.volatile)).toBe(captureHash(before!, driver.volatile));
        const [was, is] = [before!, after!].map((one) => driver.read(one, { device: 'device' }));
        expect(is!.ok).toBe(was!.ok);
        if (was!.ok && is!.ok) expect(meaningOf(is!.value)).toBe(meaningOf(was!.value));
      }),
      { seed, numRuns: 25 },
    );
  });
});
