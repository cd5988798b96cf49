import type { BeforeView, WindowView } from '../app/guard/contract.js';
import { allowText } from './allow.js';
import { type Colour, clean, coloured, print, printJson } from './terminal.js';
import { durationText, type TimeContext, timesAt, timeText } from './times.js';
import { afterwards } from './window-after.js';
import type { GuardOptions } from './with-guard.js';

export function tellWindow(view: WindowView, { json }: GuardOptions, times: TimeContext): void {
  if (json) printJson(view);
  else printWindow(view, timesAt(times, view.devices));
}

export function printRow(title: string, text: string, colour?: Colour): void {
  const line = `  ${title.padEnd(10)}${clean(text)}`;
  print(colour ? coloured(colour, line) : line);
}

export function printWindow(view: WindowView, times: TimeContext): void {
  const { id, vendor, owner, technician, ticket, devices, state, extension, scope, openedAt, closedAt } = view;
  const { emergency } = view;
  const isSelf = vendor === 'self';
  const names = [
    vendor,
    isSelf ? owner : undefined,
    technician,
    ticket === undefined ? undefined : `ticket ${ticket}`,
  ].filter((one) => one !== undefined);
  print(clean(`window ${id}: ${state}, ${names.join(', ')}`));
  if (owner !== undefined && !isSelf) printRow('owner', owner);
  printRow('devices', devices.join(', '));
  printRow('planned', `${timeText(view.start, times)} to ${timeText(view.end, times)}`);
  if (view.series) printRow('series', seriesText(view.series));
  if (emergency) {
    printRow('emergency', `${emergency.reason}; called by ${emergency.caller}, on call ${emergency.onCall}`);
  }
  if (extension) {
    const { until, by, second, reason } = extension;
    const who = second === undefined ? by : `${by} and ${second}`;
    printRow('extended', `to ${timeText(until, times)} by ${who}: ${reason}`);
  }
  if (openedAt !== undefined) printRow('opened', `${timeText(openedAt, times)}`);
  if (closedAt !== undefined) printRow('closed', `${timeText(closedAt, times)}`);
  for (const [title, text] of afterwards(view, times)) printRow(title, text);
  printRow('shut by', `${timeText(view.deadline, times)}`);
  for (const entry of scope) printRow('announced', allowText(entry, times));
  if (scope.length === 0) printRow('announced', 'nothing: every opening is outside it');
  for (const before of view.before) printRow('before', beforeText(before, times));
}

/** Each of them is a window by itself: `window cancel` gives up one. */
function seriesText({ id, rule, timeZone, planned }: NonNullable<WindowView['series']>): string {
  const many = planned === undefined ? '' : `${planned} windows, `;
  return `${id}: ${many}${rule} (${timeZone})`;
}

export function beforeText({ device, snapshot, takenAt, fresh, ageSeconds }: BeforeView, times: TimeContext): string {
  if (snapshot === undefined) return `${device}: no before snapshot, so only the baseline can be compared with`;
  const taken = takenAt === undefined ? '' : ` of ${timeText(takenAt, times)}`;
  if (fresh) return `${device}: snapshot ${snapshot}${taken}`;
  const age = ageSeconds === undefined ? 'old' : `${durationText(ageSeconds)} old`;
  return `${device}: cannot be read now; the last snapshot ${snapshot}${taken} is ${age}`;
}

interface Later {
  readonly series: string;
  readonly count: number;
  readonly last: WindowView;
}

/** Of the windows of a series that are still planned the next one: a year of them would hide what is open. */
export function nextOfSeries(views: readonly WindowView[]): {
  readonly shown: readonly WindowView[];
  readonly later: readonly Later[];
} {
  const ahead = new Map<string, WindowView[]>();
  for (const view of views) {
    if (view.series && view.state === 'planned')
      ahead.set(view.series.id, [...(ahead.get(view.series.id) ?? []), view]);
  }
  const ordered = [...ahead].map(
    ([series, all]) => [series, all.sort((a, b) => Date.parse(a.start) - Date.parse(b.start))] as const,
  );
  const hidden = new Set(ordered.flatMap(([, all]) => all.slice(1)));
  return {
    shown: views.filter((view) => !hidden.has(view)),
    later: ordered.flatMap(([series, all]) =>
      all.length < 2 ? [] : [{ series, count: all.length - 1, last: all.at(-1)! }],
    ),
  };
}
