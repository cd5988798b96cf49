import { failure, type Problem, type Result } from '../lib/result.js';
import type { Instant, MaintenanceWindow, WindowEvent, WindowStep } from '../windows/index.js';
import type { JudgeContext } from './context.js';
import { settleResumed } from './deadlines.js';
import type { JudgeEvent } from './events.js';
import type { JudgeState } from './findings.js';
import type { Taken } from './taken.js';

export function takePlan(
  state: JudgeState,
  event: JudgeEvent & { kind: 'windowPlanned' },
  context: JudgeContext,
): Taken {
  const { id } = event.window;
  const known = state.windows.find((window) => window.id === id);
  if (known && !(event.replaces && (known.state === 'planned' || known.withdrawn))) {
    return { state, problem: windowExists(known) };
  }
  const planned = context.windows.plan(event.window);
  if (!planned.ok) return { state, problem: planned.error };
  if (known) return { state: withWindow(state, planned.value.window) };
  return { state: { ...state, windows: [...state.windows, planned.value.window] } };
}

/** Ids are for ever: what was told of a window is found by its id. */
export function windowExists({ id, state }: Pick<MaintenanceWindow, 'id' | 'state'>): Problem {
  const message = state === 'planned' ? `window ${id} is planned already` : `there is a window ${id} already: ${state}`;
  return { code: 'WINDOW_EXISTS', message, remedy: 'choose another id' };
}

/** Everything that is said of a window that is planned already, but that the work is over. */
type WindowWord = JudgeEvent & {
  kind: 'windowOpened' | 'windowExtended' | 'windowResumed' | 'windowHandedOver' | 'windowSessions' | 'windowCancelled';
};

export function takeWindow(state: JudgeState, named: Named, word: WindowWord): Taken {
  const step = stepNamed(state, named, meant(word));
  if (!step.ok) return { state, problem: step.error };
  const { window } = step.value;
  const isOpenAgain = word.kind === 'windowResumed';
  return {
    state: withWindow(state, window),
    ...(isOpenAgain && { answered: (desk) => settleResumed(desk, window, named.at) }),
  };
}

function meant(word: WindowWord): WindowEvent {
  switch (word.kind) {
    case 'windowOpened':
      return { kind: 'open', ...(word.before && { before: word.before }) };
    case 'windowExtended': {
      const { until, by, reason, second } = word;
      return { kind: 'extend', until, by, reason, ...(second !== undefined && { second }) };
    }
    case 'windowResumed':
      return { kind: 'resume', by: word.by };
    case 'windowHandedOver':
      return { kind: 'handOver', to: word.to, by: word.by };
    case 'windowSessions':
      return { kind: 'sessions', sessions: word.sessions };
    case 'windowCancelled':
      return { kind: 'cancel', ...(word.withdrawn && { withdrawn: true }) };
  }
}

/** A window by its id, stepped at an instant. */
export interface Named {
  readonly id: string;
  readonly at: Instant;
  readonly context: JudgeContext;
}

export function stepNamed(state: JudgeState, { id, at, context }: Named, event: WindowEvent): Result<WindowStep> {
  const window = state.windows.find((one) => one.id === id);
  if (!window) return failure({ code: 'NO_WINDOW', message: `there is no window ${id}` });
  return context.windows.step(window, event, at);
}

export function withWindow(state: JudgeState, window: MaintenanceWindow): JudgeState {
  return { ...state, windows: state.windows.map((one) => (one.id === window.id ? window : one)) };
}
