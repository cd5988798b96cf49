import type { SecretPattern } from '../drivers/contract.js';

/** Words that name a secret; whatever stands before them belongs to the same word (`radius-common-password`). */
const NAMES =
  'password|passphrase|pass-phrase|secret|psk|pre-?shared-?key|api[_-]?key|private-?key|shared-?key|auth-?key|access-?key|token|community|credentials?';
/** Those that other things are called by too, so that only an equals sign says that a secret follows. */
const SHORT = `${NAMES}|passwd|pwd|\\b(?:auth|priv|bind|login|user|admin)?(?:pass|pw)`;
/** A quotation mark behind a name, perhaps with a backslash before it, as in JSON and in JSON within a quotation. */
const CLOSE = `\\d?\\\\?["']?\\s{0,3}`;
/** A switch is no secret, and its value means something. */
const SWITCH = `(?!(?:yes|no|on|off|true|false|none|null|enabled?|disabled?)\\b)`;
const REST = `[^\\s"',;<>(){}\\\\]+`;

const PEM = '(?:(?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)';

/** What every pattern with a name in it needs: one look for all of them. */
const NAMED = new RegExp(SHORT, 'i');

function named(names: string, sign: string): readonly SecretPattern[] {
  const head = `(?:${names})${CLOSE}${sign}\\s{0,3}`;
  return [
    {
      title: 'a quoted value of a name',
      needs: NAMED,
      pattern: new RegExp(`${head}\\\\?"(?<value>(?:[^"\\\\\\n]|\\\\.)+?)\\\\?"`, 'gi'),
    },
    { title: 'a value in apostrophes', needs: NAMED, pattern: new RegExp(`${head}'(?<value>[^'\\n]+)'`, 'gi') },
    { title: 'a bare value of a name', needs: NAMED, pattern: new RegExp(`${head}${SWITCH}(?<value>${REST})`, 'gi') },
  ];
}

/**
 * What looks like a secret wherever it stands: behind the patterns of a platform, which know its grammar, for what
 * people write into comments and for what nobody has thought of. Each of them is linear in the length of the text.
 */
export const secondNet: readonly SecretPattern[] = [
  // A beginning without its end takes no more than lines of base64: a remark must not hide the rules behind it.
  {
    title: 'private keys in PEM, whole or cut off',
    pattern: new RegExp(
      `(?<value>-----BEGIN ${PEM}-----(?:(?:[\\w+/=\\s:,.()\\\\]|-(?!----BEGIN))*?-----END ${PEM}-----|(?:\\s*[\\w+/=]{16,80}(?![^\\n]))*))`,
      'g',
    ),
  },
  {
    title: 'hashes of passwords',
    pattern:
      /(?<value>\$(?:1|2[abxy]?|5|6|7|8|9|14|y|gy|apr1|sha512|pbkdf2[\w-]{0,20}|argon2\w{0,3}|scrypt|nt)\$[\w./$=+,-]{8,})/g,
  },
  {
    title: 'the password in an address',
    needs: /:\/\//,
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'<>]{1,100}:(?<value>[^\s/@"'<>]+)@/gi,
  },
  {
    title: 'what a request is authorised by',
    pattern:
      /authorization\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?(?:(?:bearer|basic|token|apikey|digest)[ \t]+)?(?!(?:bearer|basic|token|apikey|digest)\b)(?<value>[^\s"',;<>\\]+)/gi,
  },
  { title: 'bearer tokens', pattern: /\bbearer[ \t]+(?<value>[\w.~+/=-]{8,})/gi },
  { title: 'signed tokens', pattern: /\b(?<value>eyJ[\w-]{5,}\.eyJ[\w-]{5,}\.[\w-]+)/g },
  {
    title: 'tokens of well-known services',
    pattern: /\b(?<value>gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|glpat-[\w-]{20,}|AKIA[0-9A-Z]{16})/g,
  },
  { title: 'keys of IPsec', pattern: /\b(?:PSK|XAUTH|EAP)[ \t]+"(?<value>[^"\n]+)"/g },
  ...named(SHORT, '='),
  ...named(NAMES, ':'),
  {
    title: 'a password in a remark',
    needs: NAMED,
    pattern:
      /(?:comment|remark|description|#|^[ \t]*[!;])[^\n]{0,200}?\b(?:password|passphrase|passwd)(?:[ \t]+(?:is|est))?[ \t]+(?!(?:is|est)\b)(?<value>[^\s"',;<>]+)/gim,
  },
];
