import { isNode, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { JudgedDevice } from '../judge/index.js';
import { parsePorts } from '../lib/ports.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';

/** A moment as it is written, with the offset it was written in: replay answers in the same one. */
export interface WrittenTime {
  readonly at: number;
  readonly offsetMinutes: number;
}

export interface FixtureOpening {
  readonly id: string;
  readonly device: string;
  readonly kind: 'rule' | 'listener' | 'engine';
  readonly src?: string | undefined;
  readonly dst: string;
  readonly proto: string;
  readonly ports: string;
  readonly nat?: string | undefined;
}

/** One seed incident on a virtual clock: what is declared, what happens, and what must be said. */
export interface Fixture {
  readonly file: string;
  readonly id: string;
  readonly devices: Readonly<Record<string, JudgedDevice>>;
  readonly approvedHosts: readonly string[];
  readonly openings: readonly FixtureOpening[];
  readonly listeners: readonly FixtureOpening[];
  readonly exceptions: readonly {
    readonly opening: string;
    readonly owner: string;
    readonly reason: string;
    readonly expires: WrittenTime;
  }[];
  /** Openings, by id, that may be there in windows alone. */
  readonly inWindows: readonly { readonly opening: string; readonly vendor?: string | undefined }[];
  readonly windows: readonly FixtureWindow[];
  readonly events: readonly FixtureEvent[];
  readonly expect: readonly {
    readonly t: WrittenTime;
    readonly code: string;
    readonly id: string;
    readonly sev: string;
  }[];
  /** For the reader: what must stay unsaid, in words. */
  readonly mustNotAlarm: readonly string[];
}

export interface FixtureWindow {
  readonly id: string;
  readonly vendor: string;
  readonly devices: readonly string[];
  readonly start: WrittenTime;
  readonly end: WrittenTime;
  readonly extend?: WrittenTime | undefined;
  readonly scope: readonly {
    readonly device?: string | undefined;
    readonly kind?: 'rule' | 'listener' | 'engine' | undefined;
    readonly src?: string | undefined;
    readonly dst?: string | undefined;
    readonly proto?: string | undefined;
    readonly ports?: string | undefined;
  }[];
}

export type FixtureEvent =
  | { readonly t: WrittenTime; readonly do: 'open' | 'close'; readonly window: string }
  | { readonly t: WrittenTime; readonly do: 'add'; readonly o: FixtureOpening }
  | { readonly t: WrittenTime; readonly do: 'del'; readonly id: string }
  | { readonly t: WrittenTime; readonly do: 'snapshot' };

const Time = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/,
    'a time such as 2016-02-16T09:00:00+01:00',
  )
  .refine((text) => !Number.isNaN(Date.parse(text)), 'a day and hour that exist')
  .transform((text): WrittenTime => ({ at: Date.parse(text), offsetMinutes: offsetOf(text) }));

function offsetOf(text: string): number {
  const groups = /(?<sign>[+-])(?<hours>\d\d):(?<minutes>\d\d)$/.exec(text)?.groups;
  if (!groups) return 0;
  const minutes = Number(groups.hours) * 60 + Number(groups.minutes);
  return groups.sign === '-' ? -minutes : minutes;
}

const Id = z.string().min(1);
const Ports = z
  .string()
  .refine((text) => parsePorts(text) !== undefined, '`any`, or ports and ranges such as 80,8000-8010');
const Kind = z.enum(['rule', 'listener', 'engine']);

const Opening = z.strictObject({
  id: Id,
  device: Id,
  kind: Kind,
  src: Id.optional(),
  dst: Id,
  proto: Id,
  ports: Ports,
  nat: Id.optional(),
});

const Window = z.strictObject({
  id: Id,
  vendor: z.string(),
  devices: z.array(Id).min(1),
  start: Time,
  end: Time,
  extend: Time.optional(),
  scope: z.array(
    Opening.omit({ id: true, nat: true })
      .partial()
      .extend({ id: Id.optional(), nat: Id.optional() })
      .transform(({ id: _, nat: __, ...entry }) => entry),
  ),
});

const Event = z.discriminatedUnion('do', [
  z.strictObject({ t: Time, do: z.literal('open'), window: Id }),
  z.strictObject({ t: Time, do: z.literal('close'), window: Id }),
  z.strictObject({ t: Time, do: z.literal('add'), o: Opening }),
  z.strictObject({ t: Time, do: z.literal('del'), id: Id }),
  z.strictObject({ t: Time, do: z.literal('snapshot') }),
]);

