import { createTask } from 'node-cron';
import type { ScheduleSettings } from '../../config/index.js';
import type { Log } from '../../lib/log.js';
import type { WatchedDevice } from './device.js';

/** Runs an action whenever the clock on the wall of a zone shows what the expression says. */
export type Cron = (expression: string, timeZone: string, action: () => void) => { stop(): void };

export const systemCron: Cron = (expression, timeZone, action) => {
  const task = createTask(expression, action, { timezone: timeZone, noOverlap: true });
  // A machine that slept through it does it when it wakes.
  task.on('execution:missed', () => action());
  void task.start();
  return { stop: () => void task.destroy() };
};

/** When an expression comes true next; undefined: never. */
export function nextRun(expression: string, timeZone: string): number | undefined {
  const task = createTask(expression, () => {}, { timezone: timeZone });
  const [next] = task.getNextRuns(1);
  void task.destroy();
  return next?.getTime();
}

export interface ClockworkOptions {
  readonly schedules: readonly ScheduleSettings[];
  readonly devices: ReadonlyMap<string, WatchedDevice>;
  readonly cron: Cron;
  readonly log: Log;
  readonly report: (schedule: ScheduleSettings) => Promise<void>;
}

/** What the configuration wants done by the clock. A fault is told to the log, and the next time comes all the same. */
export function startClockwork({ schedules, devices, cron, log, report }: ClockworkOptions): { stop(): void } {
  const read = async (wanted: readonly string[]): Promise<void> => {
    await Promise.all(wanted.map((id) => devices.get(id)?.read()));
  };
  const tasks = schedules.map((schedule) => {
    const wanted = schedule.devices ?? [...devices.keys()];
    const run = (): void => {
      const work = schedule.do === 'read' ? read(wanted) : report(schedule);
      work.catch((error: unknown) => log.error('what was to be done by the clock failed', { id: schedule.id, error }));
    };
    return cron(schedule.cron, schedule.timeZone, run);
  });
  return {
    stop() {
      for (const task of tasks) task.stop();
    },
  };
}
