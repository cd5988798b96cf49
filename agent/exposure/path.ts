import type { BaseList, Direction, Family, Hook, Pipeline } from '../model/index.js';

const HOOKS: Readonly<Record<Direction, readonly Hook[]>> = {
  forward: ['prerouting', 'forward', 'postrouting'],
  input: ['prerouting', 'input'],
  output: ['output', 'postrouting'],
};

export function hooksOf(direction: Direction): readonly Hook[] {
  return HOOKS[direction];
}

/**
 * The base lists that see a packet of this family on this path, hook by hook in calling order. Of two with one
 * priority the kernel calls the younger first (nf_hook_entries_grow); a listing has the older first.
 */
export function pathOf(pipeline: Pipeline, direction: Direction, family: Family): readonly BaseList[] {
  const known = paths.get(pipeline) ?? new Map<string, readonly BaseList[]>();
  paths.set(pipeline, known);
  const key = `${direction} ${family}`;
  let path = known.get(key);
  if (path === undefined) {
    path = findPath(pipeline, direction, family);
    known.set(key, path);
  }
  return path;
}

/** Asked for each packet. */
const paths = new WeakMap<Pipeline, Map<string, readonly BaseList[]>>();

function findPath(pipeline: Pipeline, direction: Direction, family: Family): readonly BaseList[] {
  const lists = new Map(pipeline.lists.map((list) => [list.id, list]));
  return HOOKS[direction].flatMap((hook) =>
    pipeline.bases
      .filter((base) => base.hook === hook && lists.get(base.list)?.families.includes(family))
      .map((base, order) => ({ base, order }))
      .sort((a, b) => a.base.priority - b.base.priority || b.order - a.order)
      .map(({ base }) => base),
  );
}

const translating = new WeakMap<Pipeline, ReadonlySet<string>>();

/** The lists that translate and do not filter: those called for it, and what they call. */
export function natLists(pipeline: Pipeline): ReadonlySet<string> {
  const known = translating.get(pipeline);
  if (known) return known;
  const lists = new Map(pipeline.lists.map((list) => [list.id, list]));
  const found = new Set<string>();
  const visit = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    for (const { steps } of lists.get(id)?.rules ?? []) {
      for (const step of steps) if (step.kind === 'jump' || step.kind === 'goto') visit(step.list);
    }
  };
  for (const base of pipeline.bases) if (base.type === 'nat') visit(base.list);
  translating.set(pipeline, found);
  return found;
}
