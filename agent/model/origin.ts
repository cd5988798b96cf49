/** Where a piece of the model was read: enough for a person to find it on the device. */
export interface Origin {
  /** The capture's file or section name, such as `nft list ruleset`. */
  readonly file: string;
  /** First line, counted from 1. */
  readonly line: number;
  readonly lastLine?: number;
  /** The platform's own way to point at it, such as `filter/FORWARD rule 3` or `inet/filter/input handle 12`. */
  readonly rule: string;
  /** The rule in the platform's words, without counters. */
  readonly text: string;
}

/** What became of a line of input. Every line ends in exactly one of these. */
export type LineState = 'modelled' | 'irrelevant' | 'approximated' | 'unmodelled' | 'unrecognized';

export interface LineCoverage {
  readonly file: string;
  readonly line: number;
  readonly state: LineState;
  /** Why it is not `modelled`; empty for modelled and irrelevant lines. */
  readonly reason?: string;
}

/** What was read, how well it was understood, and what lies outside. Observed, declared and not covered are never mixed. */
export interface Coverage {
  /** The sources read, such as `nft list ruleset (412 lines)`. */
  readonly sources: readonly string[];
  readonly lines: readonly LineCoverage[];
  readonly rules: { readonly exact: number; readonly bounded: number; readonly unread: number };
  /** What could let traffic through and was not looked at or cannot be, in sentences. */
  readonly notCovered: readonly string[];
  /** Reasons for which no clean verdict may be given: a part is missing, truncated or not understood. */
  readonly blind: readonly string[];
  /** Those of these sentences that another driver's reading of the same host may settle; alone, they stand. */
  readonly doubts?: readonly Doubt[];
}

/**
 * Something that one reader cannot know of a table in the store of nftables, which nft and iptables both list: nft
 * without the parameters of iptables' extensions, iptables without what only nft can express.
 */
export interface Doubt {
  /** As it stands in `blind` or `notCovered`. */
  readonly sentence: string;
  readonly family: 'ip' | 'ip6' | 'inet' | 'bridge' | 'netdev' | 'arp';
  /** Absent: every table of the family. */
  readonly table?: string;
  /** The line that says so, where there is one. */
  readonly at?: { readonly file: string; readonly line: number };
}

export const emptyCoverage: Coverage = {
  sources: [],
  lines: [],
  rules: { exact: 0, bounded: 0, unread: 0 },
  notCovered: [],
  blind: [],
};

export function mergeCoverage(parts: readonly Coverage[]): Coverage {
  const sum = (pick: (coverage: Coverage) => number): number => parts.reduce((total, part) => total + pick(part), 0);
  return {
    sources: parts.flatMap((part) => part.sources),
    lines: parts.flatMap((part) => part.lines),
    rules: {
      exact: sum((p) => p.rules.exact),
      bounded: sum((p) => p.rules.bounded),
      unread: sum((p) => p.rules.unread),
    },
    notCovered: [...new Set(parts.flatMap((part) => part.notCovered))],
    blind: [...new Set(parts.flatMap((part) => part.blind))],
  };
}
