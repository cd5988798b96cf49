import { z } from 'zod';
import { contradiction, named, Reference, secretive, setting, together } from './parts.js';

/** Where a device is read: this machine, a namespace of it, a host over SSH, or an appliance over HTTPS. */

const KEY = '`file:PATH` of a private key';
const KeyFile = secretive(
  z
    .string({ error: KEY })
    .regex(/^file:.+$/, KEY)
    .transform((text) => text.slice('file:'.length)),
  '`file:PATH`',
);

const LOGIN = 'USER@HOST or USER@HOST:PORT, such as ecluse@web.example.org:22';

/** `user@host`, `user@host:port`, `user@[2001:db8::1]:port`; 22 is the port of SSH, 443 that of HTTPS. */
export function parseLogin(
  text: string,
  portLeftOut = 22,
): { readonly user: string; readonly host: string; readonly port: number } | undefined {
  const groups =
    /^(?<user>[A-Za-z0-9_][\w.-]*)@(?:\[(?<ip6>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9][\w.-]*))(?::(?<port>\d{1,5}))?$/.exec(
      text,
    )?.groups;
  const port = Number(groups?.port ?? portLeftOut);
  if (!groups || port < 1 || port > 65535) return undefined;
  return { user: groups.user!, host: groups.ip6 ?? groups.host!, port };
}

const Login = z
  .string({ error: LOGIN })
  .refine((text) => parseLogin(text) !== undefined, LOGIN)
  .transform((text) => parseLogin(text)!)
  .meta({ 'x-type': 'user@host:port' });

const HTTPS_LOGIN = 'USER@HOST or USER@HOST:PORT, such as ecluse@192.0.2.254:443';
const HttpsLogin = z
  .string({ error: HTTPS_LOGIN })
  .refine((text) => parseLogin(text) !== undefined, HTTPS_LOGIN)
  .transform((text) => parseLogin(text, 443)!)
  .meta({ 'x-type': 'user@host:port' });

const CERTIFICATES =
  'a list of SHA-256 fingerprints of certificates in hexadecimal, as a browser or `openssl x509 -noout -fingerprint -sha256` shows them';

const HOST_KEY = 'a list of fingerprints as `ssh-keygen -lf` prints them, such as [SHA256:…]';

/** Broken or weak, and some appliances know nothing else. */
export const LEGACY_ALGORITHMS = [
  'diffie-hellman-group-exchange-sha1',
  'diffie-hellman-group14-sha1',
  'diffie-hellman-group1-sha1',
  'ssh-rsa',
  'ssh-dss',
  'aes128-cbc',
  'aes192-cbc',
  'aes256-cbc',
  '3des-cbc',
  'hmac-sha1-etm@openssh.com',
  'hmac-sha1',
  'hmac-md5',
] as const;
const LEGACY = `a list of ${LEGACY_ALGORITHMS.join(', ')}`;

const hop = {
  key: setting(
    KeyFile.optional(),
    'The private key to log in with. The file must be its owner’s alone (chmod 600).',
    'file:./keys/portal',
  ),
  passphrase: setting(Reference.optional(), 'What the private key is locked with.', 'env:PORTAL_PASSPHRASE'),
  agent: setting(Reference.optional(), 'An SSH agent to log in with: where its socket is.', 'env:SSH_AUTH_SOCK'),
  password: setting(
    Reference.optional(),
    'The password to log in with, also where the server asks for it by keyboard-interactive. A key is better.',
    'file:./secrets/switch-room',
  ),
  hostKeys: setting(
    z
      .array(z.string({ error: HOST_KEY }).regex(/^SHA256:[A-Za-z0-9+/]{43}$/, HOST_KEY), { error: HOST_KEY })
      .prefault([]),
    'Host keys that are right, besides those that were accepted by `ecluse trust`: a pair of machines has two. None is ever accepted unseen.',
    ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  ),
  legacyAlgorithms: setting(
    z.array(z.enum(LEGACY_ALGORITHMS, { error: LEGACY }), { error: LEGACY }).prefault([]),
    'Weak algorithms to allow besides the good ones, for a server that knows nothing better. Each one is a risk.',
    ['ssh-rsa', 'diffie-hellman-group14-sha1'],
  ),
};

const JUMP = 'the host on the way: {ssh: USER@HOST:PORT, …}';
const Jump = z.strictObject(
  {
    ssh: setting(Login, 'Account, name and port (22 when left out) of the host on the way.', 'ecluse@192.0.2.10:2222'),
    ...hop,
  },
  { error: JUMP },
);

