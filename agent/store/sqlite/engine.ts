import { createRequire } from 'node:module';

/** What is used of `node:sqlite`, and of @photostructure/sqlite which offers the same to Node 20. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export interface Statement {
  all(...parameters: readonly Value[]): unknown[];
  get(...parameters: readonly Value[]): unknown;
  run(...parameters: readonly Value[]): {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
}

export type Value = string | number | bigint | null | Uint8Array;

type Engine = new (path: string) => Database;

/** Node before 26 prints an ExperimentalWarning when `node:sqlite` is loaded; what we use of it has not changed since 22.13. */
function quietly<T>(load: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

let engine: Engine | undefined;

/** Opens the file with Node's own SQLite where there is one (22.13 and later), else with the prebuilt module. */
export function openDatabase(path: string): Database {
  if (!engine) {
    const own = quietly(() => process.getBuiltinModule('node:sqlite') as { DatabaseSync: Engine } | undefined);
    const load = createRequire(import.meta.url);
    engine = (own ?? (load('@photostructure/sqlite') as { DatabaseSync: Engine })).DatabaseSync;
  }
  return new engine(path);
}

/**
 * Closes what was opened before something else failed. That a damaged or vanished file does not let itself be closed
 * is no news then, and must not stand in the place of the first failure, which the caller is about to tell.
 */
export function closeAfterFailure(database: Database | undefined): void {
  try {
    database?.close();
  } catch {
    // Told by the failure that led here.
  }
}
