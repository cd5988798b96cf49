import type { Finding } from './types.js';

/** Findings by key, in the order in which they were first raised. */
export interface FindingTable {
  get(key: string): Finding | undefined;
  set(key: string, finding: Finding): void;
  values(): Iterable<Finding>;
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
      index.set(key, changed.length);
      changed.push(finding);
    },
    values: () => changed ?? start,
    list() {
      if (changed) places.set(changed, index);
      return changed ?? start;
    },
  };
}
