import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { guardClient, socketState } from '../app/daemon.js';
import type { Guard } from '../app/guard/contract.js';
import { loadOptions } from '../app/load-options.js';
import { DEFAULT_FILE, loadSettings, type Settings, settingsInPart, zoneOf } from '../config/index.js';
import { systemClock } from '../lib/clock.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import { complain, say, showTimesAs, withProgress } from './terminal.js';
import { type TimeContext, timeText } from './times.js';

export interface GuardOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** What every command about the guard takes. */
export function guardCommand(parent: Command, nameAndArguments: string, description: string): Command {
  return parent
    .command(nameAndArguments)
    .description(description)
    .summary(description.split(/[;:,]/)[0]!)
    .option('--config <file>', `the configuration; left out, ./${DEFAULT_FILE}, and without it this machine is guarded`)
    .option('--json', 'one JSON document');
}

export interface Asking {
  readonly guard: Guard;
  readonly settings: Settings;
  readonly times: TimeContext;
  /** Whether a daemon answers; else the guard was opened for this one question. */
  readonly isDaemon: boolean;
}

/**
 * Loads the configuration and asks the daemon where one answers, else a guard in this process. Gives what `use` gives,
 * or the exit code of what went wrong before.
 */
export async function withGuard(options: GuardOptions, use: (asking: Asking) => Promise<number>): Promise<number> {
  const empty = emptyOption(options);
  if (empty) return complain(empty);
  const settings = loadSettings(options.config, loadOptions);
  const taken = settings.ok ? settings : await asTaken(options.config, settings.error);
  if (!taken.ok) return complain(taken.error);
  const known = taken.value;
  const times = {
    now: systemClock.now(),
    timeZone: zoneOf(known, []),
    zoneAt: (devices: readonly string[]) => zoneOf(known, devices),
  };
  showTimesAs((instant) => timeText(instant, times));
  const opened = await openOrReach(known);
  if (!opened.ok) return complain(opened.error);
  const { guard, isDaemon, close } = opened.value;
  try {
    return await use({ guard, settings: known, times, isDaemon });
  } finally {
    await close();
  }
}

/** A name or a reason of blanks names nobody and says nothing. */
function emptyOption(options: GuardOptions): Problem | undefined {
  const empty = Object.entries(options).find(([, value]) => typeof value === 'string' && value.trim() === '');
  if (!empty) return undefined;
  const option = empty[0].replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return { code: 'BAD_CALL', message: `--${option} is empty`, expected: 'a text' };
}

/**
 * A file that is wrong changes nothing for the daemon that runs: it can be asked, as long as it can be found. A vendor who
 * has finished does not wait until somebody has mended a line.
 */
async function asTaken(file: string | undefined, wrong: Problem): Promise<Result<Settings>> {
  const found = settingsInPart(file);
  if (!found || (await socketState(join(found.stateFolder, 'ecluse.sock'))) !== 'live') return failure(wrong);
  say(
    `${file ?? DEFAULT_FILE} is wrong now (ecluse check): the daemon that runs is asked, by what it took before; times are those of ${zoneOf(found, [])}`,
  );
  return success(found);
}

interface Reached {
  readonly guard: Guard;
  readonly isDaemon: boolean;
  close(): Promise<void>;
}

async function openOrReach(settings: Settings): Promise<Result<Reached>> {
  const path = join(settings.stateFolder, 'ecluse.sock');
  const state = await socketState(path);
  if (state === 'live') return success({ guard: guardClient(path), isDaemon: true, close: async () => {} });
  if (state === 'forbidden') {
    const message = 'the daemon is another user’s';
    return failure({ code: 'NO_DAEMON', message, file: path, remedy: 'ask as that user, or as root' });
  }
  const { openInProcess } = await import('../app/in-process.js');
  const opened = await openInProcess(settings);
  return opened.ok ? success({ ...opened.value, isDaemon: false }) : opened;
}

/** Asks with a sign of life, and judges the answer; a refusal is told and gives its exit code. */
export async function answered<T>(
  what: string,
  question: Promise<Result<T>>,
  judge: (answer: T) => number,
): Promise<number> {
  const answer = await withProgress(what, question);
  return answer.ok ? judge(answer.value) : complain(answer.error);
}

/** The same for an answer that is shown and judges nothing. */
export function shown<T>(what: string, question: Promise<Result<T>>, show: (answer: T) => void): Promise<number> {
  return answered(what, question, (answer) => {
    show(answer);
    return 0;
  });
}

/** The device that is meant: the one named, or the only one there is. */
export async function onlyDevice({ guard }: Asking, named: string | undefined): Promise<Result<string>> {
  if (named !== undefined) return success(named);
  const all = await allDevices(guard);
  if (!all.ok) return all;
  if (all.value.length === 1) return success(all.value[0]!);
  return failure({
    code: 'UNKNOWN_DEVICE',
    message: 'there is more than one device',
    expected: `one of ${all.value.join(', ')}`,
  });
}

/** Ids of every device of the guard that answers, which may have another configuration than the one at hand. */
export async function allDevices(guard: Guard): Promise<Result<readonly string[]>> {
  const status = await guard.status();
  return status.ok ? success(status.value.devices.map(({ id }) => id)) : status;
}

/** Who is at the keyboard, also behind sudo. */
export function person(): string {
  if (process.env.SUDO_USER) return process.env.SUDO_USER;
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
