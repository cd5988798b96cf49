/**
 * extract: commands carried out on an empty ruleset, as the kernel would, into the vendor's nouns: tables with
 * chains, sets, maps and objects.
 */
import type {
  BaseChain,
  Command,
  Declaration,
  Element,
  Loss,
  RuleDeclaration,
  Script,
  Span,
  TableFamily,
  TableKey,
} from './ast.js';

export interface Table extends TableKey {
  dormant: boolean;
  readonly unreadFlags?: true;
  managedByIptables: boolean;
  readonly span: Span;
  readonly chains: Map<string, Chain>;
  /** Sets and maps share their names. */
  readonly sets: Map<string, NamedSet>;
  readonly objects: Map<string, NamedObject>;
}

export interface Chain {
  readonly name: string;
  readonly span: Span;
  base?: BaseChain;
  baseLine?: number;
  policy: 'accept' | 'drop';
  rules: RuleDeclaration[];
}

export interface NamedSet {
  readonly name: string;
  readonly map: boolean;
  readonly definition: string;
  readonly span: Span;
  elements: Element[];
}

export interface NamedObject {
  readonly what: string;
  readonly name: string;
  readonly definition: string;
}

export interface Ruleset {
  readonly tables: readonly Table[];
  readonly losses: readonly Loss[];
  readonly contentLines: readonly number[];
  /** Tables, chains or sets declared more than once: usual in a script, but never in a listing. */
  readonly repeated: readonly string[];
}

const keyOf = (table: TableKey): string => `${table.family} ${table.name}`;

export function extract(script: Script): Ruleset {
  const tables = new Map<string, Table>();
  const losses: Loss[] = [...script.losses];
  const repeated: string[] = [];
  for (const command of script.commands) {
    const loss = apply(command, tables, repeated);
    if (loss) losses.push(loss);
  }
  for (const key of script.managedByIptables) {
    const table = tables.get(keyOf(key));
    if (table) table.managedByIptables = true;
  }
  return { tables: [...tables.values()], losses, contentLines: script.contentLines, repeated };
}

function apply(command: Command, tables: Map<string, Table>, repeated: string[]): Loss | undefined {
  switch (command.kind) {
    case 'add':
      return declare(command.declaration, tables, repeated);
    case 'elements': {
      const set = tables.get(keyOf(command.table))?.sets.get(command.set);
      if (!set) return { ...command.span, reason: `elements for a set that is not declared: ${command.set}` };
      set.elements = set.elements.concat(command.elements);
      return undefined;
    }
    case 'flushRuleset':
      for (const [key, table] of tables) if (!command.family || table.family === command.family) tables.delete(key);
      return undefined;
    case 'flush':
    case 'delete':
      change(command, tables);
      return undefined;
  }
}

/** What is flushed or deleted but was never declared here stood in the kernel before the script: nothing to do. */
function change(command: Extract<Command, { kind: 'flush' | 'delete' }>, tables: Map<string, Table>): void {
  const table = tables.get(keyOf(command.table));
  if (!table) return;
  const { name } = command;
  if (command.kind === 'delete') {
    if (command.what === 'table') tables.delete(keyOf(command.table));
    else (command.what === 'chain' ? table.chains : table.sets).delete(name!);
    return;
  }
  if (command.what === 'set') {
    const set = table.sets.get(name!);
    if (set) set.elements = [];
    return;
  }
  // Flushing a table empties its chains but keeps chains and sets.
  for (const chain of table.chains.values()) if (command.what === 'table' || chain.name === name) chain.rules = [];
}

function declare(declaration: Declaration, tables: Map<string, Table>, repeated: string[]): Loss | undefined {
  const key = keyOf(declaration.kind === 'table' ? declaration.table : declaration.table);
  const table = tables.get(key);
  if (declaration.kind === 'table') {
    if (!table) {
      const { family, name } = declaration.table;
      tables.set(key, {
        family: family as TableFamily,
        name,
        dormant: declaration.dormant ?? false,
        ...(declaration.unreadFlags && { unreadFlags: true }),
        managedByIptables: false,
        span: declaration.span,
        chains: new Map(),
        sets: new Map(),
        objects: new Map(),
      });
    } else if (declaration.dormant !== undefined) table.dormant = declaration.dormant;
    else repeated.push(`table ${key}`);
    return undefined;
  }
  const span = declaration.kind === 'rule' ? declaration.rule.span : declaration.span;
  if (!table) return { ...span, reason: `part of a table that is not declared: ${key}` };
  switch (declaration.kind) {
    case 'chain': {
      const chain = table.chains.get(declaration.name) ?? newChain(declaration.name, declaration.span);
      table.chains.set(declaration.name, chain);
      if (declaration.base) chain.base = declaration.base;
      if (declaration.baseLine !== undefined) chain.baseLine = declaration.baseLine;
      if (declaration.policy) chain.policy = declaration.policy;
      return undefined;
    }
    case 'rule': {
      const chain = table.chains.get(declaration.chain);
      if (!chain) return { ...span, reason: `rule of a chain that is not declared: ${declaration.chain}` };
      if (declaration.first) chain.rules.unshift(declaration.rule);
      else chain.rules.push(declaration.rule);
      return undefined;
    }
    case 'set': {
      const known = table.sets.get(declaration.name);
      if (known) known.elements = known.elements.concat(declaration.elements);
      else table.sets.set(declaration.name, { ...declaration, elements: [...declaration.elements] });
      return undefined;
    }
    case 'object':
      table.objects.set(`${declaration.what} ${declaration.name}`, declaration);
      return undefined;
  }
}

function newChain(name: string, span: Span): Chain {
  return { name, span, policy: 'accept', rules: [] };
}
