import type { AccessFact, AccessFactKind } from '../../model/index.js';
import type { Config } from './config.js';
import { isIrrelevant } from './irrelevant.js';
import { isComment, type Line } from './parse.js';

/** A word behind which a secret stands, and the secret; a digest that stands in its place is none. */
const secretWords =
  /\b(?<word>password|passwd|nt-encrypted|pre-shared-key|key|key-string|community|secret|shared-secret|ldap-login-password|authentication-key|auth (?:md5|sha\d*)|priv (?:aes(?: \d+)?|des|3des))(?: [0678])? (?!<secret-)\S+/g;

/** A line without the secrets in it. */
export function withoutSecret(text: string): string {
  return text.replace(secretWords, '$<word>');
}

const kinds: readonly (readonly [RegExp, AccessFactKind])[] = [
  [/^(?:route|ipv6 route|router|route-map)\b/, 'route'],
  [/^username \S+ (?:password|nopassword|attributes)?/, 'administrator'],
  [/^aaa authentication\b/, 'administrator'],
  [/^(?:http|ssh|telnet|snmp-server host|management-access)\b/, 'managementService'],
  [
    /^(?:crypto (?:map|dynamic-map)|tunnel-group|group-policy|webvpn|ip local pool|ipv6 local pool|ldap attribute-map)\b/,
    'vpn',
  ],
  [/^logging (?:enable|host|trap)\b/, 'logging'],
  [/^(?:policy-map|class-map|service-policy)\b/, 'inspection'],
];

/** What is told and not filtered, compared before and after; a key is never part of it. */
export function factsOf(config: Config): readonly AccessFact[] {
  const lines = [...new Set([...config.told, ...config.management, ...config.vpn, ...config.policies])];
  const facts = new Map<string, AccessFact>();
  const parts = new Map<string, string[]>();
  for (const line of lines) {
    const kind = kinds.find(([pattern]) => pattern.test(line.text))?.[1];
    // How long a login may idle is no gate.
    if (!kind || (kind === 'managementService' && isIrrelevant(line.words))) continue;
    const subject = config.prefix + subjectOf(line, kind);
    const id = `${kind} ${subject}`;
    const origin = {
      file: config.file,
      line: line.number,
      rule: line.words.slice(0, 2).join(' '),
      text: withoutSecret(line.text),
    };
    // What is inspected first counts; of all else a device keeps no order.
    const isOrdered = kind === 'inspection';
    const own = [...(parts.get(id) ?? []), textOf(line, isOrdered)];
    parts.set(id, isOrdered ? own : own.sort());
    const value = parts.get(id)!.join('; ');
    facts.set(id, { kind, subject, value, origin: facts.get(id)?.origin ?? origin });
  }
  for (const line of config.interfaces.flatMap((one) => one.line.children)) {
    if (line.words[0] !== 'policy-route') continue;
    const origin = { file: config.file, line: line.number, rule: 'policy-route', text: line.text };
    facts.set(`policyRoute ${line.number}`, {
      kind: 'policyRoute',
      subject: config.prefix + line.text,
      value: line.text,
      origin,
    });
  }
  return [...facts.values()];
}

/** A line and those below it, without secrets. */
function textOf({ words, children }: Line, isOrdered: boolean): string {
  const below = children.filter(({ text }) => !isComment(text)).map((child) => textOf(child, isOrdered));
  return [withoutSecret(words.join(' ')), ...(isOrdered ? below : below.sort())].join('; ');
}

function subjectOf({ words }: Line, kind: AccessFactKind): string {
  if (kind === 'route') return words.slice(0, 4).join(' ');
  if (kind === 'managementService') return words.slice(0, words[0] === 'snmp-server' ? 4 : undefined).join(' ');
  return words.slice(0, words[0] === 'crypto' || words[0] === 'ip' ? 4 : 2).join(' ');
}
