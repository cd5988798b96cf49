import { timestamp } from '../../alarms/time.js';
import { type PlannedWindow, zoneOf } from '../../config/index.js';
import { occurrencesOf } from '../../lib/recurrence.js';
import type { MaintenanceWindow, WindowPlan } from '../../windows/index.js';
import type { Room } from './room.js';

/** What became of one window, for people; `what` is the same for all windows of a series of which the same became. */
interface Taken {
  readonly plan: Pick<WindowPlan, 'id' | 'series' | 'start' | 'end'>;
  readonly what: string;
}

/**
 * Makes the windows of the configuration the guard's own: new ones are planned, changed ones are planned anew and those
 * that are gone are cancelled, all before they begin; what is put back is planned again. What has begun is changed by
 * command alone, where the machine asks who and why. Of a series each window is one by itself, known by its day. Answers
 * with what a person should hear.
 */
export function takeWindows(room: Room): readonly string[] {
  const { settings, bench, clock } = room;
  const now = clock.now();
  // Where its deadline has passed as well, nothing is left to be judged by it.
  const over = now - settings.graceMinutes * 60_000;
  const plans = (settings.windows ?? []).flatMap((one) => windowsOf(one, over));
  const planned = new Set(plans.map(({ id }) => id));
  const known = new Map(bench.state().windows.map((one) => [one.id, one]));
  const taken = plans.flatMap((plan) => takeWindow(room, plan, { known: known.get(plan.id), now, over }));
  const gone = [...known.values()].filter((one) => mayChange(one, now) && !planned.has(one.id));
  return inWords([
    ...taken,
    ...gone.flatMap((one) =>
      fed(
        room,
        one,
        { kind: 'windowCancelled', window: one.id, withdrawn: true },
        'taken out of the configuration, cancelled',
      ),
    ),
  ]);
}

/** The windows that one of the configuration stands for: itself, or those of its series that end after an instant. */
export function windowsOf({ recurs, ...plan }: PlannedWindow, over: number): readonly WindowPlan[] {
  const from = 'configuration' as const;
  if (!recurs) return [{ ...plan, from }];
  const { rule, timeZone } = recurs;
  const found = occurrencesOf({ rule, timeZone, start: plan.start, end: plan.end, now: over });
  // A rule of which nothing can be made was refused with the configuration; what fails here is that none lies ahead.
  if (!found.ok) return [];
  const series = { id: plan.id, rule, timeZone };
  return found.value.map(({ day, start, end }) => ({ ...plan, id: `${plan.id}-${day}`, start, end, series, from }));
}

/** Whether the configuration may still change it. */
function mayChange({ from, state, start }: MaintenanceWindow, now: number): boolean {
  return from === 'configuration' && state === 'planned' && now < start;
}

interface Standing {
  readonly known: MaintenanceWindow | undefined;
  readonly now: number;
  readonly over: number;
}

function takeWindow(room: Room, plan: WindowPlan, { known, now, over }: Standing): readonly Taken[] {
  const { start, end, series, devices } = plan;
  const local = (at: number): string => timestamp(at, zoneOf(room.settings, devices));
  if (!known || known.withdrawn) {
    if (end <= over) return [];
    const what = known ? 'planned again' : series ? 'planned' : `planned from ${local(start)} to ${local(end)}`;
    return fed(room, plan, { kind: 'windowPlanned', window: plan, ...(known && { replaces: true }) }, what);
  }
  if (mayChange(known, now)) {
    const same = planText(known) === planText(plan) && seriesText(known) === seriesText(plan);
    return same ? [] : fed(room, plan, { kind: 'windowPlanned', window: plan, replaces: true }, 'planned anew');
  }
  if (planText(known) === planText(plan) || known.state === 'closed' || known.state === 'cancelled') return [];
  const why = known.from === 'configuration' ? 'it has begun' : 'it was planned by command';
  return [{ plan, what: `not changed as the configuration says, because ${why}: use ecluse window extend` }];
}

/** What a person writes of a window, as one text. */
function planText(window: WindowPlan): string {
  const { vendor, owner, technician, ticket, devices, start, end, scope } = window;
  return JSON.stringify([vendor, owner, technician, ticket, devices, start, end, scope]);
}

function seriesText({ series }: WindowPlan): string {
  return series ? JSON.stringify([series.id, series.rule, series.timeZone]) : '';
}

/** One line for each window, and one for those of a series of which the same became. */
function inWords(taken: readonly Taken[]): readonly string[] {
  const lines = new Map<string, Taken[]>();
  for (const one of taken) {
    const { id, series } = one.plan;
    const key = JSON.stringify([series?.id ?? id, one.what]);
    lines.set(key, [...(lines.get(key) ?? []), one]);
  }
  return [...lines.values()].map((alike) => {
    const [{ plan, what }] = alike as [Taken, ...Taken[]];
    if (alike.length === 1) return `window ${plan.id}: ${what}`;
    const last = alike.at(-1)!.plan;
    return `windows ${plan.id} to ${last.id}: ${alike.length} of the series ${plan.series!.id} ${what}`;
  });
}

type Event = Parameters<Room['bench']['feed']>[0];
type Unfed =
  | Omit<Extract<Event, { kind: 'windowPlanned' }>, 'at'>
  | Omit<Extract<Event, { kind: 'windowCancelled' }>, 'at'>;

function fed({ bench, log }: Room, plan: Taken['plan'], event: Unfed, what: string): readonly Taken[] {
  // As of the last judgement: what fell due since is judged on what is read now, and not by this.
  const step = bench.feed({ ...event, at: bench.state().judgedUpTo });
  const problem = step.ok ? step.value.problem : step.error;
  if (!problem) return [{ plan, what }];
  log.error('a window of the configuration was not taken', { ...problem });
  return [{ plan, what: `not taken: ${problem.message}` }];
}
