import { ask, boxFields, compare, type Opening, openingText, type PacketBox, PROTOCOLS } from '../exposure/index.js';
import { intersection, isSubset } from '../lib/intervals.js';
import {
  type AddressSet,
  type Device,
  type Direction,
  emptyCoverage,
  type Family,
  type Listener,
  type Pipeline,
  parseIp4,
  parseIp6,
} from '../model/index.js';

/** What one reading shows of a machine's gates, for the person who has just started to guard it. */
export interface Picture {
  readonly device: string;
  readonly at: number;
  readonly input: FilterState;
  readonly forward: FilterState;
  readonly output: FilterState;
  readonly services: readonly Service[];
  /** Let in, and nothing listens there. */
  readonly unused: readonly LetIn[];
  readonly loopbackOnly: number;
  readonly perhapsClients: number;
  readonly forwarding: { readonly ip4?: boolean; readonly ip6?: boolean };
  readonly forwarded: readonly LetIn[];
  readonly out: readonly LetIn[];
  readonly blind: readonly string[];
  readonly notCovered: readonly string[];
}

/** `unread`: the reading says nothing about it. `none`: no list is called there. */
export type FilterState = 'filtered' | 'none' | 'unread';

export interface Service {
  readonly protocol: string;
  readonly port: number;
  /** The program, with the account it runs under. */
  readonly who: string;
  readonly on: readonly string[];
  readonly letIn: readonly LetIn[];
  /** Set where nothing reaches it. */
  readonly shutBy?: string;
}

export interface LetIn {
  readonly what: string;
  readonly from: string;
  readonly by: string;
}

/** A reading of which nothing was understood. */
export function nothingRead(device: string): Device {
  const pipeline = { lists: [], bases: [], speaksOf: [] };
  return { id: device, pipeline, listeners: [], facts: [], coverage: emptyCoverage };
}

const COMPARE_MS_MAX = 2_000;

export function pictureOf(reading: { readonly at: number; readonly blind: readonly string[] }, model: Device): Picture {
  const { pipeline } = model;
  const openings = compare(pipeline, { timeMsMax: COMPARE_MS_MAX }).undeclared.filter((one) => !isLocalOnly(one));
  const along = (direction: Direction): readonly Opening[] => openings.filter((one) => one.direction === direction);
  const input = along('input');
  const watched = model.listeners.filter((one) => !one.loopback && !one.perhapsClient);
  const isRead = filterState(pipeline, 'input') !== 'unread';
  const services = grouped(watched).map((listeners) => serviceOf(listeners, input, isRead ? pipeline : undefined));
  const used = (opening: Opening): boolean => watched.some((listener) => reaches(opening, listener));
  return {
    device: model.id,
    at: reading.at,
    input: filterState(pipeline, 'input'),
    forward: filterState(pipeline, 'forward'),
    output: filterState(pipeline, 'output'),
    services,
    unused: input.filter((opening) => !used(opening)).map(letIn),
    loopbackOnly: model.listeners.filter((one) => one.loopback).length,
    perhapsClients: model.listeners.filter((one) => one.perhapsClient && !one.loopback).length,
    forwarding: pipeline.forwarding ?? {},
    forwarded: along('forward').map(letIn),
    out: along('output').map(letIn),
    blind: reading.blind,
    notCovered: model.coverage.notCovered,
  };
}

/** Sockets of one program on one port are one line to a person, however many addresses it binds. */
function grouped(listeners: readonly Listener[]): readonly (readonly Listener[])[] {
  const groups = new Map<string, Listener[]>();
  for (const listener of listeners) {
    const { protocol, port, process, user, namespace } = listener;
    const key = JSON.stringify([protocol, port, process, user, namespace]);
    groups.set(key, [...(groups.get(key) ?? []), listener]);
  }
  return [...groups.values()].sort(([a], [b]) => a!.port - b!.port || (a!.protocol < b!.protocol ? -1 : 1));
}

/** Without a pipeline nobody knows what reaches it. */
function serviceOf(
  listeners: readonly Listener[],
  openings: readonly Opening[],
  pipeline: Pipeline | undefined,
): Service {
  const { protocol, port, process, user, namespace } = listeners[0]!;
  const reaching = openings.filter((opening) => listeners.some((listener) => reaches(opening, listener)));
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  return {
    protocol,
    port,
    who: `${process ?? 'a program that cannot be named'}${user === undefined ? '' : ` (${user})`}${where}`,
    on: [...new Set(listeners.map((one) => one.bind))],
    letIn: reaching.map(letIn),
    ...(pipeline && reaching.length === 0 && { shutBy: shutBy(listeners[0]!, pipeline) }),
  };
}

function letIn(opening: Opening): LetIn {
  const { inInterface, ...box } = opening.box;
  const shown = inInterface && isAnyButLoopback(inInterface) ? { ...opening, box } : opening;
  return { what: openingText(shown), from: sourceText(shown), by: permitText(opening) };
}

