import { recollection } from '../../lib/memo.js';
import type { Action, BaseList, Family, Origin, Rule, RuleList, TableRef, Unknown } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { askedBy, stepsOf, useOf } from './asked.js';
import type { Chain } from './chains.js';
import type { Extension, OptionUse, RuleParts } from './extract.js';
import type { SetLibrary } from './ipset.js';
import type { MatchContext } from './matches.js';
import type { Command } from './parse.js';
import { builtIn, expectedChains } from './tables.js';
import { targetOf } from './targets.js';
import { optionText } from './unknowns.js';

/** One table with its chains, and where it comes from. */
export interface TableSource {
  readonly file: string;
  readonly table: string;
  readonly line: number;
  readonly family: Family;
  readonly chains: readonly Chain[];
  readonly store: TableRef['store'];
  readonly managedByIptables: boolean;
  /** Before every list's id: `legacy:` where both back ends are read. */
  readonly prefix: string;
  readonly partial: boolean;
}

export interface Converted {
  readonly lists: readonly RuleList[];
  readonly bases: readonly BaseList[];
}

/** Turns one table into rule lists and says of every line what became of it. */
export function convertTable(source: TableSource, sets: SetLibrary, coverage: CoverageBuilder): Converted {
  const { file, table, family, chains, prefix } = source;
  const familyName = family === 'ip4' ? 'ip' : 'ip6';
  const names = new Set(chains.map(({ name }) => name));
  const id = (chain: string): string => `${prefix}${familyName}/${table}/${chain}`;
  const ref: TableRef = {
    store: source.store,
    family: familyName,
    name: table,
    ...(source.managedByIptables ? { managedByIptables: true } : {}),
  };
  const hooks = hooksOf(table, chains);
  const match: MatchContext = { family, sets };
  const lists: RuleList[] = [];
  const bases: BaseList[] = [];

  for (const chain of chains) {
    const origin = { file, line: chain.command.line, rule: `${table}/${chain.name}`, text: chain.command.text };
    coverage.mark(file, chain.command.line, 'modelled');
    if (chain.policy) coverage.mark(file, chain.policy.command.line, 'modelled');
    const context: RuleContext = { source, names, id, match, coverage, hooks: hooks.get(chain.name) ?? new Set() };
    const rules: Rule[] = [];
    const called = `${table}/${chain.name} rule `;
    for (let index = 0; index < chain.rules.length; index += 1) {
      const rule = convertRule(chain.rules[index]!, called + (index + 1), context);
      if (rule) rules.push(rule);
    }
    lists.push({ id: id(chain.name), rules, families: [family], origin, table: ref });
    const base = builtIn(table, chain.name);
    if (base)
      bases.push({
        list: id(chain.name),
        ...base,
        policy: chain.policy?.value ?? 'accept',
        policyOrigin: policyOrigin(chain, origin, source, coverage),
      });
  }
  if (!source.partial) {
    for (const name of expectedChains(table)) {
      if (!names.has(name))
        coverage.blind(`${file}:${source.line}: the table ${table} has no line for its chain ${name}`);
    }
  }
  return { lists, bases };
}

function policyOrigin(
  chain: Chain,
  origin: Origin,
  { file, table, partial }: TableSource,
  coverage: CoverageBuilder,
): Origin {
  if (chain.policy)
    return {
      file,
      line: chain.policy.command.line,
      rule: `${table}/${chain.name} policy`,
      text: chain.policy.command.text,
    };
  // In a list of commands that goes without saying for `nat`, where iptables refuses to filter.
  if (!partial || table !== 'nat') {
    coverage.blind(`${file}:${origin.line}: the policy of ${table}/${chain.name} is not stated (read as ACCEPT)`);
  }
  return { ...origin, rule: `${table}/${chain.name} policy`, text: `(the policy of ${chain.name} is not stated)` };
}

/** The hooks from which each chain can be reached by jumps. */
function hooksOf(table: string, chains: readonly Chain[]): ReadonlyMap<string, ReadonlySet<string>> {
  const reached = new Map<string, Set<string>>(chains.map(({ name }) => [name, new Set()]));
  const byName = new Map(chains.map((chain) => [chain.name, chain]));
  const targets = new Map<string, ReadonlySet<string>>();
  const targetsOf = (name: string): ReadonlySet<string> => {
    const known = targets.get(name);
    if (known) return known;
    const found = new Set<string>();
    for (const { extracted } of byName.get(name)!.rules) {
      if (extracted?.kind === 'rule' && extracted.tail.target) found.add(extracted.tail.target.name);
    }
    targets.set(name, found);
    return found;
  };
  for (const { name } of chains) {
    const called = builtIn(table, name);
    const waiting = called ? [name] : [];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const hooks = reached.get(next);
      if (!hooks || hooks.has(called!.hook)) continue;
      hooks.add(called!.hook);
      waiting.push(...targetsOf(next));
    }
  }
  return reached;
}

interface RuleContext {
  readonly source: TableSource;
  readonly names: ReadonlySet<string>;
  readonly id: (chain: string) => string;
  readonly match: MatchContext;
  readonly coverage: CoverageBuilder;
  readonly hooks: ReadonlySet<string>;
}

