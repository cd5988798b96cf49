import type { Diagram } from './kernel.js';
import { UNKNOWN } from './table.js';

/**
 * What both kernels mean by their operations. A constant diagram is its label (0, 1, 2 …), an inner node a negative
 * number; so "decided" reads `> 0`, "nothing here" `=== 0`, and "look inside" `< 0`.
 */
export const OVERRIDE = 1;
export const KEEP = 2;
export const MINUS = 3;
export const AND = 4;
export const OR = 5;
export const SUBSET = 6;
export const PAINT = 7;
/** From here two numbers for each field (exists, forall), then one for each call with a callback. */
export const FIRST_FREE = 8;

/** Labels must fit beside the inner nodes in 32 signed bits. */
export const LABEL_MAX = 0x7fffffff;

/** The result where it is known without looking inside both diagrams, else UNKNOWN. */
export function shortcut(operation: number, a: Diagram, b: Diagram): Diagram {
  switch (operation) {
    case OVERRIDE:
      if (a > 0 || b === 0 || a === b) return a;
      return a === 0 ? b : UNKNOWN;
    case KEEP:
      if (b > 0 || a === 0 || a === b) return a;
      return b === 0 ? 0 : UNKNOWN;
    case MINUS:
      if (a === 0 || b > 0 || a === b) return 0;
      return b === 0 ? a : UNKNOWN;
    case AND:
      if (a === 0 || b === 0) return 0;
      if (b > 0 || a === b) return a;
      return a > 0 ? b : UNKNOWN;
    case OR:
      if (a > 0 || b === 0 || a === b) return a;
      return b > 0 || a === 0 ? b : UNKNOWN;
    default:
      // SUBSET: the answer is 1 or 0. A diagram that is not `none` holds something, because equal functions are equal numbers.
      if (a === 0 || b > 0 || a === b) return 1;
      return b === 0 ? 0 : UNKNOWN;
  }
}

export function isCommutative(operation: number): boolean {
  return operation === AND || operation === OR;
}
