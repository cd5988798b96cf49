/** Reads what a rule may look at, and gives it its canonical words. */
import type { Expression } from './ast.js';
import { parseKey } from './parse-expression.js';
import {
  isSymbol,
  isWord,
  Misread,
  needName,
  needSymbol,
  needWord,
  nested,
  next,
  peek,
  peekSecond,
  type Reader,
  takeSymbol,
  takeWord,
} from './reader.js';
import { expressionText } from './render.js';
import { bareMetaKeys, ctKeys, extensionHeaders, metaKeys, payloadFields, socketKeys, tunnelHeaders } from './words.js';

const selector = (name: string, modulus?: number): Expression =>
  modulus === undefined ? { kind: 'selector', name } : { kind: 'selector', name, modulus };

/** The selector that starts here, or undefined if none does. */
export function parseSelector(reader: Reader): Expression | undefined {
  const token = peek(reader);
  if (isSymbol(token, '@')) return rawPayload(reader);
  if (token.kind !== 'word') return undefined;
  const second = peekSecond(reader);
  const special = Object.hasOwn(specials, token.text) ? specials[token.text] : undefined;
  const found = special && second.kind !== 'newline' ? special(reader, second.text) : undefined;
  if (found) return found;
  const fields = Object.hasOwn(payloadFields, token.text) ? payloadFields[token.text] : undefined;
  if (fields && second.kind === 'word' && fields.includes(second.text)) {
    next(reader);
    next(reader);
    const name = `${token.text} ${second.text}`;
    // `srh sid[0]`, `rt0 addr[1]`, `arp saddr ip`.
    if (takeSymbol(reader, '[')) {
      const index = needWord(reader, 'an index');
      needSymbol(reader, ']');
      return selector(`${name}[${index}]`);
    }
    const kind = token.text === 'arp' && second.text.endsWith('addr') ? takeWord(reader, 'ip', 'ether') : undefined;
    return selector(kind ? `${name} ${kind}` : name);
  }
  if (tunnelHeaders.has(token.text) && second.kind === 'word' && Object.hasOwn(payloadFields, second.text)) {
    next(reader);
    const inner = parseSelector(reader);
    return inner?.kind === 'selector' ? selector(`${token.text} ${inner.name}`) : undefined;
  }
  if (bareMetaKeys.has(token.text)) {
    next(reader);
    return selector(`meta ${token.text}`);
  }
  return undefined;
}

type Special = (reader: Reader, second: string) => Expression | undefined;

