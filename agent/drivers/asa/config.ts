import type { LineState } from '../../model/index.js';
import type { Section } from '../contract.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { type Entry, entryOf, kindOf } from './access-list.js';
import { NotUnderstood } from './cursor.js';
import { type Interface, readInterface } from './interfaces.js';
import { isIrrelevant } from './irrelevant.js';
import type { GroupKind, Library } from './library.js';
import { isComment, isFreeText, type Line, parse, withDescendants } from './parse.js';
import { takesForwardReferences } from './references.js';
import { readSwitch } from './switches.js';
import { anyIsBoth, isVersionLine, type Version, versionIn } from './version.js';

/** Where an access list is bound. */
export interface Binding {
  readonly list: string;
  readonly where: 'in' | 'out' | 'global' | 'control-plane';
  readonly interface?: string;
  readonly line: Line;
}

/** A configuration as its own nouns: what each line says, before anything is put together. */
export interface Config {
  readonly file: string;
  /** Before every name, where a capture holds several contexts: `web/`. */
  readonly prefix: string;
  readonly version?: Version;
  readonly library: Library;
  readonly interfaces: Interface[];
  /** Hardware that is shut down, and what is built upon it with it. */
  readonly shut: Map<string, Line>;
  readonly entries: Entry[];
  readonly bindings: Binding[];
  readonly sameSecurity: { inter?: Line; intra?: Line };
  readonly objectNats: { readonly object: string; readonly line: Line }[];
  readonly twiceNats: Line[];
  readonly management: Line[];
  readonly vpn: Line[];
  /** Class maps, policy maps and where they are applied. */
  readonly policies: Line[];
  /** Routes, administrators, logging: what is told and not filtered. */
  readonly told: Line[];
  tunnelsFiltered?: Line;
  tunnelsSeen: boolean;
  /** The interface whose address answers, for management, what comes in through a tunnel. */
  managementAccess?: string;
  transparent: boolean;
  readonly contexts: string[];
}

const transports: ReadonlySet<string> = new Set(['tcp', 'udp', 'tcp-udp', 'sctp']);

