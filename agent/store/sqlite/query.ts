import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database, Statement, Value } from './engine.js';
import { inTransaction } from './migrate.js';
import type { Tables } from './schema.js';

/**
 * kysely writes the SQL and knows the types; the statements run here. Its own execution is asynchronous, and the ports
 * (JudgeStore, Outbox) are not: state, events and deliveries have to be on disk before the next step is judged.
 */
export const sql = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (builder) => new SqliteIntrospector(builder),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

interface Compilable<Row> {
  compile(): CompiledQuery<Row>;
}

/** The one way to the tables. */
export interface Queries {
  all<Row>(query: Compilable<Row>): readonly Row[];
  first<Row>(query: Compilable<Row>): Row | undefined;
  /** Answers how many rows were changed. */
  run(query: Compilable<unknown>): number;
  transaction<T>(work: () => T): T;
  /**
   * Work that may be forgotten when the power fails, and does not wait for the disk: the next transaction that does takes
   * it along. The file stays whole (https://www.sqlite.org/pragma.html#pragma_synchronous).
   */
  unhurried<T>(work: () => T): T;
}

/** Statements are few and fixed in form (lists are short or written one by one): each is prepared once. */
const STATEMENTS_MAX = 200;

export function queries(database: Database): Queries {
  const prepared = new Map<string, Statement>();
  const prepare = ({ sql: text }: CompiledQuery): Statement => {
    let statement = prepared.get(text);
    if (!statement) {
      if (prepared.size >= STATEMENTS_MAX) prepared.clear();
      statement = database.prepare(text);
      prepared.set(text, statement);
    }
    return statement;
  };
  const values = (query: CompiledQuery): readonly Value[] => query.parameters as readonly Value[];
  return {
    all<Row>(query: Compilable<Row>) {
      const compiled = query.compile();
      return prepare(compiled).all(...values(compiled)) as Row[];
    },
    first<Row>(query: Compilable<Row>) {
      const compiled = query.compile();
      return prepare(compiled).get(...values(compiled)) as Row | undefined;
    },
    run(query) {
      const compiled = query.compile();
      return Number(prepare(compiled).run(...values(compiled)).changes);
    },
    transaction: (work) => inTransaction(database, work),
    unhurried(work) {
      database.exec('pragma synchronous = normal');
      try {
        return work();
      } finally {
        database.exec('pragma synchronous = full');
      }
    },
  };
}
