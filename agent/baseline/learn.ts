import type { InterfaceSet, Opening, PacketBox } from '../exposure/index.js';
import { union } from '../lib/intervals.js';
import { anyAddress, type Direction, type Listener } from '../model/index.js';
import { contentId, type FlowShape, type Service, shapeOfBox } from './shape.js';
import { formatAddresses, formatService, formatVia, isInterfaceName, unite } from './written.js';

export interface LearnInput {
  readonly device: string;
  readonly openings: readonly Opening[];
  readonly listeners: readonly Listener[];
  readonly owner: string;
  /** When this was observed. */
  readonly at: number;
}

export interface Learned {
  readonly yaml: string;
  /** What the file does not declare, and what to do instead: it stays drift until then. */
  readonly leftOut: readonly string[];
}

/** A person reads the file; a flow with more exceptions than this is not one that a person checks. */
const EXCEPTIONS_MAX = 200;
const COMMENT_CHARACTERS_MAX = 160;
const INSTEAD = 'approve the snapshot instead, with `ecluse baseline accept`';

interface Written {
  readonly direction: Direction;
  readonly shape: FlowShape;
  readonly permit: string;
  readonly comment: string;
}

/**
 * Writes a baseline file whose flows hold exactly the packets of the openings, to be read, corrected and confirmed by
 * a person. What the file cannot say exactly is left out rather than widened: it stays visible as drift. That goes for
 * traffic whose permission depends on more than the packet (a schedule, a rate: the file would declare it at any time)
 * and for translated destinations (the file would not notice another target).
 */
export function learnBaseline(...inputs: readonly LearnInput[]): Learned {
  const learned = inputs.map(blocksOf);
  const names = inputs.map(({ device }) => inLine(device)).join(', ');
  const verb = inputs.length === 1 ? 'lets' : 'let';
  const yaml = [
    `# What ${names} ${verb} through, as a proposal: confirm every block, or remove it.`,
    'version: 1',
    ...section(
      'flows',
      learned.flatMap((one) => one.flows),
    ),
    ...section(
      'listeners',
      learned.flatMap((one) => one.listeners),
    ),
    '',
  ].join('\n');
  return { yaml, leftOut: [...new Set(learned.flatMap((one) => one.leftOut))] };
}

function blocksOf(input: LearnInput): {
  readonly flows: readonly Block[];
  readonly listeners: readonly Block[];
  readonly leftOut: readonly string[];
} {
  const leftOut: string[] = [];
  const flows: Written[] = [];
  for (const opening of input.openings) {
    const written = shapeOf(opening);
    if (typeof written === 'string') {
      leftOut.push(`${inLine(input.device)}: ${nameOf(opening)}: ${written}; ${INSTEAD}`);
    } else {
      const { direction, permittedBy } = opening;
      flows.push({ direction, shape: written, permit: permittedBy.identity, comment: nameOf(opening) });
    }
  }
  const why = `observed on ${new Date(input.at).toISOString().slice(0, 10)}, not yet confirmed`;
  const common: readonly Entry[] = [
    ['device', [input.device]],
    ['why', [why]],
    ['owner', [input.owner]],
  ];
  const listeners = input.listeners
    .filter((listener) => !listener.loopback && !listener.perhapsClient)
    .map((listener) => ({ comment: inLine(listener.origin.text), entries: [...listenerEntries(listener), ...common] }))
    .map((block) => ({ block, key: JSON.stringify(block.entries) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ block }) => block);
  return {
    flows: merged(flows).map(({ direction, shape, comment }) => ({
      comment,
      entries: [...trafficEntries(direction, shape), ...common],
    })),
    listeners,
    leftOut,
  };
}

/** The rule an opening came from, in its own words: its number and its line change with every edit above it. */
function nameOf(opening: Opening): string {
  const { list, origin, kind } = opening.permittedBy;
  const text = origin.text === '' ? origin.rule : origin.text;
  return inLine(kind === 'unfiltered' ? `nothing filters ${opening.direction}` : list ? `${list}: ${text}` : text);
}

