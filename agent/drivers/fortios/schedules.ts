import { type Condition, never } from '../../model/index.js';
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

/** When a policy holds: the clock is no part of a packet, so all but “always” and “none” stay open. */
export function scheduleOf(domain: Domain, name: string): Schedule {
  const recurring = byName(domain.tables.get('firewall schedule recurring')).get(name);
  if (recurring) return recurs(recurring);
  const once = byName(domain.tables.get('firewall schedule onetime')).get(name);
  if (once) return open(`it is in the time ${contentOf(once)}`);
  const group = byName(domain.tables.get('firewall schedule group')).get(name);
  if (group) {
    const members = valuesOf(group, 'member').map((member) => scheduleOf(domain, member));
    const problem = members.find((member) => member.problem !== undefined);
    if (problem) return problem;
    if (members.some(({ condition }) => condition === undefined)) return {};
    return open(
      members
        .map(({ text = 'never' }) => text)
        .sort()
        .join(' or '),
    );
  }
  if (name === 'always') return {};
  if (name === 'none') return { condition: never };
  const problem = `the schedule ${name} is not defined`;
  return { condition: { kind: 'unknown', id: `fortios ${problem}`, text: problem, unrecognized: true }, problem };
}

function open(text: string): Schedule {
  return { condition: { kind: 'unknown', id: `fortios ${text}`, text }, text };
}

const WEEK: ReadonlySet<string> = new Set([
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
]);

function recurs(entry: Entry): Schedule {
  const days = valuesOf(entry, 'day').filter((day) => day !== 'none');
  if (days.length === 0) return { condition: never };
  const odd = days.find((day) => !WEEK.has(day));
  if (odd !== undefined) {
    const problem = `${odd} is no day of the week`;
    return { condition: { kind: 'unknown', id: `fortios ${problem}`, text: problem, unrecognized: true }, problem };
  }
  const [start = '00:00', end = '00:00'] = [textAt(entry, 'start'), textAt(entry, 'end')];
  if (new Set(days).size === 7 && start === end) return {};
  return open(`it is ${start}–${end} on ${days.join(', ')}`);
}
