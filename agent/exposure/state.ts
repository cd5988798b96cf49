import type { BaseList, Direction, Family, Pipeline } from '../model/index.js';
import type { FilterChange } from './opening.js';

const directions: readonly Direction[] = ['forward', 'input', 'output'];

/**
 * What switched filtering off between two states, as a whole: a policy that accepts now, a list or table that is
 * emptied, gone or dormant, forwarding switched on. Whether traffic is let through by it is for `compare` to say.
 */
export function filterChanges(reference: Pipeline, now: Pipeline): readonly FilterChange[] {
  const changes: FilterChange[] = [];
  for (const direction of directions) {
    for (const base of reference.bases) {
      if (base.hook !== direction || base.type === 'nat') continue;
      const change = changeOf(base, reference, now);
      const list = reference.lists.find(({ id }) => id === base.list);
      if (!change || !list) continue;
      for (const family of list.families) changes.push({ direction, family, ...change });
    }
  }
  for (const family of ['ip4', 'ip6'] as const) changes.push(...forwardingChange(family, reference, now));
  return changes;
}

function changeOf(
  base: BaseList,
  reference: Pipeline,
  now: Pipeline,
): Pick<FilterChange, 'kind' | 'origin' | 'text'> | undefined {
  const former = reference.lists.find(({ id }) => id === base.list);
  if (!former) return undefined;
  const filters = base.policy === 'drop' || former.rules.length > 0;
  const list = now.lists.find(({ id }) => id === base.list);
  const present = now.bases.find((one) => one.list === base.list && one.hook === base.hook);
  const table = former.table ? `table ${former.table.family} ${former.table.name}` : `list ${former.id}`;
  if (!present) {
    if (!filters) return undefined;
    if (list?.table?.dormant) return { kind: 'dormant', origin: list.origin, text: `${table} is dormant` };
    const tableGone =
      former.table !== undefined &&
      !now.lists.some(({ table: one }) => one?.name === former.table!.name && one.family === former.table!.family);
    const what = tableGone ? table : `list ${former.id}`;
    return { kind: 'removed', origin: former.origin, text: `${what} was removed` };
  }
  if (base.policy === 'drop' && present.policy === 'accept') {
    return { kind: 'policyAccept', origin: present.policyOrigin, text: `policy of ${former.id}: drop → accept` };
  }
  if (present.policy === 'accept' && former.rules.length > 0 && list?.rules.length === 0) {
    return { kind: 'emptied', origin: list.origin, text: `list ${former.id} was emptied` };
  }
  return undefined;
}

function forwardingChange(family: Family, reference: Pipeline, now: Pipeline): readonly FilterChange[] {
  if (reference.forwarding?.[family] !== false || now.forwarding?.[family] !== true) return [];
  const name = family === 'ip4' ? 'IPv4' : 'IPv6';
  const text = `${name} forwarding was switched on`;
  const origin = { file: '', line: 0, rule: 'routing', text };
  return [{ direction: 'forward', family, kind: 'forwardingOn', origin, text }];
}
