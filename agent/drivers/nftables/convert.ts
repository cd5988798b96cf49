/**
 * convert: tables into the neutral pipeline: what meets IP packets at the five hooks of the IP stack, and the frames
 * that carry them before and after (`frames`). What decides on no such packet is said: ARP, and frames that a bridge
 * only passes on.
 */
import { createHash } from 'node:crypto';
import type {
  AccessFact,
  BaseList,
  Family,
  Hook,
  Origin,
  Pipeline,
  Rule,
  RuleList,
  TableRef,
} from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import type { RuleDeclaration, TableFamily } from './ast.js';
import { convertRule, noting, type Surroundings, type Tests } from './convert-rule.js';
import type { Chain, Ruleset, Table } from './extract.js';
import { type FrameView, frameBase, hasFrames, placeOf, viewsOf } from './frames.js';
import { ifAwake, unreadFlags } from './perhaps-dormant.js';
import { statementText } from './render.js';
import { setsOf } from './sets.js';

export interface Converted {
  readonly pipeline: Pipeline;
  readonly facts: readonly AccessFact[];
}

const familiesOf: Readonly<Partial<Record<TableFamily, readonly Family[]>>> = {
  ip: ['ip4'],
  ip6: ['ip6'],
  inet: ['ip4', 'ip6'],
  netdev: ['ip4', 'ip6'],
  bridge: ['ip4', 'ip6'],
};
const hooks: Readonly<Record<string, Hook>> = {
  prerouting: 'prerouting',
  input: 'input',
  forward: 'forward',
  output: 'output',
  postrouting: 'postrouting',
};

export function convert(ruleset: Ruleset, file: string, coverage: CoverageBuilder): Converted {
  const lists: RuleList[] = [];
  const bases: BaseList[] = [];
  const facts: AccessFact[] = [];
  for (const table of ruleset.tables) {
    const views = viewsOf(table);
    if (!familiesOf[table.family]) arpTable(table, ruleset, file, coverage);
    else convertTable({ table, views, file, coverage, lists });
    if (table.unreadFlags) coverage.notCovered(unreadFlags(table));
    for (const chain of table.chains.values()) {
      if (!chain.base || table.dormant) continue;
      const base = baseOf(table, chain, file);
      const place = views.has(chain.name) ? placeOf(table, chain) : undefined;
      const called = place && lists.find(({ id }) => id === listId(table, chain.name));
      const own = base && table.unreadFlags && lists.find(({ id }) => id === base.list);
      if (own) {
        const awake = ifAwake(table, base, own);
        lists.push(awake.list);
        bases.push(awake.base);
      } else if (base) bases.push(base);
      else if (place && called) {
        const calling = frameBase(chain, place, called, policyOrigin(table, chain, file));
        lists.push(calling.list);
        bases.push(calling.base);
      } else if (mayStop(table, chain)) facts.push(outside(table, chain, file, coverage));
    }
  }
  const families: readonly Family[] = ['ip4', 'ip6'];
  const speaksOf = families.flatMap((family) =>
    (['forward', 'input', 'output'] as const).map((direction) => ({ family, direction })),
  );
  return { pipeline: { lists, bases, speaksOf }, facts };
}

export function listId(table: Table, chain: string): string {
  return `${table.family}/${table.name}/${chain}`;
}

interface TableWork {
  readonly table: Table;
  readonly views: ReadonlyMap<string, FrameView>;
  readonly file: string;
  readonly coverage: CoverageBuilder;
  readonly lists: RuleList[];
}

