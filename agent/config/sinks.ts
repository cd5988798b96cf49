import { z } from 'zod';
import { Id, named, parseHostPort, Reference } from './parts.js';

const STREAMS = 'a list of `alert`, `reminder`, `notice` and `heartbeat`';
const FACILITY = 'a syslog facility: 0 to 23, or local0 to local7';
const FORMAT = '`cef`, `leef`, `ecs` or `ocsf`';
const TRANSPORT = '`udp`, `tcp`, `tls`, `relp` or `relp-tls`';
const ENTERPRISE = 'a private enterprise number that IANA has given, such as 32473';
const YES_NO = '`yes` or `no`';
const PINS = 'a list of SHA-256 fingerprints, 64 hexadecimal digits each';
const MAIL = 'addresses such as astreinte@hopital.example.org';
const URL_EXPECTED =
  'an address that starts with https:// (http:// to this machine alone), or `env:NAME` or `file:PATH`';

/** RFC 5424 numbers the facilities that sites may use as they like from 16 (local0) to 23 (local7). */
function parseFacility(text: string): number | undefined {
  const groups = /^(?:(?<number>\d{1,2})|local(?<local>[0-7]))$/.exec(text)?.groups;
  const facility = groups?.local === undefined ? Number(groups?.number) : 16 + Number(groups.local);
  return facility <= 23 ? facility : undefined;
}

function hostPort(example: string) {
  const expected = `HOST:PORT, such as ${example}`;
  return z.string({ error: expected }).refine((text) => parseHostPort(text) !== undefined, expected);
}

/** A secret that travels to another machine in clear text is none any more. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  if (username !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname));
}

/** One header line, one address: nothing that could start another header. */
const MailAddress = z.string({ error: MAIL }).regex(/^[^\s<>,;:"()[\]\\@]+@[A-Za-z0-9.-]+$/, MAIL);

export const TlsEntry = z.strictObject(
  {
    ca: named('the path of a PEM file').optional(),
    cert: named('the path of a PEM file').optional(),
    key: named('the path of a PEM file').optional(),
    serverName: named('the name in the certificate of the receiver').optional(),
    pins: z
      .array(z.string({ error: PINS }).regex(/^(?:[0-9A-Fa-f]{2}:?){32}$/, PINS), { error: PINS })
      .min(1, PINS)
      .optional(),
  },
  { error: '{ca: PATH, cert: PATH, key: PATH, serverName: NAME, pins: […]}' },
);

/** Which kind of sink a setting is for; all others take it as a mistake. */
const belongsTo: Readonly<Record<string, readonly Kind[]>> = {
  framing: ['syslog'],
  facility: ['syslog'],
  enterprise: ['syslog'],
  transport: ['syslog'],
  tls: ['syslog', 'webhook', 'mail'],
  format: ['jsonl', 'syslog'],
  attack: ['jsonl', 'syslog', 'webhook'],
  secret: ['webhook'],
  style: ['webhook'],
  language: ['webhook', 'mail'],
  server: ['mail'],
  security: ['mail'],
  from: ['mail'],
  user: ['mail'],
  password: ['mail'],
};

const kinds = ['jsonl', 'syslog', 'webhook', 'mail'] as const;
type Kind = (typeof kinds)[number];

export const SinkEntry = z
  .strictObject(
    {
      id: Id,
      jsonl: named('a path, or - for standard output').optional(),
      syslog: hostPort('siem.example.org:514').optional(),
      webhook: z.union([z.string().refine(isSafeUrl, URL_EXPECTED), Reference], { error: URL_EXPECTED }).optional(),
      mail: z
        .union([MailAddress.transform((one) => [one]), z.array(MailAddress).min(1, MAIL)], { error: MAIL })
        .optional(),
      transport: z.enum(['udp', 'tcp', 'tls', 'relp', 'relp-tls'], { error: TRANSPORT }).optional(),
      tls: TlsEntry.optional(),
      framing: z.enum(['octet-counting', 'newline'], { error: '`octet-counting` or `newline`' }).optional(),
      facility: z
        .string({ error: FACILITY })
        .refine((text) => parseFacility(text) !== undefined, FACILITY)
        .transform((text) => parseFacility(text)!)
        .optional(),
      enterprise: z
        .string({ error: ENTERPRISE })
        .regex(/^[1-9]\d{0,8}$/, ENTERPRISE)
        .transform(Number)
        .optional(),
      format: z.enum(['cef', 'leef', 'ecs', 'ocsf'], { error: FORMAT }).optional(),
      attack: z
        .enum(['yes', 'no', 'true', 'false'], { error: YES_NO })
        .transform((text) => text === 'yes' || text === 'true')
        .optional(),
      secret: Reference.optional(),
      style: z
        .enum(['standard', 'teams', 'slack', 'mattermost'], {
          error: '`standard`, `teams`, `slack` or `mattermost`',
        })
        .optional(),
      language: z.enum(['fr', 'en'], { error: '`fr` or `en`' }).optional(),
      server: hostPort('smtp.example.org:587').optional(),
      security: z.enum(['starttls', 'tls', 'none'], { error: '`starttls`, `tls` or `none`' }).optional(),
      from: MailAddress.optional(),
      user: named('the name of an account').optional(),
      password: Reference.optional(),
      streams: z
        .array(z.enum(['alert', 'reminder', 'notice', 'heartbeat'], { error: STREAMS }), { error: STREAMS })
        .min(1, STREAMS)
        .optional(),
    },
    { error: 'a sink: {id, jsonl: PATH}, {id, syslog: HOST:PORT}, {id, webhook: URL} or {id, mail: ADDRESS}' },
  )
  .superRefine((sink, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const named = kinds.filter((kind) => sink[kind] !== undefined);
    const kind = named[0];
    if (named.length !== 1 || kind === undefined) {
      issue('id', 'one of `jsonl: PATH`, `syslog: HOST:PORT`, `webhook: URL` and `mail: ADDRESS` beside it');
      return;
    }
    for (const [key, owners] of Object.entries(belongsTo)) {
      if (sink[key as keyof typeof sink] === undefined || owners.includes(kind)) continue;
      issue(key, `${owners.map((owner) => `\`${owner}\``).join(' or ')} beside it`);
    }
    if (sink.tls && kind === 'syslog' && !sink.transport?.endsWith('tls'))
      issue('tls', '`transport: tls` or `transport: relp-tls` beside it');
    if (sink.framing && sink.transport && !['tcp', 'tls'].includes(sink.transport))
      issue('framing', '`transport: tcp` or `transport: tls` beside it');
    if (sink.tls && (sink.tls.cert === undefined) !== (sink.tls.key === undefined))
      issue('tls', '`cert` and `key` together');
    if (kind === 'webhook' && (sink.style ?? 'standard') === 'standard' && !sink.secret)
      issue('webhook', 'a `secret` beside it, with which each message is signed');
    if (kind === 'mail') mailIssues(sink, issue);
  });

interface MailParts {
  readonly server?: string | undefined;
  readonly from?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: object | undefined;
  readonly security?: string | undefined;
}

function mailIssues(sink: MailParts, issue: (path: string, message: string) => void): void {
  if (sink.server === undefined) issue('mail', '`server: HOST:PORT` beside it');
  if (sink.from === undefined) issue('mail', '`from: ADDRESS` beside it');
  if ((sink.user === undefined) !== (sink.password === undefined))
    issue(sink.user === undefined ? 'password' : 'user', '`user` and `password` together');
  if (sink.password && sink.security === 'none') issue('security', '`starttls` or `tls`: a password needs one of them');
}
