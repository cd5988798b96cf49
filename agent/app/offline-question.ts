import { type AskedPacket, PROTOCOLS } from '../exposure/index.js';
import { type Intervals, single } from '../lib/intervals.js';
import { failure, type Result, success } from '../lib/result.js';
import { type ConnectionState, type Family, NO_FRAME, parseIp4, parseIp6, parseMac } from '../model/index.js';

/** A line of a cases file, as the contract of `ecluse ask` fixes it. */
export interface Question {
  readonly id: string | number;
  readonly at?: {
    readonly chain?: string;
    readonly acl?: string;
    readonly filter?: string;
    readonly object?: {
      readonly kind: 'address' | 'service' | 'protocol';
      readonly name: string;
      readonly vsys?: string;
      readonly book?: string;
    };
    readonly device?: string;
  };
  readonly packet: {
    readonly iif?: string;
    readonly oif?: string;
    readonly fromZone?: string;
    readonly toZone?: string;
    readonly src?: string;
    readonly dst?: string;
    readonly proto?: string | number;
    readonly sport?: number;
    readonly dport?: number;
    readonly icmpType?: number;
    readonly icmpCode?: number;
    readonly smac?: string;
    readonly state?: string;
    readonly tcpFlags?: readonly string[];
    readonly app?: string;
  };
}

/** What is wrong with a value; undefined: nothing. */
type Check = (value: unknown) => Wrong | undefined;

interface Wrong {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * A schema library would need longer to load than the question to be answered, and as long to look at a line as the
 * rules do. The words are those of zod, which checks everything else.
 */
function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

function here(message: string): Wrong {
  return { path: [], message };
}

function unlike(expected: string, value: unknown): Wrong {
  return here(`Invalid input: expected ${expected}, received ${kindOf(value)}`);
}

const text: Check = (value) => (typeof value === 'string' ? undefined : unlike('string', value));

function wholeUpTo(last: number): Check {
  return (value) => {
    if (typeof value !== 'number') return unlike('number', value);
    if (!Number.isInteger(value)) return unlike('int', value);
    if (value < 0) return here('Too small: expected number to be >=0');
    return value > last ? here(`Too big: expected number to be <=${last}`) : undefined;
  };
}

const textOrNumber: Check = (value) =>
  typeof value === 'string' || typeof value === 'number' ? undefined : here('Invalid input');

function oneOf(...words: readonly string[]): Check {
  const expected = words.map((word) => `"${word}"`).join('|');
  return (value) => (words.includes(value as string) ? undefined : here(`Invalid option: expected one of ${expected}`));
}

function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return unlike('array', value);
    for (const [index, one] of value.entries()) {
      const wrong = check(one);
      if (wrong) return { path: [index, ...wrong.path], message: wrong.message };
    }
    return undefined;
  };
}

interface Shape {
  readonly fields: Readonly<Record<string, Check>>;
  readonly needed?: readonly string[];
  /** Others are let pass. */
  readonly open?: true;
}

function object({ fields, needed = [], open = undefined }: Shape): Check {
  const checks = new Map(Object.entries(fields));
  const isSound = (given: Readonly<Record<string, unknown>>): boolean => {
    for (const name in given) {
      const check = checks.get(name);
      if (check === undefined ? !open : check(given[name])) return false;
    }
    return needed.every((name) => Object.hasOwn(given, name));
  };
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return unlike('object', value);
    const given = value as Readonly<Record<string, unknown>>;
    if (isSound(given)) return undefined;
    for (const [name, check] of checks) {
      if (!Object.hasOwn(given, name) && !needed.includes(name)) continue;
      const wrong = check(given[name]);
      if (wrong) return { path: [name, ...wrong.path], message: wrong.message };
    }
    const strange = Object.keys(given).filter((name) => !checks.has(name));
    return here(
      `Unrecognized ${strange.length > 1 ? 'keys' : 'key'}: ${strange.map((name) => `"${name}"`).join(', ')}`,
    );
  };
}

const port = wholeUpTo(65_535);
const byte = wholeUpTo(255);
const checkObject = object({
  fields: { kind: oneOf('address', 'service', 'protocol'), name: text, vsys: text, book: text },
  needed: ['kind', 'name'],
});
const checkPlaces = object({
  fields: { chain: text, acl: text, filter: text, object: checkObject, device: text },
});
const checkAt: Check = (value) => {
  const wrong = checkPlaces(value);
  if (wrong) return wrong;
  const places = Object.keys(value as object).filter((name) => name !== 'device');
  return places.length > 1 ? here('one of chain, acl, filter, object') : undefined;
};
const checkPacket = object({
  fields: {
    iif: text,
    oif: text,
    fromZone: text,
    toZone: text,
    src: text,
    dst: text,
    proto: textOrNumber,
    sport: port,
    dport: port,
    icmpType: byte,
    icmpCode: byte,
    smac: text,
    state: text,
    tcpFlags: listOf(text),
    app: text,
  },
});
const checkQuestion = object({
  fields: { id: textOrNumber, at: checkAt, packet: checkPacket },
  needed: ['id', 'packet'],
  open: true,
});

function badQuestion(message: string, expected: string): Result<never> {
  return failure({ code: 'BAD_QUESTION', message, expected });
}

/** Reads one line of a cases file. */
export function readQuestion(line: string): Result<Question> {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return badQuestion('this line is not JSON', 'one object a line: {"id": …, "packet": {…}}');
  }
  const wrong = checkQuestion(raw);
  if (wrong === undefined) return success(raw as Question);
  return badQuestion(`${wrong.path.join('.') || 'the question'}: ${wrong.message}`, 'the fields of the ask contract');
}

