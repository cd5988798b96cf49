import { alignNumbers } from './align.js';
import type { RuleList } from './rule-list.js';

/** A rule that is not at the same place in both lists. One that was moved is there twice: where it was, where it is. */
export interface ChangedRule {
  readonly side: 'before' | 'after';
  /** Its place in that list. */
  readonly at: number;
  readonly rule: number;
}

/** Both lists as one: kept rules once, removed and added ones where they stood. */
export interface MergedLists {
  /** Rule numbers. */
  readonly rules: Int32Array;
  /** 1 before, 2 after, 3 both. */
  readonly sides: Uint8Array;
  /** Where a rule of the list before is. */
  readonly ofBefore: Int32Array;
  /** In the order of the merged list. */
  readonly changed: readonly { readonly place: number; readonly change: ChangedRule }[];
}

export function mergeLists(before: RuleList, after: RuleList): MergedLists {
  const partners = alignNumbers(before.rules, after.rules);
  let kept = 0;
  for (const partner of partners) if (partner >= 0) kept += 1;
  const total = before.rules.length + after.rules.length - kept;
  const rules = new Int32Array(total);
  const sides = new Uint8Array(total);
  const ofBefore = new Int32Array(before.rules.length);
  const changed: { place: number; change: ChangedRule }[] = [];
  let [j, place] = [0, 0];
  const addedUpTo = (end: number): void => {
    for (; j < end; j += 1, place += 1) {
      rules[place] = after.rules[j]!;
      sides[place] = 2;
      changed.push({ place, change: { side: 'after', at: j, rule: rules[place]! } });
    }
  };
  // Between two kept rules those removed come before those added.
  for (let i = 0; i < partners.length; i += 1, place += 1) {
    const partner = partners[i]!;
    if (partner >= 0) addedUpTo(partner);
    rules[place] = before.rules[i]!;
    ofBefore[i] = place;
    if (partner >= 0) {
      sides[place] = 3;
      j += 1;
    } else {
      sides[place] = 1;
      changed.push({ place, change: { side: 'before', at: i, rule: rules[place]! } });
    }
  }
  addedUpTo(after.rules.length);
  return { rules, sides, ofBefore, changed };
}
