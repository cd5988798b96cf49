import { alignLists } from './align.js';
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
  const { kept } = alignLists(Array.from(before.rules), Array.from(after.rules), (rule) => rule);
  const total = before.rules.length + after.rules.length - kept.length;
  const rules = new Int32Array(total);
  const sides = new Uint8Array(total);
  const ofBefore = new Int32Array(before.rules.length);
  const changed: { place: number; change: ChangedRule }[] = [];
  let [i, j, place] = [0, 0, 0];
  const upTo = (end: number, last: number): void => {
    for (; i < end; i += 1, place += 1) {
      rules[place] = before.rules[i]!;
      sides[place] = 1;
      ofBefore[i] = place;
      changed.push({ place, change: { side: 'before', at: i, rule: rules[place]! } });
    }
    for (; j < last; j += 1, place += 1) {
      rules[place] = after.rules[j]!;
      sides[place] = 2;
      changed.push({ place, change: { side: 'after', at: j, rule: rules[place]! } });
    }
  };
  for (const [nextBefore, nextAfter] of kept) {
    upTo(nextBefore, nextAfter);
    rules[place] = before.rules[i]!;
    sides[place] = 3;
    ofBefore[i] = place;
    i += 1;
    j += 1;
    place += 1;
  }
  upTo(before.rules.length, after.rules.length);
  return { rules, sides, ofBefore, changed };
}
