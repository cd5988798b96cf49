import { all, type Condition, type Rule, type Step, type Unknown } from '../../model/index.js';
import { type Cursor, cursorOf, refuse } from './cursor.js';
import { absent, type Library, sideCondition, takeAddresses, unknown } from './library.js';
import type { Line } from './parse.js';
import {
  hasPorts,
  icmpGroup,
  isIcmpType,
  isOperator,
  portCondition,
  portGroup,
  protocolCondition,
  protocolsOf,
  serviceGroup,
  serviceObject,
  takeIcmp,
  takePorts,
} from './services.js';

/** One entry of an access list, as far as its list, its kind and its place go. */
export interface Entry {
  readonly list: string;
  readonly line: Line;
  readonly words: readonly string[];
  /** `line 3`, which only `show access-list` and a person who inserts one print. */
  readonly position?: number;
}

/** What `show access-list` adds behind an entry. */
const counted = /^\((?:hitcnt=|inactive\)|not)/;

export function entryOf(line: Line): Entry | undefined {
  const [, list, ...words] = line.words;
  if (list === undefined || list.endsWith(';')) return undefined;
  const end = words.findIndex((word) => counted.test(word));
  const own = end < 0 ? words : words.slice(0, end);
  if (own[0] !== 'line') return { list, line, words: own };
  if (!/^\d+$/.test(own[1] ?? '')) return refuse(`${own[1] ?? 'nothing'} is not the number of a line`);
  return { list, line, words: own.slice(2), position: Number(own[1]) };
}

/** What an entry lets pass, stops or says; the ends of entries that other drivers of packets judge. */
export type EntryKind = 'remark' | 'rule' | 'other';

export function kindOf({ words }: Entry): EntryKind {
  if (words[0] === 'remark') return 'remark';
  if (['ethertype', 'webtype', 'rename'].includes(words[0]!)) return 'other';
  return 'rule';
}

export interface Judged {
  readonly steps: readonly Step[];
  readonly disabled: boolean;
}

/** The steps of an entry. Throws `NotUnderstood` on words that it does not know. */
export function judgeEntry({ words }: Entry, library: Library): Judged {
  const cursor = cursorOf(words);
  const type = cursor.peek();
  if (type === 'standard') {
    cursor.take();
    return judgeStandard(cursor, library);
  }
  if (type === 'advanced') {
    cursor.take();
    return judgeAdvanced(cursor, library);
  }
  cursor.took('extended');
  const action = takeAction(cursor);
  const conditions = [takeTraffic(cursor, library)];
  const { disabled, timeRange } = takeTail(cursor, library);
  if (timeRange) conditions.push(timeRange);
  return { steps: [{ kind: 'match', condition: all(...conditions) }, { kind: action }], disabled };
}

function takeAction(cursor: Cursor): 'accept' | 'drop' {
  if (cursor.took('permit')) return 'accept';
  return cursor.took('deny') ? 'drop' : refuse(`${cursor.peek() ?? 'nothing'} is neither permit nor deny`);
}

/** A standard list has destinations only where it is bound to routes; as a filter of packets it tests the source. */
function judgeStandard(cursor: Cursor, library: Library): Judged {
  const action = takeAction(cursor);
  const source = takeAddresses(cursor, library);
  const { disabled } = takeTail(cursor, library);
  return { steps: [{ kind: 'match', condition: sideCondition('source', source) }, { kind: action }], disabled };
}

/**
 * Firepower's own entries: `trust` passes without inspection, `permit` passes what Snort lets through, `deny` stops.
 * Zones of Firepower stand as `ifc NAME`.
 */
function judgeAdvanced(cursor: Cursor, library: Library): Judged {
  const trusted = cursor.took('trust');
  const action = trusted ? 'accept' : takeAction(cursor);
  const condition = takeTraffic(cursor, library);
  const at = cursor.rest().indexOf('rule-id');
  const id = at < 0 ? '' : (cursor.rest()[at + 1] ?? '');
  while (cursor.peek() === 'rule-id' || cursor.peek() === 'event-log') {
    cursor.take();
    cursor.take() ?? refuse('a value is missing');
  }
  const { disabled, timeRange } = takeTail(cursor, library);
  const match: Step = { kind: 'match', condition: timeRange ? all(condition, timeRange) : condition };
  if (action === 'drop' || trusted) return { steps: [match, { kind: action }], disabled };
  const inspected = unknown(`Snort lets rule ${id || 'without a number'} pass`);
  const pass = { condition: inspected, actions: [{ kind: 'accept' as const }] };
  const stop = { condition: all(), actions: [{ kind: 'drop' as const }] };
  return { steps: [match, { kind: 'dispatch', cases: [pass, stop] }], disabled };
}

