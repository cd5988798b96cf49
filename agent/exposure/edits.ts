import type { BaseList, Direction, Family, Origin, Pipeline, Rule, RuleList } from '../model/index.js';
import { type Alignment, alignLists } from '../packets/index.js';
import { pairAlike } from './alike.js';
import { ruleText } from './identity.js';
import type { Edit } from './opening.js';
import { hooksOf } from './path.js';

/** What was done to the rules between two states of a device, and by it which packets may fare differently. */
export interface Edits {
  /** The edit that made this rule what it is now, or put it there; undefined: it was there before, in this order. */
  ofNow(rule: Rule): Edit | undefined;
  /** What became of a rule that was there before; undefined: it is still there. */
  ofBefore(rule: Rule): Edit | undefined;
  /** A change of a list as a whole: its policy, its place among the hooks, or that it is gone. */
  ofBase(list: string): Edit | undefined;
  /** Every rule, before or after, that was edited. */
  readonly rules: readonly { readonly rule: Rule; readonly list: RuleList; readonly pipeline: 'before' | 'now' }[];
  /** The first change of a list as a whole on this path: the cause where no rule that was edited meets the packet. */
  base(direction: Direction): Edit | undefined;
  /** Nothing of the family was passed on before, whatever the rules said, and now it is. */
  forwardingOn(family: Family): boolean;
  /** Something that is not in a rule differs, so that any packet may fare differently. */
  readonly wholesale: boolean;
  /** In the order of the lists. */
  readonly all: readonly Edit[];
}

/** Compares two states list by list; a list that was renamed counts as removed and added. */
export function editsBetween(before: Pipeline, now: Pipeline): Edits {
  const ofNow = new Map<Rule, Edit>();
  const ofBefore = new Map<Rule, Edit>();
  const ofBase = new Map<string, Edit>();
  const rules: { rule: Rule; list: RuleList; pipeline: 'before' | 'now' }[] = [];
  const all: Edit[] = [];
  const note = (edit: Edit): Edit => {
    all.push(edit);
    return edit;
  };
  const old = new Map(before.lists.map((list) => [list.id, list]));
  const present = new Map(now.lists.map((list) => [list.id, list]));

  for (const list of now.lists) {
    const former = old.get(list.id);
    if (former === list) continue;
    const { removed, added, moved } = alignRules(former?.rules ?? [], list.rules);
    const gone = former ? removed.map((index) => ({ index, rule: former.rules[index]! })) : [];
    const flushed = former !== undefined && list.rules.length === 0 && former.rules.length > 1;
    const pairs = pairChanges(gone, added, former, list);
    const stays = new Set(gone.length > 0 ? list.rules.map(ruleText) : []);
    const nextStaying = nextOf(gone.length > 0 ? former!.rules : [], (later) => stays.has(ruleText(later)));
    for (const index of added) {
      const rule = list.rules[index]!;
      const was = pairs.get(index);
      const edit = note(was ? changeOf(was, rule, list) : { edit: 'added', rule: rule.origin, list: list.id });
      ofNow.set(rule, edit);
      if (was) ofBefore.set(was, edit);
      rules.push({ rule, list, pipeline: 'now' });
    }
    for (const { index, rule } of gone) {
      rules.push({ rule, list: former!, pipeline: 'before' });
      if (ofBefore.has(rule)) continue;
      const next = nextStaying[index];
      ofBefore.set(
        rule,
        note({
          edit: flushed ? 'flushed' : 'removed',
          rule: rule.origin,
          list: list.id,
          ...(next ? { next: next.origin } : {}),
        }),
      );
    }
    const elsewhere = new Set([...removed, ...moved.map(([from]) => from)]);
    const kept = new Set(moved.length > 0 ? former!.rules.filter((_, index) => !elsewhere.has(index)) : []);
    const nextKept = nextOf(moved.length > 0 ? former!.rules : [], (later) => kept.has(later));
    for (const [from, to] of moved) {
      const rule = list.rules[to]!;
      const next = nextKept[from];
      const edit = note({
        edit: 'moved',
        rule: rule.origin,
        former: former!.rules[from]!.origin,
        list: list.id,
        ...(next ? { next: next.origin } : {}),
      });
      ofNow.set(rule, edit);
      ofBefore.set(former!.rules[from]!, edit);
      rules.push({ rule, list, pipeline: 'now' }, { rule: former!.rules[from]!, list: former!, pipeline: 'before' });
    }
  }
  for (const list of before.lists) {
    if (present.has(list.id)) continue;
    const edit: Edit = { edit: 'flushed', rule: list.origin, list: list.id };
    if (list.rules.length > 0 || before.bases.some((base) => base.list === list.id)) note(edit);
    ofBase.set(list.id, edit);
    for (const rule of list.rules) {
      ofBefore.set(rule, list.rules.length === 1 ? { ...edit, edit: 'removed', rule: rule.origin } : edit);
      rules.push({ rule, list, pipeline: 'before' });
    }
  }
  const bases = baseEdits(before, now, old);
  for (const edit of bases.edits) ofBase.set(edit.list, note(edit));
  // Two that say more of a list than that its place among the others changed stand already.
  for (const edit of bases.places) if (!ofBase.has(edit.list)) ofBase.set(edit.list, edit);
  return {
    ofNow: (rule) => ofNow.get(rule),
    ofBefore: (rule) => ofBefore.get(rule),
    ofBase: (list) => ofBase.get(list),
    rules,
    base: (direction) => {
      const hooks = hooksOf(direction);
      return [...bases.edits, ...bases.places].find(({ list }) =>
        [...now.bases, ...before.bases].some((one) => one.list === list && hooks.includes(one.hook)),
      );
    },
    forwardingOn: (family) => before.forwarding?.[family] === false && now.forwarding?.[family] === true,
    wholesale: bases.wholesale || routingDiffers(before, now),
    all,
  };
}

