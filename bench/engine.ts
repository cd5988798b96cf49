import {
  compareLists,
  type ListChanges,
  listLookup,
  type RuleList,
  type RulePool,
  ruleList,
  rulePool,
  tellRules,
} from '../agent/packets/index.js';
import type { Bench, Row } from './bench.js';
import { mainThreadMs, quantile } from './bench.js';
import {
  DENY,
  edited,
  FAMILIES,
  linesOf,
  missingWorkloads,
  neutralFields,
  PERMIT,
  type RuleFamily,
  readNeutral,
  ruleset,
  twinFields,
  twinOf,
} from './workloads.js';

/** Interfaces first, then what services are told apart by: see docs/speed.md. */
export const ORDER = [0, 1, 4, 6, 2, 3, 5] as const;
export const OPENED = 1;
export const CLOSED = 2;
const RUNS = 3;
const TWIN_TIMES = 10;
/** A bound for a machine that others use too: no figure below comes near it. */
const TIME_MS_MAX = 300_000;

/** A packet is let through that was not, or the reverse. */
export function join(before: number, after: number): number {
  if (before === PERMIT) return after === PERMIT ? 0 : CLOSED;
  return after === PERMIT ? OPENED : 0;
}

export interface Pair {
  readonly pool: RulePool;
  readonly before: RuleList;
  readonly after: RuleList;
}

/** A ruleset and what an edit made of it. Lists have no index yet: a comparison pays for all it needs. */
export function pairOf(family: RuleFamily, size: number, edit: string): Pair {
  const pool = rulePool(neutralFields);
  const text = ruleset(family, size);
  const other = edit === 'other' ? ruleset(family, size, true) : bytesOf(edited(linesOf(text), family, size, edit));
  return { pool, before: ruleList(pool, readNeutral(text, pool)), after: ruleList(pool, readNeutral(other, pool)) };
}

function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
}

function compare({ before, after }: Pair): ListChanges {
  // As at the first comparison: nothing is known of the lists.
  const fresh = (list: RuleList): RuleList => ruleList(list.pool, list.rules);
  return compareLists(fresh(before), fresh(after), { join, order: ORDER, timeMsMax: TIME_MS_MAX });
}

interface Timed<T> {
  /** Median. */
  readonly ms: number;
  readonly result: T;
}

/** The median of a few runs: of the first too, in which the code is still being compiled. */
function timed<T>(work: () => T, runs = RUNS): Timed<T> {
  const samples: number[] = [];
  let result: T | undefined;
  for (let run = 0; run < runs; run += 1) {
    const startMs = mainThreadMs();
    result = work();
    samples.push(mainThreadMs() - startMs);
    // What takes long is not bound by compilation.
    if (samples[0]! > 3000) break;
  }
  return { ms: quantile(samples, 0.5), result: result as T };
}

const EDITS: Readonly<Record<string, string>> = {
  ins10: 'ten insertions',
  swap: 'two rules swapped',
  mod1: '1 % changed',
  mid: 'any-any in the middle',
  top: 'any-any first',
  other: 'unrelated sets',
};

function goalOf(family: RuleFamily, size: number, edit: string): string | undefined {
  if (size === 10_000) {
    if (edit === 'ins10' || edit === 'swap') return '< 150 ms';
    return edit === 'mod1' ? '< 400 ms' : edit === 'mid' ? '< 1,500 ms' : edit === 'other' ? '< 5,000 ms' : undefined;
  }
  if (size !== 100_000) return undefined;
  if (edit === 'ins10' || edit === 'swap') return family === 'ipc1' ? '< 5,000 ms' : '< 300 ms';
  return edit === 'mod1' ? (family === 'acl1' || family === 'hosp' ? '< 2,000 ms' : '< 20,000 ms') : undefined;
}

function* comparisons(
  size: number,
  edits: readonly string[],
  say: (progress: string) => void,
  runs = RUNS,
): Generator<Row> {
  for (const edit of edits) {
    for (const family of FAMILIES) {
      const pair = pairOf(family, size, edit);
      const { ms, result } = timed(() => compare(pair), runs);
      const left = result.parts.filter(({ complete }) => !complete).length;
      const overlap = Math.max(0, ...result.parts.map((part) => part.overlap));
      const goal = goalOf(family, size, edit);
      const words = left > 0 ? `; ${left} of ${result.parts.length} changed rules not listed` : '';
      const what = `${size.toLocaleString('en')} ${family}, ${EDITS[edit]}: exact difference (≤ ${overlap} rules a change${words})`;
      say(`${what}: ${Math.round(ms)} ms`);
      yield { what, figure: ms, unit: 'ms', ...(goal !== undefined && { goal }) };
    }
  }
}

function* loading(): Generator<Row> {
  for (const family of FAMILIES) {
    const text = ruleset(family, 100_000);
    const { ms } = timed(() => readNeutral(text, rulePool(neutralFields)));
    yield { what: `load 100,000 neutral rules, ${family}: read and intern`, figure: ms, unit: 'ms', goal: '< 400 ms' };
  }
}

/** An any-any in the middle of 100,000 rules, and ipc1's ten insertions, told rule by rule. */
function* ruleWise(): Generator<Row> {
  for (const [family, edit] of [...FAMILIES.map((one) => [one, 'mid'] as const), ['ipc1', 'ins10'] as const]) {
    const pair = pairOf(family, 100_000, edit);
    const { ms, result } = timed(() =>
      tellRules(ruleList(pair.pool, pair.before.rules), ruleList(pair.pool, pair.after.rules)),
    );
    const decided = result.told.filter((one) => one.decided).length;
    const witnesses = result.told.filter(({ witness }) => witness).length;
    const what = `100,000 ${family}, ${EDITS[edit]}, told rule by rule (${decided} of ${result.told.length} rules decided, ${witnesses} with a witness; membership exact)`;
    yield { what, figure: ms, unit: 'ms', goal: '< 1,000 ms' };
  }
}

