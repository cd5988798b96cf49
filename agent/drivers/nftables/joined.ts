import type { Statement } from './ast.js';

/** Fields that stand beside each other in a header, so that nft reads them as one. */
const neighbours: ReadonlySet<string> = new Set(['sport dport', 'type code']);

/** Whether both are such that nft may have made one comparison of them. */
export function isJoined(first: Statement, second: Statement): boolean {
  if (second.kind !== 'match' || second.operator !== '!=') return false;
  const part = (statement: Statement): readonly string[] | undefined =>
    statement.kind === 'match' &&
    statement.operator === '!=' &&
    statement.left.kind === 'selector' &&
    statement.right.kind === 'value'
      ? statement.left.name.split(' ')
      : undefined;
  const [one, other] = [part(first), part(second)];
  return one?.length === 2 && other?.length === 2 && one[0] === other[0] && neighbours.has(`${one[1]} ${other[1]}`);
}
