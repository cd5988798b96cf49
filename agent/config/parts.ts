import { z } from 'zod';

/** What more than one part of the file is written with. */
export const named = (expected: string) => z.string({ error: expected }).trim().min(1, expected);

export const Id = z
  .string({ error: 'a name of letters, digits, dots, dashes and underscores' })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a name of letters, digits, dots, dashes and underscores, 64 at most');

/** `host:port`, `[2001:db8::1]:port`: what a receiver is called, and 514 is nobody's default over TCP. */
export function parseHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const groups = /^(?:\[(?<ip6>[0-9a-fA-F:.]+)\]|(?<host>[^\s:[\]]+)):(?<port>\d{1,5})$/.exec(text)?.groups;
  const port = Number(groups?.port);
  if (!groups || port < 1 || port > 65535) return undefined;
  return { host: groups.ip6 ?? groups.host!, port };
}

const REFERENCE = '`env:NAME` or `file:PATH`: a secret never stands in this file';
export const Reference = z
  .string({ error: REFERENCE })
  .regex(/^(?:env:[A-Za-z_]\w*|file:.+)$/, REFERENCE)
  .transform((text) => ({
    kind: text.startsWith('env:') ? ('env' as const) : ('file' as const),
    place: text.slice(text.indexOf(':') + 1),
  }));
