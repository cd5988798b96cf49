import { all, any, type Condition, not, type Origin } from '../../model/index.js';
import { wordsOf } from './answer.js';
import { addressCondition, type Library, names, oneOf, portCondition, protocolOf, unknown } from './library.js';
import { refuse } from './understood.js';

/** One side of a rule: whom, through which interface, by which port. */
export interface Side {
  readonly targets: string;
  readonly ports?: string;
  readonly interfaces?: string;
  /** Users, reputation, countries and the like: conditions that a packet does not decide. */
  readonly others: readonly string[];
}

export type Verb = 'pass' | 'block' | 'reset' | 'log' | 'decrypt' | 'deleg' | 'nat';

/** What a translation makes of a side; undefined: it stays (`original`). */
export interface Translated {
  readonly target?: string;
  readonly ports?: string;
}

export interface RuleText {
  readonly isOff: boolean;
  readonly verb: Verb;
  readonly protocol?: string;
  readonly icmp?: { readonly type?: number; readonly code?: number };
  /** Conditions of the whole rule that a packet does not decide, in the rule's words. */
  readonly conditions: readonly string[];
  /** Of these the answer changes from packet to packet. */
  readonly rates: readonly string[];
  /** What the firewall looks into and may stop besides: proxies and filters of content. */
  readonly contentFilters: readonly string[];
  /** `firewall`, `ids` or `ips`, where the rule says so: how closely connections are looked at. */
  readonly inspection?: string;
  /** What it meets is written to a log. */
  readonly logs?: true;
  readonly from: Side;
  readonly to: Side;
  readonly translated?: { readonly source: Translated; readonly destination: Translated };
  /** The line was not understood: what it asks for is unknown. */
  readonly isLost?: true;
}

/** A rule that was read, and where it stands. */
export interface Read {
  readonly rule: RuleText;
  readonly origin: Origin;
  readonly remark?: string;
}

const verbs = new Set<string>(['pass', 'block', 'reset', 'log', 'decrypt', 'deleg', 'nat']);
/** Words that stand alone and change nothing of what is let through. */
const alone = /^(?:minor|major|count|ipstate|synproxy|nolog|noconnlog|before-vpn)$/;
/** Words that are followed by one more, and change nothing of what is let through. */
const withValue = /^(?:settos|qos|ackqos|qosfairness|route|asq|securityinspection|noconnlog|name|rulename|config)$/;
const content =
  /^(?:(?:url|mail|ssl|ftp)filtering(?::\d+)?|antispam|antivirus|sandboxing)(?:,(?:(?:url|mail|ssl|ftp)filtering(?::\d+)?|antispam|antivirus|sandboxing))*$/;

interface Draft {
  verb: Verb;
  isOff: boolean;
  protocol?: string;
  type?: number;
  code?: number;
  conditions: string[];
  rates: string[];
  contentFilters: string[];
  inspection?: string;
  logs?: true;
}

interface Words {
  peek(): string | undefined;
  take(what: string): string;
  took(word: string): boolean;
}

function reading(all: readonly string[]): Words {
  let at = 0;
  return {
    peek: () => all[at],
    take: (what) => all[at++] ?? refuse(`${what} is missing`),
    took(word) {
      if (all[at] !== word) return false;
      at += 1;
      return true;
    },
  };
}

/**
 * `[off] VERB [options] from SIDE to SIDE [-> from X port P to Y port Q]`, as serverd lists it and the files of the
 * slots have it. An unknown word is refused: it may narrow the rule or widen it.
 */
export function readRule(text: string): RuleText {
  const words = reading(wordsOf(text));
  const isOff = words.took('off');
  const verb = words.take('the action');
  if (!verbs.has(verb)) return refuse(`${verb} is not an action`);
  const draft: Draft = { verb: verb as Verb, isOff, conditions: [], rates: [], contentFilters: [] };
  while (words.peek() !== 'from') takeOption(words, draft);
  words.take('from');
  const from = takeSide(words, 'to');
  if (!words.took('to')) return refuse('“to” is expected');
  const to = takeSide(words, '->');
  const translated = words.took('->') ? takeTranslation(words) : undefined;
  if (words.peek() !== undefined) return refuse(`${words.peek()} is not expected here`);
  if ((draft.verb === 'nat') !== (translated !== undefined)) return refuse('a translation needs “nat” and “->”');
  return {
    isOff,
    verb: draft.verb,
    ...(draft.protocol !== undefined && { protocol: draft.protocol }),
    ...((draft.type !== undefined || draft.code !== undefined) && {
      icmp: {
        ...(draft.type !== undefined && { type: draft.type }),
        ...(draft.code !== undefined && { code: draft.code }),
      },
    }),
    conditions: draft.conditions,
    rates: draft.rates,
    contentFilters: draft.contentFilters,
    ...(draft.inspection !== undefined && { inspection: draft.inspection }),
    ...(draft.logs && { logs: true as const }),
    from,
    to,
    ...(translated && { translated }),
  };
}

