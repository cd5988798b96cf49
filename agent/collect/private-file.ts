import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import { type Secret, secret } from '../lib/secret.js';

/** Where a secret lies; the secret itself never stands in a configuration. */
export interface SecretPlace {
  readonly kind: 'env' | 'file';
  /** Name of the variable, or path of the file. */
  readonly place: string;
}

/** The code of the Problem that says why a secret could not be had. */
export type CredentialsCode = 'SSH_CREDENTIALS' | 'API_CREDENTIALS';

const FILE_BYTES_MAX = 64 * 1024;

/** The rule of ssh(1): a secret that others may read is none. Checked on the open file, so that no other is read. */
export function readPrivateFile(path: string, code: CredentialsCode): Result<Buffer> {
  const refusal = (message: string, expected: string, remedy: string): Result<never> =>
    failure<Problem>({ code, file: path, message, expected, remedy });
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { mode, uid, size } = fstatSync(file);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > FILE_BYTES_MAX)
      return refusal('this is not a file with a key or a password', 'an ordinary, small file', 'correct the path');
    if (uid !== 0 && uid !== process.getuid?.())
      return refusal('this file is another user’s', 'a file of the account that runs Écluse', `chown it`);
    if ((mode & 0o077) !== 0)
      return refusal('others than its owner may use this file', 'mode 600 or 400', `chmod 600 ${path}`);
    return success(readFileSync(file));
  } catch (error) {
    const { code: reason } = error as NodeJS.ErrnoException;
    const message = reason === 'ENOENT' ? 'there is no such file' : `cannot be read: ${reason ?? String(error)}`;
    return refusal(message, 'a file that the account running Écluse may read', 'correct the path or the rights');
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Read anew whenever it is needed: one that was replaced is used at once. */
export function readSecret({ kind, place }: SecretPlace, code: CredentialsCode): Result<Secret> {
  if (kind === 'file') {
    const bytes = readPrivateFile(place, code);
    if (!bytes.ok) return bytes;
    return success(secret(bytes.value.toString('utf8').replace(/\r?\n$/, '')));
  }
  const value = process.env[place];
  if (value !== undefined && value !== '') return success(secret(value));
  const message = 'this variable is not set';
  const remedy = 'set it where Écluse is started';
  return failure<Problem>({ code, file: `$${place}`, message, expected: 'the password in it', remedy });
}
