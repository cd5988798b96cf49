import type { Driver } from '../drivers/contract.js';
import { type Comparison, compare, type FlowSet, interfacesAskedFor } from '../exposure/index.js';
import type { Problem } from '../lib/result.js';
import {
  type Condition,
  type Coverage,
  type Device,
  type Direction,
  emptyCoverage,
  interfacesOf,
  mergeCoverage,
  type Pipeline,
} from '../model/index.js';
import { exitCodeOf } from './exit-code.js';
import { onEvenFooting, type ReadCapture, readCapture, readFile } from './offline.js';
import { namesFor, type Told, tell } from './offline-words.js';
import { type OpeningView, openingView } from './opening-json.js';
import { undoWith } from './undo.js';

/** What is listed by default before the answer becomes rule-wise. */
const BUDGET_MS = 30_000;

export interface OfflineOptions {
  readonly driver?: string;
  readonly timeMsMax?: number;
}

export interface DiffAnswer {
  readonly opened: readonly OpeningView[];
  readonly closed: readonly OpeningView[];
  /** Null where it is not known: something was not read, not understood, or not decided. */
  readonly equal: boolean | null;
  readonly complete: boolean;
  readonly reasons: readonly string[];
  readonly coverage: Coverage;
}

export interface Answered<T> {
  readonly answer?: T;
  /** The same for people, what each edit did. Worked out only where it is asked for. */
  told(): Promise<{ readonly opened: readonly Told[]; readonly closed: readonly Told[] }>;
  readonly exit: 0 | 1 | 2 | 3;
  readonly problems: readonly Problem[];
}

const nothing = async () => ({ opened: [], closed: [] });

/** The exact difference of what two captures let through. */
export async function diffFiles(before: string, after: string, options: OfflineOptions): Promise<Answered<DiffAnswer>> {
  const [a, b] = [await readCapture(before, options.driver), await readCapture(after, options.driver)];
  const problems = [a, b].flatMap((read) => (read.ok ? [] : [read.error]));
  if (a.ok && b.ok && platformOf(a.value) !== platformOf(b.value)) {
    const other = otherPlatform(after, a.value.driver, b.value.driver);
    return { told: nothing, exit: exitCodeOf(other), problems: [other] };
  }
  if (!a.ok || !b.ok) {
    const exit = problems.some((problem) => exitCodeOf(problem) === 2) ? 2 : 3;
    const reasons = problems.map(({ message }) => message);
    const coverage = { ...emptyCoverage, blind: reasons };
    const answer = { opened: [], closed: [], equal: null, complete: false, reasons, coverage };
    return { ...(exit === 3 && { answer }), told: nothing, exit, problems };
  }
  const [was, is] = onEvenFooting(a.value, b.value).map(({ device }) => device) as [Device, Device];
  const result = compare(is.pipeline, {
    pipeline: was.pipeline,
    withClosed: true,
    timeMsMax: options.timeMsMax ?? BUDGET_MS,
  });
  const coverage = withRemarks(coverageOfBoth(was, is), result.renamed ?? []);
  const found = [...result.undeclared, ...result.closed];
  const certain = found.some((opening) => opening.certainty === 'certain');
  const reasons = [...result.reasons, ...changedBeside(was, is)];
  const understood = coverage.blind.length === 0 && reasons.length === 0 && result.complete;
  const equal = certain ? false : found.length === 0 && understood ? true : null;
  const undo = undoWith([is.pipeline, was.pipeline], driversOf(a.value, b.value));
  return {
    answer: {
      opened: result.undeclared.map((opening) => openingView(opening, undo)),
      closed: result.closed.map((opening) => openingView(opening, undo)),
      equal,
      complete: result.complete && reasons.length === 0,
      reasons,
      coverage,
    },
    told: async () => {
      const names = await namesFor(was.pipeline, is.pipeline);
      return {
        opened: tell(result.undeclared, { names, undo, order: 'opened', beside: result.closed }),
        closed: tell(result.closed, { names, undo, order: 'closed', beside: result.undeclared }),
      };
    },
    exit: equal === false ? 1 : equal === true ? 0 : 3,
    problems: [],
  };
}

function platformOf({ driver }: ReadCapture): string {
  return driver.platform ?? driver.id;
}

function otherPlatform(file: string, before: Driver, after: Driver): Problem {
  return {
    code: 'OTHER_PLATFORM',
    message: `this is of ${after.title}, and the capture before of ${before.title}`,
    file,
    expected: 'two captures of one platform',
    remedy: 'take both from the same device; if one was recognised wrongly, say how to read both with --driver ID',
  };
}