/** The model is in memory and its index made; one rule becomes another. */
function* again(): Generator<Row> {
  for (const size of [10_000, 100_000]) {
    for (const family of FAMILIES) {
      const pool = rulePool(neutralFields);
      const rules = readNeutral(ruleset(family, size), pool);
      const before = ruleList(pool, rules);
      const at = Math.floor(rules.length / 3);
      const samples: number[] = [];
      for (let run = 0; run < 20; run += 1) {
        const changed = rules.slice();
        const rule = rules[at + run]!;
        const sets = pool.fields.map((_, field) => pool.setOf(rule, field));
        changed[at + run] = pool.rule(sets, pool.labelOf(rule) === PERMIT ? DENY : PERMIT);
        const startMs = mainThreadMs();
        compareLists(before, ruleList(pool, changed), { join, order: ORDER });
        samples.push(mainThreadMs() - startMs);
      }
      const goal = size === 10_000 ? '< 20 ms' : '< 60 ms';
      const what = `${size.toLocaleString('en')} ${family}: compared again after one rule changed, p95 of 20`;
      yield { what, figure: quantile(samples, 0.95), unit: 'ms', goal };
    }
  }
}

/** Packets taken out of the rules' own boxes, each of another rule. */
function packetsOf(list: RuleList, count: number): number[][] {
  let state = 20160216;
  const below = (end: number): number => {
    state = (state * 48271) % 2147483647;
    return Math.floor((state / 2147483647) * end);
  };
  return Array.from({ length: count }, () => {
    const rule = list.rules[below(list.rules.length)]!;
    return list.pool.fields.map((_, field) => {
      const values = list.pool.values(field, list.pool.setOf(rule, field)) as readonly number[];
      const at = below(values.length / 2) * 2;
      return values[at]! + below(values[at + 1]! - values[at]! + 1);
    });
  });
}

function* asking(): Generator<Row> {
  for (const family of FAMILIES) {
    const pool = rulePool(neutralFields);
    const list = ruleList(pool, readNeutral(ruleset(family, 10_000), pool));
    const packets = packetsOf(list, 50_000);
    const lookup = listLookup(list);
    const { ms } = timed(() => {
      for (const packet of packets) lookup(packet);
    });
    const what = `verdicts of 50,000 packets on 10,000 rules, ${family}, in the engine`;
    yield { what, figure: (packets.length / ms) * 1000, unit: 'packets/s', goal: '≥ 500,000' };
  }
}

/** The same rules with every address spread over an IPv6 address. */
function* twins(): Generator<Row> {
  for (const family of FAMILIES) {
    const four = pairOf(family, 10_000, 'ins10');
    const pool = rulePool(twinFields);
    const six: Pair = {
      pool,
      before: ruleList(pool, twinOf(four.before.rules, four.pool, pool)),
      after: ruleList(pool, twinOf(four.after.rules, four.pool, pool)),
    };
    // One comparison takes about as long as the clock of a thread stands still.
    const often = (pair: Pair) => (): void => {
      for (let time = 0; time < TWIN_TIMES; time += 1) compare(pair);
    };
    const [plain, wide] = [timed(often(four)), timed(often(six))];
    const each = Math.round(plain.ms / TWIN_TIMES);
    const what = `10,000 ${family}, ten insertions, IPv6 twin: × the time of IPv4 (${each} ms), ${TWIN_TIMES} times each`;
    yield { what, figure: wide.ms / plain.ms, unit: '×', goal: '≤ 1.5' };
  }
}

function memory(what: string, goal?: string): Row {
  const figure = process.resourceUsage().maxRSS / 1024;
  return { what: `most memory used ${what}`, figure, unit: 'MB', ...(goal !== undefined && { goal }) };
}

/** What cannot be narrow: everything may differ. */
export const wide: Bench = {
  about:
    'As the bench `engine`, one run each: edits under which most rules bear on the answer, and 1 % of 100,000 rules. All of it in one process, the largest last: what it used at most by then.',
  missing: missingWorkloads,
  run: (say) =>
    Promise.resolve([
      ...comparisons(10_000, ['mod1', 'mid', 'other'], say, 1),
      memory('with 10,000 rules', '< 500 MB'),
      ...comparisons(100_000, ['mod1'], say, 1),
      memory('with 100,000 rules'),
    ]),
};

export const bench: Bench = {
  about: `The packet algebra on the workloads of ../shared/bench, read as neutral rules; medians of ${RUNS} (of the first one alone where it took longer than 3 s), processor time of the main thread, the index of a list made anew each time unless said otherwise. "Not listed": the budget of nodes was spent, and the rule is told by itself.`,
  missing: missingWorkloads,
  run(say) {
    return Promise.resolve([...comparisons(10_000, ['ins10', 'swap', 'mod1'], say), ...asking()]);
  },
};

export const more: Bench = {
  about: 'As the bench `engine`: loading, comparing again with the lists and their index in memory, IPv6.',
  missing: missingWorkloads,
  run: () => Promise.resolve([...loading(), ...again(), ...twins()]),
};

export const large: Bench = {
  about: 'As the bench `engine`, with 100,000 rules.',
  missing: missingWorkloads,
  run: (say) => Promise.resolve([...ruleWise(), ...comparisons(100_000, ['ins10', 'swap'], say)]),
};
