import { failure, type Problem, type Result, success } from '../lib/result.js';
import { type AddressOf, type ScopeReader, scopeReader } from './scope.js';
import type { Instant, MaintenanceWindow, ScopeEntry, SessionsLeft, WindowState } from './types.js';

/** What a person or a calendar says when a window is announced. */
export type WindowPlan = Pick<
  MaintenanceWindow,
  | 'id'
  | 'vendor'
  | 'owner'
  | 'emergency'
  | 'technician'
  | 'ticket'
  | 'series'
  | 'devices'
  | 'start'
  | 'end'
  | 'scope'
  | 'from'
>;

/** What the judge answered to a close: it alone knows what is still open. */
export type CloseVerdict = 'closed' | 'refused' | 'unattested';

export type WindowEvent =
  | { readonly kind: 'open'; readonly before?: NonNullable<MaintenanceWindow['before']> }
  | {
      readonly kind: 'extend';
      readonly until: Instant;
      readonly by: string;
      readonly reason: string;
      readonly second?: string;
    }
  | { readonly kind: 'close'; readonly verdict: CloseVerdict; readonly sessions?: SessionsLeft }
  /** Somebody looked again which connections outlived a window that is closed. */
  | { readonly kind: 'sessions'; readonly sessions: SessionsLeft }
  /** `withdrawn`: it was taken out of the configuration, which may bring it back. */
  | { readonly kind: 'cancel'; readonly withdrawn?: boolean }
  /** After a refused close: the work goes on until the planned end. */
  | { readonly kind: 'resume'; readonly by: string }
  | { readonly kind: 'handOver'; readonly to: string; readonly by: string }
  /** Effective end plus grace has been reached and judged. */
  | { readonly kind: 'deadline'; readonly graceMs: number };

/** What a transition asks of the caller. */
export type WindowEffect =
  | { readonly kind: 'snapshot'; readonly devices: readonly string[]; readonly why: 'before' | 'after' }
  /** Nothing this window opened may be silent from then on. */
  | { readonly kind: 'watchDeadline'; readonly effectiveEnd: Instant }
  | { readonly kind: 'overdue' };

export interface WindowStep {
  readonly window: MaintenanceWindow;
  readonly effects: readonly WindowEffect[];
}

/**
 * The instant after which nothing more may be opened: the first close event if there was one, but never later than
 * the planned end or the approved extension. A refused close is still the end, because the technician has said that
 * the work is over; a late close moves nothing, because the end has passed already.
 */
export function effectiveEnd(window: MaintenanceWindow): Instant {
  const planned = plannedEnd(window);
  return window.firstCloseAt === undefined ? planned : Math.min(window.firstCloseAt, planned);
}

/** The planned end, or the approved extension: until then a window whose close was refused may be resumed. */
export function plannedEnd(window: MaintenanceWindow): Instant {
  return window.extension ? Math.max(window.end, window.extension.until) : window.end;
}

/** When everything the window opened must be shut. Instants are UTC, so a day on which clocks change adds nothing. */
export function deadline(window: MaintenanceWindow, graceMs: number): Instant {
  return effectiveEnd(window) + graceMs;
}

/** Whether what was first seen then, there, may be this window's work. Grace is for shutting, not for opening. */
export function covers(window: MaintenanceWindow, device: string, firstSeen: Instant): boolean {
  return (
    window.state !== 'cancelled' &&
    window.devices.includes(device) &&
    window.start <= firstSeen &&
    firstSeen <= effectiveEnd(window)
  );
}

/** The vendor of a window in which the hospital's own staff work. */
export const SELF = 'self';

/** Nobody has looked at the scope of an emergency beforehand, so it cannot become a standing door. */
export const EMERGENCY_MS_MAX = 4 * 3_600_000;

/** One shift. Nobody else looks at a window of the hospital's own staff beforehand. */
export const SELF_MS_MAX = 12 * 3_600_000;

function isNamed(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== '';
}

