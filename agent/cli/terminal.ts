import { styleText } from 'node:util';
import { exitCodeOf } from '../app/exit-code.js';
import { displayText } from '../lib/display.js';
import { type Problem, problemLines } from '../lib/result.js';

/** Says how a command ended. */
export type SetExit = (code: number) => void;

/** How answers look to a person. Colour is for a terminal alone, and not where NO_COLOR asks for none. */
export type Colour = 'red' | 'yellow' | 'green' | 'dim' | 'bold';

function wantsColour(): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env;
  if (FORCE_COLOR) return FORCE_COLOR !== '0';
  return !NO_COLOR && process.stdout.isTTY === true && TERM !== 'dumb';
}

export function coloured(colour: Colour, text: string): string {
  return wantsColour() ? styleText(colour, text, { validateStream: false }) : text;
}

const COLOURS: Readonly<Record<string, Colour>> = { critical: 'red', high: 'red', medium: 'yellow' };

/** A severity, as wide as the widest, so that what follows is aligned. */
export function severityText(severity: string): string {
  const colour = COLOURS[severity];
  const text = clean(severity).padEnd(8);
  return colour ? coloured(colour, text) : text;
}

/** How instants within a sentence are shown; absent, they stay as they are written. */
let timeShown: ((instant: string) => string) | undefined;

/** From now on what people read says times in these words. JSON keeps them as they are. */
export function showTimesAs(text: (instant: string) => string): void {
  timeShown = text;
}

const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z/g;

function byTheClock(text: string): string {
  const shown = timeShown;
  return shown === undefined ? text : text.replaceAll(INSTANT, (instant) => shown(instant));
}

/** One line of a text that may come from a device. */
export function clean(text: string): string {
  return displayText(byTheClock(text))
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join(' / ');
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** A message: beside the answer, never in it. */
export function say(line: string): void {
  process.stderr.write(`ecluse: ${line}\n`);
}

/** Says everything that is wrong, a line each, and gives the exit code for it. */
export function complain(problem: Problem): number {
  for (const line of problemLines(problem)) say(clean(line));
  return exitCodeOf(problem);
}

/** Aligned columns, one thing a line, nothing cut off. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const cells = rows.map((row) => row.map(clean));
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  print(coloured('bold', line(header)));
  for (const row of cells) print(line(row));
}

const PATIENCE_MS = 1_000;

/** A line on the terminal's error output while something takes longer than a moment; it leaves no trace. */
export async function withProgress<T>(what: string, work: Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work;
  let seconds = 0;
  const timer = setInterval(() => {
    seconds++;
    process.stderr.write(`\r${what} … ${seconds} s`);
  }, PATIENCE_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (seconds > 0) process.stderr.write('\r\u001b[K');
  }
}