function convertTable({ table, views, file, coverage, lists }: TableWork): void {
  const families = familiesOf[table.family]!;
  const asking = { asked: false };
  const { sets, listOf } = noting(asking, {
    sets: setsOf(table),
    listOf: (chain) => (table.chains.has(chain) ? listId(table, chain) : undefined),
  });
  const known = new Map<FrameView | undefined, Tests>();
  let extensions = 0;
  const readable = [...table.chains.values()].map((chain) => ({ id: listId(table, chain.name), chain }));

  const convertRules = (id: string, rules: readonly RuleDeclaration[], frames: FrameView | undefined): Rule[] => {
    const tests: Tests = known.get(frames) ?? new Map();
    known.set(frames, tests);
    return rules.map((rule, index) => {
      const origin = ruleOrigin(file, id, index + 1, rule);
      let blocks = 0;
      const surroundings: Surroundings = {
        table: table.family,
        sets,
        ...(frames && { frames }),
        listOf,
        asking,
        tests,
        blockOf(verdict) {
          blocks += 1;
          const block = `${id} rule ${index + 1} block${blocks > 1 ? ` ${blocks}` : ''}`;
          const inner = convertRules(block, verdict.rules, frames);
          lists.push({ id: block, rules: inner, families, origin, table: reference });
          asking.asked = true;
          return block;
        },
      };
      const converted = convertRule(surroundings, rule);
      if (converted.extension) extensions += 1;
      for (const statement of rule.statements) {
        if (statement.kind === 'sideEffect' && statement.text.startsWith('dup '))
          coverage.notCovered(
            `${id} rule ${index + 1}: copies of packets leave the device (${statement.text}), past every rule.`,
          );
      }
      coverage.rule(converted.understood);
      for (let line = rule.span.line; line <= rule.span.lastLine; line++)
        coverage.mark(file, line, converted.state, converted.reason);
      if (converted.state === 'unrecognized') coverage.lose(file, rule.span.line, converted.reason ?? 'not understood');
      return { origin, steps: converted.steps, ...(rule.comment !== undefined && { comment: rule.comment }) };
    });
  };

  const managed = isIptables(table);
  const reference: TableRef = {
    store: 'nftables',
    family: table.family,
    name: table.name,
    ...(managed && { managedByIptables: true }),
    ...(table.dormant && { dormant: true }),
  };
  for (const { id, chain } of readable) {
    const frames = views.get(chain.name);
    if (!frames && hasFrames(table)) {
      setAside(chain.rules, 'no packet that is asked about meets this chain', file, coverage);
      continue;
    }
    const origin: Origin = { file, line: chain.span.line, rule: id, text: `chain ${chain.name}` };
    lists.push({ id, rules: convertRules(id, chain.rules, frames), families, origin, table: reference });
  }
  if (extensions > 0) {
    const sentence =
      `table ${table.family} ${table.name}: nft prints ${extensions} ${extensions === 1 ? 'rule' : 'rules'} of iptables-nft without the parameters of ` +
      'their extensions; a change of these parameters shows in iptables-save only';
    coverage.notCovered(sentence);
    coverage.doubt({ sentence, family: table.family, table: table.name });
  }
}

/** The base chains that iptables-nft makes, by table: hook and priority (iptables/nft.c, `xtables_ipv4`). */
const builtin: Readonly<Record<string, Readonly<Record<string, readonly [hook: string, priority: number]>>>> = {
  filter: { INPUT: ['input', 0], FORWARD: ['forward', 0], OUTPUT: ['output', 0] },
  nat: {
    PREROUTING: ['prerouting', -100],
    INPUT: ['input', 100],
    OUTPUT: ['output', -100],
    POSTROUTING: ['postrouting', 100],
  },
  mangle: {
    PREROUTING: ['prerouting', -150],
    INPUT: ['input', -150],
    FORWARD: ['forward', -150],
    OUTPUT: ['output', -150],
    POSTROUTING: ['postrouting', -150],
  },
  raw: { PREROUTING: ['prerouting', -300], OUTPUT: ['output', -300] },
  security: { INPUT: ['input', 50], FORWARD: ['forward', 50], OUTPUT: ['output', 50] },
};

/**
 * Whether iptables-save lists this table too. nft says so on standard error only, which is not in the listing; so an
 * extension counts, and base chains that are exactly those that iptables-nft makes.
 */
function isIptables(table: Table): boolean {
  const chains = [...table.chains.values()];
  if (table.managedByIptables || chains.some((chain) => chain.rules.some(isExtension))) return true;
  const isTheirs = table.family === 'ip' || table.family === 'ip6';
  const expected = isTheirs && Object.hasOwn(builtin, table.name) ? builtin[table.name]! : {};
  const bases = chains.filter((chain) => chain.base);
  return (
    bases.length > 0 &&
    bases.every(({ name, base }) => {
      const [hook, priority] = Object.hasOwn(expected, name) ? expected[name]! : [];
      return base!.hook === hook && base!.priority === priority;
    })
  );
}