function takeOption(words: Words, draft: Draft): void {
  const word = words.take('“from”');
  if (word === 'ipproto') draft.protocol = words.take('the protocol');
  else if (word === 'type') draft.type = smallNumber(words.take('the ICMP type'));
  else if (word === 'code') draft.code = smallNumber(words.take('the ICMP code'));
  else if (word === 'proto') takeApplication(words.take('the application protocol'), draft);
  else if (word === 'tos' || word === 'time' || word === 'schedule')
    draft.conditions.push(`${word} ${words.take(`the value of ${word}`)}`);
  else if (word === 'rate') draft.rates.push(`rate ${words.take('the rate')}`);
  else if (content.test(word)) draft.contentFilters.push(word);
  else if (word === 'log') draft.logs = true;
  else if (inspections.test(word)) draft.inspection = word;
  else if (word === 'inspection') draft.inspection = inspectionOf(words.take('the kind of inspection'));
  else if (withValue.test(word)) plain(words.take(`the value of ${word}`));
  else if (!alone.test(word)) refuse(`${word} is not known`);
}

const inspections = /^(?:firewall|ids|ips)$/;

function inspectionOf(word: string): string {
  return inspections.test(word) ? word : refuse(`${word} is not a kind of inspection`);
}

function plain(word: string): void {
  if (!/^(?:"[^"]*"|[\w.:,%/-]+)$/.test(word)) refuse(`${word} is not expected here`);
}

/** `none`: nothing is recognised, every packet of the rule is meant. */
function takeApplication(word: string, draft: Draft): void {
  if (word === 'none' || word === 'auto') return;
  if (/^(?:tcp|udp|sctp|icmp)$/.test(word)) draft.protocol = word;
  else draft.conditions.push(`proto ${word}`);
}

function smallNumber(word: string): number {
  const value = Number(word);
  return /^\d{1,3}$/.test(word) && value <= 255 ? value : refuse(`${word} is not a number up to 255`);
}

/** Words behind a side's addresses that are followed by one more, and that a packet does not decide. */
const sideConditions = /^(?:domain|method|geo|iprep|hostrep|via|group|user)$/;

function takeSide(words: Words, until: string): Side {
  const first = words.take('whom it concerns');
  const others: string[] = [];
  let targets = first;
  // group="ruser"@Network_lan, user="x"@any: who, and from where.
  const who = /^(?<who>!?(?:group|user)=(?:"[^"]*"|[^@]*))@(?<where>.+)$/.exec(first)?.groups;
  if (who) {
    others.push(who.who!);
    targets = who.where!;
  }
  let ports: string | undefined;
  let interfaces: string | undefined;
  for (let word = words.peek(); word !== undefined && word !== until; word = words.peek()) {
    words.take('');
    if (word === 'port') ports = words.take('the port');
    else if (word === 'on') interfaces = words.take('the interface');
    else if (sideConditions.test(word)) others.push(`${word} ${words.take(`the value of ${word}`)}`);
    else refuse(`${word} is not expected here`);
  }
  return { targets, ...(ports !== undefined && { ports }), ...(interfaces !== undefined && { interfaces }), others };
}

function takeTranslation(words: Words): { readonly source: Translated; readonly destination: Translated } {
  if (!words.took('from')) return refuse('“from” is expected behind ->');
  const source = takeTranslated(words, 'to');
  if (!words.took('to')) return refuse('“to” is expected behind ->');
  return { source, destination: takeTranslated(words, undefined) };
}

function takeTranslated(words: Words, until: string | undefined): Translated {
  const target = words.take('the new address');
  let ports: string | undefined;
  for (let word = words.peek(); word !== undefined && word !== until; word = words.peek()) {
    words.take('');
    if (word === 'port') ports = words.take('the new port');
    // How an address of several is chosen; whether the firewall answers ARP for it.
    else if (word === 'lb' || word === 'loadbalancing') words.take('how it is balanced');
    else if (word !== 'arp' && word !== 'random') refuse(`${word} is not expected here`);
  }
  return {
    ...(target !== 'original' && { target }),
    ...(ports !== undefined && ports !== 'original' && { ports }),
  };
}

/** What a rule asks of a packet; `original`: of what it came with, as filter rules do (filtering before translation). */
export function ruleCondition(
  rule: RuleText,
  library: Library,
  options: { readonly original: boolean; readonly withOut?: boolean },
): Condition {
  if (rule.isLost) return unknown(rule.conditions.join(' '), true);
  const parts: Condition[] = [];
  if (rule.protocol !== undefined && rule.protocol !== 'any') parts.push(protocolCondition(rule.protocol, library));
  if (rule.icmp) parts.push(icmpCondition(rule.protocol, rule.icmp));
  parts.push(...sideCondition('source', rule.from, library, false));
  parts.push(...sideCondition('destination', rule.to, library, options.original));
  if (rule.from.interfaces !== undefined) parts.push(interfaceCondition('inInterface', rule.from.interfaces, library));
  if (rule.to.interfaces !== undefined && options.withOut !== false)
    parts.push(interfaceCondition('outInterface', rule.to.interfaces, library));
  for (const text of rule.conditions) parts.push(timeOrOther(text, library));
  for (const text of rule.rates) parts.push({ ...unknown(text), stateful: true });
  return all(...parts.filter((part) => part.kind !== 'all' || part.of.length > 0));
}

/** A time object is what it says, not its name: one that was edited is another condition. */
function timeOrOther(text: string, library: Library): Condition {
  const object = /^(?:time|schedule) "?(?<name>[^"]+)"?$/.exec(text)?.groups?.name?.toLowerCase();
  const said = object === undefined ? undefined : library.times.get(object);
  return unknown(said === undefined ? text : `${text} (${said.trim()})`);
}

