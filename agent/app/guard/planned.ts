import type { MaintenanceWindow, WindowPlan } from '../../windows/index.js';
import type { Room } from './room.js';
import { iso } from './views.js';

/**
 * Makes the windows of the configuration the guard's own: new ones are planned, changed ones are planned anew and those
 * that are gone are cancelled, all before they begin. What has begun is changed by command alone, where the machine
 * asks who and why. Answers with what a person should hear.
 */
export function takeWindows(room: Room): readonly string[] {
  const { settings, bench, clock } = room;
  const plans = settings.windows ?? [];
  const now = clock.now();
  const said = plans.flatMap((plan) => takeWindow(room, plan, now));
  const gone = bench
    .state()
    .windows.filter((known) => known.from === 'configuration' && known.state === 'planned' && now < known.start)
    .filter((known) => !plans.some(({ id }) => id === known.id));
  return [
    ...said,
    ...gone.flatMap(({ id }) =>
      fed(room, { kind: 'windowCancelled', window: id }, `window ${id}: taken out of the configuration, cancelled`),
    ),
  ];
}

function takeWindow(room: Room, plan: WindowPlan, now: number): readonly string[] {
  const { id, start, end } = plan;
  const known = room.bench.state().windows.find((one) => one.id === id);
  const window = { ...plan, from: 'configuration' as const };
  if (!known) {
    // Where its deadline has passed as well, nothing is left to be judged by it.
    if (end + room.settings.graceMinutes * 60_000 <= now) return [];
    return fed(room, { kind: 'windowPlanned', window }, `window ${id}: planned from ${iso(start)} to ${iso(end)}`);
  }
  if (planText(known) === planText(plan)) return [];
  if (known.from === 'configuration' && known.state === 'planned' && now < known.start) {
    return fed(room, { kind: 'windowPlanned', window, replaces: true }, `window ${id}: planned anew`);
  }
  if (known.state === 'closed' || known.state === 'cancelled') return [];
  const why = known.from === 'configuration' ? 'it has begun' : 'it was planned by command';
  return [`window ${id}: not changed as the configuration says, because ${why}: use ecluse window extend`];
}

/** What a person writes of a window, as one text. */
function planText(window: WindowPlan | MaintenanceWindow): string {
  const { vendor, owner, technician, ticket, devices, start, end, scope } = window;
  return JSON.stringify([vendor, owner, technician, ticket, devices, start, end, scope]);
}

type Event = Parameters<Room['bench']['feed']>[0];
type Unfed =
  | Omit<Extract<Event, { kind: 'windowPlanned' }>, 'at'>
  | Omit<Extract<Event, { kind: 'windowCancelled' }>, 'at'>;

function fed({ bench, log }: Room, event: Unfed, said: string): readonly string[] {
  // As of the last judgement: what fell due since is judged on what is read now, and not by this.
  const step = bench.feed({ ...event, at: bench.state().judgedUpTo });
  const problem = step.ok ? step.value.problem : step.error;
  if (!problem) return [said];
  log.error('a window of the configuration was not taken', { ...problem });
  return [`a window of the configuration was not taken: ${problem.message}`];
}
