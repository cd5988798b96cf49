import { timestamp } from '../alarms/time.js';
import { displayMessage } from '../collect/index.js';
import type { Finding, FindingEvent } from '../judge/index.js';
import type { FilterState, LetIn, Picture, Service } from './start-picture.js';

/** How much of a list a person reads on a terminal; the rest is one command away. */
const LINES_MAX = 40;
const TEXT_MAX = 160;
/** A command that is cut off cannot be typed. */
const UNDO_MAX = 2_000;

function plain(text: string): string {
  return displayMessage(text, TEXT_MAX);
}

/** `2026-11-22 09:30:15`, in the time zone of the site. */
export function timeText(at: number, timeZone: string): string {
  return timestamp(at, timeZone).slice(0, 19).replace('T', ' ');
}

function cut(lines: readonly string[], more: string): readonly string[] {
  if (lines.length <= LINES_MAX) return lines;
  return [...lines.slice(0, LINES_MAX), `  and ${lines.length - LINES_MAX} more: ${more}`];
}

/** Columns as wide as their widest cell; the last one runs free. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length - 1));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.min(48, Math.max(...rows.map((row) => row[column]?.length ?? 0))),
  );
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}

const noFilter: Readonly<Record<FilterState, string | undefined>> = {
  filtered: undefined,
  none: 'NO FILTER: no packet filter looks at it',
  unread: 'not read',
};

/** What is let in, listening or not; what passes through; what goes out; what cannot be seen. */
export function pictureLines(picture: Picture): readonly string[] {
  return [
    ...inputLines(picture),
    ...forwardLines(picture),
    outLine(picture),
    ...listed('Cannot be seen, so nothing here is called clean:', picture.blind),
    ...listed('Not covered:', picture.notCovered),
  ];
}

function inputLines({ input, services, unused, loopbackOnly, perhapsClients }: Picture): readonly string[] {
  const state = noFilter[input];
  const open = services.filter((service) => service.letIn.length > 0);
  const shut = services.filter((service) => service.shutBy !== undefined);
  const unknown = services.filter((service) => service.letIn.length === 0 && service.shutBy === undefined);
  const apart = [
    ...(loopbackOnly > 0 ? [`${loopbackOnly} on loopback only`] : []),
    ...(perhapsClients > 0 ? [`${perhapsClients} that may be the client side of a program`] : []),
  ];
  return [
    state === undefined
      ? 'Let in, and listening:'
      : `Traffic to this machine: ${state}.${input === 'none' ? ' Every service below can be reached from anywhere:' : ''}`,
    ...(open.length > 0
      ? cut(table(open.flatMap(serviceRows)), 'ecluse exposure')
      : input === 'unread'
        ? []
        : ['  nothing']),
    ...(unknown.length === 0
      ? []
      : ['Listening; whom the filter lets in is not known:', ...cut(table(unknown.map(nameCells)), 'ecluse snapshot')]),
    ...(shut.length === 0
      ? []
      : ['Listening, shut by the filter:', ...cut(table(shut.map(shutRow)), 'ecluse snapshot')]),
    ...(unused.length === 0
      ? []
      : ['Let in, and nothing listens there:', ...cut(letInLines(unused), 'ecluse exposure')]),
    ...(apart.length === 0 ? [] : [`Listening besides: ${apart.join(', ')}.`]),
  ];
}

function serviceRows(service: Service): readonly (readonly string[])[] {
  const name = nameCells(service);
  return service.letIn.map((one, index) => [
    ...(index === 0 ? name : name.map(() => '')),
    `from ${plain(one.from)}`,
    `by ${plain(one.by)}`,
  ]);
}

function nameCells({ protocol, port, who, on }: Service): readonly string[] {
  return [
    protocol === 'raw' ? `raw ${port}` : `${protocol} ${port}`,
    `${plain(who)} on ${plain(on.map(bindText).join(', '))}`,
  ];
}

function bindText(bind: string): string {
  return bind === '*' ? '0.0.0.0, [::]' : bind;
}

function shutRow(service: Service): readonly string[] {
  return [...nameCells(service), `shut by ${plain(service.shutBy ?? 'the filter')}`];
}

function letInLines(openings: readonly LetIn[]): readonly string[] {
  return table(openings.map(({ what, by }) => [plain(what), `by ${plain(by)}`]));
}

function forwardLines({ forward, forwarding, forwarded }: Picture): readonly string[] {
  const { ip4, ip6 } = forwarding;
  if (forward === 'unread') return ['Passes through: not read.'];
  if (ip4 === false && ip6 !== true)
    return ['Passes through: nothing, this machine does not route (net.ipv4.ip_forward = 0).'];
  const state = noFilter[forward];
  const routes = `${ip4 ? 'IPv4' : ''}${ip4 && ip6 ? ' and ' : ''}${ip6 ? 'IPv6' : ''}`;
  const head = state === undefined ? 'Passes through' : `Passes through (it routes ${routes || 'perhaps'}; ${state})`;
  if (forwarded.length === 0) return [`${head}: nothing.`];
  return [`${head}:`, ...cut(letInLines(forwarded), 'ecluse exposure')];
}

function outLine({ output, out }: Picture): string {
  if (output === 'unread') return 'Goes out: not read.';
  if (out.length === 0) return 'Goes out: nothing new.';
  const [first] = out;
  const more = out.length === 1 ? '' : `, and ${out.length - 1} more`;
  return `Goes out: ${plain(first!.what)}${more}, by ${plain(first!.by)}.`;
}

function listed(title: string, sentences: readonly string[]): readonly string[] {
  if (sentences.length === 0) return [];
  return [
    title,
    ...cut(
      sentences.map((text) => `  ${displayMessage(text, 400)}`),
      'ecluse drift',
    ),
  ];
}

/** What a person has said of it since. */
function known({ acknowledged, waived }: Finding): string {
  if (waived) return ` (waived by ${plain(waived.owner)})`;
  return acknowledged ? ` (acknowledged by ${plain(acknowledged.by)})` : ' (changed)';
}

const REPEATED: Readonly<Partial<Record<FindingEvent['kind'], string>>> = {
  remind: ' (still open, said again)',
  escalate: ' (nobody has taken it on, passed on)',
};

/** One line for one thing told: when, how bad, what, by which edit, and how it is shut. */
export function eventLine(event: FindingEvent, timeZone: string): string {
  const { finding } = event;
  const { subject } = finding;
  const about =
    subject?.summary ?? finding.grouped?.summary ?? (finding.details?.join('; ') || finding.severityBecause);
  const device = finding.device === undefined ? '' : `${finding.device}: `;
  const repeated = REPEATED[event.kind] ?? (event.kind === 'update' ? known(finding) : '');
  const before = event.kind === 'resolve' ? `${finding.code}: ` : '';
  return [
    `${timeText(event.at, timeZone)}  ${event.severity.padEnd(8)}  ${event.code}  ${before}${device}${plain(about)}${repeated}`,
    ...(event.kind !== 'resolve' && subject?.cause
      ? [`because: ${subject.cause.edit} ${plain(`${subject.cause.rule.rule}: ${subject.cause.rule.text}`)}`]
      : []),
    ...(event.kind !== 'resolve' && subject?.undo !== undefined
      ? [`undo: ${displayMessage(subject.undo, UNDO_MAX)}`]
      : []),
  ].join('; ');
}
