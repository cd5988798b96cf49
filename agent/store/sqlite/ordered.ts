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
  return {
    load() {
      const rows = db.all(sql.selectFrom(table).selectAll().orderBy('position'));
      const loaded = rows.map(({ key, position, body }) => ({ key, position, body, value: decode<T>(body) }));
      held = new Map(loaded.map((row) => [row.key, row]));
      return loaded.map(({ value }) => value);
    },
    write(next) {
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
        db.run(
          sql
            .insertInto(table)
            .values({ key, position, body })
            .onConflict((conflict) => conflict.column('key').doUpdateSet({ position, body })),
        );
      }
      for (const key of held.keys()) if (!now.has(key)) db.run(sql.deleteFrom(table).where('key', '=', key));
      return () => {
        held = now;
      };
    },
  };
}
