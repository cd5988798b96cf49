import { z } from 'zod';
import {
  contradiction,
  digits,
  duration,
  hostPort,
  Id,
  named,
  path,
  Reference,
  secretive,
  setting,
  together,
  YesNo,
} from './parts.js';

const STREAMS = 'a list of `alert`, `reminder`, `notice` and `heartbeat`';
const FACILITY = 'a syslog facility: 0 to 23, or local0 to local7';
const FORMAT = '`cef`, `leef`, `ecs` or `ocsf`';
const TRANSPORT = '`udp`, `tcp`, `tls`, `relp` or `relp-tls`';
const ENTERPRISE = 'a private enterprise number that IANA has given, such as 32473';
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

/** A secret that travels to another machine in clear text is none any more. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  if (username !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname));
}

/** One header line, one address: nothing that could start another header. */
const MailAddress = z.string({ error: MAIL }).regex(/^[^\s<>,;:"()[\]\\@]+@[A-Za-z0-9.-]+$/, MAIL);

const PEM = 'the path of a PEM file';

const TlsEntry = z.strictObject(
  {
    ca: setting(
      path(PEM).optional(),
      'Certificates that the receiver’s must come from. Left out, what the system trusts.',
      './tls/ca.pem',
    ),
    cert: setting(
      path(PEM).optional(),
      'Écluse’s own certificate, where the receiver asks for one.',
      './tls/ecluse.pem',
    ),
    key: setting(path(PEM).optional(), 'The private key of `cert`, in a file of its own.', './tls/ecluse.key'),
    serverName: setting(
      named('the name in the certificate of the receiver').optional(),
      'The name that the receiver’s certificate must have. Left out, the one it is reached by.',
      'collector.example.org',
    ),
    pins: setting(
      z
        .array(z.string({ error: PINS }).regex(/^(?:[0-9A-Fa-f]{2}:?){32}$/, PINS), { error: PINS })
        .min(1, PINS)
        .optional(),
      'Accept these certificates alone: their SHA-256 fingerprints.',
      ['F3:2B:56:02:05:0B:A9:13:39:66:92:0C:C3:1B:5C:57:35:2E:7B:0D:74:6D:60:D2:A1:1E:DF:BE:28:5E:7D:01'],
    ),
  },
  { error: '{ca: PATH, cert: PATH, key: PATH, serverName: NAME, pins: […]}' },
);
export type TlsEntry = z.infer<typeof TlsEntry>;

const ESCALATION = 'times by severity, such as {critical: 15m, high: 1h}';
const After = setting(
  duration('1m', '30d').optional(),
  'How long an alarm of this severity may stay without anybody who takes it on. Left out, it is not passed on.',
  '15m',
);

const Escalation = z
  .strictObject({ critical: After, high: After, medium: After, low: After }, { error: ESCALATION })
  .superRefine((value, context) => {
    if (Object.keys(value).length === 0) contradiction(context, [], ESCALATION, 'name at least one severity');
  }, together);

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

const Url = z.union([secretive(z.string().refine(isSafeUrl, URL_EXPECTED), 'https address'), Reference], {
  error: URL_EXPECTED,
});

export const SinkEntry = z
  .strictObject(
    {
      id: setting(
        Id,
        'What the sink is called in commands and in the log. Keep it: its queue is kept under it.',
        'siem',
      ),
      jsonl: setting(
        path('a path, or - for standard output').optional(),
        'Every record as one line of JSON, in this file; `-` is standard output.',
        './alarms.jsonl',
      ),
      syslog: setting(
        hostPort('siem.example.org:514').optional(),
        'A receiver of syslog (RFC 5424): a SIEM, a log server. docs/siem/ shows how to set up the common ones.',
        'siem.example.org:6514',
      ),
      webhook: setting(
        Url.optional(),
        'One POST for each record, to an address that starts with https://. Where the address is a secret itself (Teams, Slack), name where it stands.',
        'https://hooks.example.org/ecluse',
      ),
      mail: setting(
        z.union([MailAddress.transform((one) => [one]), z.array(MailAddress).min(1, MAIL)], { error: MAIL }).optional(),
        'A letter to people: one address, or a list.',
        ['astreinte@hopital.example.org'],
      ),
      transport: setting(
        z.enum(['udp', 'tcp', 'tls', 'relp', 'relp-tls'], { error: TRANSPORT }).optional(),
        'How syslog travels; `tcp` when left out. Only over `relp` does the receiver confirm each message: what was under way over the others when a receiver died may be lost.',
        'relp-tls',
      ),
      tls: setting(
        TlsEntry.optional(),
        'Certificates of an encrypted connection. The receiver’s certificate and name are always checked.',
        { ca: './tls/ca.pem' },
      ),
      framing: setting(
        z.enum(['octet-counting', 'newline'], { error: '`octet-counting` or `newline`' }).optional(),
        'How messages are told apart over `tcp` and `tls`; `octet-counting` when left out. `newline` for receivers that know nothing else.',
        'octet-counting',
      ),
      facility: setting(
        digits(
          z
            .string({ error: FACILITY })
            .refine((text) => parseFacility(text) !== undefined, FACILITY)
            .transform((text) => parseFacility(text)!),
          'syslog facility',
        ).optional(),
        'The facility under which the receiver files it: 0 to 23, or local0 to local7; `local4` when left out.',
        'local4',
      ),
      enterprise: setting(
        digits(
          z
            .string({ error: ENTERPRISE })
            .regex(/^[1-9]\d{0,8}$/, ENTERPRISE)
            .transform(Number),
          'number',
        ).optional(),
        'Your own private enterprise number (IANA), which then names the structured data.',
        '32473',
      ),
      format: setting(
        z.enum(['cef', 'leef', 'ecs', 'ocsf'], { error: FORMAT }).optional(),
        'The words of a SIEM in place of Écluse’s own: CEF, LEEF, ECS (JSON) or OCSF (JSON).',
        'cef',
      ),
      attack: setting(
        YesNo.optional(),
        'Whether techniques of MITRE ATT&CK are named too. That starts incident playbooks in many SIEMs, so it is `no` when left out.',
        'yes',
      ),
      secret: setting(
        Reference.optional(),
        'What each message of a webhook is signed with, as Standard Webhooks say.',
        'env:ECLUSE_HOOK_SECRET',
      ),
      style: setting(
        z
          .enum(['standard', 'teams', 'slack', 'mattermost'], {
            error: '`standard`, `teams`, `slack` or `mattermost`',
          })
          .optional(),
        'What a webhook says: the record as JSON (`standard`, when left out), or words for a chat.',
        'teams',
      ),
      language: setting(
        z.enum(['fr', 'en'], { error: '`fr` or `en`' }).optional(),
        'The language of letters and chats; `fr` when left out.',
        'fr',
      ),
      server: setting(hostPort('smtp.example.org:587').optional(), 'The mail server.', 'smtp.example.org:587'),
      security: setting(
        z.enum(['starttls', 'tls', 'none'], { error: '`starttls`, `tls` or `none`' }).optional(),
        'How the mail server is spoken to; `starttls` when left out, and then a server without it gets nothing.',
        'starttls',
      ),
      from: setting(MailAddress.optional(), 'Whom the letters come from.', 'ecluse@hopital.example.org'),
      user: setting(named('the name of an account').optional(), 'The account on the mail server.', 'ecluse'),
      password: setting(Reference.optional(), 'The password of that account.', 'file:./secrets/smtp'),
      streams: setting(
        z
          .array(z.enum(['alert', 'reminder', 'notice', 'heartbeat'], { error: STREAMS }), { error: STREAMS })
          .min(1, STREAMS)
          .optional(),
        'What it is told. `alert`: what is open, has changed or is shut. `reminder`: the same, said again. `notice`: worth keeping, nothing to run for. `heartbeat`: every five minutes, that Écluse is there. `alert` alone for syslog, mail and chats when left out.',
        ['alert', 'reminder'],
      ),
      escalation: setting(
        Escalation.optional(),
        'Told only of alarms that nobody has acknowledged after these times, and from then on of all that becomes of them. Left out, it is told of every alarm at once.',
        { critical: '15m', high: '1h' },
      ),
    },
    { error: 'a sink: {id, jsonl: PATH}, {id, syslog: HOST:PORT}, {id, webhook: URL} or {id, mail: ADDRESS}' },
  )
  .meta({ oneOf: kinds.map((kind) => ({ required: [kind] })) })
  .superRefine(contradictions, together);
export type SinkEntry = z.infer<typeof SinkEntry>;

type Issue = (path: string, message: string, remedy?: string) => void;
type Together = Readonly<Partial<Record<keyof typeof belongsTo | Kind, unknown>>> & {
  readonly tls?: { readonly cert?: unknown; readonly key?: unknown } | undefined;
};

/** What must stand together, and what may not. Parts may be wrong in themselves. */
function contradictions(sink: Together, context: z.core.$RefinementCtx<Together>): void {
  const issue: Issue = (path, message, remedy) => contradiction(context, [path], message, remedy);
  const named = kinds.filter((kind) => sink[kind] !== undefined);
  const kind = named[0];
  if (named.length !== 1 || kind === undefined) {
    issue('id', 'one of `jsonl: PATH`, `syslog: HOST:PORT`, `webhook: URL` and `mail: ADDRESS` beside it');
    return;
  }
  for (const [key, owners] of Object.entries(belongsTo)) {
    if (sink[key] === undefined || owners.includes(kind)) continue;
    issue(key, `${owners.map((owner) => `\`${owner}\``).join(' or ')} beside it`);
  }
  const transport = String(sink.transport);
  if (sink.tls && kind === 'syslog' && !transport.endsWith('tls'))
    issue('tls', '`transport: tls` or `transport: relp-tls` beside it');
  if (sink.framing && sink.transport && !['tcp', 'tls'].includes(transport))
    issue('framing', '`transport: tcp` or `transport: tls` beside it');
  if (sink.tls && (sink.tls.cert === undefined) !== (sink.tls.key === undefined))
    issue('tls', '`cert` and `key` together');
  if (kind === 'webhook' && (sink.style ?? 'standard') === 'standard' && !sink.secret)
    issue(
      'webhook',
      'a `secret` beside it, with which each message is signed',
      'add one, for example `secret: env:ECLUSE_HOOK_SECRET`',
    );
  if (kind === 'mail') mailIssues(sink, issue);
}

function mailIssues(sink: Together, issue: Issue): void {
  if (sink.server === undefined) issue('mail', '`server: HOST:PORT` beside it');
  if (sink.from === undefined) issue('mail', '`from: ADDRESS` beside it');
  if ((sink.user === undefined) !== (sink.password === undefined))
    issue(sink.user === undefined ? 'password' : 'user', '`user` and `password` together');
  if (sink.password && sink.security === 'none')
    issue('security', '`starttls` or `tls`: a password needs one of them', 'write one of them');
}
