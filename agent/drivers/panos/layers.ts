/**
 * Layers: templates of a manager, one over another. Of a setting that several have, the first one's value holds; lists
 * of values are one setting, and entries with settings of their own are put together (Panorama Administrator's Guide,
 * "Templates and Template Stacks", "Template and Template Stack Variables").
 */
import { type Node, nodeOf, valueIn } from './tree.js';

function isValues(node: Node): boolean {
  return node.children.length > 0 && node.children.every(({ children }) => children.length === 0);
}

/** Entries that hold parts of the device rather than being one: they are put together, whoever has them. */
const structural = /^(?:localhost\.localdomain|vsys\d+)$/;

/**
 * One tree out of several, the first before the others. On a firewall an entry of its own goes before the template's
 * whole entry of that name, and `hidden` is told what is not in force.
 */
export function layered(nodes: readonly Node[], hidden?: (node: Node) => void): Node | undefined {
  const [first, ...others] = nodes;
  if (!first || others.length === 0) return first;
  if (hidden && first.isEntry && !structural.test(first.name)) {
    for (const node of others) hidden(node);
    return first;
  }
  const filled = nodes.filter(({ children }) => children.length > 0);
  const [top] = filled;
  const made: Node = { ...nodeOf(first.name, first.file, first.line), lastLine: first.lastLine, parts: nodes };
  if (!top) return made;
  const isOneSetting = isValues(top) && filled.every(isValues);
  const names = new Set((isOneSetting ? [top] : filled).flatMap(({ children }) => children.map(({ name }) => name)));
  for (const name of names) {
    const own = isOneSetting ? [top.index.get(name)!] : filled.flatMap((node) => node.index.get(name) ?? []);
    add(made, layered(own, hidden)!);
  }
  return made;
}

function add(parent: Node, child: Node): void {
  parent.children.push(child);
  parent.index.set(child.name, child);
}

/** `$name` stands for a value that a template, a stack or the firewall's own entry in the stack gives. */
export interface Variables {
  readonly values: ReadonlyMap<string, { readonly value: string; readonly node: Node }>;
  readonly used: (node: Node) => void;
  readonly missing: (name: string) => void;
}

/** Variables by name, those of the first node before those of the others. */
export function variablesIn(nodes: readonly (Node | undefined)[]): Variables['values'] {
  const out = new Map<string, { value: string; node: Node }>();
  for (const node of nodes)
    for (const one of node?.children ?? []) {
      const [type] = one.index.get('type')?.children ?? [];
      const value = valueIn(type);
      if (value !== undefined && value !== 'None' && !out.has(one.name)) out.set(one.name, { value, node: one });
    }
  return out;
}

const variable = /^\$[\w.-]+$/;

/** The tree with values in the place of variables; what has none stays as it is. */
export function withValues(node: Node, variables: Variables): Node {
  const children = node.children.map((child) => withValues(child, variables));
  const name = named(node, variables);
  if (name === node.name && children.every((child, index) => child === node.children[index])) return node;
  const made: Node = {
    ...nodeOf(name, node.file, node.line),
    lastLine: node.lastLine,
    parts: [node],
  };
  for (const child of children) add(made, child);
  return made;
}

function named(node: Node, { values, used, missing }: Variables): string {
  if (node.children.length > 0 || !variable.test(node.name)) return node.name;
  const known = values.get(node.name);
  if (known) used(known.node);
  else missing(node.name);
  return known?.value ?? node.name;
}
