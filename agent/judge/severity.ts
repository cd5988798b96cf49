import type { JudgeContext } from './context.js';
import { egressRisk, type Rating, riskOf } from './risk.js';
import { exposuresOf, withRules } from './rules/match.js';
import type { ExposureRule } from './rules/types.js';
import type { Subject } from './types.js';

/** How bad it is, why, and the exposures that it is known by. */
export interface Rated extends Rating {
  readonly rules: readonly ExposureRule[];
}

/** An access fact that no rule rates: nobody has said that it is harmless. */
const UNRATED_FACT: Rating['severity'] = 'medium';

/**
 * The one place where a severity is made: risk() of what is open, then what the rules say to it. `alongside` is
 * everything else that lets the internet in at the same moment.
 */
export function severityOf(subject: Subject, context: JudgeContext, alongside: readonly Subject[] = []): Rated {
  const rules = exposuresOf(subject, context, alongside);
  const risk =
    subject.kind === 'fact'
      ? { severity: UNRATED_FACT, because: `${UNRATED_FACT}: ${subject.summary}` }
      : riskOf(subject, context, alongside);
  return { ...withRules(risk, rules), rules };
}

/** The same for data that may leave to a host that nobody approved. */
export function egressSeverityOf(subject: Subject, context: JudgeContext): Rated {
  const rules = exposuresOf(subject, context);
  return { ...withRules(egressRisk(subject, context), rules), rules };
}
