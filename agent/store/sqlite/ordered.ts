import { decode, encode, keyText } from '../codec.js';
import { type Queries, sql } from './query.js';
import type { OrderedTableName } from './schema.js';

interface Held {
  readonly position: number;
  readonly value: unknown;
  readonly body: string;
}

/** A list of the judge's state as it stands in its table: replaced as a whole, written only where it differs. */
export interface OrderedList<T> {
  load(): readonly T[];
  /** Writes what differs; the answer takes the new list as held and is called once the transaction is through. */
  write(next: readonly T[]): () => void;
}

export function orderedList<T>(table: OrderedTableName, keyOf: (item: T) => string, db: Queries): OrderedList<T> {
  let held = new Map<string, Held>();
  /** What is held, in its order: most of a list is the very same objects as the time before. */
  let list: readonly T[] = [];
  let keys: readonly string[] = [];

  const write = (key: string, position: number, body: string): void => {
    db.run(
      sql
        .insertInto(table)
        .values({ key, position, body })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ position, body })),
    );
  };

  /** The same items in the same places, but for some that changed: only those are looked at. Undefined: not so. */
  const writeInPlace = (next: readonly T[]): (() => void) | undefined => {
    if (next.length !== list.length) return undefined;
    const changed: [key: string, held: Held][] = [];
    for (const [index, value] of next.entries()) {
      if (value === list[index]) continue;
      const key = keys[index]!;
      if (keyText(keyOf(value)) !== key) return undefined;
      changed.push([key, { position: held.get(key)!.position, value, body: encode(value) }]);
    }
    for (const [key, { position, body }] of changed) if (held.get(key)!.body !== body) write(key, position, body);
    return () => {
      for (const [key, one] of changed) held.set(key, one);
      list = next;
    };
  };

  return {
    load() {
      const rows = db.all(sql.selectFrom(table).selectAll().orderBy('position'));
      const loaded = rows.map(({ key, position, body }) => ({ key, position, body, value: decode<T>(body) }));
      held = new Map(loaded.map((row) => [row.key, row]));
      list = loaded.map(({ value }) => value);
      keys = loaded.map(({ key }) => key);
      return list;
    },
    write(next) {
      const inPlace = writeInPlace(next);
      if (inPlace) return inPlace;
      const now = new Map<string, Held>();
      let last = 0;
      for (const value of next) {
        let key = keyText(keyOf(value));
        // Two items under one key would be a fault of the judge; losing one of them would be a worse one of ours.
        while (now.has(key)) key += ' (again)';
        const before = held.get(key);
        // An item keeps its place while the order allows it, so that taking one out rewrites none.
        const position = before && before.position > last ? before.position : last + 1;
        last = position;
        const body = before && before.value === value ? before.body : encode(value);
        now.set(key, { position, value, body });
        if (before && before.position === position && before.body === body) continue;
        write(key, position, body);
      }
      for (const key of held.keys()) if (!now.has(key)) db.run(sql.deleteFrom(table).where('key', '=', key));
      return () => {
        held = now;
        list = next;
        keys = [...now.keys()];
      };
    },
  };
}
