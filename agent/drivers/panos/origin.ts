import type { Origin } from '../../model/index.js';
import { at, type Node } from './tree.js';

/** A word as it is typed: as it is, or in quotes; undefined where it could break out of them, here or in a shell. */
export function plainWord(word: string): string | undefined {
  if (/^[\w.:/@,=+*%-]+$/.test(word)) return word;
  return /^[\w .:/@,=+*%-]+$/.test(word) ? `"${word}"` : undefined;
}

/** What stands below a node, as the words of a command that sets it. */
export function textOf(node: Node): string {
  const words = node.children.map((child) =>
    child.children.length > 0 ? `${child.name} ${textOf(child)}` : (plainWord(child.name) ?? `"${child.name}"`),
  );
  const isList = words.length > 1 && node.children.every(({ children }) => children.length === 0);
  return isList ? `[ ${words.join(' ')} ]` : words.join(' ');
}

/** Where a rule stands, and its name with what these words say of it. */
export function originOf(node: Node, rule: string, words: readonly string[]): Origin {
  const parts = words.flatMap((word) => {
    const child = at(node, word);
    return child ? [`${word} ${textOf(child)}`] : [];
  });
  return {
    file: node.file,
    line: node.line,
    ...(node.lastLine > node.line && { lastLine: node.lastLine }),
    rule,
    text: [node.name, ...parts].join('; '),
  };
}
