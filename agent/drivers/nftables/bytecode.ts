/**
 * What the kernel has of each rule, as `nft --debug=netlink` shows it (nftnl_rule_snprintf of libnftnl): a register machine, of
 * which only what is asked is of interest here. Whatever is not understood to the letter makes the rule one that
 * nothing is known of.
 */
import { recollection } from '../../lib/memo.js';
import { owned } from '../../lib/owned.js';
import type { TableKey } from './ast.js';

export type TestOperator = 'eq' | 'neq' | 'lt' | 'gt' | 'lte' | 'gte';

/** One comparison of the kernel's. */
export interface KernelTest {
  readonly kind: 'test';
  /** What is read, in the words of the listing: `payload 2b @ transport header + 2`, `meta mark & 0xff`. */
  readonly key: string;
  /** Which reading it is of the rule's: a range is two comparisons of what was read once. */
  readonly load: number;
  readonly operator: TestOperator;
  /** As one number, the first byte of the header being the highest; of what the host keeps in its own order, that number. */
  readonly value: bigint;
  /** `range`: the last one that is meant. */
  readonly last?: bigint;
}

/** `act`: a statement that is no comparison. `lookup`: whether it is in a set. */
export type KernelStep = KernelTest | { readonly kind: 'act' | 'lookup' };

export interface Bytecode {
  /** Undefined: nothing is known of this rule. */
  of(table: TableKey, chain: string, handle: number): readonly KernelStep[] | undefined;
  /** How many rules it speaks of. */
  readonly rules: number;
}

/** A table's handle is given once, so that a table that was made anew is another one (nft_net.table_handle). */
const tableLine = /^table (?<family>\S+) (?<name>\S+) \{ # handle (?<handle>\d+)$/gm;

/** Handles of tables in a listing with `-a`; a name that comes twice has none. */
function tableHandles(text: string): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const { groups } of text.matchAll(tableLine)) {
    const key = `${groups!.family} ${groups!.name}`;
    found.set(key, found.has(key) ? undefined : groups!.handle);
  }
  return found;
}

/**
 * Reads it beside the listing that it belongs to. A table that was made anew between both is left out: its rules have
 * the handles of others. Undefined where it is no such text, or not all of it.
 */
export function readBytecode(text: string, listing: string): Bytecode | undefined {
  const end = /^table /m.exec(text)?.index;
  if (end === undefined || !text.endsWith('\n}\n')) return undefined;
  const [here, there] = [tableHandles(text.slice(end)), tableHandles(listing)];
  const blocks = blocksOf(text, end);
  return {
    of({ family, name }, chain, handle) {
      const table = `${family} ${name}`;
      if (here.get(table) === undefined || here.get(table) !== there.get(table)) return undefined;
      const block = blocks.get(`${table} ${chain} ${handle}`);
      return block === undefined ? undefined : stepsOf(block);
    },
    rules: blocks.size,
  };
}

/** Family, table, chain and handle; then the handle of the rule before it. */
const header = /^(?:ip|ip6|inet|bridge|netdev|arp) \S+ \S+ \d+(?= \d+$|$)/;

/** What stands below each header. What a log prefix brings along may look like one: then two have the same words, and neither counts. */
function blocksOf(text: string, end: number): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  let open: { readonly key: string; readonly from: number } | undefined;
  const close = (at: number): void => {
    if (!open) return;
    found.set(open.key, found.has(open.key) ? undefined : text.slice(open.from, at));
    open = undefined;
  };
  for (let at = 0; at < end; ) {
    const newline = text.indexOf('\n', at);
    const next = newline < 0 ? end : newline + 1;
    if (!text.startsWith('  ', at)) {
      close(at);
      const key = header.exec(text.slice(at, next - 1))?.[0];
      if (key !== undefined) open = { key, from: next };
    }
    at = next;
  }
  close(end);
  return found;
}

const BLOCKS_MAX = 16_384;
const known = recollection<{ readonly steps: readonly KernelStep[] | undefined }>(BLOCKS_MAX);
const counted = /counter pkts \d+ bytes \d+|consumed \d+/g;

/** Rules are listed again and again, and hardly one of them is another than before. */
function stepsOf(block: string): readonly KernelStep[] | undefined {
  const said = block.replace(counted, 'counter');
  const before = known.get(said);
  if (before) return before.steps;
  const text = owned(said);
  const steps = readBlock(text);
  known.set(text, { steps });
  return steps;
}

