import { builtIn } from './iptables-rules.js';

/** A ruleset as it is made here: parts that can be left out one by one, and what prints it for nft. */
export interface Chain {
  readonly name: string;
  /** `type filter hook forward priority 0; policy drop;`, or the policy of iptables; absent for a chain that is called. */
  readonly base?: string;
  readonly rules: readonly string[];
}

export interface NamedSet {
  readonly name: string;
  readonly kind: 'set' | 'map';
  /** `type ipv4_addr; flags interval;` */
  readonly head: string;
  readonly elements: readonly string[];
}

export interface Table {
  /** `inet filter` for nft; `ip filter` or `ip6 nat` for iptables. */
  readonly name: string;
  readonly sets: readonly NamedSet[];
  readonly chains: readonly Chain[];
}

export interface Ruleset {
  readonly backEnd: 'nftables' | 'iptables-nft' | 'iptables-legacy';
  readonly tables: readonly Table[];
}

/** What stands on a line of the printed ruleset, so that a complaint of nft leads to the rule. */
export interface Printed {
  readonly lines: readonly string[];
  readonly rules: ReadonlyMap<number, string>;
}

/** The kernel follows connections, and translates, only where some rule asks about them: here one always does. */
const TRACKING = 'table inet tracking { chain tracking { ct state new; }\n}';

/** As a file for `nft -f`, one rule a line; what was there before goes. */
export function printNft({ tables }: Ruleset): Printed {
  const lines = ['flush ruleset', ...TRACKING.split('\n')];
  const rules = new Map<number, string>();
  for (const table of tables) {
    lines.push(`table ${table.name} {`);
    for (const set of table.sets) {
      lines.push(`${set.kind} ${set.name} {`, set.head.replaceAll('; ', '\n'));
      if (set.elements.length > 0) lines.push(`elements = { ${set.elements.join(', ')} }`);
      lines.push('}');
    }
    // Chains first, so that they can call each other whatever their order.
    for (const chain of table.chains) lines.push(`chain ${chain.name} {`, ...(chain.base ? [chain.base] : []), '}');
    for (const chain of table.chains) {
      lines.push(`chain ${chain.name} {`);
      for (const rule of chain.rules) {
        lines.push(rule);
        rules.set(lines.join('\n').split('\n').length, rule);
      }
      lines.push('}');
    }
    lines.push('}');
  }
  return { lines, rules };
}

/** As a file for iptables-restore, of one family: every table, so that nothing from before is left. */
export function printIptables({ tables }: Ruleset, family: 'ip' | 'ip6'): Printed {
  const lines: string[] = [];
  const rules = new Map<number, string>();
  for (const [name, builtInChains] of Object.entries(builtIn)) {
    const table = tables.find((one) => one.name === `${family} ${name}`);
    lines.push(`*${name}`);
    for (const chain of builtInChains)
      lines.push(`:${chain} ${table?.chains.find((one) => one.name === chain)?.base ?? 'ACCEPT'} [0:0]`);
    for (const chain of table?.chains ?? []) if (chain.base === undefined) lines.push(`:${chain.name} - [0:0]`);
    for (const chain of table?.chains ?? []) {
      for (const rule of chain.rules) {
        lines.push(`-A ${chain.name} ${rule}`);
        rules.set(lines.length, rule);
      }
    }
    lines.push('COMMIT');
  }
  return { lines, rules };
}

/** For `ipset restore`: sets are emptied and filled again, since a rule may still hold them. `names`: the set of each line. */
export function printIpsets({ tables }: Ruleset): { readonly text: string; readonly names: readonly string[] } {
  const lines = tables
    .flatMap((table) => (table.name === 'ipset' ? table.sets : []))
    .flatMap(({ name, head, elements }) =>
      [`create ${name} ${head}`, `flush ${name}`, ...elements.map((element) => `add ${name} ${element}`)].map(
        (text) => ({ name, text }),
      ),
    );
  return { text: lines.map(({ text }) => text).join('\n'), names: lines.map(({ name }) => name) };
}

export function mapChains(ruleset: Ruleset, change: (chain: Chain, table: Table) => Chain): Ruleset {
  const tables = ruleset.tables.map((table) => ({ ...table, chains: table.chains.map((one) => change(one, table)) }));
  return { ...ruleset, tables };
}

/** Every ruleset that has one part less, the large parts first. */
export function* smaller(ruleset: Ruleset): Generator<Ruleset> {
  const { tables } = ruleset;
  for (const [at] of tables.entries()) yield { ...ruleset, tables: tables.toSpliced(at, 1) };
  for (const [at, table] of tables.entries()) {
    const put = (changed: Table): Ruleset => ({ ...ruleset, tables: tables.with(at, changed) });
    for (const [place, chain] of table.chains.entries()) {
      yield put({ ...table, chains: table.chains.toSpliced(place, 1) });
      if (chain.rules.length > 1) yield put({ ...table, chains: table.chains.with(place, { ...chain, rules: [] }) });
    }
    for (const [place] of table.sets.entries()) yield put({ ...table, sets: table.sets.toSpliced(place, 1) });
    for (const [place, chain] of table.chains.entries()) {
      for (const [index] of chain.rules.entries())
        yield put({ ...table, chains: table.chains.with(place, { ...chain, rules: chain.rules.toSpliced(index, 1) }) });
    }
    for (const [place, set] of table.sets.entries()) {
      for (const [index] of set.elements.entries())
        yield put({ ...table, sets: table.sets.with(place, { ...set, elements: set.elements.toSpliced(index, 1) }) });
    }
  }
}