const specials: Readonly<Record<string, Special>> = {
  meta(reader, second) {
    if (!metaKeys.has(second)) return undefined;
    next(reader);
    next(reader);
    return selector(`meta ${second}`);
  },

  ct(reader, second) {
    if (second !== 'original' && second !== 'reply' && second !== 'ip' && second !== 'ip6' && !ctKeys.has(second))
      return undefined;
    next(reader);
    const words = ['ct'];
    const direction = takeWord(reader, 'original', 'reply');
    if (direction) words.push(direction);
    const family = takeWord(reader, 'ip', 'ip6');
    if (family) words.push(family);
    const key = needWord(reader, 'a conntrack key', ...ctKeys);
    return selector([...words, key].join(' '));
  },

  fib(reader) {
    next(reader);
    const flags = [needWord(reader, 'what to look up', 'saddr', 'daddr', 'mark', 'iif', 'oif')];
    while (takeSymbol(reader, '.'))
      flags.push(needWord(reader, 'what to look up', 'saddr', 'daddr', 'mark', 'iif', 'oif'));
    const result = needWord(reader, 'a result', 'type', 'oif', 'oifname', 'check');
    return selector(`fib ${flags.join(' . ')} ${result}`);
  },

  numgen(reader, second) {
    if (second !== 'inc' && second !== 'random') return undefined;
    next(reader);
    next(reader);
    return modular(reader, `numgen ${second}`);
  },

  jhash(reader) {
    next(reader);
    const key = nested(reader, () => parseKey(reader));
    return modular(reader, `jhash ${expressionText(key)}`);
  },

  symhash(reader, second) {
    if (second !== 'mod') return undefined;
    next(reader);
    return modular(reader, 'symhash');
  },

  rt(reader, second) {
    const family = second === 'ip' || second === 'ip6' ? second : undefined;
    if (!family && !['classid', 'nexthop', 'mtu', 'ipsec'].includes(second)) return undefined;
    next(reader);
    if (family) next(reader);
    return selector(['rt', ...(family ? [family] : []), needWord(reader, 'a route key')].join(' '));
  },

  socket(reader, second) {
    if (!socketKeys.has(second)) return undefined;
    next(reader);
    next(reader);
    return takeWord(reader, 'level')
      ? selector(`socket ${second} level ${needWord(reader, 'a level')}`)
      : selector(`socket ${second}`);
  },

  osf(reader) {
    next(reader);
    const words = ['osf'];
    if (takeWord(reader, 'ttl')) words.push('ttl', needWord(reader, 'loose or skip', 'loose', 'skip'));
    words.push(needWord(reader, 'name or version', 'name', 'version'));
    return selector(words.join(' '));
  },

  ipsec(reader, second) {
    if (second !== 'in' && second !== 'out') return undefined;
    next(reader);
    next(reader);
    const words = ['ipsec', second];
    if (takeWord(reader, 'spnum')) words.push('spnum', needWord(reader, 'a number'));
    const family = takeWord(reader, 'ip', 'ip6');
    if (family) words.push(family);
    words.push(needWord(reader, 'an ipsec key', 'saddr', 'daddr', 'reqid', 'spi'));
    return selector(words.join(' '));
  },

  exthdr(reader, second) {
    if (!extensionHeaders.has(second)) return undefined;
    next(reader);
    next(reader);
    return selector(`exthdr ${second}`);
  },

  tcp: (reader, second) => option(reader, second),
  ip: (reader, second) => option(reader, second),
  dccp: (reader, second) => option(reader, second),

  sctp(reader, second) {
    if (second !== 'chunk') return undefined;
    next(reader);
    next(reader);
    return optionField(reader, 'sctp chunk');
  },
};

function option(reader: Reader, second: string): Expression | undefined {
  if (second !== 'option') return undefined;
  const header = next(reader).text;
  next(reader);
  if (!isSymbol(peek(reader), '@')) return optionField(reader, `${header} option`);
  next(reader);
  return selector(`${header} option @${triple(reader, needWord(reader, 'an option number'))}`);
}

const optionFields = new Set(
  [
    'kind length size count left right tsval tsecr addr value type ptr ptype',
    'flags tsn stream ssn ppid init-tag a-rwnd num-outbound-streams num-inbound-streams init-tsn initial-tsn cum-tsn-ack',
    'num-gap-ack-blocks num-dup-tsns new-cum-tsn lowest-tsn chunk-num seqno',
  ].flatMap((line) => line.split(' ')),
);

function optionField(reader: Reader, what: string): Expression {
  const name = needWord(reader, 'an option');
  const field = isWord(peek(reader), ...optionFields) ? ` ${next(reader).text}` : '';
  return selector(`${what} ${name}${field}`);
}

function modular(reader: Reader, what: string): Expression {
  needWord(reader, '“mod”', 'mod');
  const modulus = needWord(reader, 'a number');
  let name = `${what} mod ${modulus}`;
  for (;;) {
    const more = takeWord(reader, 'seed', 'offset');
    if (!more) break;
    const amount = needWord(reader, 'a number');
    if (more === 'seed' || amount !== '0') name += ` ${more} ${amount}`;
  }
  if (!/^\d{1,9}$/.test(modulus)) throw new Misread(peek(reader), 'a modulus');
  return selector(name, Number(modulus));
}

/** `@nh,8,40`: bits of a header by offset and length. */
function rawPayload(reader: Reader): Expression | undefined {
  const second = peekSecond(reader);
  if (!isWord(second, 'll', 'nh', 'th', 'ih')) return undefined;
  next(reader);
  return selector(`@${triple(reader, needName(reader, 'a header'))}`);
}

function triple(reader: Reader, base: string): string {
  needSymbol(reader, ',');
  const offset = needWord(reader, 'an offset');
  needSymbol(reader, ',');
  return `${base},${offset},${needWord(reader, 'a length')}`;
}