/** What lies in a register, and how far it was asked. `from`: for the first bound of a range. */
interface Held {
  readonly key: string;
  /** Bytes; undefined where that is not known. */
  readonly length: number | undefined;
  /** Kept as the host keeps numbers, which is with the last byte first on all that nft was tried on. */
  readonly hostOrder: boolean;
  readonly load: number;
  readonly asked: 'not' | 'from' | 'wholly';
}

interface Machine {
  readonly registers: Map<string, Held>;
  readonly steps: KernelStep[];
  loads: number;
}

const line = /^ {2}\[ (?<instruction>.*) \]$/;
const userdata = /^ {2}userdata = \{ .*\}$/;

function readBlock(text: string): readonly KernelStep[] | undefined {
  const machine: Machine = { registers: new Map(), steps: [], loads: 0 };
  for (const one of text.split('\n')) {
    if (one === '' || userdata.test(one)) continue;
    const instruction = line.exec(one)?.groups?.instruction;
    if (instruction === undefined || !understood.some((read) => read(machine, instruction))) return undefined;
  }
  return isAllAsked(machine) ? machine.steps : undefined;
}

/** What is read is asked: else a line is missing. */
function isAllAsked({ registers }: Machine): boolean {
  return [...registers.values()].every(({ asked }) => asked !== 'not');
}

/** Each takes an instruction of its kind, and fails on all others. */
const understood: readonly ((machine: Machine, instruction: string) => boolean)[] = [
  load,
  compare,
  alter,
  act,
  take,
  lookUp,
];

/** Bytes, and whether they are in the host's order. */
const sizes: Readonly<Record<string, readonly [length: number, hostOrder?: true]>> = {
  'meta l4proto': [1],
  'meta nfproto': [1],
  'meta protocol': [2],
  'meta iiftype': [2, true],
  'ct protocol': [1],
  'ct l3protocol': [1],
  'ct proto_src': [2],
  'ct proto_dst': [2],
  ...Object.fromEntries(
    ['meta mark', 'meta len', 'meta skuid', 'meta skgid', 'meta priority', 'ct mark', 'ct state', 'ct status'].map(
      (key): [string, readonly [number, true]] => [key, [4, true]],
    ),
  ),
};

const payload = /^(?<key>payload load (?<length>\d+)b @ (?:link|network|transport) header \+ \d+) => reg (?<to>\d+)$/;
const own = /^(?<of>meta|ct) load (?<name>\w+) => reg (?<to>\d+)(?<way> , dir (?:original|reply))?$/;
const other =
  /^(?:fib|(?:exthdr|socket|rt|xfrm) load) (?:\w+ (?<length>\d+)b )?[^=]*=> reg (?<to>\d+)$|^immediate reg (?<constant>[1-9]\d*) 0x[0-9a-f x]+$|^(?:numgen|jhash|symhash|hash) reg (?<number>\d+) = .*$/;

function load(machine: Machine, instruction: string): boolean {
  const header = payload.exec(instruction)?.groups;
  const kept = header ? undefined : own.exec(instruction)?.groups;
  const rest = header || kept ? undefined : other.exec(instruction)?.groups;
  const to = header?.to ?? kept?.to ?? rest?.to ?? rest?.constant ?? rest?.number;
  if (to === undefined || machine.registers.get(to)?.asked === 'not') return false;
  const ofHeader = header?.length ?? rest?.length;
  const name = kept && `${kept.of} ${kept.name}`;
  const [length, hostOrder] = (name === undefined ? undefined : sizes[name]) ?? [];
  machine.registers.set(to, {
    key: header?.key ?? (kept ? `${name}${kept.way ?? ''}` : instruction),
    length: ofHeader === undefined ? length : Number(ofHeader),
    hostOrder: hostOrder === true,
    load: ++machine.loads,
    asked: 'not',
  });
  return true;
}

const compared = /^cmp (?<operator>eq|neq|lt|gt|lte|gte) reg (?<from>\d+) (?<words>0x[0-9a-f x]+)$/;
const between = /^range (?<operator>eq|neq) reg (?<from>\d+) (?<words>0x[0-9a-f x]+)$/;

