import { type Condition, never } from '../../model/index.js';
import { type DeviceTime, hasPassed, timeOf, timeText } from './clock.js';
import { contentOf } from './content.js';
import type { Domain } from './network.js';
import { byName } from './objects.js';
import { type Entry, textAt, valuesOf } from './tables.js';

export interface Schedule {
  /** Absent: at all times. */
  readonly condition?: Condition;
  readonly problem?: string;
  /** Where only the clock decides, when it holds. */
  readonly text?: string;
}

/**
 * When a policy holds: the clock is no part of a packet, so all but “always” and “none” stay open; what ended, by the
 * device's own clock, does not come back.
 */
export function scheduleOf(domain: Domain, name: string, now: DeviceTime | undefined): Schedule {
  const recurring = byName(domain.tables.get('firewall schedule recurring')).get(name);
  if (recurring) return recurs(recurring);
  const once = byName(domain.tables.get('firewall schedule onetime')).get(name);
  if (once) return happensOnce(once, now);
  const group = byName(domain.tables.get('firewall schedule group')).get(name);
  if (group) return together(valuesOf(group, 'member').map((member) => scheduleOf(domain, member, now)));
  if (name === 'always') return {};
  if (name === 'none') return { condition: never };
  return lost(`the schedule ${name} is not defined`);
}

function together(members: readonly Schedule[]): Schedule {
  const problem = members.find((member) => member.problem !== undefined);
  if (problem) return problem;
  if (members.some(({ condition }) => condition === undefined)) return {};
  const texts = members.flatMap(({ text }) => text ?? []);
  return texts.length === 0 ? { condition: never } : open([...new Set(texts)].sort().join(' or '));
}

function open(text: string): Schedule {
  return { condition: { kind: 'unknown', id: `fortios ${text}`, text }, text };
}

function lost(problem: string): Schedule {
  return { condition: { kind: 'unknown', id: `fortios ${problem}`, text: problem, unrecognized: true }, problem };
}

function happensOnce(entry: Entry, now: DeviceTime | undefined): Schedule {
  const [start, end] = [timeOf(textAt(entry, 'start') ?? ''), timeOf(textAt(entry, 'end') ?? '')];
  if (!start || !end) return open(`it is in the time ${contentOf(entry)}`);
  if (end.minutes <= start.minutes || hasPassed(end, now) === true) return { condition: never };
  return open(`it is between ${timeText(start)} and ${timeText(end)}`);
}

const WEEK = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

function recurs(entry: Entry): Schedule {
  const days = valuesOf(entry, 'day').filter((day) => day !== 'none');
  if (days.length === 0) return { condition: never };
  const odd = days.find((day) => !WEEK.includes(day));
  if (odd !== undefined) return lost(`${odd} is no day of the week`);
  const [start = '00:00', end = '00:00'] = [textAt(entry, 'start'), textAt(entry, 'end')];
  const named = WEEK.filter((day) => days.includes(day));
  // The same time twice is a whole day.
  if (start === end) {
    if (named.length === 7) return {};
    return open(
      start === '00:00' ? `it is ${named.join(', ')}` : `it is 24 hours from ${start} on ${named.join(', ')}`,
    );
  }
  const next = start > end ? ' of the next day' : '';
  return open(`it is ${start}–${end}${next} on ${named.join(', ')}`);
}
