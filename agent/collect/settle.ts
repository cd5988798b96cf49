import { setTimeout as sleep } from 'node:timers/promises';
import type { Capture, DialogueStep, Driver, Section, VolatilePattern } from '../drivers/contract.js';
import { displayMessage, stableText, stepOfSection } from './capture.js';

export interface SettleOptions {
  /** Most readings taken; two at least. */
  readonly readingsMax?: number;
  readonly pauseMs?: number;
  /** Waits between readings; a test gives its own. */
  readonly pause?: (ms: number) => Promise<unknown>;
  /** Ends the reading: what two readings have not agreed on by then is unstable. */
  readonly signal?: AbortSignal;
}

/** What must be known of a driver to compare two of its captures. */
export type Steady = Pick<Driver, 'id' | 'dialogue' | 'volatile'>;

/**
 * A reading takes several commands of several drivers, and a change between two of them would give a picture that
 * never existed. So captures are taken only when two readings of everything in a row agree, volatile text aside. A
 * device that never holds still gives the last reading with every section that moved marked `unstable`: blind, not
 * clean. `read` is told how many readings are sure to follow. What stands beside the device may move. A cross-check that alone goes on moving is not waited for twice: what it checks held still.
 */
export async function readTwice(
  read: (ahead: number) => Promise<readonly Capture[]>,
  drivers: readonly Steady[],
  options: SettleOptions = {},
): Promise<readonly Capture[]> {
  const readingsMax = Math.max(2, options.readingsMax ?? 5);
  const { signal } = options;
  const pause = options.pause ?? ((ms: number) => sleep(ms, undefined, { ...(signal && { signal }) }).catch(() => {}));
  let readings = 1;
  let before = await read(2);
  let moved: readonly Moved[] = [];
  // Who gave the reading up waits for its end, and not for a device to come to rest.
  while (readings < readingsMax && (readings === 1 || !signal?.aborted)) {
    readings += 1;
    const waits = moved.some(({ crossCheck }) => !crossCheck);
    if (readings > 2 && waits) await pause((options.pauseMs ?? 200) * (readings - 2));
    const after = await read(1);
    moved = movedSections(before, after, drivers);
    if (moved.length === 0 || (readings > 2 && moved.every(({ crossCheck }) => crossCheck))) return after;
    before = after;
  }
  const blinding = moved.filter(({ crossCheck }) => !crossCheck);
  return before.map((capture) =>
    markUnstable(
      capture,
      blinding.filter(({ driver }) => driver === capture.driver),
      readings,
    ),
  );
}

export interface Moved {
  readonly driver: string;
  readonly name: string;
  readonly source: string;
  /** Absent where the section is no answer to a step. */
  readonly step?: DialogueStep;
  readonly crossCheck: boolean;
  /** The first line that differs, for the person who looks for the cause. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

/** Sections in which two readings do not agree, volatile text aside. */
export function movedSections(
  before: readonly Capture[],
  after: readonly Capture[],
  drivers: readonly Steady[],
): readonly Moved[] {
  return drivers.flatMap(({ id, dialogue, volatile }) => {
    const [one, other] = [before, after].map((captures) => captures.find(({ driver }) => driver === id));
    const names = new Set([...(one?.sections ?? []), ...(other?.sections ?? [])].map(({ name }) => name));
    return [...names].flatMap((name) => {
      const step = stepOfSection(dialogue, name);
      if (step?.beside) return [];
      const [a, b] = [find(one, name), find(other, name)];
      const alike = a && b && a.failure?.kind === b.failure?.kind;
      if (alike && (a.text === b.text || stableText(a.text, volatile) === stableText(b.text, volatile))) return [];
      const crossCheck = step?.need === 'crossCheck';
      const source = (b ?? a)!.source;
      return [{ driver: id, name, source, ...(step && { step }), crossCheck, ...firstDifference(a, b, volatile) }];
    });
  });
}

function find(capture: Capture | undefined, name: string): Section | undefined {
  return capture?.sections.find((section) => section.name === name);
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
