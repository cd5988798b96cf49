import { createHmac, randomBytes } from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import type { Secret } from '../../lib/secret.js';
import { readPrivateFile, readSecret, type SecretPlace } from '../private-file.js';
import type { SshHop } from './target.js';

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

const CODE = 'SSH_CREDENTIALS';
/** Lives as long as this process: a mark can be compared and never guessed at. */
const markKey = randomBytes(32);

function refusal(file: string, message: string, expected: string, remedy: string): Result<never> {
  return failure<Problem>({ code: CODE, file, message, expected, remedy });
}

function readKey(path: string, passphrase: SecretPlace | undefined): Result<ParsedKey> {
  const bytes = readPrivateFile(path, CODE);
  if (!bytes.ok) return bytes;
  const opened = passphrase ? readSecret(passphrase, CODE) : undefined;
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
  const password = hop.password && readSecret(hop.password, CODE);
  if (password?.ok === false) return password;
  const enable = hop.enable && readSecret(hop.enable, CODE);
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
