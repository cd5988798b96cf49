import type { Algorithms } from 'ssh2';

/**
 * What is offered to every server: nothing that rests on SHA-1, MD5, CBC or RC4 (RFC 9142 for the key exchange, RFC
 * 8332 for RSA). ssh2's own defaults still take RSA signatures with SHA-1.
 */
const MODERN = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group-exchange-sha256',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
  ],
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
} as const;

type Part = keyof typeof MODERN;

/** What a device may be allowed besides, by name. */
const LEGACY: Readonly<Record<string, Part>> = {
  'diffie-hellman-group-exchange-sha1': 'kex',
  'diffie-hellman-group14-sha1': 'kex',
  'diffie-hellman-group1-sha1': 'kex',
  'ssh-rsa': 'serverHostKey',
  'ssh-dss': 'serverHostKey',
  'aes128-cbc': 'cipher',
  'aes192-cbc': 'cipher',
  'aes256-cbc': 'cipher',
  '3des-cbc': 'cipher',
  'hmac-sha1-etm@openssh.com': 'hmac',
  'hmac-sha1': 'hmac',
  'hmac-md5': 'hmac',
};

/** The families of host keys, so that each key of a server can be asked for alone. */
export const HOST_KEY_FAMILIES: readonly (readonly string[])[] = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
  ['ssh-dss'],
];

/** The families first in which the pinned keys are, as far as that is known: a server shows only one of its keys. */
function inOrder(algorithms: readonly string[], first: readonly string[]): readonly string[] {
  const preferred = HOST_KEY_FAMILIES.filter((family) => first.some((type) => family.includes(type))).flat();
  return [...algorithms].sort((a, b) => Number(preferred.includes(b)) - Number(preferred.includes(a)));
}

export interface AlgorithmOptions {
  readonly legacy: readonly string[];
  /** Types of the host keys that are pinned, such as `ssh-ed25519`. */
  readonly hostKeyTypes?: readonly string[];
  /** Only these host keys; left out, all that are allowed. */
  readonly onlyHostKeys?: readonly string[];
}

/** Undefined where nothing is left to offer. */
export function algorithmsFor({ legacy, hostKeyTypes = [], onlyHostKeys }: AlgorithmOptions): Algorithms | undefined {
  const offered = (part: Part): readonly string[] => [
    ...MODERN[part],
    ...legacy.filter((name) => LEGACY[name] === part),
  ];
  const hostKeys = inOrder(offered('serverHostKey'), hostKeyTypes).filter(
    (name) => onlyHostKeys === undefined || onlyHostKeys.includes(name),
  );
  if (hostKeys.length === 0) return undefined;
  const lists = { kex: offered('kex'), serverHostKey: hostKeys, cipher: offered('cipher'), hmac: offered('hmac') };
  // The names are those that ssh2 knows; its types want each one as a literal.
  return { ...lists, compress: ['none'] } as unknown as Algorithms;
}