const isExtension = (rule: RuleDeclaration): boolean => rule.statements.some((statement) => statement.kind === 'xt');

function ruleOrigin(file: string, list: string, number: number, rule: RuleDeclaration): Origin {
  const { line, lastLine } = rule.span;
  const handle = rule.handle === undefined ? '' : ` (handle ${rule.handle})`;
  return { file, line, ...(lastLine > line && { lastLine }), rule: `${list} rule ${number}${handle}`, text: rule.text };
}

function baseOf(table: Table, chain: Chain, file: string): BaseList | undefined {
  const { base } = chain;
  if (!base || hasFrames(table) || table.family === 'arp' || !Object.hasOwn(hooks, base.hook)) return undefined;
  const list = listId(table, chain.name);
  return {
    list,
    hook: hooks[base.hook]!,
    priority: base.priority,
    type: base.type === 'nat' || base.type === 'route' ? base.type : 'filter',
    policy: chain.policy,
    policyOrigin: policyOrigin(table, chain, file),
  };
}

function policyOrigin(table: Table, chain: Chain, file: string): Origin {
  const rule = `${listId(table, chain.name)} policy`;
  return { file, line: chain.baseLine ?? chain.span.line, rule, text: `policy ${chain.policy}` };
}

/** What decides on no packet that is asked about: ARP, which may leave a host without neighbours, and a bridge's own frames. */
function setAside(rules: readonly RuleDeclaration[], what: string, file: string, coverage: CoverageBuilder): void {
  for (const { span } of rules) {
    coverage.rule('bounded');
    for (let line = span.line; line <= span.lastLine; line++) coverage.mark(file, line, 'unmodelled', what);
  }
}

function arpTable(table: Table, ruleset: Ruleset, file: string, coverage: CoverageBuilder): void {
  const { line, lastLine } = table.span;
  const what = 'it decides on ARP, which carries no IP packet';
  for (const content of ruleset.contentLines)
    if (content >= line && content <= lastLine) coverage.mark(file, content, 'unmodelled', what);
  for (const chain of table.chains.values()) setAside(chain.rules, what, file, coverage);
}

/** A base chain that can do nothing but let packets go on needs no sentence. */
function mayStop(table: Table, chain: Chain): boolean {
  const acts = (rule: RuleDeclaration): boolean =>
    rule.statements.some((statement) => !['match', 'sideEffect', 'meter', 'setUpdate'].includes(statement.kind));
  return chain.policy === 'drop' || [...table.chains.values()].some((any) => any.rules.some(acts));
}

/** A chain that decides on what no answer speaks of, or in two senses: said, and compared by its content. */
function outside(table: Table, chain: Chain, file: string, coverage: CoverageBuilder): AccessFact {
  const base = chain.base!;
  const list = listId(table, chain.name);
  const devices = base.devices.length > 0 ? ` on ${base.devices.join(', ')}` : '';
  const what =
    table.family === 'arp'
      ? 'decides on ARP, and on no IP packet'
      : table.family === 'bridge' && base.hook === 'forward'
        ? 'decides on frames that a bridge passes on, of which no answer speaks'
        : 'can drop or accept traffic and is not modelled';
  coverage.mark(file, chain.baseLine ?? chain.span.line, 'unmodelled', `the chain ${what}`);
  coverage.notCovered(`${list}: a chain at the ${base.hook} hook of ${table.family}${devices} ${what}`);
  const sets = setsOf(table);
  const content = [...table.chains.values()]
    .map(
      (one) =>
        `${one.name}: ${one.rules.map((rule) => rule.statements.map((statement) => statementText(statement, sets.contentOf)).join(' ')).join('; ')}`,
    )
    .join('\n');
  const digest = createHash('sha256').update(content).digest('hex').slice(0, 16);
  const rules = chain.rules.length;
  return {
    kind: 'filterNotCovered',
    subject: `${list} at ${base.hook}${devices}`,
    value: `policy ${chain.policy}, ${rules} ${rules === 1 ? 'rule' : 'rules'}, content ${digest}`,
    origin: {
      file,
      line: chain.baseLine ?? chain.span.line,
      rule: list,
      text: `type ${base.type} hook ${base.hook} priority ${base.priority}`,
    },
  };
}
