import type { Dice } from './dice.js';

/** A range, which seldom is negated as it stands: its listing alone does not decide that. */
export function perhapsNot(dice: Dice, not: string, range: string): string {
  return not && range.includes('-') && !dice.once(8) ? `${not}{ ${range} }` : `${not}${range}`;
}

/** Whether nft 1.0.6 prints a rule as something else, so that no reader of its listing can know. */
export function isGarbled(text: string): boolean {
  // Before a port "ct protocol" is left out, as what `meta l4proto` beside it says already.
  if (/ct (?:original |reply )?protocol/.test(text) && /(?:meta l4proto|ip protocol|ip6 nexthdr)/.test(text))
    return true;
  // `tcp sport >= 25 tcp dport <= 80` is printed as `tcp dport 25-80`.
  const bounds = /(?<first>\w+ [sd]port) >= \d+ (?<second>\w+ [sd]port) <= \d+/.exec(text)?.groups;
  return bounds !== undefined && bounds.first !== bounds.second;
}
