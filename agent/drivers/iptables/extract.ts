import type { Action, Condition, Step, Unknown } from '../../model/index.js';
import { coreOptions, matchOptions, type OptionArity, optionAliases, shortOptions, targetOptions } from './modules.js';
import { protocolNumbers } from './tables.js';
import type { Word } from './words.js';

/** An option of a rule as it was used. */
export interface OptionUse {
  readonly name: string;
  readonly inverted: boolean;
  readonly values: readonly string[];
  /** False where the extension has no such option that we know of. */
  readonly known: boolean;
}

/** A match extension (`-m conntrack …`) or a target with the options given to it. */
export interface Extension {
  readonly name: string;
  readonly known: boolean;
  readonly options: readonly OptionUse[];
}

/** One of `-s -d -i -o` with one word, at the beginning of a rule. Rules with the same words share it. */
export interface Lead {
  readonly name: 'source' | 'destination' | 'in-interface' | 'out-interface';
  readonly inverted: boolean;
  readonly value: string;
  /** What it asks in each family, once that has been worked out (see convert.ts). */
  ip4: Condition | undefined;
  ip6: Condition | undefined;
}

/** The vendor's nouns behind the leads. Rules with the same words share them. */
export interface Tail {
  /** `-s -d -p -i -o -f -4 -6`, under their long names. */
  readonly core: readonly OptionUse[];
  readonly matches: readonly Extension[];
  readonly target?: Extension & { readonly goto: boolean };
  /** What these words ask in each family, once it has been worked out (see convert.ts). */
  ip4: Asked | undefined;
  ip6: Asked | undefined;
}

/** The vendor's nouns of one rule. */
export interface RuleParts {
  readonly leads: readonly Lead[];
  readonly tail: Tail;
  /** What both ask in each family, once it has been worked out: a line comes again and again. */
  ip4: Asked | undefined;
  ip6: Asked | undefined;
}

/** What a rule asks of a packet, and what of that a packet does not decide. */
export interface Asked {
  /** All of these together. */
  readonly conditions: readonly Condition[];
  readonly match: Extract<Step, { kind: 'match' }> | undefined;
  readonly unknowns: readonly Unknown[];
  /** The same words ask the same another time, too. */
  readonly lasting: boolean;
  /** The steps that were made of it last, and for which actions: rules of the same words share them. */
  actions: readonly Action[] | undefined;
  steps: readonly Step[] | undefined;
}

export type Extracted = (RuleParts & { readonly kind: 'rule' }) | { readonly kind: 'lost'; readonly reason: string };

interface OpenExtension {
  readonly name: string;
  readonly known: boolean;
  readonly arity: OptionArity | undefined;
  readonly options: OptionUse[];
}

/** The extension that iptables loads by itself for `-p tcp --dport …`. */
const protocolExtensions: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  50: 'esp',
  51: 'ah',
  58: 'icmp6',
  108: 'ipcomp',
  132: 'sctp',
  135: 'mh',
  136: 'udplite',
};

const ignoredOptions: ReadonlySet<string> = new Set(
  'table numeric verbose exact line-numbers wait modprobe set-counters'.split(' '),
);

/**
 * Reads the words behind `-A CHAIN`, or those behind the leads, and says why where they are no rule. `!` may stand before an option or, as iptables wrote until 1.4.2, before its
 * value. An option belongs to the extension loaded last that has one of that name; one that nobody has belongs, not
 * understood, to the extension loaded last.
 */
export function extractTail(words: readonly Word[]): Tail | string {
  const core: OptionUse[] = [];
  const opened: Opened = { loaded: [], matches: [] };
  let target: (OpenExtension & { goto: boolean }) | undefined;
  let at = 0;

  while (at < words.length) {
    let inverted = false;
    while (isBang(words[at])) {
      inverted = !inverted;
      at++;
    }
    const word = words[at];
    if (!word || !isOption(word)) return word ? `a word without an option: ${word.text}` : 'the rule ends with !';
    at++;
    const { option, attached } = optionOf(word.text);
    const owner = ownerOf(option, opened, core);
    if (isBang(words[at]) && (owner.arity === undefined || owner.arity > 0)) {
      // The old place of the negation, `-s ! 192.0.2.1`; it is the next option's where this one takes no word.
      if (!isOption(words[at + 1])) {
        inverted = !inverted;
        at++;
      }
    }
    const from = at;
    if (owner.arity === undefined) while (at < words.length && !isBang(words[at]) && !isOption(words[at])) at++;
    else at = Math.min(words.length, at + Math.max(0, owner.arity - (attached === undefined ? 0 : 1)));
    const values = valuesOf(attached, words, from, at);
    if (owner.arity !== undefined && values.length < owner.arity) return `${word.text} lacks its value`;

    if (owner.kind === 'extension') {
      owner.extension.options.push({ name: owner.name, inverted, values, known: owner.arity !== undefined });
    } else if (owner.kind === 'nobody') {
      return `an option that is not known here: ${word.text}`;
    } else if (owner.name === 'match') {
      openMatch(values[0]!, opened);
    } else if (owner.name === 'jump' || owner.name === 'goto') {
      if (target) return 'two targets in one rule';
      target = Object.assign(open(values[0]!, targetTable, opened), { goto: owner.name === 'goto' });
    } else if (!ignoredOptions.has(owner.name)) {
      core.push({ name: owner.name, inverted, values, known: true });
    }
  }
  const tail: Tail = { core: core.slice(), matches: opened.matches.map(close), ip4: undefined, ip6: undefined };
  return target ? { ...tail, target: { ...close(target), goto: target.goto } } : tail;
}

