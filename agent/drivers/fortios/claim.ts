import type { LineState } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { kindOfTable, resembles, type TableSpec } from './sections.js';
import { type Entry, type Setting, type Span, shifted, type Table } from './tables.js';
import { isTwoStatements, wrongValues } from './values.js';

/** The file that is read, and what becomes of its lines. */
export interface Claims {
  readonly file: string;
  readonly coverage: CoverageBuilder;
  mark(spans: readonly Span[], state: LineState, reason?: string): void;
  /** What stands there could bear on filtering and is lost: no clean verdict. */
  lose(spans: readonly Span[], reason: string): void;
  /** It is understood, and what it needs is not here, or contradicts it: no clean verdict. */
  gap(spans: readonly Span[], reason: string): void;
  /** Whether a key of this table is in no list. */
  isUnknown(path: string, key: string): boolean;
}

export function claimsOf(file: string, coverage: CoverageBuilder): Claims {
  const mark: Claims['mark'] = (spans, state, reason) => {
    for (const { line, lastLine } of spans) {
      for (let at = line; at <= lastLine; at++) coverage.mark(file, at, state, reason);
    }
  };
  const kinds = new Map<string, ReturnType<typeof kindOfTable>>();
  return {
    file,
    coverage,
    mark,
    isUnknown(path, key) {
      const kind = kinds.get(path) ?? kindOfTable(path);
      kinds.set(path, kind);
      return kind.kind === 'modelled' && !kind.spec.used.has(key) && !ignores(kind.spec, key);
    },
    lose(spans, reason) {
      mark(spans, 'unrecognized', reason);
      const [first] = spans;
      if (first) coverage.lose(file, first.line, reason);
    },
    gap(spans, reason) {
      mark(spans, 'unmodelled', reason);
      const [first] = spans;
      if (first) coverage.blind(`${file}:${first.line}: ${reason}`);
    },
  };
}

function single(line: number): Span {
  return { line, lastLine: line };
}

/** Every line of a table, with what is nested in it. */
export function linesOfTable({ frame, entries, own }: Table): readonly Span[] {
  return [...frame, ...[own, ...entries].flatMap(linesOfEntry)];
}

export function linesOfEntry({ frame, settings, spansFrom, tables }: Entry): readonly Span[] {
  return [
    ...frame.map(single),
    ...[...settings.values()].flatMap(({ spans }) => spans.map((span) => shifted(span, spansFrom))),
    ...[...tables.values()].flatMap(linesOfTable),
  ];
}

/** Gives the lines of a table their state by what the table and its keys are; what converts them may make it worse. */
export function claimTable(claims: Claims, table: Table): void {
  const kind = kindOfTable(table.path);
  const empty = table.entries.length === 0 && table.own.settings.size === 0;
  if (kind.kind === 'modelled') {
    claimBySpec(claims, table, kind.spec);
    return;
  }
  const lines = linesOfTable(table);
  if (kind.kind === 'unknown') claims.lose(lines, `the table “${table.path.slice(0, 60)}” is not known`);
  else if (kind.kind === 'irrelevant' || empty) claims.mark(lines, 'irrelevant');
  else claims.mark(lines, 'unmodelled', `${table.path} is not modelled: it is compared word by word`);
}

function claimBySpec(claims: Claims, table: Table, spec: TableSpec): void {
  claims.mark(table.frame, 'modelled');
  for (const entry of [table.own, ...table.entries]) {
    for (const line of entry.frame) claims.coverage.mark(claims.file, line, 'modelled');
    for (const { spans, state, reason } of statesOf(entry.settings, spec)) {
      if (state === 'unrecognized')
        claims.lose(
          spans.map((span) => shifted(span, entry.spansFrom)),
          `${table.path}: ${reason}`,
        );
      else for (const span of spans) markShifted(claims, span, entry.spansFrom, state, reason);
    }
    for (const nested of entry.tables.values()) {
      const inner = spec.nested && Object.hasOwn(spec.nested, nested.path) ? spec.nested[nested.path] : undefined;
      if (!inner && spec.ignored === 'rest') claims.mark(linesOfTable(nested), 'irrelevant');
      else if (!inner) claims.lose(linesOfTable(nested), `${table.path}: the table “${nested.path}” is not known`);
      else if (inner.used.size === 0) claims.mark(linesOfTable(nested), 'irrelevant');
      else claimBySpec(claims, nested, inner);
    }
  }
}

function markShifted(claims: Claims, span: Span, by: number, state: LineState, reason: string | undefined): void {
  for (let line = span.line + by; line <= span.lastLine + by; line++)
    claims.coverage.mark(claims.file, line, state, reason);
}

/** What becomes of a setting's lines by its key and its values alone. */
interface SettingState {
  readonly spans: readonly Span[];
  readonly state: LineState;
  readonly reason?: string;
}

interface SpecStates {
  readonly spec: TableSpec;
  readonly states: readonly SettingState[];
}

/** Entries of the same text share their settings. */
const known = new WeakMap<Entry['settings'], SpecStates>();

function statesOf(settings: Entry['settings'], spec: TableSpec): readonly SettingState[] {
  const before = known.get(settings);
  if (before?.spec === spec) return before.states;
  const states: SettingState[] = [];
  for (const setting of settings.values()) states.push(stateOf(setting, spec));
  known.set(settings, { spec, states });
  return states;
}

function stateOf({ key, values, spans }: Setting, spec: TableSpec): SettingState {
  const isUsed = spec.used.has(key);
  const twice = values && isTwoStatements(values) ? `${key}: two statements in one line` : undefined;
  const wrong = twice ?? (isUsed && values ? wrongValues(key, values) : undefined);
  if (wrong !== undefined) return { spans, state: 'unrecognized', reason: wrong };
  if (isUsed) return { spans, state: 'modelled' };
  if (ignores(spec, key)) return { spans, state: 'irrelevant' };
  const reason = `“${key.slice(0, 40)}” is not known`;
  if (!spec.toldOnly || resemblesUsed(spec, key)) return { spans, state: 'unrecognized', reason };
  return { spans, state: 'unmodelled', reason: `“${key}” is not known` };
}

function ignores({ used, ignored }: TableSpec, key: string): boolean {
  if (ignored !== 'rest') return ignored.has(key);
  return !resemblesUsed({ used }, key);
}

function resemblesUsed({ used }: Pick<TableSpec, 'used'>, key: string): boolean {
  return [...used].some((known) => known.length > 3 && resembles(key, known));
}
