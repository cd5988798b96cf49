/** What a selector of nft's listing is called in the kernel's bytecode, and back. */
import { formatIp4, formatIp6 } from '../../model/index.js';
import type { Expression, TableFamily } from './ast.js';
import { fieldOf } from './fields.js';
import { numeric } from './values.js';

interface Place {
  readonly base: 'network' | 'transport';
  /** In bytes. */
  readonly at: number;
  readonly length: number;
}

const network = (at: number, length: number): Place => ({ base: 'network', at, length });
const transport = (at: number, length: number): Place => ({ base: 'transport', at, length });
const both = (
  headers: readonly string[],
  places: readonly (readonly [string, Place])[],
): readonly (readonly [string, Place])[] =>
  headers.flatMap((header) => places.map(([name, place]) => [`${header} ${name}`, place] as const));

/** Fields of headers (src/proto.c of nftables). */
const places: ReadonlyMap<string, Place> = new Map<string, Place>([
  ['ip length', network(2, 2)],
  ['ip id', network(4, 2)],
  ['ip ttl', network(8, 1)],
  ['ip protocol', network(9, 1)],
  ['ip saddr', network(12, 4)],
  ['ip daddr', network(16, 4)],
  ['ip6 length', network(4, 2)],
  ['ip6 nexthdr', network(6, 1)],
  ['ip6 hoplimit', network(7, 1)],
  ['ip6 saddr', network(8, 16)],
  ['ip6 daddr', network(24, 16)],
  ...both(
    ['th', 'tcp', 'udp', 'udplite', 'sctp', 'dccp'],
    [
      ['sport', transport(0, 2)],
      ['dport', transport(2, 2)],
    ],
  ),
  ...both(
    ['icmp', 'icmpv6', 'igmp'],
    [
      ['type', transport(0, 1)],
      ['code', transport(1, 1)],
    ],
  ),
]);

const inWords = ({ base, at, length }: Place): string => `payload load ${length}b @ ${base} header + ${at}`;

/** Keys of conntrack whose names are others in the bytecode (`ctkey2str_array` of libnftnl). */
const connectionKeys: Readonly<Record<string, string>> = {
  'proto-src': 'proto_src',
  'proto-dst': 'proto_dst',
  l3proto: 'l3protocol',
};
const raw = /^@(?<base>nh|th),(?<at>\d+),(?<length>\d+)$/;

/** Undefined where it is not known. */
export function keyOf(expression: Expression): string | undefined {
  if (expression.kind === 'binary') {
    const mask = expression.right.kind === 'value' ? numeric(expression.right.text) : undefined;
    const key = keyOf(expression.left);
    return expression.operator === '&' && mask !== undefined && key !== undefined ? `${key} & ${mask}` : undefined;
  }
  if (expression.kind !== 'selector') return undefined;
  const { name } = expression;
  const place = places.get(name) ?? rawPlace(name);
  if (place) return inWords(place);
  const ct = /^ct (?:(?<way>original|reply) )?(?<key>[a-z0-9-]+)$/.exec(name)?.groups;
  if (ct) {
    const way = ct.way === undefined ? '' : ` , dir ${ct.way}`;
    return `ct ${Object.hasOwn(connectionKeys, ct.key!) ? connectionKeys[ct.key!] : ct.key}${way}`;
  }
  return /^meta [a-z0-9]+$/.test(name) ? name : undefined;
}

function rawPlace(name: string): Place | undefined {
  const found = raw.exec(name)?.groups;
  const [at, length] = [Number(found?.at), Number(found?.length)];
  if (!found || at % 8 !== 0 || length % 8 !== 0) return undefined;
  return { base: found.base === 'nh' ? 'network' : 'transport', at: at / 8, length: length / 8 };
}

/** What both fields are called where the kernel reads them as one; undefined where they do not stand side by side. */
export function joinedKey(
  one: Expression,
  other: Expression,
): { readonly key: string; readonly shift: bigint } | undefined {
  const [left, right] = [one, other].map((part) => (part.kind === 'selector' ? places.get(part.name) : undefined));
  if (!left || !right || left.base !== right.base || left.at + left.length !== right.at) return undefined;
  return { key: inWords({ ...left, length: left.length + right.length }), shift: BigInt(8 * right.length) };
}

/**
 * What is read under this key, as one would write it beside a test of `beside`: of the same header where that has such
 * a field. Undefined where there is no name for it.
 */
export function selectorOfKey(key: string, beside: Expression): Expression | undefined {
  const masked = /^(?<key>.*) & (?<mask>\d+)$/.exec(key)?.groups;
  if (masked) {
    const left = selectorOfKey(masked.key!, beside);
    return left && { kind: 'binary', operator: '&', left, right: { kind: 'value', text: masked.mask! } };
  }
  if (/^(?:meta|ct) mark$/.test(key)) return { kind: 'selector', name: key };
  const port = /^ct proto_(?<side>src|dst) , dir (?<way>original|reply)$/.exec(key)?.groups;
  if (port) return { kind: 'selector', name: `ct ${port.way} proto-${port.side}` };
  const header = beside.kind === 'selector' ? beside.name.split(' ')[0]! : '';
  const names = [...places].filter(([, place]) => inWords(place) === key).map(([name]) => name);
  const own = names.find((name) => name.startsWith(`${header} `));
  const name = own ?? names.find((one) => /^(?:ip6?|th) /.test(one));
  return name === undefined ? undefined : { kind: 'selector', name };
}

/** A constant of the listing as the kernel's number; undefined where its words are not known. */
export function kernelValue(table: TableFamily, left: Expression, text: string): bigint | undefined {
  const name = left.kind === 'binary' ? left.left : left;
  const field = name.kind === 'selector' ? fieldOf(name.name, table, text) : undefined;
  const found = field?.kind === 'number' ? field.value(text) : numeric(text);
  return found === undefined ? undefined : BigInt(found);
}

/** The kernel's number as a constant of the listing. */
export function constantText(left: Expression, value: bigint): string {
  const name = left.kind === 'selector' ? left.name : '';
  if (/^ip [sd]addr$/.test(name)) return formatIp4(Number(value));
  return /^ip6 [sd]addr$/.test(name) ? formatIp6(value) : value.toString();
}