export function planWindow(plan: WindowPlan): Result<WindowStep> {
  const refuse = (message: string, remedy: string): Result<WindowStep> =>
    failure({ code: 'WINDOW_PLAN', message: `window ${plan.id}: ${message}`, remedy });
  if (plan.id === '') return refuse('it has no id', 'give one, such as a ticket number');
  if (!(plan.start < plan.end)) return refuse('it ends before it starts', 'give an end after the start');
  if (plan.devices.length === 0) return refuse('it names no device', 'name the devices the vendor will work on');
  if (plan.vendor === SELF && !isNamed(plan.owner)) {
    return refuse('nobody of the hospital answers for it', 'name the person who makes the change');
  }
  if (plan.vendor === SELF && plan.end - plan.start > SELF_MS_MAX) {
    return refuse(
      'a window of your own staff lasts twelve hours at most',
      'end it sooner; longer work is planned for a vendor',
    );
  }
  if (plan.emergency) {
    const { caller, reason, onCall } = plan.emergency;
    if (![plan.vendor, caller, reason, onCall].every(isNamed)) {
      return refuse('an emergency without a vendor, caller, reason or on-call', 'name all four');
    }
    if (plan.end - plan.start > EMERGENCY_MS_MAX) {
      return refuse('an emergency lasts four hours at most', 'end it sooner; longer work is planned');
    }
  }
  const window: MaintenanceWindow = { ...plan, state: 'planned' };
  return success({ window, effects: [{ kind: 'watchDeadline', effectiveEnd: effectiveEnd(window) }] });
}

export function stepWindow(window: MaintenanceWindow, event: WindowEvent, now: Instant): Result<WindowStep> {
  switch (event.kind) {
    case 'open':
      return open(window, event, now);
    case 'extend':
      return extend(window, event, now);
    case 'close':
      return close(window, event, now);
    case 'sessions':
      return lookAgain(window, event, now);
    case 'cancel':
      return cancel(window, event, now);
    case 'resume':
      return resume(window, event, now);
    case 'handOver':
      return handOver(window, event, now);
    case 'deadline':
      return reachDeadline(window, event, now);
  }
}

function open(window: MaintenanceWindow, event: WindowEvent & { kind: 'open' }, now: Instant): Result<WindowStep> {
  if (window.state === 'open') return illegal(window, 'cannot be opened again', 'go on working');
  if (window.state !== 'planned') return illegal(window, 'cannot be opened', AGAIN[window.state]);
  if (now < window.start) {
    return illegal(window, `cannot be opened before it starts at ${iso(window.start)}`, 'plan an earlier start');
  }
  if (now > effectiveEnd(window)) {
    return illegal(window, `cannot be opened after it ended at ${iso(effectiveEnd(window))}`, 'plan another window');
  }
  const opened: MaintenanceWindow = {
    ...window,
    state: 'open',
    openedAt: now,
    ...(event.before && { before: event.before }),
  };
  return success({ window: opened, effects: [{ kind: 'snapshot', devices: window.devices, why: 'before' }] });
}

function extend(window: MaintenanceWindow, event: WindowEvent & { kind: 'extend' }, now: Instant): Result<WindowStep> {
  if (window.state !== 'planned' && window.state !== 'open')
    return illegal(window, 'cannot be extended', AGAIN[window.state]);
  const end = effectiveEnd(window);
  if (event.until <= end) return illegal(window, `already lasts until ${iso(end)}`, 'give a later time');
  if (event.until <= now)
    return illegal(window, `cannot be extended to ${iso(event.until)}, which is past`, 'give a time to come');
  if (!isNamed(event.by) || !isNamed(event.reason)) {
    return illegal(window, 'cannot be extended anonymously or without a reason', 'say who grants it and why');
  }
  if (window.emergency && event.until - window.start > EMERGENCY_MS_MAX) {
    return illegal(window, 'is an emergency and lasts four hours at most', 'plan another window');
  }
  if (window.vendor === SELF && event.until - window.start > SELF_MS_MAX) {
    return illegal(window, 'is one of your own staff and lasts twelve hours at most', 'open another window');
  }
  const { until, by, reason, second } = event;
  if (until - window.start > 2 * (window.end - window.start) && !isOther(second, by)) {
    return illegal(
      window,
      'would last more than twice as long as planned',
      isNamed(second) ? `name a second approver other than ${by}` : 'name a second approver',
    );
  }
  const extension = { until, by, reason, ...(isNamed(second) && { second: second! }) };
  const extended = { ...window, extension };
  return success({ window: extended, effects: [{ kind: 'watchDeadline', effectiveEnd: effectiveEnd(extended) }] });
}

