import type { Instant } from '../windows/index.js';
import type { JudgeState } from './findings.js';
import type { Finding } from './types.js';

/**
 * The state without what was shut before an instant. Only findings about something that was open go, of which there is
 * one for each thing that ever was; windows and what was told of them stay, with the few that devices and codes have.
 *
 * What is forgotten and opened again begins anew, but never under an id that was told before: its generation is higher
 * than that of everything that was forgotten.
 */
export function forgotten(state: JudgeState, before: Instant): JudgeState {
  const isOld = ({ subject, resolvedAt }: Finding): boolean =>
    subject !== undefined && resolvedAt !== undefined && resolvedAt < before;
  const old = state.findings.filter(isOld);
  if (old.length === 0) return state;
  const generationsForgotten = old.reduce(
    (highest, { generation }) => Math.max(highest, generation),
    state.generationsForgotten ?? 0,
  );
  return { ...state, findings: state.findings.filter((finding) => !isOld(finding)), generationsForgotten };
}
