import type { Finding } from './types.js';

/** Findings by key, in the order in which they were first raised. */
export interface FindingTable {
  get(key: string): Finding | undefined;
  set(key: string, finding: Finding): void;
  values(): Iterable<Finding>;
  /** What stands behind the first slash of the keys that begin so, such as the devices of `removed/DEVICE`. */
  named(start: string): ReadonlySet<string>;
  /** All of them; the very list that the table began with, where nothing was set. */
  list(): readonly Finding[];
}

/** Where each key stands in a list: made once, and handed on to every list that follows it in the same order. */
const places = new WeakMap<readonly Finding[], Map<string, number>>();

function placesOf(findings: readonly Finding[]): Map<string, number> {
  let found = places.get(findings);
  if (!found) {
    found = new Map(findings.map(({ key }, index) => [key, index]));
    places.set(findings, found);
  }
  return found;
}

const names = new WeakMap<ReadonlyMap<string, number>, Map<string, ReadonlySet<string>>>();
const NOBODY: ReadonlySet<string> = new Set();

/** Which keys there are changes only when one is added: most instants ask in vain. */
function namesIn(index: ReadonlyMap<string, number>): ReadonlyMap<string, ReadonlySet<string>> {
  let known = names.get(index);
  if (!known) {
    const found = new Map<string, Set<string>>();
    for (const key of index.keys()) {
      const slash = key.indexOf('/');
      const start = key.slice(0, slash);
      const rest = key.slice(slash + 1);
      const set = found.get(start);
      if (set) set.add(rest);
      else found.set(start, new Set([rest]));
    }
    known = found;
    names.set(index, known);
  }
  return known;
}

/** A table over a list that is not changed. With thousands of findings a poll touches a handful: only those cost. */
export function findingTable(start: readonly Finding[]): FindingTable {
  let index = placesOf(start);
  let changed: Finding[] | undefined;
  let grown = false;
  return {
    get(key) {
      const place = index.get(key);
      return place === undefined ? undefined : (changed ?? start)[place];
    },
    set(key, finding) {
      changed ??= [...start];
      const place = index.get(key);
      if (place !== undefined) {
        changed[place] = finding;
        return;
      }
      // Other lists rely on the places as they were.
      if (!grown) index = new Map(index);
      grown = true;
      names.delete(index);
      index.set(key, changed.length);
      changed.push(finding);
    },
    values: () => changed ?? start,
    named: (start) => namesIn(index).get(start) ?? NOBODY,
    list() {
      if (changed) places.set(changed, index);
      return changed ?? start;
    },
  };
}
