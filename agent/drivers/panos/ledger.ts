import type { LineState } from '../../model/index.js';
import { type CoverageBuilder, linesOf } from '../shared/coverage.js';
import type { Node, Tree } from './tree.js';

interface Entry {
  readonly state: LineState;
  readonly reason?: string;
  /** Holds for what stands below as well, as far as that has no entry of its own. */
  readonly deep: boolean;
  /** No clean verdict where this is. */
  readonly blind?: true;
}

const rank: Readonly<Record<LineState, number>> = {
  irrelevant: 0,
  modelled: 1,
  approximated: 2,
  unmodelled: 3,
  unrecognized: 4,
};

/** What became of each word of the tree: at the end every line has a state, and no word was skipped silently. */
export interface Ledger {
  /** This word is part of the model; those below it have entries of their own. */
  used(node: Node | undefined): void;
  /** This word and all below it. */
  all(node: Node | undefined): void;
  irrelevant(node: Node): void;
  /** Held between bounds, or not held and known to be harmless for the verdict: `unmodelled` needs its own `blind`. */
  told(node: Node, state: 'approximated' | 'unmodelled', reason: string): void;
  /** Understood, and the text does not hold what it needs: no clean verdict. */
  gap(node: Node, reason: string): void;
  /** This text names what it does not hold; that it does is said elsewhere. */
  absent(holder: Node, name: string): void;
  /** Not understood: no clean verdict. */
  lost(node: Node, reason: string): void;
  settle(tree: Tree, text: string, file: string): void;
}

export function createLedger(coverage: CoverageBuilder): Ledger {
  const entries = new Map<Node, Entry>();
  const holders = new Set<Node>();
  // What was found to be not understood stays so, however often it is read.
  const put = (node: Node | undefined, entry: Entry): void => {
    for (const part of node?.parts ?? []) put(part, entry);
    const known = node && entries.get(node);
    if (node && !(known && rank[known.state] > rank[entry.state])) entries.set(node, entry);
  };

  const findHolders = (node: Node): boolean => {
    let isHolder = entries.has(node);
    for (const child of node.children) isHolder = findHolders(child) || isHolder;
    if (isHolder) holders.add(node);
    return isHolder;
  };

  const mark = (node: Node, { state, reason, blind }: Entry): void => {
    if (state === 'unrecognized') coverage.lose(node.file, node.line, reason ?? 'not known');
    if (blind) {
      coverage.mark(node.file, node.line, state, reason);
      coverage.blind(`${node.file}:${node.line}: ${reason}`);
    }
    for (const line of node.lines) coverage.mark(node.file, line, state, reason);
  };

  const walk = (node: Node, inherited: Entry | undefined): void => {
    const own = entries.get(node);
    const entry: Entry =
      own ??
      inherited ??
      (holders.has(node)
        ? { state: 'modelled', deep: false }
        : { state: 'unrecognized', reason: `“${node.name}” is not known here`, deep: true });
    // What is lost is said once, where it begins.
    if (own || !inherited || entry.state !== 'unrecognized') mark(node, entry);
    else for (const line of node.lines) coverage.mark(node.file, line, entry.state, entry.reason);
    for (const child of node.children) walk(child, entry.deep ? entry : undefined);
  };

  return {
    used: (node) => put(node, { state: 'modelled', deep: false }),
    all: (node) => put(node, { state: 'modelled', deep: true }),
    irrelevant: (node) => put(node, { state: 'irrelevant', deep: true }),
    told: (node, state, reason) => put(node, { state, reason, deep: true }),
    gap: (node, reason) => put(node, { state: 'unmodelled', reason, deep: true, blind: true }),
    absent(holder, name) {
      const reason = `${name}, which is not in this capture`;
      const visit = (node: Node): void => {
        for (const child of node.children) {
          if (child.name === name) put(child, { state: 'unmodelled', reason, deep: false });
          visit(child);
        }
      };
      visit(holder);
    },
    lost: (node, reason) => put(node, { state: 'unrecognized', reason, deep: true }),
    settle({ root, strays }, text, file) {
      for (const { line, lastLine, reason } of strays) {
        coverage.lose(file, line, reason);
        for (let one = line + 1; one <= lastLine; one++) coverage.mark(file, one, 'unrecognized', reason);
      }
      for (const child of root.children) {
        findHolders(child);
        walk(child, undefined);
      }
      linesOf(text).forEach((_, index) => {
        // Blank lines, comments, and the lines between tags.
        if (coverage.stateOf(file, index + 1) === undefined) coverage.mark(file, index + 1, 'irrelevant');
      });
    },
  };
}