const FLAGS: Readonly<Record<string, number>> = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 };

const STATES: ReadonlySet<string> = new Set<ConnectionState>(['new', 'established', 'related', 'invalid', 'untracked']);

type Written<T> = { -readonly [Name in keyof T]: T[Name] };

/** The packet that a question asks about, its interfaces aside. */
export function askedPacket({ at, packet }: Question): Result<AskedPacket> {
  const { src, dst } = packet;
  const fields: Written<AskedPacket['fields']> = {};
  // What an address object holds is asked of the source; a packet of which only the destination is given asks it there.
  const from = at?.object?.kind === 'address' ? (src ?? dst) : src;
  const source = from === undefined ? undefined : addressOf(from);
  if (from !== undefined && source === undefined)
    return badQuestion(`source ${from} is not an address`, 'one IPv4 or IPv6 address');
  const destination = dst === undefined ? undefined : addressOf(dst);
  if (dst !== undefined && destination === undefined)
    return badQuestion(`destination ${dst} is not an address`, 'one IPv4 or IPv6 address');
  if (source !== undefined && destination !== undefined && typeof source !== typeof destination)
    return badQuestion('source and destination are of different families', 'two IPv4 or two IPv6 addresses');
  if (source !== undefined) fields.source = source;
  if (destination !== undefined) fields.destination = destination;

  const protocol = protocolOf(packet.proto);
  if (packet.proto !== undefined && (protocol === undefined || protocol > 255))
    return badQuestion(`protocol ${packet.proto} is not known`, 'a name such as tcp, or a number 0–255');
  if (protocol !== undefined) fields.protocol = protocol;
  const state = (packet.state ?? 'new').toLowerCase();
  if (!STATES.has(state))
    return badQuestion(`state ${packet.state} is not known`, 'new, established, related, invalid or untracked');
  const flagNames = packet.tcpFlags ?? (protocol === 6 && state === 'new' ? FIRST : undefined);
  const flags = flagNames && flagBits(flagNames);
  if (flags === undefined && flagNames !== undefined)
    return badQuestion(`TCP flags ${flagNames.join(',')} are not known`, Object.keys(FLAGS).join(', '));
  const mac = packet.smac === 'none' ? NO_FRAME : packet.smac === undefined ? undefined : parseMac(packet.smac);
  if (packet.smac !== undefined && mac === undefined)
    return badQuestion(`smac ${packet.smac} is not a hardware address`, 'such as 00:1b:21:3a:4c:5d, or none');
  const codes = icmpCodes(packet, protocol);
  const icmp = codes?.[0] === codes?.[1] ? codes?.[0] : undefined;

  if (packet.sport !== undefined) fields.sourcePort = packet.sport;
  if (packet.dport !== undefined) fields.destinationPort = packet.dport;
  if (icmp !== undefined) fields.icmp = icmp;
  if (mac !== undefined) fields.sourceMac = mac;
  if (flags !== undefined) fields.tcpFlags = flags;
  const asked = {
    families: familiesOf(source ?? destination),
    direction: packet.oif === 'self' ? 'input' : packet.iif === 'self' ? 'output' : chainDirection(at?.chain),
    state: state as ConnectionState,
    fields,
  } as const;
  return success(codes && icmp === undefined ? { ...asked, icmpCodes: codes } : asked);
}

function addressOf(text: string): number | bigint | undefined {
  return parseIp4(text) ?? parseIp6(text);
}

const BOTH: readonly Family[] = ['ip4', 'ip6'];
const FOUR: readonly Family[] = ['ip4'];
const SIX: readonly Family[] = ['ip6'];

function familiesOf(address: number | bigint | undefined): readonly Family[] {
  return address === undefined ? BOTH : typeof address === 'number' ? FOUR : SIX;
}

function protocolOf(proto: string | number | undefined): number | undefined {
  if (typeof proto !== 'string') return proto;
  const name = proto.toLowerCase();
  if (Object.hasOwn(PROTOCOLS, name)) return PROTOCOLS[name];
  return /^\d+$/.test(proto) ? Number(proto) : undefined;
}

/** The first packet of a connection has this flag, where a question names none. */
const FIRST: readonly string[] = ['SYN'];

/** Undefined: one is not known. */
function flagBits(names: readonly string[]): number | undefined {
  let bits = 0;
  for (const name of names) {
    const bit = FLAGS[name.toUpperCase()];
    if (bit === undefined) return undefined;
    bits |= bit;
  }
  return bits;
}

/** Messages of errors, whose code says which one it is: of every other type there is only the code 0. */
const manyCodes: Readonly<Record<number, readonly number[]>> = { 1: [3, 5, 9, 11, 12], 58: [1, 3, 4] };

/** The type and the codes that a question leaves open. */
function icmpCodes({ icmpType, icmpCode }: Question['packet'], protocol: number | undefined): Intervals | undefined {
  if (icmpType === undefined) return undefined;
  const first = icmpType * 256;
  if (icmpCode !== undefined) return single(first + icmpCode);
  return manyCodes[protocol ?? 1]?.includes(icmpType) ? [first, first + 255] : single(first);
}

/** A question about one chain follows the path that the chain stands on, as far as its name says. */
function chainDirection(chain: string | undefined): AskedPacket['direction'] {
  if (chain && /\/(?:INPUT|input)$/.test(chain)) return 'input';
  if (chain && /\/(?:OUTPUT|output)$/.test(chain)) return 'output';
  return 'forward';
}
