import { type Bound, type Intervals, ranges } from '../lib/intervals.js';
import type { Family, Pipeline, Rule } from '../model/index.js';
import { LAST_IP4, LAST_IP6, NO_FRAME } from '../model/index.js';
import type { LooseBox } from './care.js';
import { packetBoxOf } from './care-box.js';

import { evaluate } from './evaluate.js';
import { contentText, digest } from './identity.js';
import type { Comparison, Edit, FlowSet, Opening, PacketExample } from './opening.js';
import { permitOf } from './openings.js';
import type { Question } from './question.js';
import { type Trace, type TracedPacket, tracePacket } from './trace.js';
import type { PacketField } from './universe.js';
import { type Decider, startEnv } from './walk.js';

/** How many packets of a rule are tried for a witness, and how many rules are told one by one. */
const TRIES_MAX = 300;
const TRIES_MIN = 4;
const RULES_MAX = 500;
/** Rules that are walked over in all: a second or two, on top of the budget that is spent already. */
const STEPS_MAX = 3_000_000;

interface Candidate {
  readonly box: LooseBox;
  readonly edit?: Edit;
  readonly rule?: Rule;
}

/**
 * The answer where the exact one does not fit the budget: for each edited rule the box it can touch at most, whether a
 * packet was found in it that fares differently, and which. Nothing is left out: what is not proved is possible.
 */
export function boundedOpenings(question: Question, reason: string): Comparison {
  const words = `not listed exactly: ${reason}`;
  const all = candidatesOf(question);
  const some = all.slice(0, RULES_MAX);
  const rules = question.now.pipeline.lists.reduce((sum, list) => sum + list.rules.length, 1);
  const tries = Math.min(TRIES_MAX, Math.max(TRIES_MIN, Math.floor(STEPS_MAX / (rules * Math.max(1, some.length)))));
  const undeclared: Opening[] = [];
  const closed: Opening[] = [];
  for (const candidate of some) {
    const found = tryPackets(question, candidate, tries);
    const told = (side: 'now' | 'other', packet: TracedPacket | undefined, trace: Trace | undefined): Opening =>
      openingOf({ question, candidate, side, packet, trace, reason: words });
    if (found.opened) undeclared.push(told('now', found.opened.packet, found.opened.trace));
    if (found.closed && question.options.withClosed)
      closed.push(told('other', found.closed.packet, found.closed.trace));
    if (!found.opened && !found.closed) undeclared.push(told('now', undefined, undefined));
  }
  const rest = all.length > RULES_MAX ? [`${all.length - RULES_MAX} more rules are not told one by one`] : [];
  return { undeclared, declared: [], closed, complete: false, reasons: [words, ...rest] };
}

function candidatesOf({ edits, care, now, other }: Question): readonly Candidate[] {
  const everything: LooseBox = { fields: new Map(), names: new Map() };
  if (!edits || !other) {
    return now.pipeline.lists.flatMap((list) =>
      list.rules.flatMap((rule) => {
        const box = permits(rule) ? now.boxes.of(rule, list.id) : undefined;
        return box ? [{ box, rule }] : [];
      }),
    );
  }
  const found = edits.rules.flatMap(({ rule, list, pipeline }): Candidate[] => {
    const box = (pipeline === 'now' ? now : other).boxes.of(rule, list.id);
    const edit = pipeline === 'now' ? edits.ofNow(rule) : edits.ofBefore(rule);
    // A changed rule is told once, as it is now.
    if (!box || (pipeline === 'before' && edit && (edit.edit === 'changed' || edit.edit === 'object'))) return [];
    return [{ box, rule, ...(edit && { edit }) }];
  });
  const whole = edits.all.find((edit) => edit.edit === 'policy' || edit.edit === 'flushed');
  return care === 'everything' ? [{ box: everything, ...(whole && { edit: whole }) }, ...found] : found;
}

function permits(rule: Rule): boolean {
  return rule.steps.some(
    (step) =>
      step.kind === 'accept' ||
      step.kind === 'nat' ||
      (step.kind === 'dispatch' && step.cases.some(({ actions }) => actions.some(({ kind }) => kind === 'accept'))),
  );
}

interface Found {
  readonly opened?: { readonly packet: TracedPacket; readonly trace: Trace };
  readonly closed?: { readonly packet: TracedPacket; readonly trace: Trace };
}

function tryPackets(question: Question, { box }: Candidate, tries: number): Found {
  const { now, other, direction } = question;
  let found: Found = {};
  let tried = 0;
  for (const packet of samples(question, box)) {
    if (tried++ >= tries) break;
    if (isOutside(question, packet)) continue;
    const trace = (pipeline: Pipeline): Trace => tracePacket({ pipeline, direction, packet });
    const here = trace(now.pipeline);
    const there = other && trace(other.pipeline);
    if (here.verdict === 'allow' && there?.verdict !== 'allow' && there?.verdict !== 'undecided') {
      found = { opened: { packet, trace: here }, ...found };
    }
    if (there?.verdict === 'allow' && here.verdict === 'deny') found = { closed: { packet, trace: there }, ...found };
    if (found.opened && (found.closed || !question.options.withClosed)) break;
  }
  return found;
}

/** What is declared, or not asked about, is no witness. */
function isOutside({ now, direction, options }: Question, packet: TracedPacket): boolean {
  const holds = ({ condition, direction: own }: FlowSet): boolean =>
    own === direction && evaluate({ pipeline: now.pipeline, direction, packet }, condition, startEnv(true)) === true;
  return (options.flows ?? []).some(holds) || (options.within !== undefined && !options.within.some(holds));
}

