/**
 * Named sets and maps as conditions see them: their elements, or, where packets themselves put elements in, what
 * decides the membership. An identity is content, never a name: the elements of a static set, the rules that fill a
 * dynamic one.
 */
import { createHash } from 'node:crypto';
import type { Unknown } from '../../model/index.js';
import type { Element, Expression, RuleDeclaration } from './ast.js';
import type { NamedSet, Table } from './extract.js';
import { elementText, statementText } from './render.js';
import { printable } from './values.js';

export interface Sets {
  /** The set, if it is declared. */
  find(name: string): NamedSet | undefined;
  /** Whether rules add, update or delete its elements. */
  isDynamic(name: string): boolean;
  /** Its content in words: the identity of whatever refers to it. */
  contentOf(name: string): string;
  /** The content of a named limit or quota. */
  objectText(kind: 'limit' | 'quota', name: string): string | undefined;
}

const identityMax = 400;

/** Short texts are their own identity; of long ones the digest. */
export function identity(text: string): string {
  if (text.length <= identityMax) return text;
  return `${text.slice(0, 60)}… sha256:${createHash('sha256').update(text).digest('hex')}`;
}

export function unknown(
  text: string,
  more: { readonly stateful?: boolean; readonly unrecognized?: boolean } = {},
): Unknown {
  const shown = printable(text.length > 160 ? `${text.slice(0, 159)}…` : text);
  return {
    kind: 'unknown',
    id: identity(text),
    text: shown,
    ...(more.stateful && { stateful: true }),
    ...(more.unrecognized && { unrecognized: true }),
  };
}

export function setsOf(table: Table): Sets {
  const fillers = new Map<string, RuleDeclaration[]>();
  for (const chain of table.chains.values()) for (const rule of chain.rules) note(rule, fillers);
  const known = new Map<string, string>();
  const open = new Set<string>();

  const contentOf = (name: string): string => {
    const found = known.get(name);
    if (found !== undefined) return found;
    // A rule that asks the set it fills: the set is part of its own content.
    if (open.has(name)) return '@itself';
    open.add(name);
    const text = identity(describe(name));
    open.delete(name);
    known.set(name, text);
    return text;
  };

  const filledBy = (name: string, rules: readonly RuleDeclaration[]): string =>
    `a set filled by { ${rules.map((rule) => fillerText(rule, name, contentOf)).join('; ')} }`;

  const describe = (name: string): string => {
    const set = table.sets.get(name);
    const rules = fillers.get(name);
    if (rules) {
      const text = filledBy(name, rules);
      // The same rule in two chains fills two sets, with different packets: then a name tells them apart.
      const isTwin = [...fillers].some(([other, its]) => other !== name && filledBy(other, its) === text);
      return isTwin ? `${text} (${name})` : text;
    }
    if (!set) return `@${name}`;
    const elements = set.elements.map((element) => elementText(element, contentOf)).sort();
    return `{ ${elements.join(', ')} }`;
  };

  return {
    find: (name) => table.sets.get(name),
    isDynamic: (name) => fillers.has(name),
    contentOf,
    objectText: (kind, name) => table.objects.get(`${kind} ${name}`)?.definition,
  };
}

/** What a rule asks before it fills the set, and what it puts in. The set's own name is no part of it. */
function fillerText(rule: RuleDeclaration, set: string, contentOf: (name: string) => string): string {
  const words: string[] = [];
  for (const statement of rule.statements) {
    if (statement.kind === 'setUpdate')
      words.push(`${statement.operation} ${elementText(statement.element, contentOf)}`);
    else if (statement.kind !== 'sideEffect') words.push(statementText(statement, contentOf));
    if (statement.kind === 'setUpdate' && statement.set === set) break;
  }
  return words.join(' ');
}

function note(rule: RuleDeclaration, fillers: Map<string, RuleDeclaration[]>): void {
  for (const statement of rule.statements) {
    if (statement.kind === 'setUpdate') {
      const rules = fillers.get(statement.set);
      if (!rules) fillers.set(statement.set, [rule]);
      else if (rules.at(-1) !== rule) rules.push(rule);
    }
    if (
      statement.kind === 'verdict' &&
      (statement.verdict.kind === 'jumpBlock' || statement.verdict.kind === 'gotoBlock')
    ) {
      for (const inner of statement.verdict.rules) note(inner, fillers);
    }
  }
}

/** The elements of a set in place or of a static named one; undefined where membership is not known. */
export function elementsOf(expression: Expression, sets: Sets): readonly Element[] | undefined {
  if (expression.kind === 'set') return expression.elements;
  if (expression.kind !== 'setReference' || sets.isDynamic(expression.name)) return undefined;
  return sets.find(expression.name)?.elements;
}