function protocolCondition(word: string, library: Library): Condition {
  const numbers = names(word).names.map((name) => protocolOf(name, library) ?? refuse(`${name} is not a protocol`));
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const condition = any(...sorted.map((number): Condition => ({ kind: 'protocol', protocols: [number, number] })));
  return word.startsWith('!') ? not(condition) : condition;
}

function icmpCondition(
  protocol: string | undefined,
  { type, code }: { readonly type?: number; readonly code?: number },
): Condition {
  if (protocol === undefined || !/^(?:icmp|icmpv6|ipv6-icmp|1|58)$/i.test(protocol))
    return refuse('a type and a code belong to ICMP');
  if (type === undefined) return refuse('a code needs a type');
  return {
    kind: 'icmp',
    typeCodes: code === undefined ? [type * 256, type * 256 + 255] : [type * 256 + code, type * 256 + code],
  };
}

function sideCondition(
  side: 'source' | 'destination',
  { targets, ports, others }: Side,
  library: Library,
  isOriginal: boolean,
): readonly Condition[] {
  const asked = { side, ...(isOriginal && { original: true as const }) };
  const parts: Condition[] = [oneOf(targets, (name) => addressCondition(asked, name, library))];
  if (ports !== undefined && ports !== 'any')
    parts.push(oneOf(ports, (name) => portCondition(side, name, library, isOriginal)));
  for (const text of others) parts.push(unknown(`${side === 'source' ? 'from' : 'to'} ${text}`));
  return parts;
}

/** Interfaces that no part of a configuration describes: tunnels of the firewall itself. */
const tunnels = /^(?:ipsec|sslvpn(?:_udp)?|pptp|loopback\d*)$/i;

function interfaceCondition(kind: 'inInterface' | 'outInterface', word: string, library: Library): Condition {
  const { isNegated, names: all } = names(word);
  if (all.includes('any')) return { kind: 'all', of: [] };
  for (const name of all) {
    const isThere = library.interfaces?.some((one) => one.name.toLowerCase() === name.toLowerCase()) ?? true;
    if (!isThere && !tunnels.test(name)) library.missing.add(`the interface ${name}`);
  }
  const condition: Condition = { kind, names: all };
  return isNegated ? not(condition) : condition;
}

export function isExact(condition: Condition): boolean {
  if (condition.kind === 'unknown') return false;
  if (condition.kind === 'not') return isExact(condition.of);
  return condition.kind === 'all' || condition.kind === 'any' ? condition.of.every(isExact) : true;
}
