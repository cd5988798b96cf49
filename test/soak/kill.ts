import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { tempDir, waitFor } from '../support/machine.js';
import { seed } from '../support/seed.js';
import type { End } from './day.js';

const program = fileURLToPath(new URL('./day.js', import.meta.url));
const DAY_MINUTES = 24 * 60;
/** Long enough for anything that has shut to be said and every window to be over. */
const AFTERWARDS_MINUTES = 120;
const PATIENT_MS = 120_000;

interface Told {
  readonly id: string;
  readonly key: string;
  readonly kind: string;
  readonly code: string;
  readonly severity: string;
}

export interface Killed {
  readonly kills: number;
  readonly minutes: number;
  readonly events: number;
  /** What was promised and not kept; empty where all is well. */
  readonly wrong: readonly string[];
}

/** Linear congruential, as in glibc: the moments are chosen by the seed alone, what they hit is the machine's. */
function dice(from: number): (below: number) => number {
  let state = from >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

/**
 * Kills a guard at work with SIGKILL so many times in so many simulated minutes or more, starts it again each time, and
 * looks at what is left of its word.
 */
export async function killAtWork(kills: number, minutesMin = DAY_MINUTES, from = seed): Promise<Killed> {
  const folder = join(tempDir(), 'day');
  mkdirSync(folder);
  const roll = dice(from);
  const start = (...more: readonly string[]): ChildProcess & { said(): string } => {
    const child = spawn(process.execPath, [program, folder, String(from), ...more], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    return Object.assign(child, { said: () => said });
  };
  const answers = (): number => linesOf(join(folder, 'answered')).length;
  const minute = (): number => {
    const path = join(folder, 'minute');
    return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  };
  const wrong: string[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const child = start();
    const before = answers();
    // Now and then in the middle of a start; else somewhere in the work, and the last time not before the story is long enough.
    const isEarly = roll(8) === 0;
    const wanted = isEarly ? 0 : 1 + roll(40);
    const until = (): boolean => answers() >= before + wanted && (kill < kills - 1 || minute() >= minutesMin);
    await waitFor(() => child.exitCode !== null || until(), {
      timeoutMs: PATIENT_MS,
      intervalMs: 2,
      what: `kill ${kill}`,
    });
    await sleep(roll(isEarly ? 300 : 40));
    const ended = once(child, 'exit');
    if (child.exitCode !== null)
      wrong.push(`before kill ${kill} it ended by itself with ${child.exitCode}: ${child.said()}`);
    else {
      child.kill('SIGKILL');
      await ended;
    }
    if (wrong.length > 0) return { kills: kill, minutes: minute(), events: answers(), wrong };
  }
  const last = start(String(AFTERWARDS_MINUTES));
  const [code] = (await once(last, 'exit')) as [number | null];
  if (code !== 0)
    return { kills, minutes: minute(), events: answers(), wrong: [`it ended with ${code}: ${last.said()}`] };
  const end = JSON.parse(readFileSync(join(folder, 'end.json'), 'utf8')) as End;
  const told = linesOf(join(folder, 'alarms.jsonl'));
  return {
    kills,
    minutes: end.minute,
    events: end.alarms.length,
    wrong: brokenPromises(linesOf(join(folder, 'answered')), told, end),
  };
}

/** What was said to be stored and is not there; what was told and is not known; what was told twice as two things. */
export function brokenPromises(answered: readonly string[], told: readonly string[], end: End): readonly string[] {
  const wrong: string[] = [];
  const stored = new Set(end.alarms.map(({ id }) => id));
  const windows = new Map(end.windows.map((window) => [window.id, window.state]));
  for (const line of answered) {
    const { what, id } = /^(?<what>event|window|asked to close|start) (?<id>.*)$/.exec(line)!.groups! as {
      what: string;
      id: string;
    };
    if (what === 'event' && !stored.has(id)) wrong.push(`${id} was stored, and is lost`);
    if (what === 'window' && !windows.has(id)) wrong.push(`the window ${id} was opened, and is lost`);
    if (what === 'asked to close' && windows.get(id) === 'open')
      wrong.push(`the window ${id} was to be closed and is open`);
  }
  const records = told.map((line) => JSON.parse(line) as Told);
  const heard = new Map<string, Told>();
  for (const record of records) {
    const first = heard.get(record.id);
    if (!first) heard.set(record.id, record);
    else if (first.kind !== record.kind || first.code !== record.code)
      wrong.push(`${record.id} was told as two things`);
  }
  // What is told of a sink itself is told to the others, and there are none here.
  for (const id of stored)
    if (!heard.has(id) && !id.startsWith('sink/')) wrong.push(`${id} is stored and was not told`);
  for (const id of heard.keys()) if (!stored.has(id)) wrong.push(`${id} was told and is not stored`);
  wrong.push(...toldTwice([...heard.values()]));
  const left = end.open.filter((key) => !key.startsWith('window/'));
  if ([...left].sort().join() !== [...end.there].sort().join()) wrong.push(`found open: ${left}; open: ${end.there}`);
  return wrong;
}

/**
 * A finding begins, changes and ends under one generation, whose events are numbered without a gap; the next one begins
 * only after that. The same said again under another number, or in another generation, is the same thing told twice.
 */
function toldTwice(records: readonly Told[]): readonly string[] {
  const wrong: string[] = [];
  const last = new Map<string, { readonly head: string; readonly number: number; readonly record: Told }>();
  for (const record of records) {
    const { id, key, kind, code, severity } = record;
    const { head, sequence } = /^(?<head>.*#\d+)\.(?<sequence>\d+)$/.exec(id)!.groups!;
    const before = last.get(key);
    const number = Number(sequence);
    last.set(key, { head: head!, number, record });
    if (before?.head !== head) {
      if (number !== 0) wrong.push(`${id} begins in the middle`);
      if (before && before.record.kind !== 'resolve') wrong.push(`${id} begins while ${before.record.id} is open`);
      continue;
    }
    if (number !== before!.number + 1) wrong.push(`${id} came behind ${before!.record.id}`);
    if (before!.record.kind === 'resolve') wrong.push(`${id} came after the end`);
    const isSame = kind === 'raise' && code === before!.record.code && severity === before!.record.severity;
    if (isSame) wrong.push(`${id} says what ${before!.record.id} said`);
  }
  return wrong;
}

/** `npm run soak -- kill`: a hundred times, or as often as ECLUSE_KILLS says. */
export async function kill(): Promise<boolean> {
  const { kills, minutes, events, wrong } = await killAtWork(Number(process.env.ECLUSE_KILLS ?? 100));
  process.stdout.write(`seed ${seed}: killed ${kills} times in ${Math.round(minutes / 60)} hours, ${events} events\n`);
  for (const line of wrong) process.stdout.write(`  ${line}\n`);
  return wrong.length === 0;
}
