import type { Problem } from '../lib/result.js';
import { nearest } from './nearest.js';
import type { Written } from './written.js';

/**
 * What the grammar cannot say: names used twice, and names that lead nowhere. It is looked for in what was written,
 * whether the rest of it is right or not, so that one look at the file shows everything.
 */
export function contradictions(written: Written, drivers: readonly string[] | undefined): readonly Problem[] {
  const devices = listIn(written.value, 'devices');
  const sinks = listIn(written.value, 'sinks');
  return [
    ...usedTwice(written, 'devices', devices),
    ...usedTwice(written, 'sinks', sinks),
    ...devices.flatMap((device, index) => driverProblems(written, device, index, drivers)),
    ...senderProblems(written, devices),
  ];
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

function listIn(value: unknown, key: string): readonly unknown[] {
  const member = memberOf(value, key);
  return Array.isArray(member) ? member : [];
}

function usedTwice(written: Written, list: string, entries: readonly unknown[]): readonly Problem[] {
  const seen = new Set<string>();
  return entries.flatMap((entry, index) => {
    const id = memberOf(entry, 'id');
    if (typeof id !== 'string') return [];
    const isKnown = seen.has(id);
    seen.add(id);
    if (!isKnown) return [];
    const advice = { expected: 'a name that no other one has', remedy: 'give one of them another name' };
    return [written.problem([list, index, 'id'], `the id \`${id}\` is used twice`, advice)];
  });
}

/** Senders of devices that there are not: their messages would wake nothing. */
function senderProblems(written: Written, devices: readonly unknown[]): readonly Problem[] {
  const from = memberOf(memberOf(memberOf(written.value, 'listen'), 'syslog'), 'from');
  const known = devices.map((device) => memberOf(device, 'id')).filter((id) => typeof id === 'string');
  if (typeof from !== 'object' || from === null || known.length === 0) return [];
  return Object.keys(from)
    .filter((id) => !known.includes(id))
    .map((id) => {
      const near = nearest(id, known);
      return written.problem(['listen', 'syslog', 'from', id], `no device is called \`${id}\``, {
        expected: `one of ${known.join(', ')}`,
        remedy: near === undefined ? 'name a device of this file' : `did you mean \`${near}\`?`,
      });
    });
}

function driverProblems(
  written: Written,
  device: unknown,
  index: number,
  known: readonly string[] | undefined,
): readonly Problem[] {
  const named = listIn(device, 'drivers');
  return named.flatMap((id, place) => {
    if (typeof id !== 'string') return [];
    const path = ['devices', index, 'drivers', place];
    if (named.indexOf(id) !== place)
      return [written.problem(path, `the driver \`${id}\` is named twice`, { remedy: 'remove one of them' })];
    if (!known || known.includes(id)) return [];
    const near = nearest(id, known);
    return [
      written.problem(path, `there is no driver \`${id}\``, {
        expected: `one of ${known.join(', ')}`,
        remedy: near === undefined ? '`ecluse drivers` says what each one reads' : `did you mean \`${near}\`?`,
      }),
    ];
  });
}