/** Protocol, who, source, ports, destination, ports or ICMP types. */
function takeTraffic(cursor: Cursor, library: Library): Condition {
  const parts: Condition[] = [];
  const word = cursor.take() ?? refuse('the protocol is missing');
  let number: number | undefined;
  let mayHavePorts = true;
  let mayBeIcmp = true;
  if (word === 'object') parts.push(serviceObject(cursor.take() ?? refuse('the object is missing'), library));
  else if (word === 'object-group') parts.push(serviceGroup(cursor.take() ?? refuse('the group is missing'), library));
  else {
    const protocols = protocolsOf(word);
    parts.push(protocolCondition(protocols));
    mayHavePorts = protocols !== undefined && hasPorts(protocols);
    number = protocols?.length === 2 && protocols[0] === protocols[1] ? protocols[0] : undefined;
    mayBeIcmp = number === 1 || number === 58;
  }
  parts.push(...takeSubjects(cursor, 'source', library));
  parts.push(sideCondition('source', takePlace(cursor, library, 'source', parts)));
  if (mayHavePorts) {
    const group = isPortGroup(cursor, library) ? cursor.peek(1) : undefined;
    if (group !== undefined) {
      cursor.take();
      cursor.take();
      parts.push(portGroup('source', group, library));
    } else if (isOperator(cursor)) parts.push(portCondition('source', takePorts(cursor)));
  }
  parts.push(...takeSubjects(cursor, 'destination', library));
  parts.push(sideCondition('destination', takePlace(cursor, library, 'destination', parts)));
  parts.push(...takeService(cursor, library, { number, mayHavePorts, mayBeIcmp }));
  return all(...parts.filter((part) => part.kind !== 'all' || part.of.length > 0));
}

/** Firepower prints `ifc NAME` before an address: the interface on that side. */
function takePlace(
  cursor: Cursor,
  library: Library,
  side: 'source' | 'destination',
  parts: Condition[],
): ReturnType<typeof takeAddresses> {
  if (cursor.took('ifc')) {
    const name = cursor.take() ?? refuse('the interface is missing');
    parts.push({ kind: side === 'source' ? 'inInterface' : 'outInterface', names: [name] });
  }
  return takeAddresses(cursor, library);
}

/** After the source, `object-group` is a group of ports where there is one of that name and no network group. */
function isPortGroup(cursor: Cursor, library: Library): boolean {
  const name = cursor.peek() === 'object-group' ? cursor.peek(1) : undefined;
  if (name === undefined || library.groups.has(`network ${name}`)) return false;
  if (library.groups.has(`service ${name}`)) return true;
  return false;
}

/** What stands behind the destination: ports, a group of ports or services, or ICMP types. */
function takeService(
  cursor: Cursor,
  library: Library,
  { number, mayHavePorts, mayBeIcmp }: { number: number | undefined; mayHavePorts: boolean; mayBeIcmp: boolean },
): readonly Condition[] {
  const word = cursor.peek();
  if (word === 'object-group') {
    const name = cursor.peek(1) ?? refuse('the group is missing');
    cursor.take();
    cursor.take();
    if (mayBeIcmp && library.groups.has(`icmp-type ${name}`)) return [icmpGroup(name, library)];
    if (mayHavePorts) return [portGroup('destination', name, library)];
    if (mayBeIcmp) return [icmpGroup(name, library)];
    return [serviceGroup(name, library)];
  }
  if (word === 'object') {
    cursor.take();
    return [serviceObject(cursor.take() ?? refuse('the object is missing'), library)];
  }
  if (mayHavePorts && isOperator(cursor)) return [portCondition('destination', takePorts(cursor))];
  if (number !== undefined && mayBeIcmp && isIcmpType(word, number)) return [takeIcmp(cursor, number)];
  return [];
}

