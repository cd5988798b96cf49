import { isAlias, isNode, LineCounter, parseDocument, visit } from 'yaml';
import { parsePorts } from '../lib/ports.js';
import { failure, type Problem, type Result, success, together } from '../lib/result.js';
import { type AddressSet, type Direction, parseAddressSet } from '../model/index.js';
import type {
  Baseline,
  DeclaredAccess,
  DeclaredAt,
  DeclaredFlow,
  DeclaredListener,
  DeclaredWaiver,
  OnlyInWindows,
} from './declared.js';
import {
  BaselineFile,
  type WrittenAccess,
  type WrittenFlow,
  type WrittenListener,
  type WrittenTraffic,
  type WrittenWaiver,
} from './schema.js';
import { conditionOf, contentId, type FlowShape, isWithin, type Service } from './shape.js';
import {
  hostBitsCleared,
  parseBind,
  parseService,
  parseSide,
  parseVia,
  RESERVED,
  type Refusal,
  uniteAll,
  type Via,
} from './written.js';

type Path = readonly PropertyKey[];

/** What is written wrongly, by its place in the document. */
class Misread extends Error {
  readonly path: Path;
  readonly refusal: Refusal;
  constructor(path: Path, refusal: Refusal) {
    super(refusal.message);
    this.path = path;
    this.refusal = refusal;
  }
}

/** Collects what is said of the places of one file. */
interface Reader {
  readonly networks: ReadonlyMap<string, AddressSet>;
  at(path: Path): DeclaredAt;
  /** What is wrong with this part is told, and the others are read all the same. */
  attempt<T>(work: () => T): readonly T[];
  /** Says something about a place that does not stop the reading. */
  note(path: Path, code: string, message: string, expected?: string): void;
}

/** Reads a baseline file; everything that is wrong is answered with file, line and column. */
export function parseBaseline(text: string, file: string): Result<Baseline> {
  const counter = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: counter });
  const placeOf = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const broken = document.errors[0];
  if (broken) {
    const message = broken.message.split('\n')[0]!;
    return failure({ code: 'BASELINE_YAML', message, file, ...placeOf(broken.pos[0]) });
  }
  let alias: number | undefined;
  visit(document, (_, node) => {
    if (isAlias(node)) alias ??= node.range?.[0] ?? 0;
  });
  if (alias !== undefined) {
    const message = 'aliases (*name) are not read; write names under networks instead';
    return failure({ code: 'BASELINE_YAML', message, file, ...placeOf(alias) });
  }
  const locate = (path: Path): { line: number; column: number } => {
    let node: unknown;
    // The deepest node that exists: a key that is missing has no place of its own, its map has.
    for (let depth = path.length; depth >= 0 && !isNode(node); depth--)
      node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    return placeOf(isNode(node) && node.range ? node.range[0] : 0);
  };
  const invalid = (path: Path, message: string, expected?: string): Problem => ({
    code: 'BASELINE_INVALID',
    message: `${path.map(String).join('.')}${path.length > 0 ? ': ' : ''}${message}`,
    file,
    ...locate(path),
    ...(expected !== undefined && { expected }),
  });
  const parsed = BaselineFile.safeParse(document.toJS() ?? {});
  if (!parsed.success) {
    const found = parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) =>
            invalid([...issue.path, key], 'this key is not known', 'a key of the documented form'),
          )
        : [invalid(issue.path, 'not as it should be', issue.message)],
    );
    return failure(together(inOrder(found))!);
  }
  const notes: Problem[] = [];
  const wrong: Problem[] = [];
  const attempt = <T>(work: () => T): readonly T[] => {
    try {
      return [work()];
    } catch (error) {
      if (!(error instanceof Misread)) throw error;
      wrong.push(invalid(error.path, error.refusal.message, error.refusal.expected));
      return [];
    }
  };
  const noteHostBits = (path: Path, message: string): void => {
    notes.push({ ...invalid(path, message), code: 'BASELINE_HOST_BITS' });
  };
  const reader: Reader = {
    networks: readNetworks(parsed.data, attempt, noteHostBits),
    at: (path) => ({ file, line: locate(path).line }),
    attempt,
    note: (path, code, message, expected) => {
      notes.push({ ...invalid(path, message, expected), code });
    },
  };
  const flows = readFlows(parsed.data, reader);
  const listeners = readListeners(parsed.data, reader);
  const waivers = readWaivers(parsed.data, reader);
  const access = readAccess(parsed.data, reader);
  const problem = together(inOrder(wrong));
  if (problem) return failure(problem);
  const more = { ...(access.length > 0 && { access }), ...(notes.length > 0 && { notes }) };
  return success({ flows, listeners, waivers, ...more });
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((a, b) => a.line! - b.line! || a.column! - b.column!);
}

function taken<T>(result: Result<T, Refusal>, path: Path): T {
  if (!result.ok) throw new Misread(path, result.error);
  return result.value;
}

const HOST_BITS = (text: string, meant: string): string => `${text} has host bits set: it stands for ${meant}`;

