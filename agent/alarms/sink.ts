import type { Problem, Result } from '../lib/result.js';
import type { AlarmRecord } from './record.js';
import type { Stream } from './route.js';

/** Why a record was not taken, and how long the receiver asks to be left alone. */
export interface Refusal extends Problem {
  readonly retryAfterMs?: number;
}

/** Where alarms are told. */
export interface Sink {
  /** Unique among the sinks; the outbox keeps one queue for each. */
  readonly id: string;
  readonly takes: readonly Stream[];
  /** Told only of alarms that nobody took on in time. */
  readonly waits?: boolean;
  /** How many records may be under way at once; left out, one. */
  readonly window?: number;
  /**
   * Hands one record over. `ok` as soon as the receiver has it, as far as the transport can tell; a refusal is a
   * Problem and the same record comes again later. Settles soon after `signal` is aborted, and never throws.
   */
  deliver(record: AlarmRecord, signal: AbortSignal): Promise<Delivered>;
  close(): Promise<void>;
}

/** With a complaint it was taken, but not by everybody whom the sink names: who is left out hears nothing of it. */
export type Delivered = Result<void, Refusal> & { readonly complaint?: Problem };

/** A delivery that did not happen; `remedy` where there is something to do about it. */
export function refusal(
  code: string,
  message: string,
  remedy?: string,
): { readonly ok: false; readonly error: Refusal } {
  return { ok: false, error: { code, message, ...(remedy === undefined ? {} : { remedy }) } };
}

/** Waits for `signal`; the answer takes the listener off again. */
export function onAbort(signal: AbortSignal, action: () => void): () => void {
  if (signal.aborted) {
    action();
    return () => {};
  }
  signal.addEventListener('abort', action, { once: true });
  return () => signal.removeEventListener('abort', action);
}
