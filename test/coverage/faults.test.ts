import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { askLine, type ReadCapture, readCapture } from '../../agent/app/index.js';
import { namesFor, tell } from '../../agent/app/offline-words.js';
import { openingView } from '../../agent/app/opening-json.js';
import { undoWith } from '../../agent/app/undo.js';
import { type Comparison, compare, interfacesAskedFor } from '../../agent/exposure/index.js';
import type { Device } from '../../agent/model/index.js';
import { describeShared } from '../support/shared.js';
import { appliances, type Folder, NOT_A_RULESET, rulesets } from './measure.js';

/**
 * What a user is shown of a configuration is made without a fault, of every file of the corpus: what it lets through,
 * answers to packets, and the differences to itself and to itself without one line. What it says is tested elsewhere.
 */
const folders: readonly Folder[] = [
  ...rulesets,
  ...appliances,
  { folder: 'stormshield', driver: 'stormshield', title: 'Stormshield SNS' },
  { folder: 'listeners', driver: 'linux-listeners', title: 'listening programs' },
];

/** So much time for one comparison; what takes longer is told rule by rule, which is to be without a fault as well. */
const TIME_MS_MAX = 100;
/** The largest rulesets say nothing that smaller ones do not. */
const BYTES_MAX = 150_000;
const PACKETS = 20;

/** Whole numbers that follow from a text. */
function numbersFrom(text: string): (limit: number) => number {
  let state = [...text].reduce((sum, character) => (Math.imul(sum, 31) + character.charCodeAt(0)) >>> 0, 7);
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function packetsOf({ pipeline }: Device, pick: (limit: number) => number): readonly string[] {
  const names = [...interfacesAskedFor(pipeline), 'eth9'];
  const one = <T>(some: readonly T[]): T => some[pick(some.length)]!;
  return Array.from({ length: PACKETS }, (_, id) => {
    const six = pick(5) === 0;
    const address = (): string =>
      six ? `2001:db8::${pick(9)}` : `${one([10, 172, 192, 203])}.${pick(256)}.0.${pick(256)}`;
    const packet = {
      ...(pick(3) > 0 && { iif: one([...names, 'self']) }),
      ...(pick(3) > 0 && { oif: one([...names, 'self']) }),
      ...(pick(5) > 0 && { src: address() }),
      ...(pick(5) > 0 && { dst: address() }),
      ...(pick(5) > 0 && { proto: one(['tcp', 'udp', six ? 'icmpv6' : 'icmp', 'esp', '47']) }),
      ...(pick(3) === 0 && { dport: pick(65_536) }),
      ...(pick(4) === 0 && { state: one(['new', 'established', 'invalid']) }),
    };
    return JSON.stringify({ id, packet });
  });
}

async function tellAll(
  { device, driver }: ReadCapture,
  { undeclared, closed }: Comparison,
  before?: Device,
): Promise<void> {
  const pipelines = [device.pipeline, ...(before ? [before.pipeline] : [])];
  const undo = undoWith(pipelines, [driver]);
  const names = await namesFor(...pipelines);
  for (const opening of [...undeclared, ...closed]) JSON.stringify(openingView(opening, undo));
  tell(undeclared, { names, undo, order: before ? 'opened' : 'exposed' });
  tell(closed, { names, undo, order: 'closed' });
}

/** Everything that is asked of one file; whatever throws does so here. */
async function readOut(file: string, driver: string, folder: string): Promise<'read' | 'refused'> {
  const now = await readCapture(file, driver);
  if (!now.ok) return 'refused';
  const { device } = now.value;
  const pick = numbersFrom(basename(file));
  for (const line of packetsOf(device, pick)) {
    for (const explain of [false, true]) askLine(device, line, { file: 'packets', line: 1 }, explain);
  }
  const timeMsMax = TIME_MS_MAX;
  await tellAll(now.value, compare(device.pipeline, { timeMsMax }));
  const same = compare(device.pipeline, { pipeline: device.pipeline, withClosed: true, timeMsMax });
  expect([same.undeclared, same.closed]).toEqual([[], []]);
  const lines = readFileSync(file, 'utf8').split('\n');
  lines.splice(pick(lines.length), 1);
  const shorter = join(folder, 'shorter');
  writeFileSync(shorter, lines.join('\n'));
  const after = await readCapture(shorter, driver);
  if (!after.ok) return 'read';
  const options = { pipeline: device.pipeline, withClosed: true, timeMsMax };
  await tellAll(after.value, compare(after.value.device.pipeline, options), device);
  return 'read';
}

describeShared('corpus', 'no file of the corpus ends in a fault', (corpus) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecluse-faults-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each(folders)('$title', ({ folder: place, driver }) => {
    test('exposure, packets, and differences', async () => {
      const files = readdirSync(join(corpus, place)).filter((name) => !NOT_A_RULESET.test(name));
      const faults: string[] = [];
      let count = 0;
      for (const name of files.sort()) {
        const path = join(corpus, place, name);
        if (readFileSync(path).length > BYTES_MAX) continue;
        try {
          if ((await readOut(path, driver, folder)) === 'read') count += 1;
        } catch (fault) {
          faults.push(`${name}: ${(fault as Error).stack}`);
        }
      }
      expect(faults).toEqual([]);
      expect(count).toBeGreaterThan(files.length / 2);
    }, 300_000);
  });
});
