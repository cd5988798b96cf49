import { type Baseline, changesSince, sealed } from '../baseline/index.js';
import { loadSettings, type Settings } from '../config/index.js';
import { isSamePerson, type Rules } from '../judge/index.js';
import { failure, type Problem, type Result, success, together } from '../lib/result.js';
import { planWindow } from '../windows/index.js';
import { readBaseline } from './baseline-file.js';
import type { Guard, ReloadView } from './guard/contract.js';
import type { OpenGuard } from './guard/index.js';
import { windowsOf } from './guard/planned.js';
import { relay } from './guard/relay.js';
import { loadOptions } from './load-options.js';
import { loadRules } from './rules.js';

/** What a guard is opened with. */
export interface Configuration {
  readonly settings: Settings;
  readonly baseline: Baseline;
  readonly rules: Rules;
}

/** The configuration, the baseline file and the rules as they stand now; the first thing that is wrong with any. */
export function readConfiguration(file: string | undefined): Result<Configuration> {
  const settings = loadSettings(file, loadOptions);
  if (!settings.ok) return settings;
  const baseline = readBaseline(settings.value.baselineFiles);
  const rules = loadRules(settings.value.rulesFolder);
  // What the machine of windows would refuse later is wrong now.
  const planned = (settings.value.windows ?? []).flatMap((one) => windowsOf(one, -Infinity));
  const windows = planned.map(planWindow);
  const wrong = together([...windows, baseline, rules].flatMap((one) => (one.ok ? [] : [one.error])));
  if (wrong || !baseline.ok || !rules.ok) return failure(wrong!);
  return success({ settings: settings.value, baseline: baseline.value, rules: rules.value });
}

/** What may not change while the daemon runs. */
export function notWhileRunning(before: Settings, after: Settings): Problem | undefined {
  if (text(before.log) !== text(after.log)) {
    return {
      code: 'RELOAD_LOG',
      message: 'the log file cannot change while the daemon runs',
      remedy: 'stop it and start it again',
    };
  }
  if (before.stateFolder === after.stateFolder) return undefined;
  return {
    code: 'RELOAD_STATE',
    message: `the state folder cannot change while the daemon runs: ${before.stateFolder}, now ${after.stateFolder}`,
    remedy: 'stop it, move the folder, start it again',
  };
}

/** In words, one thing a line. */
export function changesBetween(before: Configuration, after: Configuration): ReloadView {
  const [old, now] = [before.settings, after.settings];
  const changes: string[] = [];
  const lists = [
    ['device', old.devices, now.devices],
    ['sink', old.sinks, now.sinks],
    ['window', old.windows ?? [], now.windows ?? []],
    ['schedule', old.schedules ?? [], now.schedules ?? []],
  ] as const;
  for (const [what, was, is] of lists) {
    const earlier = new Map(was.map((one) => [one.id, one]));
    const later = new Map(is.map((one) => [one.id, one]));
    for (const id of earlier.keys()) if (!later.has(id)) changes.push(`${what} ${id}: removed`);
    for (const [id, one] of later) {
      const known = earlier.get(id);
      if (!known) changes.push(`${what} ${id}: added`);
      else if (text(known) !== text(one)) changes.push(`${what} ${id}: changed`);
    }
  }
  const oldRest = withoutLists(old);
  const newRest = withoutLists(now);
  const names = [...new Set([...Object.keys(oldRest), ...Object.keys(newRest)])] as (keyof typeof oldRest)[];
  for (const name of names) if (text(oldRest[name]) !== text(newRest[name])) changes.push(`${name}: changed`);
  if (text(before.baseline) !== text(after.baseline)) changes.push('baseline: changed');
  if (text(before.rules) !== text(after.rules)) changes.push('rules: changed');
  return { changes };
}

function withoutLists({ devices: _, sinks: __, windows: ___, schedules: ____, ...rest }: Settings) {
  return rest;
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ?? '';
}

export interface ReloadTools {
  readonly read: () => Result<Configuration>;
  readonly open: (configuration: Configuration) => Promise<Result<OpenGuard>>;
  /** A guard has taken over: it is to be run. */
  readonly onGuard: (guard: OpenGuard) => void;
  /** Neither the new nor the old configuration could be opened: nothing is guarded any more. */
  readonly onLost: (problem: Problem) => void;
}