/** In the order of the registry, so that of two that know an undo it is always the same one. */
function driversOf(...captures: readonly ReadCapture[]): readonly Driver[] {
  const drivers = new Set(captures.map(({ driver }) => driver));
  return [...drivers].sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** What filters beside the model (a bridge, a hook of a network device) is compared by its content: a change is no equality. */
function changedBeside(before: Device, after: Device): readonly string[] {
  const beside = ({ facts }: Device): ReadonlyMap<string, string> =>
    new Map(facts.flatMap(({ kind, subject, value }) => (kind === 'filterNotCovered' ? [[subject, value]] : [])));
  const [was, is] = [beside(before), beside(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((subject) =>
    was.get(subject) === is.get(subject) ? [] : [`${subject} was changed, and what it does is not modelled`],
  );
}

/** What was taken for the same although its name is another one. */
function withRemarks(coverage: Coverage, renamed: NonNullable<Comparison['renamed']>): Coverage {
  const said = renamed.map(
    ({ was, is }) =>
      `The interface ${was} of before is taken for ${is}: its name is drawn anew each time that it is made.`,
  );
  return said.length === 0 ? coverage : { ...coverage, notCovered: [...coverage.notCovered, ...said] };
}

/** Both captures' coverage; what only one of them speaks of is named, not compared. */
function coverageOfBoth(before: Device, after: Device): Coverage {
  const merged = mergeCoverage([before.coverage, after.coverage]);
  const names = (device: Device): readonly string[] =>
    device.pipeline.speaksOf.map(({ family, direction }) => `${direction} of ${family === 'ip4' ? 'IPv4' : 'IPv6'}`);
  const [a, b] = [names(before), names(after)];
  const single = [...a.filter((name) => !b.includes(name)), ...b.filter((name) => !a.includes(name))];
  if (single.length === 0) return merged;
  return {
    ...merged,
    notCovered: [...merged.notCovered, `Only one of the two captures speaks of ${single.join(', ')}: not compared.`],
  };
}

export interface ExposureAnswer {
  readonly openings: readonly OpeningView[];
  readonly complete: boolean;
  readonly reasons: readonly string[];
  readonly coverage: Coverage;
}

/** What a capture lets through, from and to some interface or zone; `self` is the device. */
export async function exposureOfFile(
  file: string,
  options: OfflineOptions & { readonly from?: string; readonly to?: string },
): Promise<Answered<ExposureAnswer>> {
  const device = await readFile(file, options.driver);
  if (!device.ok) {
    return { told: nothing, exit: exitCodeOf(device.error), problems: [device.error] };
  }
  const { pipeline } = device.value;
  const strange = strangersTo(pipeline, [options.from, options.to]);
  const coverage = {
    ...device.value.coverage,
    notCovered: [
      ...device.value.coverage.notCovered,
      ...strange.map((name) => `No zone and no rule is of ${name}: it is taken for any interface that none names.`),
    ],
  };
  const within = flowsBetween(pipeline, options.from, options.to);
  const result = compare(pipeline, { ...(within && { within }), timeMsMax: options.timeMsMax ?? BUDGET_MS });
  return {
    answer: {
      openings: result.undeclared.map((opening) => openingView(opening, () => undefined)),
      complete: result.complete,
      reasons: result.reasons,
      coverage,
    },
    told: async () => {
      const names = await namesFor(pipeline);
      return { opened: tell(result.undeclared, { names, undo: () => undefined, order: 'exposed' }), closed: [] };
    },
    exit: coverage.blind.length === 0 && result.complete ? 0 : 3,
    problems: [],
  };
}

/** Names that are no zone's, and of no interface in a zone or in a rule. */
function strangersTo(pipeline: Pipeline, names: readonly (string | undefined)[]): readonly string[] {
  const wanted = names.flatMap((name) => (name === undefined || name === 'self' ? [] : [name]));
  if (wanted.length === 0) return [];
  const zones = Object.entries(pipeline.zones ?? {}).flatMap(([zone, members]) => [zone, ...members]);
  const known = new Set([...zones, ...interfacesAskedFor(pipeline)]);
  return wanted.filter((name) => !known.has(name));
}

function flowsBetween(
  { zones }: Pipeline,
  from: string | undefined,
  to: string | undefined,
): readonly FlowSet[] | undefined {
  if (from === undefined && to === undefined) return undefined;
  const directions: readonly Direction[] =
    from === 'self' ? ['output'] : to === 'self' ? ['input'] : to === undefined ? ['forward', 'input'] : ['forward'];
  const names = (kind: 'inInterface' | 'outInterface', name: string | undefined): readonly Condition[] =>
    name === undefined || name === 'self' ? [] : [{ kind, names: interfacesOf(zones, name) }];
  return directions.map((direction) => ({
    direction,
    condition: {
      kind: 'all',
      of: [...names('inInterface', from), ...(direction === 'input' ? [] : names('outInterface', to))],
    },
  }));
}
