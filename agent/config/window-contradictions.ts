import { occurrencesOf } from '../lib/recurrence.js';
import type { Problem } from '../lib/result.js';
import type { Surrounding } from './contradictions.js';
import { type Names, TWICE, unknownNames } from './known-names.js';
import { planOf, type ServicesNamed, type WrittenWindow } from './planned.js';
import { partyProblem } from './scope-names.js';

/** What is wrong with planned windows beside each other, and beside what else the file declares. */
export function windowProblems({ windows, zoneAt, services }: Surrounding, names: Names): readonly Problem[] {
  const seen = new Set<string>();
  return windows.flatMap((window) => {
    const { entry, problem } = window;
    const { start, end, recurs } = planOf(window, zoneAt);
    const series = recurs && start < end ? occurrencesOf({ ...recurs, start, end }) : undefined;
    const ids = [entry.id, ...(series?.ok ? series.value.map(({ day }) => `${entry.id}-${day}`) : [])];
    const twice = ids.find((id) => seen.has(id));
    for (const id of ids) seen.add(id);
    const ends = entry.end === undefined ? ['for'] : ['end'];
    return [
      ...(twice === undefined ? [] : [problem(['id'], `the id \`${twice}\` is used twice`, TWICE)]),
      ...(series && !series.ok
        ? [problem(['rrule'], `window ${entry.id}: ${series.error.message}`, ruleAdvice(series.error))]
        : []),
      ...(start < end
        ? []
        : [
            problem(ends, `window ${entry.id} ends before it starts`, {
              expected: `an end after ${entry.start}`,
              remedy: 'correct one of them',
            }),
          ]),
      ...unknownNames(entry.devices, names.devices, (index, ...rest) => problem(['devices', index], ...rest)),
      ...entry.scope.flatMap((part, index) => [
        ...scopeProblems(window, part, index, names),
        ...serviceProblems(window, part, index, services),
      ]),
    ];
  });
}

function scopeProblems(
  { entry, problem }: WrittenWindow,
  { device, src, dst }: WrittenWindow['entry']['scope'][number],
  index: number,
  known: Names,
): readonly Problem[] {
  return [
    ...(device === undefined || entry.devices.includes(device)
      ? []
      : unknownNames([device], entry.devices, (_, ...rest) => problem(['scope', index, 'device'], ...rest))),
    ...Object.entries({ src, dst }).flatMap(([side, name]) => {
      const wrong = name === undefined ? undefined : partyProblem(name, known);
      return wrong ? [problem(['scope', index, side], wrong.message, wrong)] : [];
    }),
  ];
}

function ruleAdvice({ expected }: Problem): Pick<Problem, 'expected' | 'remedy'> {
  return { ...(expected !== undefined && { expected }), remedy: 'correct it, or remove it' };
}

function serviceProblems(
  { problem }: WrittenWindow,
  { service, proto, ports }: WrittenWindow['entry']['scope'][number],
  index: number,
  services: ServicesNamed,
): readonly Problem[] {
  if (service === undefined) return [];
  const at = ['scope', index, 'service'];
  if (proto !== undefined || ports !== undefined) {
    return [
      problem(at, `\`service\` beside \`${proto === undefined ? 'ports' : 'proto'}\``, {
        expected: 'one of both',
        remedy: 'leave one out, or write two entries',
      }),
    ];
  }
  const named = services(service);
  return named.ok ? [] : [problem(at, named.error.message, named.error)];
}