/** Who asks for a reload; nobody's name comes with a signal. */
export interface Signed {
  readonly by?: string;
  readonly second?: string;
}

/** A guard whose configuration can be exchanged while it runs. */
export interface ReloadableGuard {
  /** For those who ask: an answer waits while the configuration changes. */
  readonly guard: Guard;
  now(): OpenGuard;
  configuration(): Configuration;
  /** A configuration that is wrong changes nothing. */
  /** `signed`: who takes the baseline files as they are now. */
  reload(signed?: Signed): Promise<Result<ReloadView>>;
  close(): Promise<void>;
}

/** For what is being asked when a reload comes; systemd's watchdog waits for longer. */
const ANSWERS_MS_MAX = 30_000;

/**
 * A reload ends the guard and opens another on the same state, which is what a restart does and is tested as: windows,
 * findings and what was not delivered are in the store. Everything is validated before the old one ends.
 */
export function reloadable(first: OpenGuard, configured: Configuration, tools: ReloadTools): ReloadableGuard {
  let current = first;
  let configuration = configured;
  let closed = false;
  const { guard, change } = relay(() => current, waited);

  const exchange = async (next: Configuration, by: string): Promise<Result<ReloadView>> => {
    if (closed) return failure({ code: 'GUARD_CLOSED', message: 'this daemon is being stopped' });
    await current.close();
    const opened = await tools.open(next);
    const kept = opened.ok ? opened : await tools.open(configuration);
    if (!kept.ok) {
      tools.onLost(kept.error);
      return kept;
    }
    current = kept.value;
    if (opened.ok) current.takeBaseline(by);
    tools.onGuard(current);
    if (!opened.ok) return opened;
    const view = changesBetween(configuration, next);
    configuration = next;
    return success(view);
  };

  return {
    guard,
    now: () => current,
    configuration: () => configuration,
    async reload(signed = {}) {
      const next = tools.read();
      if (!next.ok) return next;
      const taken = sealed(configuration.baseline, '', 0);
      const isOther = changesSince(taken, next.value.baseline).length > 0;
      const problem =
        notWhileRunning(configuration.settings, next.value.settings) ??
        (isOther ? await unsignedBaseline(current, signed) : undefined);
      const names = [signed.by, signed.second].filter((name) => name !== undefined);
      return problem
        ? failure(problem)
        : change(() => exchange(next.value, names.length === 0 ? 'a reload' : names.join(' and ')));
    },
    async close() {
      closed = true;
      await change(() => current.close());
    },
  };
}

/**
 * While somebody works on a device, another baseline may be how an opening of theirs becomes legitimate: two people of
 * the hospital take it by name, and neither of them is who came to work.
 */
async function unsignedBaseline(guard: Guard, { by, second }: Signed): Promise<Problem | undefined> {
  const listed = await guard.windows({ all: false });
  if (!listed.ok) return listed.error;
  const windows = listed.value.filter(({ state }) => state !== 'planned');
  const [window] = windows;
  if (!window) return undefined;
  const names = [by, second].filter((name) => name !== undefined && name.trim() !== '');
  const atWork = windows.flatMap(({ vendor, technician = '' }) => [vendor, technician]);
  const own = names.find((name) => atWork.some((one) => isSamePerson(one, name!)));
  if (own !== undefined) {
    const message = `${own} works in window ${window.id} and cannot change what is declared`;
    return { code: 'BASELINE_TAMPER', message, expected: 'two people of the hospital' };
  }
  if (names.length === 2 && !isSamePerson(names[0]!, names[1]!)) return undefined;
  return {
    code: 'BASELINE_UNSIGNED',
    message: `the baseline has changed while window ${window.id} is ${window.state}: nothing was reloaded`,
    expected: 'two different people of the hospital',
    remedy: 'ecluse reload --by NAME --second NAME, or close the window first',
  };
}

function waited(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ANSWERS_MS_MAX).unref();
  });
}