/** For each rule the first one behind it for which `wanted` holds. */
function nextOf(rules: readonly Rule[], wanted: (rule: Rule) => boolean): readonly (Rule | undefined)[] {
  const found: (Rule | undefined)[] = rules.map(() => undefined);
  for (let at = rules.length - 2; at >= 0; at -= 1) found[at] = wanted(rules[at + 1]!) ? rules[at + 1] : found[at + 1];
  return found;
}

type Changed = Pick<Alignment, 'removed' | 'added' | 'moved'>;

/**
 * `alignLists` by the rules' texts. What both begin and end with is kept by it in any case; here it is left out before,
 * because rules of the same words share their steps, and so most texts need not be written.
 */
function alignRules(before: readonly Rule[], after: readonly Rule[]): Changed {
  const isSame = (i: number, j: number): boolean => {
    const [one, other] = [before[i]!, after[j]!];
    return (one.steps === other.steps && one.disabled === other.disabled) || ruleText(one) === ruleText(other);
  };
  let [start, to, end] = [0, before.length, after.length];
  while (start < to && start < end && isSame(start, start)) start += 1;
  while (to > start && end > start && isSame(to - 1, end - 1)) {
    to -= 1;
    end -= 1;
  }
  const { removed, added, moved } = alignLists(before.slice(start, to), after.slice(start, end), ruleText);
  return {
    removed: removed.map((index) => start + index),
    added: added.map((index) => start + index),
    moved: moved.map(([i, j]) => [start + i, start + j]),
  };
}

/**
 * Rules that were taken out and put in at the same place are one rule that was changed, if they are alike: a deny that
 * went is not the permit that came near it.
 */