/** Text of a device in one line of a file: no control or formatting characters, and not endless. */
function inLine(text: string): string {
  const plain = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return plain.length > COMMENT_CHARACTERS_MAX ? `${plain.slice(0, COMMENT_CHARACTERS_MAX)}…` : plain;
}

/** The shape of an opening, or why it has none. */
function shapeOf(opening: Opening): FlowShape | string {
  if (!opening.complete) return `not listed exactly (${opening.reason ?? 'too many parts'})`;
  if (opening.certainty === 'possible') {
    return `let through only if ${opening.conditions.map(inLine).join(' and ') || 'a condition holds'}`;
  }
  if ([opening.box, ...opening.except].some((box) => box.sourceMac))
    return 'it depends on hardware addresses, which the file cannot say';
  if (opening.nat?.destination) return 'its destination is translated, and the file says nothing of the target';
  if (opening.except.length > EXCEPTIONS_MAX) return `it has ${opening.except.length} exceptions`;
  const whole = boxShape(opening.box, opening.direction);
  if (typeof whole === 'string') return whole;
  const except: FlowShape[] = [];
  for (const box of opening.except) {
    const shape = boxShape(box, opening.direction);
    if (typeof shape === 'string') return shape;
    except.push(shape);
  }
  return { ...whole, except };
}

function boxShape(box: PacketBox, direction: Direction): FlowShape | string {
  const into = direction === 'output' ? undefined : box.inInterface;
  const out = direction === 'input' ? undefined : box.outInterface;
  for (const set of [into, out]) {
    const objection = set && interfaceObjection(set);
    if (objection) return objection;
  }
  const shape = shapeOfBox(box, direction);
  if (shape.services && formatServices(shape.services) === undefined)
    return 'the file has no words for its protocols and ports';
  return shape;
}

function interfaceObjection({ names, but = [] }: InterfaceSet): string | undefined {
  const odd = [...names, ...but].find((name) => !isInterfaceName(name));
  return odd === undefined ? undefined : `the file cannot hold the interface name ${JSON.stringify(odd)}`;
}

/** Joins flows of one rule that differ in one field only, and puts them in an order that depends on content alone. */
function merged(flows: readonly Written[]): readonly Written[] {
  const out: Written[] = [];
  for (const flow of flows) {
    let current = flow;
    for (;;) {
      const index = out.findIndex((other) => join(other, current) !== undefined);
      if (index < 0) break;
      current = join(out[index]!, current)!;
      out.splice(index, 1);
    }
    out.push(current);
  }
  const key = (flow: Written): string => JSON.stringify(trafficEntries(flow.direction, flow.shape)) + flow.comment;
  return out
    .map((flow) => ({ flow, key: key(flow) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ flow }) => flow);
}

function join(a: Written, b: Written): Written | undefined {
  if (a.permit !== b.permit || a.direction !== b.direction) return undefined;
  const differs = (['from', 'to', 'services', 'in', 'out', 'sourcePorts', 'except'] as const).filter(
    (field) => contentId([a.shape[field]]) !== contentId([b.shape[field]]),
  );
  const [field] = differs;
  if (field === undefined) return a;
  if (differs.length > 1) return undefined;
  const { [field]: _, ...rest } = a.shape;
  if (field === 'services') {
    const services = a.shape.services && b.shape.services && joinServices(a.shape.services, b.shape.services);
    return { ...a, shape: { ...rest, except: a.shape.except, ...(services && { services }) } };
  }
  if (field !== 'from' && field !== 'to') return undefined;
  const [left, right] = [a.shape[field], b.shape[field]];
  const both = left && right && unite(left, right);
  const whole = both === undefined || formatAddresses(both)[0] === 'any';
  return { ...a, shape: { ...rest, except: a.shape.except, ...(!whole && { [field]: both }) } };
}

