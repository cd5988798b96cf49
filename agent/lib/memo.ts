/**
 * Remembers what a pure function answered, for text that comes again and again (the same line in the reading before).
 * It holds at most twice `entriesMax` answers: what was not asked for during the last `entriesMax` new ones is forgotten.
 */
export interface Recollection<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
}

export function recollection<V>(entriesMax: number): Recollection<V> {
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  const set = (key: string, value: V): void => {
    if (young.size >= entriesMax) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    get(key) {
      const known = young.get(key);
      if (known !== undefined) return known;
      const former = old.get(key);
      if (former !== undefined) set(key, former);
      return former;
    },
    set,
  };
}
