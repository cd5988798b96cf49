/** coverage: what is understood of the real configurations of the corpus, counted, and written into docs/coverage.md. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readFile } from '../../agent/app/index.js';
import { ctKeys, metaKeys, payloadFields } from '../../agent/drivers/nftables/words.js';
import type { Coverage, Device, LineState, Rule } from '../../agent/model/index.js';

/** A folder of the corpus and the driver that reads it. */
export interface Folder {
  readonly folder: string;
  readonly driver: string;
  readonly title: string;
}

export const rulesets: readonly Folder[] = [
  { folder: 'iptables', driver: 'iptables', title: 'iptables' },
  { folder: 'nft', driver: 'nftables', title: 'nftables' },
];

export const appliances: readonly Folder[] = [
  { folder: 'asa', driver: 'asa', title: 'Cisco ASA' },
  { folder: 'fortios', driver: 'fortios', title: 'FortiOS' },
  { folder: 'panos', driver: 'panos', title: 'PAN-OS' },
];

export interface Count {
  exact: number;
  bounded: number;
  unread: number;
}

export interface Measured {
  readonly files: number;
  /** Files that are no capture, or a damaged one: told and not read. */
  readonly refused: readonly { readonly file: string; readonly why: string }[];
  readonly rules: Count;
  /** Bounded rules of which the file does not say what they ask for: see `ABSENT`. */
  readonly absent: number;
  readonly lines: Readonly<Record<LineState, number>>;
  /** Lines that are not exact because they need what the file does not hold, by their states. */
  readonly gaps: Readonly<Record<LineState, number>>;
  /** By what a rule asks with: a match extension, a selector. */
  readonly byMatch: ReadonlyMap<string, Count>;
}

/** Not rulesets: the input of nft's own tests, and programs that call nft or iptables. */
export const NOT_A_RULESET = /\.t$|\.t\.json$|\.sh$/;

/** A name of something that was cut away or blanked out, and a line that was left half. */
const NOT_HELD = /\bis not in this capture$|\bis not defined$|\bis missing$| does not say (?:“[\w-]+”|its port)$/;

/** Reads every file of a folder; whatever throws does so here too. */
export async function measure(corpus: string, { folder, driver }: Folder): Promise<Measured> {
  const names = readdirSync(join(corpus, folder)).filter((name) => !NOT_A_RULESET.test(name));
  const refused: { file: string; why: string }[] = [];
  const rules: Count = { exact: 0, bounded: 0, unread: 0 };
  const none: Readonly<Record<LineState, number>> = {
    modelled: 0,
    irrelevant: 0,
    approximated: 0,
    unmodelled: 0,
    unrecognized: 0,
  };
  const [lines, gaps] = [{ ...none }, { ...none }];
  const byMatch = new Map<string, Count>();
  let absent = 0;
  for (const name of names.sort()) {
    const device = await readFile(join(corpus, folder, name), driver);
    if (!device.ok) {
      refused.push({ file: name, why: device.error.message });
      continue;
    }
    const { coverage } = device.value;
    for (const state of ['exact', 'bounded', 'unread'] as const) rules[state] += coverage.rules[state];
    for (const { state, reason = '' } of coverage.lines) {
      lines[state]++;
      if (NOT_HELD.test(reason)) gaps[state]++;
    }
    absent += countMatches(device.value, byMatch);
  }
  return { files: names.length, refused, rules, lines, gaps, byMatch, absent };
}

function countMatches({ pipeline, coverage }: Device, byMatch: Map<string, Count>): number {
  let absent = 0;
  const states = new Map(coverage.lines.map((line) => [`${line.file}:${line.line}`, line.state]));
  for (const { rules } of pipeline.lists) {
    for (const rule of rules) {
      const kind = kindOf(rule, states);
      if (kind === 'bounded' && ABSENT.test(rule.origin.text)) absent++;
      for (const match of matchesOf(rule.origin.text)) {
        const count = byMatch.get(match) ?? { exact: 0, bounded: 0, unread: 0 };
        byMatch.set(match, count);
        count[kind]++;
      }
    }
  }
  return absent;
}

function kindOf({ origin }: Rule, states: ReadonlyMap<string, Coverage['lines'][number]['state']>): keyof Count {
  const last = origin.lastLine ?? origin.line;
  const found = new Set<LineState | undefined>();
  for (let line = origin.line; line <= last; line++) found.add(states.get(`${origin.file}:${line}`));
  if (found.has('unrecognized')) return 'unread';
  return found.has('approximated') || found.has('unmodelled') ? 'bounded' : 'exact';
}

const BLANKED = /--mac-source XX(?::XX){5}/;
/** Hardware addresses blanked out before publication; extensions of iptables, of which nft prints the name alone. */
const ABSENT = /--mac-source XX(?::XX){5}|\bxt (?:match|target) /;

/** `-m conntrack` of iptables, `ct state` of nft; of both, what a rule does beside accepting and dropping. */
function matchesOf(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  if (/^-[AIP] |^iptables |^ip6tables /.test(text)) {
    for (const { groups } of text.matchAll(/(?:^| )-(?<kind>[mj]) (?<name>\w\S*)/g)) {
      if (groups!.kind === 'm')
        found.add(`-m ${groups!.name}${groups!.name === 'mac' && BLANKED.test(text) ? ', blanked out' : ''}`);
      else if (
        /^[A-Z0-9]+$/.test(groups!.name!) &&
        !/^(?:ACCEPT|DROP|RETURN)$/.test(groups!.name!) &&
        isTarget(groups!.name!)
      )
        found.add(`-j ${groups!.name}`);
    }
    if (found.size === 0) found.add('addresses, interfaces and protocol alone');
    return found;
  }
  for (const name of selectorsOf(text)) found.add(name);
  if (found.size === 0) found.add('no selector');
  return found;
}

const targets =
  /^(?:REJECT|LOG|NFLOG|ULOG|MARK|CONNMARK|DNAT|SNAT|MASQUERADE|REDIRECT|NETMAP|CT|NOTRACK|TPROXY|TCPMSS|TOS|DSCP|CLASSIFY|SET|NFQUEUE|QUEUE|TRACE|AUDIT|TTL|HL|SECMARK|CONNSECMARK|CHECKSUM)$/;

/** Chains may be written in capitals too. */
function isTarget(name: string): boolean {
  return targets.test(name);
}

const SINGLE =
  /(?<!meta )\b(?<name>xt (?:match|target) \w+|fib [sd]addr(?: \. \w+)* \w+|ct (?:original|reply) (?:ip6? )?[a-z-]+|[io]if(?:name|group)?|limit|quota|meter|numgen|jhash|symhash|vmap|dup|fwd|tproxy|synproxy|queue|notrack|reject|masquerade|redirect|[ds]nat)\b/g;
const PAIR = /\b(?<header>[a-z]\w*) (?=(?<field>[a-z][\w-]*))/g;

const keysOf: Readonly<Record<string, ReadonlySet<string>>> = { meta: metaKeys, ct: ctKeys };

/** The selectors of a rule of nft: `tcp dport`, `iifname`, `xt match recent`; with them what it does beside a verdict. */
function* selectorsOf(text: string): Generator<string> {
  for (const { groups } of text.matchAll(SINGLE)) yield groups!.name!;
  for (const { groups } of text.matchAll(PAIR)) {
    const { header, field } = groups as { readonly header: string; readonly field: string };
    const keys = Object.hasOwn(payloadFields, header) ? new Set(payloadFields[header]) : keysOf[header];
    if (keys?.has(field)) yield `${header} ${field}`;
  }
}