/** How somebody who wants to work on gets on. */
const AGAIN: Readonly<Record<Exclude<WindowState, 'planned' | 'open'>, string>> = {
  refused: 'resume it first, or shut what is left and close it',
  overdue: 'shut what is left and close it; for further work plan another window',
  closed: 'plan another window',
  cancelled: 'plan another window',
};

/** Two signatures of one person are one signature. */
function isOther(second: string | undefined, first: string): boolean {
  const same = (text: string): string => text.trim().toLowerCase();
  return isNamed(second) && same(second!) !== same(first);
}

/**
 * A close may come twice after a refusal, and also for a window nobody remembered to open: that the vendor has
 * finished must never go unheard. `closed` is the only word that ends the matter.
 */
function close(window: MaintenanceWindow, event: WindowEvent & { kind: 'close' }, now: Instant): Result<WindowStep> {
  if (window.state === 'closed') return illegal(window, 'cannot be closed again', 'nothing is left to do');
  if (window.state === 'cancelled') return illegal(window, 'cannot be closed', 'nothing is left to do');
  if (now < window.start) return illegal(window, `has not started (${iso(window.start)})`, 'cancel it instead');
  const { unattested: _, sessions: __, ...rest } = window;
  const ended: MaintenanceWindow = {
    ...rest,
    firstCloseAt: window.firstCloseAt ?? now,
    ...(event.verdict === 'closed' && { state: 'closed' as const, closedAt: now }),
    ...(event.verdict !== 'closed' && window.state !== 'overdue' && { state: 'refused' as const }),
    ...(event.verdict === 'unattested' && { unattested: true }),
    ...(event.sessions && { sessions: { ...event.sessions, at: now } }),
  };
  return success({
    window: ended,
    effects: [
      { kind: 'snapshot', devices: window.devices, why: 'after' },
      ...(window.deadlineJudged
        ? []
        : [{ kind: 'watchDeadline', effectiveEnd: effectiveEnd(ended) } satisfies WindowEffect]),
    ],
  });
}

/** That a window is closed stays: what outlived it is told beside that, and gone once it has ended. */
function lookAgain(
  window: MaintenanceWindow,
  { sessions }: WindowEvent & { kind: 'sessions' },
  now: Instant,
): Result<WindowStep> {
  if (window.state !== 'closed') return illegal(window, 'is not over', 'close it');
  return success({ window: { ...window, sessions: { ...sessions, at: now } }, effects: [] });
}

/** Only what was never opened can be cancelled: cancelling must not be a way round the closing check. */
function cancel(window: MaintenanceWindow, event: WindowEvent & { kind: 'cancel' }, now: Instant): Result<WindowStep> {
  if (window.state !== 'planned') {
    const isOver = window.state === 'closed' || window.state === 'cancelled';
    return illegal(window, 'cannot be cancelled', isOver ? 'nothing is left to do' : 'close it instead');
  }
  const { withdrawn = false } = event;
  const cancelled = { ...window, state: 'cancelled' as const, cancelledAt: now, ...(withdrawn && { withdrawn }) };
  return success({ window: cancelled, effects: [] });
}

/**
 * The technician said too early that the work was over. The window is open again as if nobody had closed it, so its
 * deadline is ahead once more; past the planned end there is nothing to go back to.
 */
