import { z } from 'zod';
import { Reference } from './parts.js';

/** Where a device is read: this machine, a namespace of it, or a host over SSH. */

const KEY = '`file:PATH` of a private key';
const KeyFile = z
  .string({ error: KEY })
  .regex(/^file:.+$/, KEY)
  .transform((text) => text.slice('file:'.length));

const LOGIN = 'USER@HOST or USER@HOST:PORT, such as ecluse@web.example.org:22';

/** `user@host`, `user@host:port`, `user@[2001:db8::1]:port`. */
export function parseLogin(
  text: string,
): { readonly user: string; readonly host: string; readonly port: number } | undefined {
  const groups =
    /^(?<user>[A-Za-z0-9_][\w.-]*)@(?:\[(?<ip6>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9][\w.-]*))(?::(?<port>\d{1,5}))?$/.exec(
      text,
    )?.groups;
  const port = Number(groups?.port ?? 22);
  if (!groups || port < 1 || port > 65535) return undefined;
  return { user: groups.user!, host: groups.ip6 ?? groups.host!, port };
}

const Login = z
  .string({ error: LOGIN })
  .refine((text) => parseLogin(text) !== undefined, LOGIN)
  .transform((text) => parseLogin(text)!);

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
  key: KeyFile.optional(),
  passphrase: Reference.optional(),
  agent: Reference.optional(),
  password: Reference.optional(),
  hostKeys: z
    .array(z.string({ error: HOST_KEY }).regex(/^SHA256:[A-Za-z0-9+/]{43}$/, HOST_KEY), { error: HOST_KEY })
    .default([]),
  legacyAlgorithms: z.array(z.enum(LEGACY_ALGORITHMS, { error: LEGACY }), { error: LEGACY }).default([]),
};

const JUMP = 'the host on the way: {ssh: USER@HOST:PORT, …}';
const Jump = z.strictObject({ ssh: Login, ...hop }, { error: JUMP });

const NETNS = 'the name of a namespace, as `ip netns` lists them';
const SourceMap = z.strictObject({
  netns: z
    .string({ error: NETNS })
    .regex(/^[^\s/-][^\s/]{0,254}$/, NETNS)
    .optional(),
  ssh: Login.optional(),
  ...hop,
  jump: Jump.optional(),
});
type SourceMap = z.infer<typeof SourceMap>;

const SOURCE = '`local` for this machine, {netns: NAME} for a namespace of it, or {ssh: USER@HOST, key: file:PATH}';

/** What the grammar cannot say, as place and expectation. */
function contradiction(source: SourceMap): readonly [readonly string[], string] | undefined {
  const { netns, ssh, jump, key, agent, password, passphrase } = source;
  if ((netns === undefined) === (ssh === undefined)) return [[], SOURCE];
  if (netns !== undefined) {
    const wanted = jump ?? key ?? agent ?? password ?? passphrase;
    return wanted === undefined ? undefined : [['netns'], '`ssh` in its place: a namespace is read without a login'];
  }
  if (!key && !agent && !password) return [[], 'one of `key`, `agent` and `password` beside `ssh`'];
  for (const [part, path] of [[source, []] as const, ...(jump ? [[jump, ['jump']] as const] : [])]) {
    if (part.passphrase && !part.key) return [[...path, 'passphrase'], '`key` beside it'];
  }
  return undefined;
}

/**
 * Not a union: what is wrong inside one of its forms would be told as "none of the forms". Each form has keys of its
 * own, so it is one map of which some go together.
 */
export const Source = z.unknown().transform((value, context): 'local' | SourceMap => {
  const complain = (path: readonly string[], message: string): never => {
    context.issues.push({ code: 'custom', path: [...path], message, input: value });
    return z.NEVER;
  };
  if (value === 'local') return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return complain([], SOURCE);
  const parsed = SourceMap.safeParse(value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: value } as never);
    return z.NEVER;
  }
  const wrong = contradiction(parsed.data);
  return wrong ? complain(...wrong) : parsed.data;
});
export type Source = z.infer<typeof Source>;

/** Settings below `source`, to tell a misspelt one what it may have meant. */
export function knownSourceKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(SourceMap.shape);
  return path.length === 1 && path[0] === 'jump' ? Object.keys(Jump.shape) : [];
}