function compare({ registers, steps }: Machine, instruction: string): boolean {
  const simple = compared.exec(instruction)?.groups;
  const found = simple ?? between.exec(instruction)?.groups;
  const held = found && registers.get(found.from!);
  if (!found || !held) return false;
  const operator = found.operator as TestOperator;
  // What was read once is asked twice only for a range.
  if (held.asked === 'wholly' || (held.asked === 'from' && operator !== 'lte')) return false;
  const words = found.words!.split(' ');
  const half = words.length / 2;
  const value = numberOf(simple ? words : words.slice(0, half), held);
  const last = simple ? undefined : numberOf(words.slice(half), held);
  if (value === undefined || (!simple && last === undefined)) return false;
  const { key, load } = held;
  registers.set(found.from!, { ...held, asked: operator === 'gte' ? 'from' : 'wholly' });
  steps.push({ kind: 'test', key, load, operator, value, ...(last !== undefined && { last }) });
  return true;
}

/** Words of four bytes, as the host has them; undefined where there is more in them than was read. */
function numberOf(words: readonly string[], { length, hostOrder }: Held): bigint | undefined {
  if (!words.every((word) => /^0x[0-9a-f]{8}$/.test(word))) return undefined;
  const bytes = Buffer.from(words.map((word) => word.slice(2)).join(''), 'hex');
  bytes.swap32();
  const used = length ?? bytes.length;
  if (used > bytes.length || bytes.subarray(used).some((byte) => byte !== 0)) return undefined;
  const own = Buffer.from(bytes.subarray(0, used));
  return BigInt(`0x${(hostOrder ? own.reverse() : own).toString('hex')}`);
}

const masked = /^bitwise reg (?<to>\d+) = \( reg (?<from>\d+) & (?<mask>0x[0-9a-f x]+) \) \^ (?<xor>0x[0-9a-f x]+)$/;
const ordered = /^byteorder reg (?<to>\d+) = hton\(reg (?<from>\d+), \d+, \d+\)$/;

function alter({ registers }: Machine, instruction: string): boolean {
  const bits = masked.exec(instruction)?.groups;
  const found = bits ?? ordered.exec(instruction)?.groups;
  const held = found && registers.get(found.from!);
  if (!found || held?.asked !== 'not') return false;
  const [mask, xor] = bits ? [bits.mask!, bits.xor!].map((words) => numberOf(words.split(' '), held)) : [];
  if (bits && (mask === undefined || xor === undefined)) return false;
  const changed = bits
    ? { ...held, key: `${held.key} & ${mask}${xor === 0n ? '' : ` ^ ${xor}`}` }
    : { ...held, hostOrder: false };
  registers.delete(found.from!);
  registers.set(found.to!, changed);
  return true;
}

const acts =
  /^(?:counter|limit|quota|connlimit|last|log|notrack|reject|immediate reg 0|synproxy|match name|target name)(?: |$)/;

/** A statement that takes nothing from what was read. */
function act(machine: Machine, instruction: string): boolean {
  if (!acts.test(instruction) || !isAllAsked(machine)) return false;
  machine.registers.clear();
  machine.steps.push({ kind: 'act' });
  return true;
}

const takes =
  /^(?:objref|dynset|nat|masq|redir|queue|dup|fwd|tproxy|payload write|exthdr write|(?:meta|ct) set \w+ with)(?: |$)/;
/** Whether it is in a set; with a register for what a map gives; 0 is the verdict. */
const asksSet = /^lookup reg \d+ set \S+ (?:dreg (?<to>\d+) )?0x[01]$/;

function take({ registers, steps }: Machine, instruction: string): boolean {
  if (!takes.test(instruction)) return false;
  registers.clear();
  steps.push({ kind: 'act' });
  return true;
}

/** In a set are often several that were read. */
function lookUp(machine: Machine, instruction: string): boolean {
  const found = asksSet.exec(instruction);
  if (!found) return false;
  const { registers, steps } = machine;
  if (isAllAsked(machine)) return false;
  registers.clear();
  const to = found.groups?.to;
  if (to === undefined) steps.push({ kind: 'lookup' });
  else if (to === '0') steps.push({ kind: 'act' });
  else {
    const load = ++machine.loads;
    registers.set(to, { key: instruction, length: undefined, hostOrder: false, load, asked: 'not' });
  }
  return true;
}