const NETNS = 'the name of a namespace, as `ip netns` lists them';
const SOURCE =
  '`local` for this machine, {netns: NAME} for a namespace of it, {ssh: USER@HOST, key: file:PATH} or {https: USER@HOST, password: file:PATH}';

const SourceMap = z
  .strictObject(
    {
      netns: setting(
        named(NETNS)
          .regex(/^[^\s/-][^\s/]{0,254}$/, NETNS)
          .optional(),
        'A network namespace of this machine, as `ip netns` names it.',
        'lab',
      ),
      ssh: setting(
        Login.optional(),
        'Another Linux machine: account, name or address, and port (22 when left out). docs/ssh.md says how to make the account.',
        'ecluse@portal.example.org',
      ),
      ...hop,
      https: setting(
        HttpsLogin.optional(),
        'An appliance that is read over its HTTPS interface (stormshield): account, name or address, and port (443 when left out). docs/stormshield.md says how to make the account.',
        'ecluse@192.0.2.254',
      ),
      certificates: setting(
        z
          .array(z.string({ error: CERTIFICATES }).regex(/^[0-9A-Fa-f]{2}(?::?[0-9A-Fa-f]{2}){31}$/, CERTIFICATES), {
            error: CERTIFICATES,
          })
          .prefault([]),
        'Certificates of the appliance that are right, besides the one that was accepted by `ecluse trust`: a pair has two. None is ever accepted unseen, whoever signed it.',
        ['7F:83:B1:65:7F:F1:FC:53:B9:2D:C1:81:48:A1:D6:5D:FC:2D:4B:1F:A3:D6:77:28:4A:DD:D2:00:12:6D:90:69'],
      ),
      enable: setting(
        Reference.optional(),
        'The second password of an appliance whose login may not read (`enable` of an ASA). Left out, it is the first one.',
        'file:./secrets/enable',
      ),
      jump: setting(
        Jump.optional(),
        'The host on the way, where there is one. Without a login of its own it is given the one of the device.',
        { ssh: 'ecluse@192.0.2.10:2222' },
      ),
    },
    { error: SOURCE },
  )
  .superRefine(contradictions, together);

interface Hop {
  readonly key?: unknown;
  readonly agent?: unknown;
  readonly password?: unknown;
  readonly passphrase?: unknown;
}
interface Together extends Hop {
  readonly netns?: unknown;
  readonly ssh?: unknown;
  readonly https?: unknown;
  readonly jump?: Hop | undefined;
  readonly enable?: unknown;
  readonly hostKeys?: readonly unknown[];
  readonly legacyAlgorithms?: readonly unknown[];
  readonly certificates?: readonly unknown[];
}

/** Each form has keys of its own, so it is one map of which some go together. Parts may be wrong in themselves. */
function contradictions(source: Together, context: z.core.$RefinementCtx<Together>): void {
  const complain = (path: readonly string[], message: string, remedy?: string): void =>
    contradiction(context, path, message, remedy);
  const { netns, ssh, https, jump, key, agent, password, passphrase } = source;
  if ([netns, ssh, https].filter((one) => one !== undefined).length !== 1) {
    complain([], SOURCE);
    return;
  }
  if (https === undefined && source.certificates && source.certificates.length > 0)
    complain(['certificates'], '`https` beside it: SSH has `hostKeys`');
  if (netns !== undefined) {
    const wanted = jump ?? key ?? agent ?? password ?? passphrase;
    if (wanted !== undefined)
      complain(['netns'], '`ssh` in its place: a namespace is read without a login', 'remove it, or the login');
    return;
  }
  if (https !== undefined) {
    if (!password) complain([], '`password` beside `https`');
    const { enable, hostKeys = [], legacyAlgorithms = [] } = source;
    const ofSsh = {
      key,
      passphrase,
      agent,
      jump,
      enable,
      hostKeys: hostKeys[0],
      legacyAlgorithms: legacyAlgorithms[0],
    };
    for (const [name, value] of Object.entries(ofSsh))
      if (value !== undefined) complain([name], '`ssh` in the place of `https`: this belongs to SSH', 'remove it');
    return;
  }
  if (!key && !agent && !password) complain([], 'one of `key`, `agent` and `password` beside `ssh`');
  for (const [part, path] of [[source, []] as const, ...(jump ? [[jump, ['jump']] as const] : [])]) {
    if (part.passphrase && !part.key) complain([...path, 'passphrase'], '`key` beside it');
  }
}

export const Source = z.union([z.literal('local'), SourceMap], { error: SOURCE });
export type Source = z.infer<typeof Source>;
