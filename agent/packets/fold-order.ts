import { bitsKernel } from './bits-kernel.js';
import { type Box, BudgetSpent, type Field } from './kernel.js';
import { spaceFor } from './space.js';

/** As many rules are tried: in the lists measured the best of 400 was the best of 10,000, or within a tenth of it. */
const SAMPLE = 400;
/** Fewer rules than this are folded in the order given, sooner than another would be found. */
const RULES_MIN = 2000;
/** So many fields are tried in every order; with four of them it would be 24 orders in the place of 6. */
const TRIED = 3;
/** Below this share of the nodes, in the sample, they go in front of all others: of little less the whole list takes more. */
const IN_FRONT = 0.9;

/**
 * The order in which folding takes least room. No order is best for all lists (the best of one took seven times the
 * nodes of the best of another), and which it is cannot be seen at the rules one by one: so some of them, evenly spread,
 * are folded in each order of the three fields of which they ask most different things. The other fields stay in place,
 * or come behind these.
 */
export function foldOrder(
  fields: readonly Field[],
  boxes: readonly Box[],
  given: readonly number[],
): readonly number[] {
  if (boxes.length < RULES_MIN) return given;
  const sample = Array.from({ length: SAMPLE }, (_, at) => boxes[Math.floor((at * boxes.length) / SAMPLE)]!);
  const variety = fields.map((_, field) => new Set(sample.map((box) => box[field])).size);
  const tried = new Set([...given].sort((a, b) => variety[b]! - variety[a]!).slice(0, TRIED));
  let best = given;
  let fewest = Number.POSITIVE_INFINITY;
  const others = given.filter((field) => !tried.has(field));
  const turns = permutations(given.filter((field) => tried.has(field)));
  const inPlace = turns.map((turn) => {
    let next = 0;
    return given.map((field) => (tried.has(field) ? turn[next++]! : field));
  });
  const inFront = turns.map((turn) => [...turn, ...others]);
  for (const [orders, worth] of [[inPlace, 1] as const, [inFront, IN_FRONT] as const]) {
    for (const order of orders) {
      const nodes = nodesOf(fields, sample, order, fewest * worth);
      if (nodes >= fewest * worth) continue;
      fewest = nodes;
      best = order;
    }
  }
  return best;
}

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

/** The nodes that folding takes, or `nodesMax` where it would be more. */
function nodesOf(fields: readonly Field[], sample: readonly Box[], order: readonly number[], nodesMax: number): number {
  const kernel = bitsKernel(spaceFor(fields, sample, order), { nodesMax });
  try {
    // A label for each of two neighbours, so that they do not melt into one set.
    kernel.fold(sample.map((box, at) => kernel.paint(kernel.box(order.map((field) => box[field])), 1 + (at & 1))));
    return kernel.size();
  } catch (thrown) {
    if (!(thrown instanceof BudgetSpent)) throw thrown;
    return nodesMax;
  }
}
