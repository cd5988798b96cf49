/** Reads address translation: dnat, snat, redirect, masquerade. */
import type { Expression, NatStatement } from './ast.js';
import { parseComputed } from './parse-expression.js';
import {
  isSymbol,
  isWord,
  Misread,
  needSymbol,
  needWord,
  next,
  peek,
  type Reader,
  takeSymbol,
  takeWord,
} from './reader.js';

const flags = ['random', 'fully-random', 'persistent'] as const;

function skipFlags(reader: Reader): void {
  while (takeWord(reader, ...flags)) takeSymbol(reader, ',');
}

export function parseNat(reader: Reader): NatStatement {
  const operation = next(reader).text as NatStatement['operation'];
  if (operation === 'redirect' || operation === 'masquerade') {
    const port = takeWord(reader, 'to') ? portOnly(reader) : undefined;
    skipFlags(reader);
    return { kind: 'nat', operation, ...(port && { port }) };
  }
  const family = takeWord(reader, 'ip', 'ip6') as 'ip' | 'ip6' | undefined;
  const prefix = takeWord(reader, 'prefix', 'interval') === 'prefix';
  // `addr . port to …`: the words only say what the map behind them holds.
  if (takeWord(reader, 'addr')) {
    needSymbol(reader, '.');
    needWord(reader, '“port”', 'port');
  }
  // Before nft 0.9.1 the word was left out: `dnat 192.0.2.1`.
  const to = takeWord(reader, 'to');
  const start = peek(reader);
  if (!to && !isWord(start) && !isSymbol(start, '[', ':')) throw new Misread(start, '“to”');
  const address = isSymbol(start, ':') ? undefined : parseComputed(reader);
  const port = takeSymbol(reader, ':') ? parseComputed(reader) : undefined;
  skipFlags(reader);
  const parts: { address?: Expression; port?: Expression } = {};
  if (address) parts.address = address;
  if (port) parts.port = port;
  return { kind: 'nat', operation, ...(family && { family }), ...parts, ...(prefix && { prefix }) };
}

/** `redirect to :8080`; the colon may be missing in files. */
function portOnly(reader: Reader): Expression {
  takeSymbol(reader, ':');
  return parseComputed(reader);
}
