import { readFileSync, statSync } from 'node:fs';
import { type BaselineChange, changesSince, sealed } from '../../baseline/index.js';
import type { BaselineSeen } from '../../judge/index.js';
import { readBaseline } from '../baseline-file.js';
import type { Room } from './room.js';
import { iso } from './views.js';

/** How often it is looked at least, whatever the polls. */
const EVERY_MS_MAX = 60_000;
/** So many changes are told one by one. */
const CHANGES_MAX = 10;

export interface BaselineWatch {
  stop(): void;
}

/** Whose word made the files what they are. */
export function sealBaseline({ store, baseline, clock, settings }: Room, by: string): void {
  // Where no file declares anything, there is nothing to take, unless there was.
  if (!settings.baselineFiles && !store.seal.load()) return;
  store.seal.save(sealed(baseline, by, clock.now()));
}

/**
 * Looks at once and then again and again whether the baseline files still declare what they did when they were taken:
 * by a reload, or at the very first start. A file that was changed while nothing ran is in force then, and told.
 */
export function watchBaseline(room: Room): BaselineWatch {
  const { clock, settings, store } = room;
  if (!settings.baselineFiles && !store.seal.load()) return { stop: () => {} };
  if (!store.seal.load()) sealBaseline(room, 'first start');
  let cancel = (): void => {};
  const look = (): void => {
    tell(room, seenNow(room));
    cancel = clock.at(clock.now() + Math.min(settings.pollSeconds * 1000, EVERY_MS_MAX), look);
  };
  look();
  return { stop: () => cancel() };
}

function tell({ bench, clock, log }: Room, seen: BaselineSeen): void {
  const open = bench.state().findings.find(({ key }) => key === `baseline/${seen.source}`);
  const isOpen = open !== undefined && open.resolvedAt === undefined;
  if (seen.kind === 'same' && !isOpen) return;
  if (seen.kind === 'altered' && isOpen && JSON.stringify(open.details) === JSON.stringify(seen.details)) return;
  const step = bench.feed({ kind: 'baseline', at: clock.now(), seen });
  if (!step.ok) log.error('a change of the baseline could not be told', { ...step.error });
}

/** One finding for all files: what they declare together is what counts. */
function seenNow({ settings, store }: Room): BaselineSeen {
  const source = 'files';
  const taken = store.seal.load()!;
  const files = settings.baselineFiles ?? [];
  const read = readBaseline(files);
  const since = `since it was taken ${iso(taken.at)} (${taken.by})`;
  if (!read.ok) {
    const { file, line, message } = read.error;
    const where = [file, line].filter((part) => part !== undefined).join(':');
    return { kind: 'altered', source, details: [`${where}: ${message}`, `not readable any more ${since}`] };
  }
  const changes = changesSince(taken, read.value);
  if (changes.length === 0) return { kind: 'same', source, why: 'declares again what was taken' };
  const more = changes.length - CHANGES_MAX;
  return {
    kind: 'altered',
    source,
    details: [
      ...changes.slice(0, CHANGES_MAX).map(changeText),
      ...(more > 0 ? [`and ${more} more`] : []),
      since,
      ...(files.length === 0 ? ['the configuration names no baseline file any more'] : files.flatMap(whose)),
    ],
  };
}

function changeText({ change, text, at }: BaselineChange): string {
  return at ? `${at.file}:${at.line}: ${change}: ${text}` : `${change}: ${text}`;
}

/** When a file was written last, and whose it is: nobody records who wrote it. */
function whose(file: string): readonly string[] {
  try {
    const { mtimeMs, uid } = statSync(file);
    return [`${file}: written ${iso(Math.round(mtimeMs))}, belongs to ${accountOf(uid)}`];
  } catch {
    return [`${file}: gone`];
  }
}

function accountOf(uid: number): string {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((one) => one.split(':')[2] === String(uid));
    return line ? line.split(':')[0]! : `account ${uid}`;
  } catch {
    return `account ${uid}`;
  }
}
