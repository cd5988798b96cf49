import { createHash } from 'node:crypto';
import { stableText } from '../capture.js';
import type { Seal } from '../runner.js';
import type { Frame } from './frames.js';
import { everyStep, type Plan } from './plan.js';

/**
 * A look whether anything changed must never say no where a reading would show a change. So the host runs every step
 * that counts towards a snapshot's hash, and sends, instead of what they print, one SHA-256 for each reader: over the
 * names of the steps, their exit statuses and all they printed, except for text that the driver itself leaves out of
 * that hash (and of that only what shared/volatile.ts allows). What they complain of is sent whole. The same sums are
 * made here of the reading: equal sums mean equal texts and equal complaints, so that reading again would give the
 * same snapshot. All frames bear the mark of the reading, which is secret, so that no text of one step can pass for
 * the end of it and the beginning of another. A host whose programs lie deceives a reading just as well.
 */
export interface Looked {
  /** SHA-256 in hexadecimal digits, by reader. */
  readonly sums: readonly string[];
  readonly complaints: readonly Frame[];
}

/** What counts of one pass of a reading. */
export function sealOf(plans: readonly Plan[], mark: string, outs: readonly Frame[], errs: readonly Frame[]): Seal {
  const sums = plans.map((plan) => {
    const counted = countedNames([plan]);
    const own = outs.filter(({ name }) => counted.has(name.replace(/:\d+$/, '')));
    const text = own.map(
      ({ name, status, content }) => `${mark} ${name}\n${content.toString('utf8')}\n${mark} ${status}\n`,
    );
    const left = stableText(text.join(''), plan.leftOut);
    return createHash('sha256').update(left).digest('hex');
  });
  const counted = countedNames(plans);
  return { mark, sum: sumOf({ sums, complaints: errs.filter(({ name }) => counted.has(name.replace(/:\d+$/, ''))) }) };
}

export function sumOf({ sums, complaints }: Looked): string {
  const words = complaints.map(({ name, status, content }) => [name, status, content.toString('latin1')]);
  return createHash('sha256')
    .update(JSON.stringify([sums, words]))
    .digest('hex');
}

function countedNames(plans: readonly Plan[]): ReadonlySet<string> {
  const counts = everyStep(plans).filter(({ step }) => !step.beside && step.need !== 'crossCheck');
  return new Set(counts.map(({ name }) => name));
}
