import { setTimeout as sleep } from 'node:timers/promises';
import type { Capture, Section, VolatilePattern } from '../drivers/contract.js';
import { displayMessage, stableText } from './capture.js';

export interface SettleOptions {
  /** Most readings taken; two at least. */
  readonly readingsMax?: number;
  readonly pauseMs?: number;
  /** Waits between readings; a test gives its own. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/**
 * A reading takes several commands, and a change between two of them would give a picture that never existed. So a
 * capture is taken only when two readings in a row agree, volatile text aside. A device that never holds still gives
 * the last reading with every section that moved marked `unstable`: blind, not clean.
 */
export async function readTwice(
  read: () => Promise<Capture>,
  patterns: readonly VolatilePattern[],
  options: SettleOptions = {},
): Promise<Capture> {
  const readingsMax = Math.max(2, options.readingsMax ?? 5);
  const pause = options.pause ?? ((ms: number) => sleep(ms));
  let before = await read();
  let moved: readonly Moved[] = [];
  for (let readings = 2; readings <= readingsMax; readings++) {
    if (readings > 2) await pause((options.pauseMs ?? 200) * (readings - 2));
    const after = await read();
    moved = movedSections(before, after, patterns);
    if (moved.length === 0) return after;
    before = after;
  }
  return markUnstable(before, moved, readingsMax);
}

interface Moved {
  readonly name: string;
  readonly source: string;
  /** The first line that differs, for the person who looks for the cause. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

function movedSections(before: Capture, after: Capture, patterns: readonly VolatilePattern[]): readonly Moved[] {
  const names = new Set([...before.sections, ...after.sections].map((section) => section.name));
  return [...names].flatMap((name) => {
    const [a, b] = [find(before, name), find(after, name)];
    if (
      a &&
      b &&
      a.failure?.kind === b.failure?.kind &&
      stableText(a.text, patterns) === stableText(b.text, patterns)
    ) {
      return [];
    }
    return [{ name, source: (b ?? a)!.source, ...firstDifference(a, b, patterns) }];
  });
}

function find(capture: Capture, name: string): Section | undefined {
  return capture.sections.find((section) => section.name === name);
}

function firstDifference(
  a: Section | undefined,
  b: Section | undefined,
  patterns: readonly VolatilePattern[],
): Pick<Moved, 'line' | 'before' | 'after'> {
  const lines = [a, b].map((section) => stableText(section?.text ?? '', patterns).split('\n'));
  const [left, right] = lines as [string[], string[]];
  let line = 0;
  while (line < left.length && line < right.length && left[line] === right[line]) line++;
  return { line: line + 1, before: left[line] ?? '', after: right[line] ?? '' };
}

function markUnstable(capture: Capture, moved: readonly Moved[], readings: number): Capture {
  const mark = ({ source, line, before, after }: Moved, section: Section | undefined): Section['failure'] => ({
    kind: 'unstable',
    problem: {
      code: 'UNSTABLE',
      message:
        `${capture.device}: ${source}: still changing after ${readings} readings; ` +
        `line ${line} was "${displayMessage(before, 120)}" and then "${displayMessage(after, 120)}"` +
        (section?.failure ? `; the last reading failed: ${section.failure.problem.message}` : ''),
      expected: 'two readings in a row that agree',
      remedy: 'wait until the work on the device is done, or find what keeps changing it, and read again',
    },
  });
  const known = new Map(moved.map((entry) => [entry.name, entry]));
  const sections = capture.sections.map((section) => {
    const entry = known.get(section.name);
    return entry ? { ...section, failure: mark(entry, section)! } : section;
  });
  // A section that was there before and is gone in the last reading would be forgotten silently.
  const gone = moved.filter((entry) => find(capture, entry.name) === undefined);
  const ghosts = gone.map((entry) => ({
    name: entry.name,
    source: entry.source,
    text: '',
    failure: mark(entry, undefined)!,
  }));
  return { ...capture, sections: [...sections, ...ghosts] };
}
