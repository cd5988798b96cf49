import type { Availability, Member } from '../../model/index.js';
import type { Section } from '../contract.js';

/** Of `show failover`. */
export const FAILOVER = 'failover-state';

const roles: readonly (readonly [RegExp, Member['role']])[] = [
  [/^Active\b/, 'active'],
  [/^(?:Failed|Disabled|Not Detected)\b/, 'failed'],
  [/^(?:Standby|Cold Standby|Sync|Bulk|App)/, 'standby'],
];

function roleOf(state: string): Member['role'] {
  return roles.find(([pattern]) => pattern.test(state))?.[1] ?? 'unknown';
}

/**
 * The pair that an ASA is of. Members are known as each other's primary and secondary unit, which a failover does not
 * change. Undefined: failover is off, or the answer does not say. With contexts in two groups a member is active that is
 * so in one of them.
 */
export function availabilityOf({ text, source }: Section): Availability | undefined {
  if (!/^Failover On\b/m.test(text)) return undefined;
  const members: { readonly name: string; readonly states: readonly string[]; readonly isOwn: boolean }[] = [];
  const parts = text.split(/^(?=\s*(?:This|Other) host\s*[:-])/m).slice(1);
  for (const part of parts) {
    const found = /^\s*(?<which>This|Other) host\s*[:-]\s+(?<name>Primary|Secondary)(?: - (?<state>[^\n]+))?/.exec(
      part,
    )?.groups;
    if (!found) continue;
    const groups = [...part.matchAll(/^\s*Group \d+\s+State:\s+(?<state>.+?)\s*$/gm)].map((one) => one.groups!.state!);
    const states = found.state === undefined ? groups : [found.state.trim()];
    members.push({ name: found.name!.toLowerCase(), states, isOwn: found.which === 'This' });
  }
  const own = members.find(({ isOwn }) => isOwn);
  if (!own) return undefined;
  const behind = members.flatMap(({ name, states }) => {
    const copying = states.find((state) => /^(?:Sync|Bulk|App)/.test(state));
    return copying === undefined ? [] : [`${name} is in ${copying}`];
  });
  const line = text.split('\n').findIndex((one) => one.startsWith('Failover On')) + 1;
  return {
    member: own.name,
    members: members.map(({ name, states }) => {
      const all = states.map(roleOf);
      return { name, role: all.find((role) => role === 'active') ?? all[0] ?? 'unknown' };
    }),
    ...(behind.length > 0 && { outOfStep: behind.join(', ') }),
    origin: { file: source, line, rule: 'failover', text: 'Failover On' },
  };
}
