import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { failure, type Problem, type Result, success } from '../lib/result.js';

/**
 * The keys that a person has seen and accepted, in a file of the state folder: host keys of SSH as `ssh-keygen -lf`
 * prints them, certificates of HTTPS by their SHA-256 as browsers and `openssl x509 -fingerprint -sha256` print it.
 */
const FINGERPRINT = /^(?:SHA256:[A-Za-z0-9+/]{43}|(?:[0-9A-F]{2}:){31}[0-9A-F]{2})$/;
const Fingerprint = z.string().regex(FINGERPRINT);

const KnownKey = z.strictObject({
  device: z.string(),
  address: z.string(),
  type: z.string(),
  fingerprint: Fingerprint,
  at: z.string(),
  by: z.string(),
});
export type KnownKey = Readonly<z.infer<typeof KnownKey>>;

const KnownKeys = z.strictObject({
  version: z.literal(1),
  keys: z.array(KnownKey),
  /** Keys that are accepted nowhere any more, whatever the configuration says. */
  revoked: z.array(z.strictObject({ fingerprint: Fingerprint, at: z.string(), by: z.string() })),
  /** When a person last asked for a device: logins that were refused before may be tried again. */
  asked: z.record(z.string(), z.string()),
});
export type KnownKeys = z.infer<typeof KnownKeys>;

function none(): KnownKeys {
  return { version: 1, keys: [], revoked: [], asked: {} };
}

/** A missing file means that nobody has accepted a key yet; one that others could have written is not believed. */
export function readKnownKeys(path: string): Result<KnownKeys> {
  const broken = (message: string, remedy: string): Result<KnownKeys> =>
    failure({ code: 'KNOWN_KEYS', file: path, message, expected: 'the file that `ecluse trust` wrote', remedy });
  try {
    const { mode, uid } = statSync(path);
    if ((mode & 0o022) !== 0)
      return broken('others may write this file', `chmod 600 ${path}, and check every key in it`);
    if (uid !== 0 && uid !== process.getuid?.()) return broken('this file is another user’s', 'look who made it');
    const parsed = KnownKeys.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    if (parsed.success) return success(parsed.data);
    const [issue] = parsed.error.issues;
    return broken(
      `not understood at ${issue!.path.join('.')}`,
      'bring it back from a backup, or remove it and trust again',
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return success(none());
    const message = error instanceof SyntaxError ? 'this is not JSON' : `cannot be read: ${code ?? String(error)}`;
    return broken(message, 'bring it back from a backup, or remove it and trust again');
  }
}

/** Written beside and renamed, so that a crash leaves the old file or the new one. */
function write(path: string, keys: KnownKeys): Problem | undefined {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const { uid, gid } = statSync(dirname(path));
    const file = openSync(unfinished, 'wx', 0o600);
    try {
      writeSync(file, `${JSON.stringify(keys, null, 1)}\n`);
      // The guard may run as another account than the administrator who accepts a key.
      if (process.getuid?.() === 0) fchownSync(file, uid, gid);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
    return undefined;
  } catch (error) {
    rmSync(unfinished, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    return {
      code: 'KNOWN_KEYS',
      file: path,
      message: `cannot be written: ${code ?? String(error)}`,
      expected: 'a state folder that this account may write',
      remedy: 'run it as the account that runs the guard',
    };
  }
}

function change(path: string, edit: (keys: KnownKeys) => KnownKeys): Result<KnownKeys> {
  const before = readKnownKeys(path);
  if (!before.ok) return before;
  const after = edit(before.value);
  const problem = write(path, after);
  return problem ? failure(problem) : success(after);
}

/** What was accepted for this device at this address before stands, unless `replace` says that it is gone. */
export function addKnownKeys(path: string, keys: readonly KnownKey[], replace: boolean): Result<KnownKeys> {
  const isSamePlace = (a: KnownKey, b: KnownKey): boolean => a.device === b.device && a.address === b.address;
  return change(path, (before) => ({
    ...before,
    keys: [
      ...before.keys.filter(
        (old) => !keys.some((one) => isSamePlace(old, one) && (replace || old.fingerprint === one.fingerprint)),
      ),
      ...keys,
    ],
  }));
}

export function revokeKeys(
  path: string,
  fingerprints: readonly string[],
  { at, by }: Pick<KnownKey, 'at' | 'by'>,
): Result<KnownKeys> {
  return change(path, (before) => ({
    ...before,
    keys: before.keys.filter(({ fingerprint }) => !fingerprints.includes(fingerprint)),
    revoked: [
      ...before.revoked.filter(({ fingerprint }) => !fingerprints.includes(fingerprint)),
      ...fingerprints.map((fingerprint) => ({ fingerprint, at, by })),
    ],
  }));
}

/** Lets logins that were stopped after refusals be tried again. */
export function recordRequest(path: string, device: string, at: string): Result<KnownKeys> {
  return change(path, (before) => ({ ...before, asked: { ...before.asked, [device]: at } }));
}