function sourceText({ box, except, certainty, conditions }: Opening): string {
  const { src, from } = boxFields(box);
  const shown = src.length > 4 ? `${src.slice(0, 4).join(', ')} and ${src.length - 4} more` : src.join(', ');
  const through = box.inInterface && !isAnyButLoopback(box.inInterface) ? ` in ${from.join(', ')}` : '';
  const but = except.length === 0 ? '' : `, with ${except.length} exception${except.length === 1 ? '' : 's'}`;
  const perhaps = certainty === 'possible' ? `, only if ${conditions.join(' and ') || 'a condition holds'}` : '';
  return `${shown}${through}${but}${perhaps}`;
}

function permitText({ permittedBy: { kind, origin, list } }: Opening): string {
  if (kind === 'unfiltered') return 'no filter';
  if (kind === 'policy') return `the policy of ${list ?? origin.rule}: accept`;
  return `${origin.rule}: ${origin.text}`;
}

const LOOPBACK = 'lo';

function isAnyButLoopback({ kind, names, but }: NonNullable<PacketBox['inInterface']>): boolean {
  return kind === 'except' && names.length === 1 && names[0] === LOOPBACK && !but;
}

function isLocalOnly({ box }: Opening): boolean {
  const only = (side: PacketBox['inInterface']): boolean =>
    side?.kind === 'only' && side.names.every((name) => name === LOOPBACK);
  return only(box.inInterface) || only(box.outInterface);
}

/** Whether some packet of the opening arrives at the socket; exceptions count where they take all of them. */
function reaches(opening: Opening, listener: Listener): boolean {
  const number = PROTOCOLS[listener.protocol];
  const { box, except } = opening;
  if (number !== undefined && box.protocol && intersection(box.protocol, [number, number]).length === 0) return false;
  if (listener.protocol !== 'raw' && box.destinationPort) {
    if (intersection(box.destinationPort, [listener.port, listener.port]).length === 0) return false;
  }
  const families = box.families.filter((family) => listener.addresses[family].length > 0);
  if (box.destination && !families.some((family) => meets(box.destination!, listener.addresses, family))) return false;
  return families.length > 0 && !except.some((one) => holdsAll(one, box, listener));
}

function meets(a: AddressSet, b: AddressSet, family: Family): boolean {
  return family === 'ip4' ? intersection(a.ip4, b.ip4).length > 0 : intersection(a.ip6, b.ip6).length > 0;
}

/** Whether an exception takes everything that the opening would send to the socket. */
function holdsAll(exception: PacketBox, box: PacketBox, listener: Listener): boolean {
  const number = PROTOCOLS[listener.protocol];
  const free = ['source', 'sourcePort', 'inInterface', 'icmp', 'sourceMac'] as const;
  if (free.some((field) => exception[field] !== undefined && exception[field] !== box[field])) return false;
  const families = box.families.filter((family) => listener.addresses[family].length > 0);
  if (families.some((family) => !exception.families.includes(family))) return false;
  if (exception.protocol && (number === undefined || !isSubset([number, number], exception.protocol))) return false;
  if (exception.destinationPort && !isSubset([listener.port, listener.port], exception.destinationPort)) return false;
  const { destination } = exception;
  if (!destination) return true;
  return isSubset(listener.addresses.ip4, destination.ip4) && isSubset(listener.addresses.ip6, destination.ip6);
}

/** A stranger (RFC 5737, RFC 3849) on an interface of which no rule speaks: whom the filter shuts out, if anybody. */
const SOME_INTERFACE = 'any other';
const SOMEBODY = {
  ip4: { source: parseIp4('198.51.100.9')!, sourcePort: 40_000 },
  ip6: { source: parseIp6('2001:db8::9')!, sourcePort: 40_000 },
};

function shutBy(listener: Listener, pipeline: Pipeline): string {
  const number = PROTOCOLS[listener.protocol];
  const families = (['ip4', 'ip6'] as const).filter((family) => listener.addresses[family].length > 0);
  if (number === undefined || families.length === 0) return 'the filter';
  const { trace } = ask(pipeline, {
    families: families.slice(0, 1),
    direction: 'input',
    state: 'new',
    inInterface: SOME_INTERFACE,
    fields: { protocol: number, destinationPort: listener.port, ...SOMEBODY[families[0]!] },
  });
  const last = trace?.steps.at(-1)?.rule;
  return last ? `${last.rule}: ${last.text}` : 'the filter';
}

function filterState(pipeline: Pipeline, direction: Direction): FilterState {
  if (!pipeline.speaksOf.some((scope) => scope.direction === direction)) return 'unread';
  return pipeline.bases.some((base) => base.hook === direction && base.type !== 'nat') ? 'filtered' : 'none';
}
