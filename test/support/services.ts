import { loadRules } from '../../agent/app/rules.js';
import type { Rules, ServiceTable } from '../../agent/judge/index.js';
import { problemText } from '../../agent/lib/result.js';

let shipped: Rules | undefined;

/** Everything that is judged by, as it is shipped. */
export function rules(): Rules {
  if (!shipped) {
    const loaded = loadRules();
    if (!loaded.ok) throw new Error(problemText(loaded.error));
    shipped = loaded.value;
  }
  return shipped;
}

/** The service table as it is shipped. */
export function services(): ServiceTable {
  return rules().services;
}
