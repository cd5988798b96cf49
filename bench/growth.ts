import { writeFileSync } from 'node:fs';
import { join as joined } from 'node:path';
import { compareLists, ruleList, rulePool } from '../agent/packets/index.js';
import type { Bench, Row } from './bench.js';
import { mainThreadMs, quantile } from './bench.js';
import { join, ORDER } from './engine.js';
import {
  edited,
  FAMILIES,
  linesOf,
  missingWorkloads,
  neutralFields,
  type RuleFamily,
  readNeutral,
  ruleset,
} from './workloads.js';

const SIZES = [1000, 3000, 10_000, 30_000, 100_000] as const;
const RUNS = 3;
const TIME_MS_MAX = 10_000;
const DRAWING = 'docs/growth.svg';

interface Line {
  readonly family: RuleFamily;
  readonly points: readonly { readonly size: number; readonly ms: number }[];
}

/** So many rules, evenly taken from the next larger list. */
function rulesOf(family: RuleFamily, size: number): readonly string[] {
  const from = [1000, 10_000, 100_000].find((one) => one >= size)!;
  const lines = linesOf(ruleset(family, from));
  return Array.from({ length: size }, (_, at) => lines[Math.floor((at * lines.length) / size)]!);
}

/** The ten rules that the edit of 10,000 inserts: the same ones for every size, evenly spread. */
function insertionsOf(family: RuleFamily): readonly string[] {
  const lines = linesOf(ruleset(family, 10_000));
  const after = edited(lines, family, 10_000, 'ins10');
  const out: string[] = [];
  for (let at = 0, kept = 0; at < after.length; at += 1) {
    if (after[at] === lines[kept]) kept += 1;
    else out.push(after[at]!);
  }
  return out;
}

function measured(family: RuleFamily, size: number, insertions: readonly string[]) {
  const pool = rulePool(neutralFields);
  const read = (lines: readonly string[]): Int32Array =>
    readNeutral(Buffer.from(`${lines.join('\n')}\n`, 'latin1'), pool);
  const lines = [...rulesOf(family, size)];
  const before = read(lines);
  insertions.forEach((line, at) => {
    lines.splice(Math.floor(((at + 0.5) * size) / insertions.length) + at, 0, line);
  });
  const after = read(lines);
  // The clock of a thread is set forward every few milliseconds.
  const times = size <= 3000 ? 10 : 1;
  const samples: number[] = [];
  let complete = true;
  for (let run = 0; run < RUNS; run += 1) {
    const startMs = mainThreadMs();
    for (let time = 0; time < times; time += 1) {
      const found = compareLists(ruleList(pool, before), ruleList(pool, after), {
        join,
        order: ORDER,
        timeMsMax: TIME_MS_MAX,
      });
      complete = found.complete;
    }
    samples.push((mainThreadMs() - startMs) / times);
    if (samples[0]! > 1000) break;
  }
  return { ms: quantile(samples, 0.5), complete };
}

const WIDTH = 640;
const HEIGHT = 400;
const LEFT = 70;
const RIGHT = 550;
const TOP = 24;
const BOTTOM = 340;

/** Both axes in powers of ten; the grey line grows as the rules do. */
function drawing(lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points.map(({ ms }) => ms));
  if (Math.min(...all) <= 0) throw new Error('a measurement took no time at all: nothing to draw');
  const [low, high] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
  const x = (size: number): number => LEFT + ((Math.log10(size) - 3) / 2) * (RIGHT - LEFT);
  const y = (ms: number): number => BOTTOM - ((Math.log10(ms) - low) / (high - low)) * (BOTTOM - TOP);
  const at = (size: number, ms: number): string => `${x(size).toFixed(1)},${y(ms).toFixed(1)}`;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="t">`,
    '<title id="t">Time of an exact comparison over the number of rules, ten rules inserted</title>',
    '<style>text{font:13px sans-serif;fill:#333}.axis{stroke:#999}.even{stroke:#999;stroke-dasharray:4 4}',
    'polyline{fill:none;stroke-width:2}.f0{stroke:#0b62a8}.f1{stroke:#b3440e}.f2{stroke:#2a7a3a}.f3{stroke:#8a3a8f}',
    '@media(prefers-color-scheme:dark){text{fill:#ddd}.axis,.even{stroke:#777}.f0{stroke:#6fb7ef}.f1{stroke:#f0935c}',
    '.f2{stroke:#7fcf90}.f3{stroke:#d493d9}}</style>',
  ];
  for (let power = low; power <= high; power += 1) {
    const line = y(10 ** power).toFixed(1);
    out.push(`<line class="axis" x1="${LEFT}" x2="${RIGHT}" y1="${line}" y2="${line}" stroke-width=".5"/>`);
    out.push(`<text x="${LEFT - 8}" y="${line}" dy="4" text-anchor="end">${10 ** power} ms</text>`);
  }
  for (const size of SIZES) {
    out.push(`<text x="${x(size).toFixed(1)}" y="${BOTTOM + 20}" text-anchor="middle">${size / 1000}k</text>`);
  }
  out.push(
    `<text x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 44}" text-anchor="middle">rules (dashed: ten times the rules, ten times the time)</text>`,
  );
  const even = 10 ** low * 2;
  const until = Math.min(100_000, (1000 * 10 ** high) / even);
  out.push(
    `<line class="even" x1="${x(1000)}" y1="${y(even).toFixed(1)}" x2="${x(until).toFixed(1)}" y2="${y((even * until) / 1000).toFixed(1)}"/>`,
  );
  // Names stand at the ends of their lines, one below the other.
  const ends = lines
    .map(({ family, points }, index) => ({ family, index, end: y(points.at(-1)!.ms) }))
    .sort((a, b) => a.end - b.end);
  let free = 0;
  for (const { family, end } of ends) {
    free = Math.max(free + 15, end + 4);
    out.push(`<text x="${RIGHT + 10}" y="${free.toFixed(1)}">${family}</text>`);
  }
  lines.forEach(({ points }, index) => {
    const way = points.map(({ size, ms }) => at(size, ms)).join(' ');
    out.push(`<polyline class="f${index}" points="${way}"/>`);
  });
  return `${out.join('\n')}\n</svg>\n`;
}

export const bench: Bench = {
  about: `Ten rules inserted into lists of 1,000 to 100,000, the same ten for each size, lists of 3,000 and 30,000 taken evenly from the next larger ones; processor time of the main thread, medians of ${RUNS} (of the first one alone where it took longer than 1 s), the index made anew each time. Drawn in ${DRAWING}.`,
  missing: missingWorkloads,
  run(say) {
    const rows: Row[] = [];
    const lines: Line[] = [];
    for (const family of FAMILIES) {
      const insertions = insertionsOf(family);
      const points = SIZES.map((size) => {
        const { ms, complete } = measured(family, size, insertions);
        say(`${family} ${size}: ${ms.toFixed(1)} ms`);
        const words = complete ? '' : ' (not all of it listed)';
        rows.push({ what: `${size.toLocaleString('en')} ${family}, ten insertions${words}`, figure: ms, unit: 'ms' });
        return { size, ms };
      });
      lines.push({ family, points });
    }
    const folder = new URL('../..', import.meta.url).pathname;
    const path = joined(folder, DRAWING);
    writeFileSync(path, drawing(lines));
    return Promise.resolve(rows);
  },
};