function readNetworks(
  data: BaselineFile,
  attempt: Reader['attempt'],
  noteHostBits: (path: Path, message: string) => void,
): ReadonlyMap<string, AddressSet> {
  const read = (name: string, members: readonly string[]): readonly [string, AddressSet] => {
    const path = ['networks', name];
    if (!/^[A-Za-z][\w.-]*$/.test(name) || RESERVED.includes(name) || parseAddressSet(name)) {
      const expected = 'letters, digits, dots and dashes, beginning with a letter; not any, internet, self or not';
      throw new Misread(path, { message: `${name} cannot be the name of a network`, expected });
    }
    const sets = members.map((text, index) => {
      const set = parseAddressSet(text);
      const meant = hostBitsCleared(text);
      const place = members.length === 1 ? path : [...path, index];
      if (!set) throw new Misread(place, { message: `${text} is not an address`, expected: 'an address or a prefix' });
      if (meant !== undefined) noteHostBits(place, HOST_BITS(text, meant));
      return set;
    });
    return [name, uniteAll(sets)];
  };
  return new Map(Object.entries(data.networks ?? {}).flatMap(([name, members]) => attempt(() => read(name, members))));
}

function readFlows(data: BaselineFile, reader: Reader): readonly DeclaredFlow[] {
  const ids = new Set<string>();
  for (const [index, { id }] of (data.flows ?? []).entries()) {
    if (id === undefined) continue;
    reader.attempt(() => {
      if (ids.has(id))
        throw new Misread(['flows', index, 'id'], { message: `${id} is used twice`, expected: 'another' });
    });
    ids.add(id);
  }
  return (data.flows ?? []).flatMap((flow, index) =>
    reader.attempt(() => readFlow(flow, ['flows', index], reader, ids)),
  );
}

function readFlow(flow: WrittenFlow, path: Path, reader: Reader, ids: Set<string>): DeclaredFlow {
  const { direction, shape: whole } = readTraffic(flow, path, reader);
  const except = (flow.except ?? []).map((one, index) => {
    const place = [...path, 'except', index];
    const excepted = readTraffic(one, place, reader);
    if (one.via !== undefined && excepted.direction !== direction) {
      const message = `${one.via} is another direction than the flow itself`;
      throw new Misread([...place, 'via'], {
        message,
        expected: `interfaces of the flow's own direction, ${direction}`,
      });
    }
    if (isWithin(whole, excepted.shape)) {
      throw new Misread(place, { message: 'nothing is left of the flow', expected: 'less than the whole flow' });
    }
    return excepted.shape;
  });
  const shape: FlowShape = { ...whole, except };
  const content = contentId([direction, shape, flow.device]);
  let id = flow.id ?? content;
  for (let again = 2; flow.id === undefined && ids.has(id); again++) id = `${content}-${again}`;
  ids.add(id);
  return {
    id,
    ...(flow.device !== undefined && { device: flow.device }),
    direction,
    condition: conditionOf(shape),
    shape,
    text: trafficText(flow) + (flow.except ? ` except ${flow.except.map(trafficText).join('; ')}` : ''),
    ...onlyOf(flow),
    why: flow.why ?? '',
    owner: flow.owner ?? '',
    ...(flow.until !== undefined && { until: flow.until }),
    at: reader.at(path),
  };
}

/** `any → 192.0.2.10 tcp/443 (wan0 -> dmz0)`, in the words of the file. */
function trafficText(traffic: WrittenTraffic): string {
  const { from = ['any'], to = ['any'], service = ['any'], via } = traffic;
  const ports = traffic['source-ports'];
  return [
    `${from.join(', ')} → ${to.join(', ')}`,
    service.join(', '),
    ...(ports === undefined ? [] : [`from port ${ports}`]),
    ...(via === undefined ? [] : [`(${via})`]),
  ].join(' ');
}

function readTraffic(
  traffic: WrittenTraffic,
  path: Path,
  reader: Reader,
): { readonly direction: Direction; readonly shape: FlowShape } {
  const from = readSide(traffic.from, [...path, 'from'], reader);
  const to = readSide(traffic.to, [...path, 'to'], reader);
  const services = readServices(traffic.service, [...path, 'service']);
  const via: Via =
    traffic.via === undefined ? { direction: 'forward' } : taken(parseVia(traffic.via), [...path, 'via']);
  const written = traffic['source-ports'];
  const sourcePorts = written === undefined ? 'any' : parsePorts(written);
  if (sourcePorts === undefined) {
    const refusal = { message: `${written} are not ports`, expected: 'ports and ranges such as 1024-65535' };
    throw new Misread([...path, 'source-ports'], refusal);
  }
  return {
    direction: via.direction,
    shape: {
      ...(from && { from }),
      ...(to && { to }),
      ...(via.in && { in: via.in }),
      ...(via.out && { out: via.out }),
      ...(services && { services }),
      ...(sourcePorts !== 'any' && { sourcePorts }),
      except: [],
    },
  };
}