function joinServices(a: readonly Service[], b: readonly Service[]): readonly Service[] {
  const out = [...a];
  for (const service of b) {
    const alike = out.findIndex(
      (other) =>
        other.ports &&
        service.ports &&
        !other.icmp &&
        !service.icmp &&
        contentId([other.protocols]) === contentId([service.protocols]),
    );
    const { ports } = out[alike] ?? {};
    if (ports && service.ports) out[alike] = { ...service, ports: union(ports, service.ports) };
    else out.push(service);
  }
  return out;
}

type Entry = readonly [key: string, values: readonly string[] | readonly (readonly Entry[])[]];

function trafficEntries(direction: Direction, shape: FlowShape): readonly Entry[] {
  return [
    ['from', formatAddresses(shape.from ?? anyAddress)],
    ['to', formatAddresses(shape.to ?? anyAddress)],
    ...viaEntry(direction, shape),
    ['service', (shape.services && formatServices(shape.services)) ?? ['any']],
    ...sourcePortsEntry(shape),
    ...(shape.except.length === 0 ? [] : [exceptEntry(direction, shape.except)]),
  ];
}

/** Exceptions name only what narrows them: beside a flow that says the rest, `any` would be noise. */
function exceptEntry(direction: Direction, except: readonly FlowShape[]): Entry {
  const blocks = except.map((one): readonly Entry[] => {
    const services = one.services && formatServices(one.services);
    const entries: readonly Entry[] = [
      ...(one.from ? [['from', formatAddresses(one.from)] as const] : []),
      ...(one.to ? [['to', formatAddresses(one.to)] as const] : []),
      ...(one.in || one.out ? viaEntry(direction, one) : []),
      ...(services ? [['service', services] as const] : []),
      ...sourcePortsEntry(one),
    ];
    return entries.length > 0 ? entries : [['service', ['any']]];
  });
  return ['except', blocks];
}

function viaEntry(direction: Direction, shape: FlowShape): readonly Entry[] {
  const via = formatVia({ direction, ...(shape.in && { in: shape.in }), ...(shape.out && { out: shape.out }) });
  return via === undefined ? [] : [['via', [via]]];
}

function sourcePortsEntry({ sourcePorts }: FlowShape): readonly Entry[] {
  return sourcePorts ? [['source-ports', [formatService({ ports: sourcePorts })![0]!.slice('any/'.length)]]] : [];
}

function formatServices(services: readonly Service[]): readonly string[] | undefined {
  const texts = services.map(formatService);
  const known = texts.filter((text) => text !== undefined);
  return known.length < texts.length ? undefined : [...new Set(known.flat())].sort();
}

function listenerEntries(listener: Listener): readonly Entry[] {
  const addresses = formatAddresses(listener.addresses);
  return [
    ['listen', [`${listener.protocol}/${listener.port}`]],
    ...(addresses[0] === 'any' ? [] : [['address', addresses] as const]),
    ...(listener.process === undefined ? [] : [['process', [listener.process]] as const]),
  ];
}

interface Block {
  readonly comment: string;
  readonly entries: readonly Entry[];
}

function section(name: string, blocks: readonly Block[]): readonly string[] {
  const texts = blocks.map(({ comment, entries }) => [`  # ${comment}`, ...lines(entries, '  ')].join('\n'));
  const unique = [...new Set(texts)];
  return unique.length === 0 ? [] : ['', `${name}:`, unique.join('\n\n')];
}

function lines(entries: readonly Entry[], indent: string): readonly string[] {
  return entries.flatMap(([key, values], index) => {
    const start = `${indent}${index === 0 ? '- ' : '  '}${key}:`;
    const inner = `${indent}    `;
    const [first] = values;
    if (values.length === 1 && typeof first === 'string') return [`${start} ${scalar(first)}`];
    return [
      start,
      ...values.flatMap((value) => (typeof value === 'string' ? [`${inner}- ${scalar(value)}`] : lines(value, inner))),
    ];
  });
}

/** Plain where that is safe to read and to write, else quoted. */
function scalar(text: string): string {
  const isPlain =
    /^(?:->|[\w:(])[\w ./:,>()*+@-]*$/.test(text) && !/:(?: |$)| $| #/.test(text) && !text.startsWith(': ');
  return isPlain ? text : JSON.stringify(text);
}