/** Users and security groups: no packet shows them. */
function takeSubjects(cursor: Cursor, side: 'source' | 'destination', library: Library): readonly Condition[] {
  const out: Unknown[] = [];
  for (;;) {
    const word = cursor.peek();
    if (word === 'user' || word === 'user-group') {
      cursor.take();
      out.push(unknown(`the user is ${word} ${cursor.take() ?? refuse('the user is missing')}`));
    } else if (word === 'object-group-user') {
      cursor.take();
      out.push(groupUnknown('user', cursor.take() ?? refuse('the group is missing'), library));
    } else if (word === 'security-group') {
      cursor.take();
      const by = cursor.take();
      if (by !== 'name' && by !== 'tag') return refuse('name or tag is expected behind security-group');
      out.push(unknown(`the ${side} is of the security group ${by} ${cursor.take() ?? refuse('it is missing')}`));
    } else if (word === 'object-group-security') {
      cursor.take();
      const group = groupUnknown('security', cursor.take() ?? refuse('the group is missing'), library);
      out.push({ ...group, id: `${side} ${group.id}`, text: `the ${side}: ${group.text}` });
    } else return out;
  }
}

/** A group that no packet shows, by its content: a changed group is another question. */
function groupUnknown(kind: 'user' | 'security', name: string, library: Library): Unknown {
  const content = groupContent(kind, name, library, new Set());
  return content === undefined
    ? absent(library, `object-group ${kind} ${name}`)
    : unknown(`one of ${content.join('; ')}`);
}

function groupContent(
  kind: 'user' | 'security',
  name: string,
  library: Library,
  seen: Set<string>,
): readonly string[] | undefined {
  const group = library.groups.get(`${kind} ${name}`);
  if (!group) return undefined;
  if (seen.has(name)) return [];
  seen.add(name);
  const members = group.lines.flatMap(({ words, text }) => {
    if (words[0] === 'description' || words[0]?.startsWith('!')) return [];
    if (words[0] !== 'group-object') return [text];
    return groupContent(kind, words[1] ?? '', library, seen) ?? [`group ${words[1]}, which is not in this capture`];
  });
  return [...new Set(members)].sort();
}

const logLevels =
  /^(?:[0-7]|emergencies|alerts|critical|errors|warnings|notifications|informational|debugging|disable|default)$/;

/** `log …`, `time-range …`, `inactive`, in this order on a device and in any order here. */
function takeTail(cursor: Cursor, library: Library): { readonly disabled: boolean; readonly timeRange?: Condition } {
  let disabled = false;
  let timeRange: Condition | undefined;
  for (let word = cursor.take(); word !== undefined; word = cursor.take()) {
    if (word === 'log') {
      if (logLevels.test(cursor.peek() ?? '')) cursor.take();
      if (cursor.took('interval') && !/^\d+$/.test(cursor.take() ?? '')) return refuse('the interval is not a number');
    } else if (word === 'inactive') disabled = true;
    else if (word === 'time-range') timeRange = timeCondition(cursor.take() ?? refuse('its name is missing'), library);
    else return refuse(`${word} is not expected here`);
  }
  return { disabled, ...(timeRange && { timeRange }) };
}

function timeCondition(name: string, library: Library): Condition {
  const lines = library.timeRanges.get(name);
  if (!lines) return absent(library, `time-range ${name}`);
  // A time range without limits always holds.
  return lines.length === 0 ? all() : unknown(`the time is within ${[...lines].sort().join('; ')}`);
}

/** A rule whose words are not understood: it may match or not, and do either. */
export function opaqueStep(text: string): Step {
  return { kind: 'opaque', unknown: { kind: 'unknown', id: `asa ${text}`, text, unrecognized: true } };
}

export function ruleOf(entry: Entry, file: string, place: number, steps: readonly Step[], disabled: boolean): Rule {
  const { list, line, position } = entry;
  const end = line.words.findIndex((word) => counted.test(word));
  const text = (end < 0 ? line.words : line.words.slice(0, end)).join(' ');
  return {
    origin: { file, line: line.number, rule: `access-list ${list} line ${position ?? place}`, text },
    steps,
    ...(disabled && { disabled }),
  };
}

/** Every unknown within steps. */
export function unknownsIn(steps: readonly Step[]): readonly Unknown[] {
  return steps.flatMap((step) => {
    if (step.kind === 'match') return unknownsOf(step.condition);
    if (step.kind === 'dispatch') return step.cases.flatMap(({ condition }) => unknownsOf(condition));
    return step.kind === 'opaque' ? [step.unknown] : [];
  });
}

export function unknownsOf(condition: Condition): readonly Unknown[] {
  if (condition.kind === 'unknown') return [condition];
  if (condition.kind === 'not') return unknownsOf(condition.of);
  return condition.kind === 'all' || condition.kind === 'any' ? condition.of.flatMap(unknownsOf) : [];
}
