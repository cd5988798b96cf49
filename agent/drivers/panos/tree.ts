import type { Problem } from '../../lib/result.js';

/**
 * A word of the configuration and what stands below it. All three forms of a configuration are one tree: an entry, a
 * member and a value are each a child whose name is what the administrator wrote.
 */
export interface Node {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  lastLine: number;
  /** Lines that this word itself takes, without those of its children. */
  readonly lines: Set<number>;
  readonly children: Node[];
  readonly index: Map<string, Node>;
  /** It was put together of these, the one that goes before the others first: what becomes of it becomes of them. */
  readonly parts?: readonly Node[];
  /** It was written as an entry with a name, which only the XML form shows. */
  isEntry?: true;
}

export interface Tree {
  readonly root: Node;
  /** Of the whole configuration, where it says so. */
  readonly version?: string;
  /** What was written and could not be placed in the tree. */
  readonly strays: readonly { readonly line: number; readonly lastLine: number; readonly reason: string }[];
}

export type Stray = Tree['strays'][number];

export function nodeOf(name: string, file: string, line: number): Node {
  return { name, file, line, lastLine: line, lines: new Set(), children: [], index: new Map() };
}

/** The child of this name, made where there is none. */
export function grow(parent: Node, name: string, line: number): Node {
  const known = parent.index.get(name);
  if (known) {
    known.lastLine = Math.max(known.lastLine, line);
    return known;
  }
  const fresh = nodeOf(name, parent.file, line);
  parent.children.push(fresh);
  parent.index.set(name, fresh);
  return fresh;
}

export function at(node: Node | undefined, ...path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>((here, name) => here?.index.get(name), node);
}

/** The names of the children: the members of a list. */
export function membersOf(node: Node | undefined): readonly string[] {
  return node?.children.map(({ name }) => name) ?? [];
}

/** The one value of a setting; undefined where there is none, several, or something below it. */
export function valueIn(node: Node | undefined): string | undefined {
  const [only, ...others] = node?.children ?? [];
  return only && others.length === 0 && only.children.length === 0 ? only.name : undefined;
}

/** What a node holds, without its name and place: equal exactly for equal content. */
export function contentOf(node: Node): string {
  if (node.children.length === 0) return '';
  const parts = node.children.map((child) => {
    const inner = contentOf(child);
    return JSON.stringify(child.name) + inner;
  });
  return `{${parts.sort().join(',')}}`;
}

export function truncated(file: string, line: number, message: string, expected: string): Problem {
  return { code: 'TRUNCATED', message, file, line, expected };
}