/** Commands of systems before 8.3, whose access lists speak of translated addresses. */
const beforeRealAddresses =
  /^(?:global \(|nat \([^,()]+\) \d|static \(|nat-control\b|conduit\b|outbound\b|apply \(|alias \(|fixup\b|established\b)/;

const groupKinds: ReadonlySet<string> = new Set<GroupKind>([
  'network',
  'service',
  'protocol',
  'icmp-type',
  'user',
  'security',
]);

const vpnCommands =
  /^(?:crypto|tunnel-group|tunnel-group-map|group-policy|webvpn|vpn-addr-assign|vpn-sessiondb|vpnclient|vpdn|vpn|vpnsetup|isakmp|vpn-framed|ip local pool|ipv6 local pool|ldap attribute-map|username \S+ attributes|dynamic-access-policy-record|aaa-server|group-url|tunnel-group-preference)\b/;
const toldCommands =
  /^(?:route|ipv6 route|username|logging|aaa|router|failover|snmp-server|ntp|route-map|cluster|policy-route|management-access)\b/;
const managementCommands = /^(?:http|ssh|telnet|icmp|ipv6 icmp|snmp-server host|dhcpd enable|ipv6 dhcp)\b/;

export interface ConfigOptions {
  /** Before every name: `web/`, or nothing. */
  readonly prefix: string;
  /** The version whose defaults are meant, if not that of the text. */
  readonly defaultsOf?: string;
}

export function readConfig(
  { name: file, text }: Pick<Section, 'name' | 'text'>,
  { prefix, defaultsOf }: ConfigOptions,
  coverage: CoverageBuilder,
): Config {
  const version = versionIn(text);
  const config: Config = {
    file,
    prefix,
    ...(version && { version }),
    library: {
      names: new Map(),
      networks: new Map(),
      services: new Map(),
      groups: new Map(),
      timeRanges: new Map(),
      interfaces: new Map(),
      anyIsBoth: anyIsBoth(defaultsOf ?? version?.stated),
      takesForwardReferences: takesForwardReferences(text),
      missing: new Set(),
      networkCache: new Map(),
      serviceCache: new Map(),
    },
    interfaces: [],
    shut: new Map(),
    entries: [],
    bindings: [],
    sameSecurity: {},
    objectNats: [],
    twiceNats: [],
    management: [],
    vpn: [],
    policies: [],
    told: [],
    tunnelsSeen: false,
    transparent: false,
    contexts: [],
  };
  const claim = (line: Line, state: LineState, reason?: string): void => {
    for (const one of withDescendants(line)) {
      const own = isComment(one.text) ? 'irrelevant' : state;
      coverage.mark(file, one.number, own, own === 'irrelevant' ? undefined : reason);
    }
  };
  for (const line of parse(text)) readTop(config, line, coverage, claim);
  return config;
}

export type Claim = (line: Line, state: LineState, reason?: string) => void;

/** Lines around a configuration: comments, what `show` prints before and after, the marks of other programs. */
function isFrame({ text }: Line): boolean {
  return (
    isComment(text) ||
    text.startsWith(':') ||
    isVersionLine(text) ||
    /^(?:Cryptochecksum:|\S+[>#]\s*$|--(?:ipv6\/)?(?:router|ipv6)?$|<--- More --->|\S*[>#] ?(?:show|sh|more) )/.test(
      text,
    )
  );
}

const strange = /[^\t\x20-\x7e]/;
/** Commands of which every word counts. */
const filters = /^(?:access-list|access-group|nat|object|object-group|interface|http|ssh|telnet|icmp|name) /;

/** Commands that have no submode: a line below one is out of place. */
const withoutSubmode =
  /^(?:access-list|access-group|nat|name|same-security-traffic|http|ssh|telnet|icmp|route|ipv6|no|names|mtu)\b/;

/** What filters, in a place where nothing that filters can stand: lines that ran together, or lost their place. */
const misplaced =
  /\S(?<![\s"'([{:;,=|-])(?:access-list \S+ (?:extended|standard|advanced|line) |access-group \S+ (?:in interface|out interface|global)|same-security-traffic permit |nat \([^ ()]+\) (?:source|after-auto|static|dynamic) |http server enable|(?:http|ssh|telnet) \d+\.\d+\.\d+\.\d+ \d|security-level \d|object network \S|object-group (?:network|service|protocol) \S)/;
const filtering =
  /^(?:access-list \S+ (?:extended|standard|advanced|line|permit|deny)|access-group \S+ (?:in|out|global)|same-security-traffic|object network|object-group (?:network|service|protocol|icmp-type)|nat \(|nameif|security-level)\b/;

function readTop(config: Config, line: Line, coverage: CoverageBuilder, claim: Claim): void {
  const lose = (reason: string): void => {
    claim(line, 'unrecognized', reason);
    coverage.lose(config.file, line.number, reason);
  };
  for (const one of withDescendants(line)) {
    const isBelow = one !== line && one.words[0] !== 'access-list' && !isComment(one.text);
    if (misplaced.test(one.text)) coverage.lose(config.file, one.number, 'two lines ran together');
    else if (isBelow && withoutSubmode.test(line.text))
      coverage.lose(config.file, one.number, 'nothing is expected below');
  }
  const { words, text } = line;
  if (isFrame(line)) {
    claim(line, 'irrelevant');
    for (const child of line.children.flatMap((one) => [...withDescendants(one)]))
      if (!isComment(child.text)) coverage.lose(config.file, child.number, 'nothing is expected below');
    return;
  }
  // A device has no other letters in its commands and in the names that they use.
  if (!/^[\w-]+$/.test(words[0]!)) {
    lose('this is not a command');
    return;
  }
  for (const one of withDescendants(line))
    if (strange.test(one.text) && filters.test(line.text) && !isFreeText(one.text))
      coverage.lose(config.file, one.number, 'a letter that no command has');
  if (readNoun(config, line, coverage, claim, lose)) return;
  if (readSwitch(config, line, claim, lose)) return;
  if (beforeRealAddresses.test(text)) {
    lose('a command of systems before 8.3, which is not read');
    return;
  }
  if (!isTold(config, line) && !isIrrelevant(words)) {
    lose('this command is not known');
    return;
  }
  claim(line, 'irrelevant');
  for (const child of line.children.flatMap((one) => [...withDescendants(one)]))
    if (filtering.test(child.text))
      coverage.lose(config.file, child.number, 'this line filters, and is not expected here');
}

/** Lines that are kept for what they tell, or for the services of the device itself. */
function isTold(config: Config, line: Line): boolean {
  const isOff = line.words[0] === 'no';
  const plain = isOff ? line.words.slice(1).join(' ') : line.text;
  const kept = (
    [
      [vpnCommands, config.vpn],
      [toldCommands, config.told],
      [managementCommands, config.management],
      [/^(?:class-map|policy-map|service-policy|tcp-map)\b/, config.policies],
    ] as const
  ).filter(([pattern]) => pattern.test(plain));
  if (!isOff) for (const [, lines] of kept) lines.push(line);
  return kept.length > 0;
}

/** Interfaces, names, objects, groups, lists and translations. True where the line is one of these. */
function readNoun(
  config: Config,
  line: Line,
  coverage: CoverageBuilder,
  claim: Claim,
  lose: (reason: string) => void,
): boolean {
  const { words, text } = line;
  const { library, file } = config;
  const [first, second, third] = words;
  switch (first) {
    case 'interface': {
      if (words.length !== 2 || !/^[A-Za-z][\w./:-]*$/.test(second ?? '')) {
        lose('the name of the hardware is expected');
        return true;
      }
      const { read, losses } = readInterface(line);
      const off = line.children.find((child) => child.text === 'shutdown');
      if (off) config.shut.set(second ?? '', off);
      claim(line, read ? 'modelled' : 'irrelevant');
      for (const loss of losses) coverage.lose(file, loss.line.number, loss.reason);
      if (read && config.interfaces.some(({ name }) => name === read.name))
        lose(`the name ${read.name} is there twice`);
      else if (read) config.interfaces.push(read);
      return true;
    }
    case 'name':
      if (second === undefined || third === undefined) lose('a name needs an address');
      else {
        library.names.set(third, second);
        claim(line, 'modelled');
      }
      return true;
    case 'object':
      readObject(config, line, claim, lose);
      return true;
    case 'object-group': {
      const [, kind, name, transport, more] = second === 'group' ? words.slice(1) : words;
      if (kind === undefined || name === undefined || !groupKinds.has(kind)) lose('this kind of group is not known');
      else if (more !== undefined || (transport !== undefined && !(kind === 'service' && transports.has(transport))))
        lose(`${more ?? transport} is not expected here`);
      else {
        const key = `${kind} ${name}`;
        const known = library.groups.get(key);
        if (known) addLines(known.lines, line.children);
        else
          library.groups.set(key, {
            kind: kind as GroupKind,
            name,
            lines: [...line.children],
            ...(transport !== undefined && { transport }),
          });
        claim(line, 'modelled');
      }
      return true;
    }
    case 'time-range':
      if (second === undefined) lose('its name is missing');
      else {
        const limits = line.children.filter((child) => !isComment(child.text)).map((child) => child.text);
        library.timeRanges.set(second, limits);
        claim(line, 'modelled');
      }
      return true;
    case 'access-list':
      if (isIrrelevant(words)) return false;
      readEntries(config, line, claim, lose);
      return true;
    case 'access-group':
      readBinding(config, line, claim, lose);
      return true;
    case 'nat':
      if (beforeRealAddresses.test(text)) return false;
      insertNat(config.twiceNats, line);
      claim(line, 'modelled');
      return true;
    default:
      return false;
  }
}

function readObject(config: Config, line: Line, claim: Claim, lose: (reason: string) => void): void {
  const [, kind, name, transport, more] = line.words;
  if (more !== undefined || (transport !== undefined && !(kind === 'service' && transports.has(transport)))) {
    lose(`${more ?? transport} is not expected here`);
    return;
  }
  if (name === undefined) {
    lose('its name is missing');
    return;
  }
  if (kind === 'network') {
    const known = config.library.networks.get(name) ?? { kind: 'network', name, lines: [] };
    config.library.networks.set(name, known);
    for (const child of line.children) {
      if (child.words[0] === 'nat') config.objectNats.push({ object: name, line: child });
      else addLines(known.lines, [child]);
    }
  } else if (kind === 'service') {
    const known = config.library.services.get(name) ?? { lines: [], ...(transport !== undefined && { transport }) };
    config.library.services.set(name, known);
    addLines(known.lines, line.children);
  } else {
    lose('this kind of object is not known');
    return;
  }
  claim(line, 'modelled');
}

/** A line that is there already says nothing new; an object that is written twice has the lines of both. */
function addLines(lines: Line[], more: readonly Line[]): void {
  const known = new Set(lines.map(({ text }) => text));
  for (const line of more) {
    if (known.has(line.text) && line.text !== '') continue;
    known.add(line.text);
    lines.push(line);
  }
}

/** `nat (a,b) 3 source …` puts a rule in the third place; a device prints them in their order, without numbers. */
function insertNat(nats: Line[], line: Line): void {
  const at = /^nat (?:\(\S+\) )?(?<at>\d+) source /.exec(line.text)?.groups?.at;
  if (at === undefined) nats.push(line);
  else nats.splice(Number(at) - 1, 0, line);
}

/** In `show access-list` an entry has its expansion below it, which is all there is of the objects that it names. */
function readEntries(config: Config, line: Line, claim: Claim, lose: (reason: string) => void): void {
  const expanded = line.children.filter((child) => child.words[0] === 'access-list');
  if (expanded.length > 0) {
    claim(line, 'irrelevant');
    for (const child of expanded) readEntries(config, { ...child, children: [] }, claim, lose);
    return;
  }
  try {
    const entry = entryOf(line);
    if (!entry) {
      claim(line, 'irrelevant');
      return;
    }
    claim(line, kindOf(entry) === 'rule' ? 'modelled' : 'irrelevant');
    if (kindOf(entry) !== 'remark') config.entries.push(entry);
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    lose(error.message);
  }
}

function readBinding(config: Config, line: Line, claim: Claim, lose: (reason: string) => void): void {
  const found =
    /^access-group (?<list>\S+) (?:(?<global>global)|(?<side>in|out) interface (?<name>\S+)(?: per-user-override)?(?<plane> control-plane)?)$/.exec(
      line.words.join(' '),
    )?.groups;
  if (!found) {
    lose('where the list is bound is not understood');
    return;
  }
  const where = found.global ? 'global' : found.plane ? 'control-plane' : (found.side as 'in' | 'out');
  if (config.bindings.some((other) => other.where === where && other.interface === found.name)) {
    lose('another list is bound in this place');
    return;
  }
  config.bindings.push({ list: found.list!, where, line, ...(found.name !== undefined && { interface: found.name }) });
  claim(line, 'modelled');
}
