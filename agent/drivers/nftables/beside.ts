/**
 * Lays the bytecode of a rule beside its listing. nft makes words of what the kernel has by rules of thumb, some of which
 * lose a part (seen with 1.0.6): two comparisons that follow each other become one range, a test of a protocol is left out
 * as if another went without it, two fields side by side become one. Where both agree the words are what they say;
 * where the kernel has more, the rule is read as the kernel has it. What does not fit together changes nothing.
 */
import type { Comparison, Expression, RuleDeclaration, Statement, TableFamily } from './ast.js';
import type { KernelStep, KernelTest } from './bytecode.js';
import { hiddenTests } from './hidden-tests.js';
import { isJoined } from './joined.js';
import { constantText, joinedKey, kernelValue, keyOf, selectorOfKey } from './kernel-keys.js';
import { statementText } from './render.js';

export type Match = Extract<Statement, { kind: 'match' }>;

/** Comparisons of a rule between two statements that do something. */
export interface Stretch {
  readonly table: TableFamily;
  /** What stands before it, and in it. */
  readonly until: readonly Statement[];
  readonly matches: readonly Match[];
  readonly tests: readonly KernelTest[];
}

/** What stands in the place of a comparison of the listing, by its number: those of the same words are one object. */
type Instead = Map<number, readonly Statement[]>;

interface Laid {
  readonly table: TableFamily;
  readonly statements: readonly Statement[];
  readonly parts: readonly Part[] | undefined;
}

/** Rules of the same words and the same bytecode are laid beside each other once. */
const known = new WeakMap<readonly KernelStep[], Laid[]>();

export function layBeside(table: TableFamily, rule: RuleDeclaration, steps: readonly KernelStep[]): RuleDeclaration {
  const { statements } = rule;
  const before = known.get(steps) ?? [];
  let laid = before.find((one) => one.statements === statements && one.table === table);
  if (!laid) {
    laid = { table, statements, parts: partsOf(table, statements, steps) };
    known.set(steps, [...before.slice(-3), laid]);
  }
  const { parts } = laid;
  if (!parts) return rule;
  if (parts.every(({ now, was }) => now.length === 1 && now[0] === was)) return { ...rule, proved: true };
  return { ...rule, proved: true, statements: parts.flatMap(({ now }) => now), text: textOf(rule, parts) };
}

/** A statement of the listing, and what it is; only the latter where the listing has nothing of it. */
interface Part {
  readonly was?: Statement;
  readonly now: readonly Statement[];
}

/** Undefined where listing and bytecode do not fit together. */
function partsOf(
  table: TableFamily,
  statements: readonly Statement[],
  steps: readonly KernelStep[],
): readonly Part[] | undefined {
  const acts = statements.filter(({ kind }) => kind !== 'match').length;
  if (statements.some(({ kind }) => kind === 'unrecognized')) return undefined;
  if (acts !== steps.filter(({ kind }) => kind === 'act').length) return undefined;
  const parts: Part[] = [];
  let step = 0;
  for (let from = 0; from <= statements.length; ) {
    const end = statements.findIndex(({ kind }, at) => at >= from && kind !== 'match');
    const to = end < 0 ? statements.length : end;
    const own: KernelStep[] = [];
    while (step < steps.length && steps[step]!.kind !== 'act') own.push(steps[step++]!);
    const matches = statements.slice(from, to) as Match[];
    const tests = own.filter((one) => one.kind === 'test');
    // What an act reads is asked for before it: `reject with tcp reset` asks for the protocol.
    const stretch: Stretch = { table, until: statements.slice(0, to + 1), matches, tests };
    const instead = insteadOf(stretch);
    if (!instead) return undefined;
    const hidden = hiddenTests(stretch);
    if (hidden.length > 0) parts.push({ now: hidden });
    for (const [at, was] of matches.entries()) parts.push({ was, now: instead.get(at) ?? [was] });
    if (to < statements.length) parts.push({ was: statements[to]!, now: [statements[to]!] });
    from = to + 1;
    step += 1;
  }
  return parts;
}

/** Undefined where something is not as it would be. */
function insteadOf(stretch: Stretch): Instead | undefined {
  const instead: Instead = new Map();
  return layRanges(stretch, instead) && layPairs(stretch, instead) ? instead : undefined;
}

const operators: Readonly<Partial<Record<Comparison, KernelTest['operator']>>> = {
  '<': 'lt',
  '>': 'gt',
  '<=': 'lte',
  '>=': 'gte',
};

/** All that asks for more or less than a constant, in its order. */
function layRanges({ table, matches, tests }: Stretch, instead: Instead): boolean {
  const left = tests.filter(({ operator, last }) => last !== undefined || (operator !== 'eq' && operator !== 'neq'));
  let at = 0;
  for (const [index, match] of matches.entries()) {
    const { operator, right } = match;
    if (right.kind === 'value' && operators[operator]) {
      const test = left[at++];
      if (test?.operator !== operators[operator] || !says(table, match, right.text, test)) return false;
    } else if (right.kind === 'range') {
      const test = left[at++];
      if (!test) return false;
      const negated = operator === '!=';
      if (test.last !== undefined) {
        if (test.operator !== (negated ? 'neq' : 'eq') || !says(table, match, right.first, test)) return false;
        if (!says(table, match, right.last, { ...test, value: test.last })) return false;
        continue;
      }
      const second = left[at++];
      const expected = negated ? 'lt gt' : 'gte lte';
      if (!second || `${test.operator} ${second.operator}` !== expected) return false;
      const key = keyOf(match.left);
      if (key !== undefined && key !== second.key) return false;
      const found = asTwo(table, match, test, second);
      if (found) instead.set(index, found);
    }
  }
  return at === left.length;
}