const none: readonly string[] = [];

/** No larger than it must be: of many rules a hundred thousand of these may be kept. */
function valuesOf(attached: string | undefined, words: readonly Word[], from: number, to: number): readonly string[] {
  if (attached === undefined && to - from === 1) return [words[from]!.text];
  const values = words.slice(from, to).map(({ text }) => text);
  if (attached !== undefined) return values.length === 0 ? [attached] : [attached, ...values];
  return values.length === 0 ? none : values;
}

const optionName = /^-{1,2}[A-Za-z0-9]/;

function isOption(word: Word | undefined): boolean {
  return word !== undefined && !word.quoted && word.text.startsWith('-') && optionName.test(word.text);
}

function isBang(word: Word | undefined): boolean {
  return word !== undefined && !word.quoted && word.text === '!';
}

/** What of a rule is open so far; the extension loaded last comes first. */
interface Opened {
  readonly loaded: OpenExtension[];
  readonly matches: OpenExtension[];
}

function open(name: string, table: ReadonlyMap<string, OptionArity>, { loaded }: Opened): OpenExtension {
  const arity = table.get(name);
  const extension = { name, known: arity !== undefined, arity, options: [] };
  loaded.unshift(extension);
  return extension;
}

const matchTable: ReadonlyMap<string, OptionArity> = new Map(Object.entries(matchOptions));
const targetTable: ReadonlyMap<string, OptionArity> = new Map(Object.entries(targetOptions));

function openMatch(name: string, opened: Opened): OpenExtension {
  const extension = open(name === 'icmpv6' ? 'icmp6' : name, matchTable, opened);
  opened.matches.push(extension);
  return extension;
}

function close({ name, known, options }: OpenExtension): Extension {
  return { name, known, options: options.slice() };
}

/** `-s`, `-s192.0.2.1`, `--source`, `--source=192.0.2.1`. */
function optionOf(text: string): { readonly option: string; readonly attached: string | undefined } {
  if (text.startsWith('--')) {
    const equals = text.indexOf('=');
    return equals < 0
      ? { option: text.slice(2), attached: undefined }
      : { option: text.slice(2, equals), attached: text.slice(equals + 1) };
  }
  const letter = text[1]!;
  return {
    option: Object.hasOwn(shortOptions, letter) ? shortOptions[letter]! : `-${letter}`,
    attached: text.length > 2 ? text.slice(2) : undefined,
  };
}

type Owner =
  | { readonly kind: 'core' | 'nobody'; readonly name: string; readonly arity: number | undefined }
  | {
      readonly kind: 'extension';
      readonly extension: OpenExtension;
      readonly name: string;
      readonly arity: number | undefined;
    };

function canonical(name: string): string {
  return Object.hasOwn(optionAliases, name) ? optionAliases[name]! : name;
}

/** `-w` and `-v` stand alone here; xtables-restore takes no waiting time in a rule. */
const coreOwners: ReadonlyMap<string, Owner> = new Map(
  Object.entries(coreOptions).map(([name, arity]) => [name, { kind: 'core', name: canonical(name), arity }]),
);

function within(extension: OpenExtension, name: string): Owner {
  return { kind: 'extension', extension, name: canonical(name), arity: extension.arity?.[name] };
}

function ownerOf(option: string, opened: Opened, core: readonly OptionUse[]): Owner {
  const own = coreOwners.get(option);
  if (own) return own;
  const { loaded } = opened;
  for (const extension of loaded) {
    if (extension.arity && Object.hasOwn(extension.arity, option)) return within(extension, option);
  }
  const implicit = implicitExtension(core, loaded);
  if (implicit && Object.hasOwn(matchOptions[implicit]!, option)) return within(openMatch(implicit, opened), option);

  // getopt_long(3) accepts an unambiguous beginning of a name; `--mac` and `--proto` are seen in old files.
  for (const extension of loaded) {
    const names = Object.keys(extension.arity ?? {}).filter((name) => name.startsWith(option));
    if (names.length === 1 && option.length >= 3) return within(extension, names[0]!);
  }
  const names = Object.keys(coreOptions).filter((name) => name.startsWith(option));
  if (names.length === 1 && option.length >= 3) return coreOwners.get(names[0]!)!;
  const last = loaded[0];
  if (last && !option.startsWith('-')) return { kind: 'extension', extension: last, name: option, arity: undefined };
  return { kind: 'nobody', name: option, arity: undefined };
}

function implicitExtension(core: readonly OptionUse[], loaded: readonly OpenExtension[]): string | undefined {
  const protocol = core.find(({ name, inverted }) => name === 'protocol' && !inverted)?.values[0]?.toLowerCase();
  if (protocol === undefined) return undefined;
  const number = /^\d+$/.test(protocol)
    ? Number(protocol)
    : Object.hasOwn(protocolNumbers, protocol)
      ? protocolNumbers[protocol]!
      : -1;
  const name = protocolExtensions[number];
  return name === undefined || loaded.some((extension) => extension.name === name) ? undefined : name;
}
