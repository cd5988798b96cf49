import type { Problem } from '../lib/result.js';
import type { Baseline, DeclaredAt, DeclaredFlow } from './declared.js';
import { isWithin } from './shape.js';

const DAY_MS = 86_400_000;
const EXPIRING_DAYS = 30;
const WAIVER_DAYS_MAX = 366;

/**
 * What a reviewer would ask about a baseline, in the order of the file: each is worth a look, none makes it unusable.
 * That a flow is covered by another is shown by their fields alone, so what is told is true and not all is told.
 */
export function lintBaseline(baseline: Baseline, now: number): readonly Problem[] {
  const found: Problem[] = [...(baseline.notes ?? [])];
  const say = (code: string, at: DeclaredAt, message: string, remedy: string): void => {
    found.push({ code, message, file: at.file, line: at.line, remedy });
  };
  const { access = [] } = baseline;
  for (const one of [...baseline.flows, ...baseline.listeners, ...access]) {
    const { until, at, text, only } = one;
    if (until !== undefined && until <= now) {
      say('BASELINE_EXPIRED', at, `${text}: not declared since ${day(until)}`, 'remove it, or give another date');
    } else if (until !== undefined && until - now < EXPIRING_DAYS * DAY_MS) {
      say('BASELINE_EXPIRING', at, `${text}: declared until ${day(until)} only`, 'review it before that day');
    }
    if (one.owner.trim() === '') say('BASELINE_NO_OWNER', at, `${text}: nobody owns it`, 'name an owner');
    if (only && only.vendor === undefined) {
      const message = `${text}: only in windows whose scope names it, because no vendor is named`;
      say('BASELINE_NO_VENDOR', at, message, 'name the vendor in whose windows it may be open');
    }
    if (one.why.trim() === '') say('BASELINE_NO_REASON', at, `${text}: nobody says why`, 'say what it is for');
  }
  for (const flow of baseline.flows) {
    const { shape } = flow;
    if (shape && !shape.from && !shape.to && !shape.services && shape.except.length === 0) {
      const message = `${flow.text}: declares everything between these interfaces`;
      say('BASELINE_ANY_ANY', flow.at, message, 'name at least the destination or the service');
    }
  }
  for (const [inner, outer] of coveredFlows(baseline.flows)) {
    const same = !inner.only === !outer.only && inner.shape && outer.shape && isWithin(outer.shape, inner.shape);
    const file = outer.at.file === inner.at.file ? '' : `${outer.at.file} `;
    const where = `the flow at ${file}line ${outer.at.line}, ${outer.text}`;
    if (inner.only && !outer.only) {
      const message = `${inner.text}: only in windows, and at any time by ${where}`;
      say('BASELINE_ALWAYS_OPEN', inner.at, message, 'take it out of the wider flow, or it is never told');
    } else if (same) say('BASELINE_DUPLICATE', inner.at, `${inner.text}: the same as ${where}`, 'remove one of them');
    else say('BASELINE_COVERED', inner.at, `${inner.text}: held by ${where}`, 'remove it, or narrow the wider flow');
  }
  for (const waiver of baseline.waivers) {
    const text = `waiver of ${waiver.device}/${waiver.subject}`;
    if (waiver.until <= now) {
      say('BASELINE_EXPIRED', waiver.at, `${text}: over since ${day(waiver.until)}`, 'remove it');
    } else if (waiver.until - now > WAIVER_DAYS_MAX * DAY_MS) {
      const message = `${text}: accepted until ${day(waiver.until)}, more than a year away`;
      say('BASELINE_WAIVER_LONG', waiver.at, message, 'a risk is accepted for a year at most, then looked at again');
    }
  }
  return found
    .map((problem, index) => ({ problem, index }))
    .sort((a, b) => (a.problem.line ?? 0) - (b.problem.line ?? 0) || a.index - b.index)
    .map(({ problem }) => problem);
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** Each flow that another one makes superfluous, once; of two equal flows the later one. */
function coveredFlows(flows: readonly DeclaredFlow[]): readonly (readonly [DeclaredFlow, DeclaredFlow])[] {
  return flows.flatMap((inner, index) => {
    const outer = flows.find((other, position) => {
      if (position === index || !covers(other, inner)) return false;
      return position < index || !covers(inner, other);
    });
    return outer ? [[inner, outer] as const] : [];
  });
}

function covers(outer: DeclaredFlow, inner: DeclaredFlow): boolean {
  return (
    outer.direction === inner.direction &&
    // What may be open in windows alone declares nothing of what is open at any time.
    (!outer.only || (inner.only !== undefined && outer.only.vendor === inner.only.vendor)) &&
    (outer.device === undefined || outer.device === inner.device) &&
    (outer.until === undefined || (inner.until !== undefined && inner.until <= outer.until)) &&
    outer.shape !== undefined &&
    inner.shape !== undefined &&
    isWithin(inner.shape, outer.shape)
  );
}