/** Whether the constant is the kernel's; one whose words are not known may be. */
function says(table: TableFamily, { left }: Match, text: string, test: KernelTest): boolean {
  const [key, value] = [keyOf(left), kernelValue(table, left, text)];
  return (key === undefined || key === test.key) && (value === undefined || value === test.value);
}

/** What the kernel has where nft prints a range; undefined where it is one. */
function asTwo(table: TableFamily, match: Match, one: KernelTest, other: KernelTest): readonly Statement[] | undefined {
  if (match.right.kind !== 'range') return undefined;
  const { first, last } = match.right;
  const inOrder = one.operator === 'gte' && one.value <= other.value;
  if (one.key === other.key && inOrder && says(table, match, first, one) && says(table, match, last, other))
    return undefined;
  const [from, to]: readonly Comparison[] = one.operator === 'gte' ? ['>=', '<='] : ['<', '>'];
  const compared = (left: Expression | undefined, operator: Comparison, test: KernelTest): Statement =>
    left
      ? { kind: 'match', operator, left, right: { kind: 'value', text: constantText(left, test.value) } }
      : { kind: 'meter', text: `one of two comparisons that nft prints as ${statementText(match)}` };
  const named = one.key === other.key ? match.left : selectorOfKey(one.key, match.left);
  const isOwn = keyOf(match.left) === other.key && kernelValue(table, match.left, last) === other.value;
  return [compared(named, from!, one), compared(isOwn ? match.left : undefined, to!, other)];
}

/**
 * `tcp sport != 22 tcp dport != 80`: in the kernel both, or one of what stands side by side. Of two such pairs nft
 * prints the first fields before the second ones.
 */
function layPairs({ table, matches, tests }: Stretch, instead: Instead): boolean {
  const unlike = tests.filter(({ operator, last }) => operator === 'neq' && last === undefined);
  const single = new Map(
    [...matches.entries()].filter(([, { operator, right }]) => operator === '!=' && right.kind === 'value'),
  );
  for (const test of unlike) {
    const pair = pairOf(table, single, test);
    if (!pair) continue;
    const [one, other] = pair.map((at) => matches[at]!) as [Match, Match];
    const joined: Statement = {
      kind: 'match',
      operator: '!=',
      left: { kind: 'concat', of: [one.left, other.left] },
      right: { kind: 'concat', of: [one.right, other.right] },
    };
    for (const at of pair) {
      single.delete(at);
      instead.set(at, at === pair[0] ? [joined] : []);
    }
  }
  return [...single.values()].every((match) => {
    if (!matches.some((other) => isNeighbour(match, other))) return true;
    const [key, value] = [keyOf(match.left), numberIn(table, match)];
    return unlike.some((test) => test.key === key && test.value === value);
  });
}

const isNeighbour = (one: Match, other: Match): boolean => isJoined(one, other) || isJoined(other, one);

function numberIn(table: TableFamily, { left, right }: Match): bigint | undefined {
  return right.kind === 'value' ? kernelValue(table, left, right.text) : undefined;
}

/** The two that the kernel asks as one, by their numbers. */
function pairOf(
  table: TableFamily,
  matches: ReadonlyMap<number, Match>,
  test: KernelTest,
): readonly [number, number] | undefined {
  for (const [at, one] of matches) {
    for (const [next, other] of matches) {
      const joined = isJoined(one, other) ? joinedKey(one.left, other.left) : undefined;
      const [first, second] = [numberIn(table, one), numberIn(table, other)];
      if (joined?.key !== test.key || first === undefined || second === undefined) continue;
      if (((first << joined.shift) | second) === test.value) return [at, next];
    }
  }
  return undefined;
}

/** The rule in nft's words, with those of the kernel in the place of those that are not so. */
function textOf({ text, comment }: RuleDeclaration, parts: readonly Part[]): string {
  let [written, rest] = ['', text];
  const [front] = parts;
  const inWords = (statements: readonly Statement[]): string => statements.map((one) => statementText(one)).join(' ');
  for (const part of parts) {
    const { was, now } = part;
    if (was && now.length === 1 && now[0] === was) continue;
    const place = was ? statementText(was) : '';
    const at = was ? rest.indexOf(place) : part === front ? 0 : -1;
    if (at < 0 || (was && rest.indexOf(place, at + 1) >= 0)) {
      const remark = comment === undefined ? '' : ` comment "${comment}"`;
      return inWords(parts.flatMap((one) => one.now)) + remark;
    }
    const words = inWords(now);
    written += rest.slice(0, at) + words + (was || words === '' ? '' : ' ');
    rest = rest.slice(at + place.length);
  }
  return (written + rest).replace(/ {2,}/g, ' ').trim();
}
