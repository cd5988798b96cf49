import { createHash } from 'node:crypto';
import type { Baseline, DeclaredAt } from './declared.js';

/** What the baseline files declared when somebody took them: by digest, in the words of the file. */
export interface SealedBaseline {
  readonly by: string;
  readonly at: number;
  readonly declarations: Readonly<Record<string, string>>;
}

/** The port through which that is remembered across restarts. */
export interface SealStore {
  load(): SealedBaseline | undefined;
  save(sealed: SealedBaseline): void;
}

/** One thing that the files say otherwise than when they were taken. */
export interface BaselineChange {
  readonly change: 'added' | 'removed';
  readonly text: string;
  /** Where it stands, of what was added. */
  readonly at?: DeclaredAt;
}

/** Every declaration by a digest of all that it means: where it stands, and in which order, is not of it. */
function digests(baseline: Baseline): ReadonlyMap<string, { readonly text: string; readonly at: DeclaredAt }> {
  const entries = [
    ...baseline.flows.map(({ at, ...flow }) => ({ at, what: ['flow', flow], text: `flow ${flow.text}` })),
    ...baseline.listeners.map(({ at, ...one }) => ({ at, what: ['listener', one], text: `listener ${one.text}` })),
    ...baseline.waivers.map(({ at, ...one }) => ({
      at,
      what: ['waiver', one],
      text: `waiver of ${one.device}/${one.subject} by ${one.owner}`,
    })),
  ];
  return new Map(entries.map(({ at, what, text }) => [digest(what), { text, at }]));
}

export function sealed(baseline: Baseline, by: string, at: number): SealedBaseline {
  return { by, at, declarations: Object.fromEntries([...digests(baseline)].map(([id, { text }]) => [id, text])) };
}

/** What the files say otherwise than when they were taken; nothing where only their text has changed. */
export function changesSince({ declarations }: SealedBaseline, baseline: Baseline): readonly BaselineChange[] {
  const now = digests(baseline);
  return [
    ...[...now].flatMap(([id, { text, at }]) => (id in declarations ? [] : [{ change: 'added' as const, text, at }])),
    ...Object.entries(declarations).flatMap(([id, text]) =>
      now.has(id) ? [] : [{ change: 'removed' as const, text }],
    ),
  ];
}

function digest(content: unknown): string {
  const text = JSON.stringify(content, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
  return createHash('sha256').update(text).digest('hex');
}