function pairChanges(
  gone: readonly { readonly index: number; readonly rule: Rule }[],
  added: readonly number[],
  former: RuleList | undefined,
  list: RuleList,
): ReadonlyMap<number, Rule> {
  const pairs = new Map<number, Rule>();
  if (!former) return pairs;
  const goneKeys = new Set(gone.map(({ rule }) => rule));
  const addedSet = new Set(added);
  /** How many rules that stayed come before each: equal on both sides exactly at the same place. */
  const places = (rules: readonly Rule[], isChanged: (rule: Rule, at: number) => boolean): readonly number[] => {
    let stayed = 0;
    return rules.map((rule, at) => (isChanged(rule, at) ? stayed : stayed++));
  };
  const formerPlaces = places(former.rules, (rule) => goneKeys.has(rule));
  const presentPlaces = places(list.rules, (_, at) => addedSet.has(at));
  const free = new Map<number, Rule[]>();
  for (const { index, rule } of gone) {
    const here = free.get(formerPlaces[index]!) ?? [];
    free.set(formerPlaces[index]!, here);
    here.push(rule);
  }
  const here = new Map<number, number[]>();
  for (const index of added) {
    const indexes = here.get(presentPlaces[index]!) ?? [];
    here.set(presentPlaces[index]!, indexes);
    indexes.push(index);
  }
  for (const [place, indexes] of here) {
    const added = indexes.map((index) => ({ index, rule: list.rules[index]! }));
    for (const [index, was] of pairAlike(added, free.get(place) ?? [])) pairs.set(index, was);
  }
  return pairs;
}

function changeOf(was: Rule, rule: Rule, list: RuleList): Edit {
  const edit = was.origin.text === rule.origin.text ? 'object' : 'changed';
  return { edit, rule: rule.origin, former: was.origin, list: list.id };
}

function describeBase(base: BaseList): string {
  return [base.list, base.hook, base.type, base.policy].join(' ');
}

function baseEdits(
  before: Pipeline,
  now: Pipeline,
  old: ReadonlyMap<string, RuleList>,
): { readonly edits: readonly Edit[]; readonly places: readonly Edit[]; readonly wholesale: boolean } {
  const edits: Edit[] = [];
  const places: Edit[] = [];
  let wholesale = false;
  const find = (bases: readonly BaseList[], one: BaseList): BaseList | undefined =>
    bases.find((base) => base.list === one.list && base.hook === one.hook);
  for (const base of now.bases) {
    const former = find(before.bases, base);
    // One that accepts what its rules leave opens nothing by being there.
    if (!former && base.policy === 'drop') {
      const text = `chain ${base.list.split('/').at(-1)}`;
      places.push({ edit: 'added', rule: { ...base.policyOrigin, text }, list: base.list });
    } else if (former && (former.priority !== base.priority || former.type !== base.type)) {
      const placed = (one: BaseList): Origin => ({
        ...one.policyOrigin,
        text: `type ${one.type} priority ${one.priority}`,
      });
      places.push({ edit: 'changed', rule: placed(base), former: placed(former), list: base.list });
    }
    if (former?.policy === base.policy) continue;
    if (former) edits.push({ edit: 'policy', rule: base.policyOrigin, former: former.policyOrigin, list: base.list });
    if (former || base.policy === 'drop') wholesale = true;
  }
  for (const base of before.bases) {
    if (find(now.bases, base)) continue;
    if (base.policy === 'drop') wholesale = true;
    places.push({ edit: 'flushed', rule: old.get(base.list)?.origin ?? base.policyOrigin, list: base.list });
    const still = now.lists.some((list) => list.id === base.list);
    const origin: Origin = old.get(base.list)?.origin ?? base.policyOrigin;
    if (still) edits.push({ edit: 'flushed', rule: origin, list: base.list });
    if (still && (old.get(base.list)?.rules.length ?? 0) > 0) wholesale = true;
  }
  const order = (bases: readonly BaseList[], other: readonly BaseList[]): string =>
    [...bases]
      .sort((a, b) => a.priority - b.priority)
      .filter((base) => find(other, base))
      .map(describeBase)
      .join('\n');
  if (order(before.bases, now.bases) !== order(now.bases, before.bases)) wholesale = true;
  return { edits, places, wholesale };
}

/** Whether something beside the rules decides otherwise: forwarding switched, an address of its own added. */
function routingDiffers(before: Pipeline, now: Pipeline): boolean {
  const text = ({ forwarding, localAddresses, broadcastAddresses }: Pipeline): string =>
    JSON.stringify([forwarding?.ip4, forwarding?.ip6, localAddresses, broadcastAddresses], (_, part: unknown) =>
      typeof part === 'bigint' ? `${part}n` : part,
    );
  return text(before) !== text(now);
}