const FixtureFile = z.strictObject({
  id: Id,
  date_basis: z.string().optional(),
  devices: z.record(Id, z.strictObject({ kind: z.enum(['fw', 'host']), zone: Id.optional() })),
  approved_hosts: z.array(Id).default([]),
  baseline: z.strictObject({
    openings: z.array(Opening).default([]),
    listeners: z.array(Opening).default([]),
    in_windows: z.array(z.strictObject({ opening: Id, vendor: Id.optional() })).default([]),
    exceptions: z
      .array(z.strictObject({ opening: Id, owner: z.string(), reason: z.string(), expires: Time }))
      .default([]),
  }),
  windows: z.array(Window).default([]),
  events: z.array(Event).min(1),
  expect: z.array(z.strictObject({ t: Time, code: Id, id: Id, sev: Id })).default([]),
  must_not_alarm: z.array(z.string()).default([]),
});

/** Reads a fixture; what is wrong is answered with file, line and column. */
export function parseFixture(text: string, file: string): Result<Fixture> {
  const counter = new LineCounter();
  // The failsafe schema keeps every scalar as it is written: an id `off`, `1e3` or `null` stays those letters.
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: counter });
  const problemAt = (code: string, message: string, offset: number): Problem => {
    const { line, col } = counter.linePos(offset);
    return { code, message, file, line, column: col };
  };
  const broken = document.errors[0];
  if (broken) return failure(problemAt('FIXTURE_YAML', broken.message.split('\n')[0]!, broken.pos[0]));
  const problem = (path: readonly PropertyKey[], message: string): Problem => {
    let node: unknown;
    for (let depth = path.length; depth >= 0 && !isNode(node); depth--)
      node = document.getIn(path.slice(0, depth), true);
    const offset = isNode(node) && node.range ? node.range[0] : 0;
    return problemAt('FIXTURE_INVALID', `${path.map(String).join('.')}: ${message}`, offset);
  };
  const parsed = FixtureFile.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return failure(problem(issue.path, issue.message));
  }
  const { data } = parsed;
  const contradiction = contradictionIn(data);
  if (contradiction) return failure(problem(contradiction.path, contradiction.message));
  return success({
    file,
    id: data.id,
    devices: Object.fromEntries(
      Object.entries(data.devices).map(([name, { kind, zone }]) => [name, { kind, ...(zone && { zone }) }]),
    ),
    approvedHosts: data.approved_hosts,
    openings: data.baseline.openings,
    listeners: data.baseline.listeners,
    exceptions: data.baseline.exceptions,
    inWindows: data.baseline.in_windows,
    windows: data.windows,
    events: data.events,
    expect: data.expect,
    mustNotAlarm: data.must_not_alarm,
  });
}

/** What the grammar cannot say: names that lead nowhere, and time that runs backwards. */
function contradictionIn(
  data: z.infer<typeof FixtureFile>,
): { readonly path: readonly PropertyKey[]; readonly message: string } | undefined {
  const windows = new Set(data.windows.map((window) => window.id));
  const known = new Set<string>();
  const baseline = [
    ...data.baseline.openings.map((o, index) => ({ o, path: ['baseline', 'openings', index] })),
    ...data.baseline.listeners.map((o, index) => ({ o, path: ['baseline', 'listeners', index] })),
  ];
  for (const { o, path } of baseline) {
    if (!(o.device in data.devices)) return { path: [...path, 'device'], message: `no device is called ${o.device}` };
    if (known.has(o.id)) return { path: [...path, 'id'], message: `${o.id} is used twice` };
    known.add(o.id);
  }
  for (const [index, { opening }] of data.baseline.exceptions.entries()) {
    const path = ['baseline', 'exceptions', index, 'opening'];
    if (!known.has(opening)) return { path, message: `the baseline has no opening ${opening}` };
  }
  const added = new Set(data.events.flatMap((event) => (event.do === 'add' ? [event.o.id] : [])));
  for (const [index, { opening }] of data.baseline.in_windows.entries()) {
    const path = ['baseline', 'in_windows', index, 'opening'];
    if (!known.has(opening) && !added.has(opening)) return { path, message: `nothing is called ${opening}` };
  }
  for (const [index, window] of data.windows.entries()) {
    const stranger = window.devices.find((device) => !(device in data.devices));
    if (stranger) return { path: ['windows', index, 'devices'], message: `no device is called ${stranger}` };
  }
  let clock = Number.NEGATIVE_INFINITY;
  for (const [index, event] of data.events.entries()) {
    const path = ['events', index];
    if (event.t.at < clock) return { path: [...path, 't'], message: 'it is before the event above it' };
    clock = event.t.at;
    if (event.do === 'open' || event.do === 'close') {
      if (!windows.has(event.window))
        return { path: [...path, 'window'], message: `no window is called ${event.window}` };
    } else if (event.do === 'add') {
      if (!(event.o.device in data.devices)) {
        return { path: [...path, 'o', 'device'], message: `no device is called ${event.o.device}` };
      }
      if (known.has(event.o.id)) return { path: [...path, 'o', 'id'], message: `${event.o.id} is there already` };
      known.add(event.o.id);
    } else if (event.do === 'del') {
      if (!known.has(event.id)) return { path: [...path, 'id'], message: `nothing there is called ${event.id}` };
      known.delete(event.id);
    }
  }
  return undefined;
}