/** Undefined: no rule of this family. */
function convertRule(command: Command, rule: string, context: RuleContext): Rule | undefined {
  const { source, coverage } = context;
  const { file } = source;
  const origin: Origin = { file, line: command.line, rule, text: command.text };
  const extracted = command.extracted!;
  if (extracted.kind === 'lost') {
    coverage.lose(file, command.line, extracted.reason);
    coverage.rule('unread');
    const unknown: Unknown = {
      kind: 'unknown',
      id: `iptables rule ${command.text}`,
      text: command.text,
      unrecognized: true,
    };
    return { origin, steps: [{ kind: 'opaque', unknown }] };
  }
  const { tail } = extracted;
  const other = source.family === 'ip4' ? 'ipv6' : 'ipv4';
  if (has(tail.core, other)) {
    // iptables-restore leaves such a line to the program of the other family.
    coverage.mark(file, command.line, 'irrelevant', `for ${other} only`);
    return undefined;
  }
  const asked = askedBy(extracted, context.match);
  const outcome = ruleActions(extracted, context);
  judgeLine(origin, asked.unknowns, outcome, coverage);
  if (tail.target?.name === 'TEE') {
    const options = tail.target.options.map(optionText).join(' ');
    coverage.notCovered(`${rule}: copies of packets leave the device (TEE ${options}), past every rule.`);
  }
  const comment = tail.matches.findLast(isComment)?.options[0]?.values[0];
  const steps = stepsOf(asked, outcome.actions);
  return comment === undefined ? { origin, steps } : { origin, steps, comment };
}

function isComment({ name }: Extension): boolean {
  return name === 'comment';
}

function has(options: readonly OptionUse[], wanted: string): boolean {
  for (const { name } of options) if (name === wanted) return true;
  return false;
}

interface Outcome {
  readonly actions: readonly Action[];
  readonly opaque?: 'known' | 'unrecognized';
  readonly approximated?: string;
  readonly lost?: string;
}

const nothing: Outcome = { actions: [] };

/** The targets that most rules have. */
const verdicts: ReadonlyMap<string, Outcome> = new Map([
  ['ACCEPT', { actions: [{ kind: 'accept' }] }],
  ['DROP', { actions: [{ kind: 'drop' }] }],
  ['RETURN', { actions: [{ kind: 'return' }] }],
]);

const LISTS_MAX = 4_096;
const jumps = { jump: recollection<Outcome>(LISTS_MAX), goto: recollection<Outcome>(LISTS_MAX) } as const;

function jumpTo(list: string, kind: 'jump' | 'goto'): Outcome {
  let outcome = jumps[kind].get(list);
  if (outcome === undefined) {
    outcome = { actions: [{ kind, list }] };
    jumps[kind].set(list, outcome);
  }
  return outcome;
}

function ruleActions({ leads, tail }: RuleParts, { source, names, id, hooks }: RuleContext): Outcome {
  const { target } = tail;
  if (!target) return nothing;
  const done = target.options.length === 0 && !target.goto ? verdicts.get(target.name) : undefined;
  if (done && !names.has(target.name)) return done;
  if (names.has(target.name) && target.options.length === 0) {
    return jumpTo(id(target.name), target.goto ? 'goto' : 'jump');
  }
  const asked = (side: 'source' | 'destination'): string | undefined =>
    [...leads.map(useOf), ...tail.core].find(({ name, inverted }) => name === side && !inverted)?.values[0];
  const made = targetOf(target, { family: source.family, table: source.table, hooks, asked });
  if (made.kind === 'actions' && !target.goto) {
    return { actions: made.actions, ...(made.approximated === undefined ? {} : { approximated: made.approximated }) };
  }
  if (made.kind === 'opaque' && !target.goto) {
    const missing = !target.known && target.options.length === 0;
    return {
      actions: [made.action],
      opaque: made.unrecognized ? 'unrecognized' : 'known',
      ...(missing ? { lost: `neither a chain of this table nor a known target: ${target.name}` } : {}),
    };
  }
  const unknown: Unknown = {
    kind: 'unknown',
    id: `iptables goto ${target.name}`,
    text: `goto ${target.name}`,
    unrecognized: true,
  };
  return {
    actions: [{ kind: 'opaque', unknown }],
    opaque: 'unrecognized',
    lost: `goto a chain that is not there: ${target.name}`,
  };
}

/** Gives the rule's line its state and counts the rule. */
function judgeLine(
  { file, line }: Origin,
  unknowns: readonly Unknown[],
  outcome: Outcome,
  coverage: CoverageBuilder,
): void {
  const strange = unknowns.length === 0 ? unknowns : unknowns.filter(({ unrecognized }) => unrecognized);
  if (outcome.lost !== undefined) coverage.lose(file, line, outcome.lost);
  if (outcome.opaque === 'unrecognized' || strange.length > 0) {
    const reason = strange.length > 0 ? `not understood: ${strange[0]!.text}` : 'the target is not understood';
    coverage.mark(file, line, 'unrecognized', reason);
    coverage.rule(outcome.opaque ? 'unread' : 'bounded');
    return;
  }
  if (outcome.opaque === 'known') {
    coverage.mark(file, line, 'unmodelled', 'the target may accept, drop, mark or translate');
    coverage.rule('bounded');
    return;
  }
  // Where a rule only logs or counts, it does not matter when.
  const matters = outcome.actions.some(({ kind }) => kind !== 'sideEffect');
  if (matters && (unknowns.length > 0 || outcome.approximated !== undefined)) {
    const reason = unknowns.length > 0 ? `a packet does not decide: ${unknowns[0]!.text}` : outcome.approximated!;
    coverage.mark(file, line, 'approximated', reason);
    coverage.rule('bounded');
    return;
  }
  coverage.mark(file, line, 'modelled');
  coverage.rule('exact');
}
