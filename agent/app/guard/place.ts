import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { failure, type Result, success } from '../../lib/result.js';
import { problemOrThrow } from '../../store/failure.js';

/** The files of one guard's state folder. */
export interface Place {
  readonly folder: string;
  readonly database: string;
  readonly socket: string;
  readonly key: string;
}

export function placeOf(folder: string): Place {
  return {
    folder,
    database: join(folder, 'ecluse.db'),
    socket: join(folder, 'ecluse.sock'),
    key: join(folder, 'redaction.key'),
  };
}

/** The host keys that a person accepted. */
export function knownKeysFile(folder: string): string {
  return join(folder, 'known-keys.json');
}

const KEY_BYTES = 32;

/**
 * The key under which secrets are digested, made once. Called while the store's lock is held, so that two starts at
 * one moment do not make two. A key of another length is not replaced: with a new one every secret would look changed.
 */
export function redactionKey(path: string): Result<Uint8Array> {
  try {
    const key = readFileSync(path);
    if (key.length === KEY_BYTES) return success(key);
    return failure({
      code: 'REDACTION_KEY',
      file: path,
      message: `this is not a redaction key: it has ${key.length} bytes`,
      expected: `${KEY_BYTES} bytes, as they were made`,
      remedy: 'bring the file back from a backup, or remove it: every secret will then look changed once',
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return failure(problemOrThrow(error, path));
  }
  return makeKey(path);
}

/** Written beside and renamed, so that a crash leaves a whole key or none. */
function makeKey(path: string): Result<Uint8Array> {
  const unfinished = `${path}.part`;
  const key = randomBytes(KEY_BYTES);
  try {
    rmSync(unfinished, { force: true });
    const file = openSync(unfinished, 'wx', 0o600);
    try {
      writeSync(file, key);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
    return success(key);
  } catch (error) {
    rmSync(unfinished, { force: true });
    return failure(problemOrThrow(error, path));
  }
}
