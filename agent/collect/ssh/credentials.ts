import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import ssh2, { type ParsedKey } from 'ssh2';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { type Secret, secret } from '../../lib/secret.js';
import type { SecretPlace, SshHop } from './target.js';

/** What is offered to a server, in this order, each at most once for a connection. */
export interface Credentials {
  readonly key?: ParsedKey;
  readonly agent?: string;
  readonly password?: Secret;
  /** Of an appliance's shell. */
  readonly enable?: Secret;
  /** Changes when any of it changes, and tells nothing about it. */
  readonly mark: string;
}

const FILE_BYTES_MAX = 64 * 1024;
/** Lives as long as this process: a mark can be compared and never guessed at. */
const markKey = randomBytes(32);

function refusal(file: string, message: string, expected: string, remedy: string): Result<never> {
  return failure<Problem>({ code: 'SSH_CREDENTIALS', file, message, expected, remedy });
}

/** The rule of ssh(1): a secret that others may read is none. Checked on the open file, so that no other is read. */
function readPrivateFile(path: string): Result<Buffer> {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { mode, uid, size } = fstatSync(file);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > FILE_BYTES_MAX)
      return refusal(
        path,
        'this is not a file with a key or a password',
        'an ordinary, small file',
        'correct the path',
      );
    if (uid !== 0 && uid !== process.getuid?.())
      return refusal(path, 'this file is another user’s', 'a file of the account that runs Écluse', `chown it`);
    if ((mode & 0o077) !== 0)
      return refusal(path, 'others than its owner may use this file', 'mode 600 or 400', `chmod 600 ${path}`);
    return success(readFileSync(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${code ?? String(error)}`;
    return refusal(path, message, 'a file that the account running Écluse may read', 'correct the path or the rights');
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function readSecret({ kind, place }: SecretPlace): Result<Secret> {
  if (kind === 'file') {
    const bytes = readPrivateFile(place);
    if (!bytes.ok) return bytes;
    return success(secret(bytes.value.toString('utf8').replace(/\r?\n$/, '')));
  }
  const value = process.env[place];
  if (value !== undefined && value !== '') return success(secret(value));
  return refusal(`$${place}`, 'this variable is not set', 'the password in it', 'set it where Écluse is started');
}

function readKey(path: string, passphrase: SecretPlace | undefined): Result<ParsedKey> {
  const bytes = readPrivateFile(path);
  if (!bytes.ok) return bytes;
  const opened = passphrase ? readSecret(passphrase) : undefined;
  if (opened?.ok === false) return opened;
  const parsed: unknown = ssh2.utils.parseKey(bytes.value, opened?.value.reveal());
  const key: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key instanceof Error) {
    return refusal(
      path,
      /passphrase|integrity|decrypt/i.test(key.message)
        ? 'the key cannot be opened without its passphrase'
        : 'this is not a private key',
      'a private key as ssh-keygen writes it',
      'give `passphrase` beside it, or another file',
    );
  }
  const found = key as ParsedKey;
  if (found.isPrivateKey()) return success(found);
  return refusal(path, 'this is a public key', 'the private one', 'name the file without .pub');
}

/** Reads what the settings refer to, anew for each connection: a key that was replaced is used at once. */
export function readCredentials(hop: SshHop): Result<Credentials> {
  const key = hop.keyFile === undefined ? undefined : readKey(hop.keyFile, hop.passphrase);
  if (key?.ok === false) return key;
  const password = hop.password && readSecret(hop.password);
  if (password?.ok === false) return password;
  const enable = hop.enable && readSecret(hop.enable);
  if (enable?.ok === false) return enable;
  const agent = hop.agent?.kind === 'env' ? process.env[hop.agent.place] : hop.agent?.place;
  if (hop.agent && !agent)
    return refusal(
      `$${hop.agent.place}`,
      'this variable is not set',
      'the path of an agent’s socket',
      'start the agent first',
    );
  const parts = [hop.user, key?.value.getPublicSSH().toString('base64'), agent];
  parts.push(password?.value.reveal(), enable?.value.reveal());
  return success({
    ...(key && { key: key.value }),
    ...(agent && { agent }),
    ...(password && { password: password.value }),
    ...(enable && { enable: enable.value }),
    mark: createHmac('sha256', markKey).update(JSON.stringify(parts)).digest('hex'),
  });
}
