import { copyFileSync, existsSync, linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { systemClock } from '../lib/clock.js';
import { failure, type Result, success } from '../lib/result.js';
import { problemOrThrow } from '../store/failure.js';
import { copyStore, likeItsFolder, restoreStore } from '../store/index.js';
import { placeOf } from './guard/place.js';

export interface BackedUp {
  readonly file: string;
  /** The redaction key beside it: without that every secret would look changed once after a restore. */
  readonly key?: string;
}

/** The key of a backup lies beside it. */
function keyOf(file: string): string {
  return `${file}.key`;
}

/** Copies what a guard remembers, whether or not a daemon uses it at this moment. */
export function backupState(stateFolder: string, file: string): Result<BackedUp> {
  const place = placeOf(stateFolder);
  const key = keyOf(file);
  if (existsSync(key)) {
    const message = 'there is a file of this name already';
    return failure({ code: 'BACKUP_EXISTS', file: key, message, expected: 'a path that is free' });
  }
  const copied = copyStore(place.database, file);
  if (!copied.ok) return copied;
  if (!existsSync(place.key)) return success({ file });
  try {
    // Keeps the mode of the original, which its owner alone may read.
    copyFileSync(place.key, key);
    return success({ file, key });
  } catch (error) {
    rmSync(key, { force: true });
    rmSync(file, { force: true });
    return failure(problemOrThrow(error, key));
  }
}

export interface Restored {
  readonly database: string;
  /** Where what stood there before was put. */
  readonly aside?: string;
  /** `restored` from beside the backup; `kept` as it was; `missing`: one is made at the next start. */
  readonly key: 'restored' | 'kept' | 'missing';
}

/** Brings a backup back, only while no guard uses the state. */
export function restoreState(
  stateFolder: string,
  file: string,
  { replace }: { readonly replace: boolean },
): Result<Restored> {
  const place = placeOf(stateFolder);
  const restored = restoreStore(place.database, file, { replace, now: systemClock.now });
  if (!restored.ok) return restored;
  const { aside } = restored.value;
  const key = restoreKey(place.key, keyOf(file), aside);
  return key.ok ? success({ database: place.database, ...restored.value, key: key.value }) : key;
}

function restoreKey(path: string, from: string, aside: string | undefined): Result<Restored['key']> {
  try {
    const stands = existsSync(path);
    if (!existsSync(from)) return success(stands ? 'kept' : 'missing');
    if (stands && readFileSync(path).equals(readFileSync(from))) return success('kept');
    const unfinished = `${path}.part`;
    copyFileSync(from, unfinished);
    likeItsFolder(unfinished);
    if (stands && aside !== undefined) linkSync(path, `${aside}.key`);
    renameSync(unfinished, path);
    return success('restored');
  } catch (error) {
    return failure(problemOrThrow(error, path));
  }
}
