import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Field, RulePool } from '../agent/packets/index.js';

/** The rulesets of `../shared/bench`, their edits, and the reading of their rules. */
export const FAMILIES = ['acl1', 'fw1', 'ipc1', 'hosp'] as const;
export type RuleFamily = (typeof FAMILIES)[number];

const shared = resolve(process.env.ECLUSE_SHARED ?? '../shared');
const folder = join(shared, 'bench');

/** What a bench says where the workloads are not there. */
export function missingWorkloads(): string | undefined {
  return existsSync(folder) ? undefined : `the workloads: ${folder} is not there; ECLUSE_SHARED names the folder`;
}

export const corpus = join(shared, 'corpus');

export function ruleset(family: RuleFamily, size: number, other = false): Buffer {
  return gunzipSync(readFileSync(join(folder, `${family}_${size}${other ? '.other' : ''}.gz`)));
}

/** An edit of a ruleset, as `diff -n` writes it: `d4 2` deletes two lines from line 4 on, `a5 1` adds one after line 5. */
export function edited(lines: readonly string[], family: RuleFamily, size: number, edit: string): readonly string[] {
  const script = readFileSync(join(folder, `${family}_${size}.${edit}.rcs`), 'utf8').split('\n');
  const out: string[] = [];
  let taken = 0;
  for (let at = 0; at < script.length && script[at] !== ''; at += 1) {
    const { verb, line, count } = /^(?<verb>[ad])(?<line>\d+) (?<count>\d+)$/.exec(script[at]!)!.groups!;
    const upTo = Number(line) - (verb === 'd' ? 1 : 0);
    for (; taken < upTo; taken += 1) out.push(lines[taken]!);
    if (verb === 'd') taken += Number(count);
    else {
      out.push(...script.slice(at + 1, at + 1 + Number(count)));
      at += Number(count);
    }
  }
  for (; taken < lines.length; taken += 1) out.push(lines[taken]!);
  return out;
}

export function linesOf(text: Buffer): readonly string[] {
  const lines = text.toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

export const neutralFields: readonly Field[] = [
  { name: 'in', last: 255 },
  { name: 'out', last: 255 },
  { name: 'source', last: 2 ** 32 - 1 },
  { name: 'destination', last: 2 ** 32 - 1 },
  { name: 'protocol', last: 255 },
  { name: 'sourcePort', last: 65535 },
  { name: 'destinationPort', last: 65535 },
];

export const DENY = 1;
export const PERMIT = 2;

const ZERO = 48;
const PERMITS = 'P'.charCodeAt(0);
const LINE_END = 10;

/** Reads rules straight out of bytes: a letter, then for each field a count and so many closed intervals. */
export function readNeutral(bytes: Uint8Array, pool: RulePool): Int32Array {
  const fieldCount = pool.fields.length;
  const sets = new Int32Array(fieldCount);
  let bounds = new Float64Array(64);
  let rules = new Int32Array(4096);
  let count = 0;
  let at = 0;
  const number = (): number => {
    at += 1;
    let value = 0;
    for (let digit = bytes[at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[at]! - ZERO) {
      value = value * 10 + digit;
      at += 1;
    }
    return value;
  };
  while (at < bytes.length) {
    const label = bytes[at] === PERMITS ? PERMIT : DENY;
    at += 1;
    for (let field = 0; field < fieldCount; field += 1) {
      const length = number() * 2;
      if (length > bounds.length) bounds = new Float64Array(length * 2);
      for (let i = 0; i < length; i += 1) bounds[i] = number();
      sets[field] = pool.set(field, bounds, length);
    }
    if (bytes[at] !== LINE_END && at < bytes.length) throw new Error(`rule ${count + 1} has more than its fields`);
    at += 1;
    if (count === rules.length) {
      const more = new Int32Array(count * 2);
      more.set(rules);
      rules = more;
    }
    rules[count] = pool.rule(sets, label);
    count += 1;
  }
  return rules.slice(0, count);
}

const LAST_IP6 = 2n ** 128n - 1n;

export const twinFields: readonly Field[] = neutralFields.map((field) =>
  field.name === 'source' || field.name === 'destination' ? { name: field.name, last: LAST_IP6 } : field,
);

const DOCUMENTATION = 0x2001_0db8n << 96n;

/** Each host becomes a /64 of 2001:db8::/32, each prefix one that is 32 bits longer. */
function spread(first: number, last: number): readonly [bigint, bigint] {
  return [DOCUMENTATION | (BigInt(first) << 64n), DOCUMENTATION | (BigInt(last) << 64n) | 0xffff_ffff_ffff_ffffn];
}

/** The same list with IPv6 addresses in the place of IPv4 ones. */
export function twinOf(rules: Int32Array, from: RulePool, to: RulePool): Int32Array {
  return rules.map((rule) => {
    const sets = from.fields.map((_, field) => {
      const values = from.values(field, from.setOf(rule, field)) as readonly number[];
      if (typeof to.fields[field]!.last === 'number') return to.set(field, values);
      if (values.length === 2 && values[0] === 0 && values[1] === from.fields[field]!.last)
        return to.set(field, [0n, LAST_IP6]);
      const wide: bigint[] = [];
      for (let at = 0; at < values.length; at += 2) wide.push(...spread(values[at]!, values[at + 1]!));
      return to.set(field, wide);
    });
    return to.rule(sets, from.labelOf(rule));
  });
}
