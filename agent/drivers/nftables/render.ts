/**
 * The tree in words again: the identity and the description of what the model holds as an unknown condition. Sets
 * are written by content where the caller can look them up, so that an edited set is a new condition.
 */
import type { Element, Expression, Statement, Verdict } from './ast.js';

/** Gives a named set's content in words. */
export type ContentOf = (set: string) => string;

const byName: ContentOf = (set) => `@${set}`;
const plain = /^[\w.:+*/-]+$/;

export function expressionText(expression: Expression, contentOf: ContentOf = byName): string {
  const text = (inner: Expression): string => expressionText(inner, contentOf);
  switch (expression.kind) {
    case 'value':
      return plain.test(expression.text) ? expression.text : `"${expression.text}"`;
    case 'prefix':
      return `${expression.address}/${expression.length}`;
    case 'range':
      return `${expression.first}-${expression.last}`;
    case 'concat':
      return expression.of.map(text).join(' . ');
    case 'list':
      return expression.of.map(text).sort().join(',');
    case 'set':
      return `{ ${expression.elements
        .map((element) => elementText(element, contentOf))
        .sort()
        .join(', ')} }`;
    case 'setReference':
      return contentOf(expression.name);
    case 'wildcard':
      return '*';
    case 'selector':
      return expression.name;
    case 'binary':
      return `(${text(expression.left)} ${expression.operator} ${text(expression.right)})`;
    case 'map':
      return `${text(expression.key)} map ${text(expression.data)}`;
  }
}

export function elementText(element: Element, contentOf: ContentOf = byName): string {
  const bound = element.statements
    .filter((statement) => statement.kind !== 'sideEffect')
    .map((statement) => statementText(statement, contentOf));
  const data = element.verdict
    ? ` : ${verdictText(element.verdict, contentOf)}`
    : element.value
      ? ` : ${expressionText(element.value, contentOf)}`
      : '';
  return [expressionText(element.key, contentOf), ...bound].join(' ') + data;
}

export function verdictText(verdict: Verdict, contentOf: ContentOf = byName): string {
  switch (verdict.kind) {
    case 'jump':
    case 'goto':
      return `${verdict.kind} ${verdict.chain}`;
    case 'jumpBlock':
    case 'gotoBlock':
      return `${verdict.kind === 'jumpBlock' ? 'jump' : 'goto'} { ${verdict.rules
        .map((rule) => rule.statements.map((statement) => statementText(statement, contentOf)).join(' '))
        .join('; ')} }`;
    case 'queue':
      return verdict.text;
    default:
      return verdict.kind;
  }
}

export function statementText(statement: Statement, contentOf: ContentOf = byName): string {
  const text = (inner: Expression): string => expressionText(inner, contentOf);
  switch (statement.kind) {
    case 'match': {
      const operator = shownOperator(statement);
      return [text(statement.left), ...(operator ? [operator] : []), text(statement.right)].join(' ');
    }
    case 'vmap':
      return `${text(statement.key)} vmap ${text(statement.data)}`;
    case 'verdict':
      return verdictText(statement.verdict, contentOf);
    case 'reject':
      return statement.answer ? `reject with ${statement.answer}` : 'reject';
    case 'mangle':
      return `${text(statement.key)} set ${text(statement.value)}`;
    case 'nat': {
      const port = statement.port ? ` port ${text(statement.port)}` : '';
      return `${statement.operation} ${statement.prefix ? 'prefix ' : ''}to ${statement.address ? text(statement.address) : ''}${port}`;
    }
    case 'notrack':
      return 'notrack';
    case 'setUpdate':
      return `${statement.operation} @${statement.set} { ${elementText(statement.element, contentOf)} }`;
    case 'meter':
      return statement.object ? `${statement.object.kind} name ${text(statement.object.name)}` : statement.text;
    case 'sideEffect':
    case 'opaque':
    case 'unrecognized':
      return statement.text;
    case 'xt':
      return `xt ${statement.what} ${statement.name}`;
  }
}

/** JSON always writes `==`, text only where it must: for flags, of which a bare comparison asks for any. */
function shownOperator({ operator, left, right }: Extract<Statement, { kind: 'match' }>): string {
  if (operator === 'implicit') return '';
  const flags =
    right.kind === 'list' || (left.kind === 'selector' && /^(?:ct (?:status|label|event)|tcp flags)$/.test(left.name));
  return operator === '==' && !flags ? '' : operator;
}