function resume(window: MaintenanceWindow, event: WindowEvent & { kind: 'resume' }, now: Instant): Result<WindowStep> {
  if (window.state === 'open') return illegal(window, 'cannot be resumed', 'go on working');
  if (window.state === 'planned') return illegal(window, 'cannot be resumed', 'open it');
  if (window.state !== 'refused') return illegal(window, 'cannot be resumed', AGAIN[window.state]);
  if (now >= plannedEnd(window)) {
    return illegal(window, `was planned until ${iso(plannedEnd(window))} only`, 'plan another window');
  }
  if (!isNamed(event.by)) return illegal(window, 'cannot be resumed anonymously', 'say who goes on');
  const { firstCloseAt: _, unattested: __, deadlineJudged: ___, ...rest } = window;
  const resumed: MaintenanceWindow = {
    ...rest,
    state: 'open',
    openedAt: window.openedAt ?? now,
    resumed: { by: event.by, at: now },
  };
  return success({ window: resumed, effects: [{ kind: 'watchDeadline', effectiveEnd: effectiveEnd(resumed) }] });
}

/** What is left has an owner from then on. Nothing else changes: it is told until it is shut. */
function handOver(
  window: MaintenanceWindow,
  event: WindowEvent & { kind: 'handOver' },
  now: Instant,
): Result<WindowStep> {
  if (window.state !== 'refused' && window.state !== 'overdue')
    return illegal(window, 'has nothing to hand over', 'only what a refused close or a late end leaves is handed over');
  if (!isNamed(event.to) || !isNamed(event.by)) {
    return illegal(window, 'cannot be handed over anonymously', 'say who hands over, and to whom');
  }
  return success({ window: { ...window, handedOver: { to: event.to, by: event.by, at: now } }, effects: [] });
}

function reachDeadline(
  window: MaintenanceWindow,
  event: WindowEvent & { kind: 'deadline' },
  now: Instant,
): Result<WindowStep> {
  if (window.state === 'cancelled' || window.deadlineJudged) return illegal(window, 'has no deadline to judge');
  if (now < deadline(window, event.graceMs)) {
    return illegal(window, `has its deadline only at ${iso(deadline(window, event.graceMs))}`);
  }
  const late = window.state === 'planned' || window.state === 'open';
  return success({
    window: { ...window, deadlineJudged: true, ...(late && { state: 'overdue' as const }) },
    effects: late ? [{ kind: 'overdue' }] : [],
  });
}

/** Who of the hospital answers for what is left; undefined: nobody was ever named. */
export function answersFor({
  handedOver,
  owner,
  emergency,
  resumed,
  extension,
}: Pick<MaintenanceWindow, 'handedOver' | 'owner' | 'emergency' | 'resumed' | 'extension'>): string | undefined {
  return handedOver?.to ?? owner ?? emergency?.onCall ?? resumed?.by ?? extension?.by;
}

const standing: Record<WindowState, (window: MaintenanceWindow) => string> = {
  planned: () => 'is only planned',
  open: (window) => `is open since ${iso(window.openedAt!)}`,
  closed: (window) => `is closed since ${iso(window.closedAt!)}`,
  refused: (window) => `ended at ${iso(effectiveEnd(window))} and its closure was refused`,
  overdue: (window) => `is overdue since ${iso(effectiveEnd(window))}`,
  cancelled: (window) => `was cancelled at ${iso(window.cancelledAt!)}`,
};

function illegal(window: MaintenanceWindow, what: string, remedy?: string): { ok: false; error: Problem } {
  const message = `window ${window.id} ${standing[window.state](window)}: it ${what}`;
  return failure({ code: 'WINDOW_TRANSITION', message, ...(remedy !== undefined && { remedy }) });
}

function iso(instant: Instant): string {
  return new Date(instant).toISOString();
}

/**
 * The machine as one value. The judge sees its shape only and is given it by app/, so that judgement never depends on
 * how windows are kept.
 */
export interface WindowMachine {
  plan(plan: WindowPlan): Result<WindowStep>;
  step(window: MaintenanceWindow, event: WindowEvent, now: Instant): Result<WindowStep>;
  effectiveEnd(window: MaintenanceWindow): Instant;
  deadline(window: MaintenanceWindow, graceMs: number): Instant;
  covers(window: MaintenanceWindow, device: string, firstSeen: Instant): boolean;
  scopeReader(scope: readonly ScopeEntry[], addressOf: AddressOf): ScopeReader;
}

export const windowMachine: WindowMachine = {
  plan: planWindow,
  step: stepWindow,
  effectiveEnd,
  deadline,
  covers,
  scopeReader,
};