function readSide(texts: readonly string[] | undefined, path: Path, reader: Reader): AddressSet | undefined {
  if (texts === undefined) return undefined;
  const sets = texts.map((text, index) => {
    const place = texts.length === 1 ? path : [...path, index];
    const meant = reader.networks.has(text) ? undefined : hostBitsCleared(text);
    if (meant !== undefined) reader.note(place, 'BASELINE_HOST_BITS', HOST_BITS(text, meant), meant);
    return taken(parseSide(text, reader.networks), place);
  });
  const known = sets.filter((set) => set !== undefined);
  return known.length < sets.length ? undefined : uniteAll(known);
}

function readServices(texts: readonly string[] | undefined, path: Path): readonly Service[] | undefined {
  if (texts === undefined) return undefined;
  const services = texts.map((text, index) => taken(parseService(text), texts.length === 1 ? path : [...path, index]));
  const known = services.filter((service) => service !== undefined);
  return known.length < services.length ? undefined : known;
}

const LISTEN = 'tcp/443, udp/161, sctp/3868 or raw/1: one protocol and one port';

function readListeners(data: BaselineFile, reader: Reader): readonly DeclaredListener[] {
  const ids = new Set<string>();
  const read = (entry: WrittenListener, index: number): DeclaredListener => {
    const path = ['listeners', index];
    const groups = /^(?<protocol>tcp|udp|sctp|dccp|udplite|raw)\/(?<port>\d{1,5})$/.exec(entry.listen)?.groups;
    const port = Number(groups?.port);
    if (!groups || port > 65535) {
      throw new Misread([...path, 'listen'], { message: `${entry.listen} is not a listener`, expected: LISTEN });
    }
    const addresses = entry.address?.map((text, position) => {
      const set = parseBind(text);
      if (set) return set;
      const place = entry.address?.length === 1 ? [...path, 'address'] : [...path, 'address', position];
      const expected = 'an address, a prefix, 0.0.0.0 for any IPv4 address, or any';
      throw new Misread(place, { message: `${text} is not an address`, expected });
    });
    const protocol = groups.protocol!;
    const content = contentId([entry.device, protocol, port, entry.address, entry.process]);
    let id = entry.id ?? content;
    for (let again = 2; ids.has(id); again++) {
      if (entry.id !== undefined)
        throw new Misread([...path, 'id'], { message: `${id} is used twice`, expected: 'another' });
      id = `${content}-${again}`;
    }
    ids.add(id);
    const words = [
      protocol,
      `${entry.address?.join(', ') ?? 'any'}:${port}`,
      entry.process,
      entry.device && `on ${entry.device}`,
    ];
    return {
      id,
      ...(entry.device !== undefined && { device: entry.device }),
      protocol,
      port,
      ...(addresses && { addresses: uniteAll(addresses) }),
      ...(entry.process !== undefined && { process: entry.process }),
      text: words.filter((word) => word !== undefined).join(' '),
      ...onlyOf(entry),
      why: entry.why ?? '',
      owner: entry.owner ?? '',
      ...(entry.until !== undefined && { until: entry.until }),
      at: reader.at(path),
    };
  };
  return (data.listeners ?? []).flatMap((entry, index) => reader.attempt(() => read(entry, index)));
}

function onlyOf({ only, vendor }: { readonly only?: string | undefined; readonly vendor?: string | undefined }): {
  readonly only?: OnlyInWindows;
} {
  return only === undefined ? {} : { only: { ...(vendor !== undefined && { vendor }) } };
}

function readAccess(data: BaselineFile, reader: Reader): readonly DeclaredAccess[] {
  const ids = new Set<string>();
  const read = (entry: WrittenAccess, index: number): DeclaredAccess => {
    const path = ['access', index];
    const { device, fact, vendor, why = '', owner = '', until } = entry;
    const id = entry.id ?? contentId([device, fact]);
    if (ids.has(id)) {
      const place = entry.id === undefined ? path : [...path, 'id'];
      throw new Misread(place, { message: `${entry.id ?? fact} is used twice`, expected: 'another' });
    }
    ids.add(id);
    return {
      id,
      ...(device !== undefined && { device }),
      fact,
      only: { ...(vendor !== undefined && { vendor }) },
      text: `${fact}${device === undefined ? '' : ` on ${device}`}`,
      why,
      owner,
      ...(until !== undefined && { until }),
      at: reader.at(path),
    };
  };
  return (data.access ?? []).flatMap((entry, index) => reader.attempt(() => read(entry, index)));
}

function readWaivers(data: BaselineFile, reader: Reader): readonly DeclaredWaiver[] {
  const read = (entry: WrittenWaiver, index: number): DeclaredWaiver => {
    const path = ['waivers', index];
    const slash = entry.finding?.indexOf('/') ?? -1;
    const device = entry.finding?.slice(0, slash) ?? entry.device!;
    if (entry.device !== undefined && entry.device !== device) {
      const message = `the finding is of device ${device}, not ${entry.device}`;
      throw new Misread([...path, 'device'], { message, expected: device });
    }
    return {
      device,
      subject: entry.finding?.slice(slash + 1) ?? entry.subject!,
      ...(entry.set !== undefined && { set: entry.set }),
      owner: entry.owner,
      reason: entry.reason,
      until: entry.until,
      at: reader.at(path),
    };
  };
  return (data.waivers ?? []).flatMap((entry, index) => reader.attempt(() => read(entry, index)));
}