/** Numbers that look like chance and are the same each time (Park and Miller's generator). */
function numbers(): (below: number) => number {
  let state = 20160216;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

const PLAIN: Readonly<Record<'protocol' | 'sourcePort' | 'destinationPort' | 'icmp' | 'sourceMac', readonly number[]>> =
  {
    protocol: [6, 17, 1],
    sourcePort: [40000],
    destinationPort: [443, 22, 80, 3389],
    icmp: [2048],
    sourceMac: [0x0200_0000_0001],
  };

function* samples({ family, now }: Question, box: LooseBox): Generator<TracedPacket> {
  const below = numbers();
  const last: Bound = family === 'ip4' ? LAST_IP4 : LAST_IP6;
  const plainAddress: readonly Bound[] =
    family === 'ip4' ? [0xc633_640a, 0xcb00_710a, 0x0a00_000a] : [(0x2001_0db8n << 96n) | 16n, (0xfd00n << 112n) | 16n];
  const { names, frames } = askedBy(now.pipeline);
  const choose = (field: PacketField, plain: readonly Bound[], top: Bound): Bound => {
    const values = box.fields.get(field);
    if (values === undefined) return below(8) === 0 ? top : plain[below(plain.length)]!;
    const all = [...ranges(values as Intervals<Bound>)];
    const [first, end] = all[below(all.length)]!;
    return below(2) === 0 ? first : end;
  };
  const name = (side: 'inInterface' | 'outInterface'): string => {
    const wanted = (box.names.get(side) ?? names).map((one) => (one.endsWith('*') ? `${one.slice(0, -1)}0` : one));
    return wanted.length === 0 ? 'other0' : wanted[below(wanted.length)]!;
  };
  for (let round = 0; round < TRIES_MAX; round++) {
    yield {
      family,
      state: 'new',
      inInterface: name('inInterface'),
      outInterface: name('outInterface'),
      fields: {
        protocol: choose('protocol', PLAIN.protocol, 6),
        source: choose('source', plainAddress, last),
        destination: choose('destination', plainAddress, last),
        sourcePort: choose('sourcePort', PLAIN.sourcePort, 1024),
        destinationPort: choose('destinationPort', PLAIN.destinationPort, 8080),
        icmp: choose('icmp', PLAIN.icmp, 0),
        tcpFlags: 2,
        ...(frames && { sourceMac: choose('sourceMac', PLAIN.sourceMac, NO_FRAME) }),
      },
    };
  }
}

interface Asked {
  /** Every interface name that some rule tests. */
  readonly names: readonly string[];
  /** Whether some rule asks for a hardware address. */
  readonly frames: boolean;
}

const askedKnown = new WeakMap<Pipeline, Asked>();

function askedBy(pipeline: Pipeline): Asked {
  const known = askedKnown.get(pipeline);
  if (known) return known;
  const found = new Set<string>();
  let frames = false;
  JSON.stringify(pipeline.lists, (key, value: unknown) => {
    if (key === 'names' && Array.isArray(value)) for (const one of value) found.add(String(one));
    if (key === 'kind' && value === 'sourceMac') frames = true;
    return typeof value === 'bigint' ? 0 : value;
  });
  const asked: Asked = { names: [...found].filter((name) => name !== '' && name !== '*'), frames };
  askedKnown.set(pipeline, asked);
  return asked;
}

interface Told {
  readonly question: Question;
  readonly candidate: Candidate;
  readonly side: 'now' | 'other';
  readonly packet: TracedPacket | undefined;
  readonly trace: Trace | undefined;
  readonly reason: string;
}

function openingOf({ question, candidate, side, packet, trace, reason }: Told): Opening {
  const step = trace?.steps.at(-1);
  const decider: Decider | undefined = step?.base
    ? { kind: 'policy', base: step.base }
    : step?.model
      ? { kind: 'rule', list: step.list, index: 0, rule: step.model }
      : undefined;
  const permittedBy = permitOf(decider, trace?.env ?? { mark: 0, connectionMark: 0 }, question, side);
  const box = packetBoxOf(candidate.box, question.family);
  const { destination, source } = trace?.env ?? {};
  const place = contentText([candidate.edit?.rule ?? candidate.rule?.origin ?? '', box]);
  return {
    id: digest(permittedBy.identity, place),
    direction: question.direction,
    box,
    except: [],
    certainty: packet ? 'certain' : 'possible',
    conditions: packet ? [] : ['whether any packet of it fares differently was not decided within the budget'],
    ...((destination || source) && { nat: { ...(destination && { destination }), ...(source && { source }) } }),
    witness: exampleOfTraced(packet ?? samples(question, candidate.box).next().value!, question.family),
    permittedBy,
    ...(candidate.edit && { because: candidate.edit }),
    set: digest('bounded', place),
    complete: false,
    reason,
  };
}

function exampleOfTraced({ fields, inInterface, outInterface }: TracedPacket, family: Family): PacketExample {
  const protocol = Number(fields.protocol);
  return {
    family,
    ...(inInterface !== undefined && { inInterface }),
    ...(outInterface !== undefined && { outInterface }),
    source: fields.source!,
    destination: fields.destination!,
    protocol,
    ...((protocol === 6 || protocol === 17) && {
      sourcePort: Number(fields.sourcePort),
      destinationPort: Number(fields.destinationPort),
    }),
    ...(fields.sourceMac !== undefined && { sourceMac: Number(fields.sourceMac) }),
  };
}
