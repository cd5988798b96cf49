import type { PlainEntry } from './known-entries.js';
import type { Block, Command, Loss, Script, Statement } from './parse.js';

/** The values of a key after all statements about it, and where they stand. */
export interface Setting {
  readonly key: string;
  /** Absent: unset. */
  readonly values?: readonly string[];
  /** Counted from the `spansFrom` of its entry. */
  readonly spans: readonly Span[];
}

export interface Span {
  readonly line: number;
  readonly lastLine: number;
}

/** What `edit` makes, and also what stands in a table without entries, such as `config system global`. */
export interface Entry {
  readonly name: string;
  readonly line: number;
  readonly lastLine: number;
  /** The lines of `edit` and `next`. */
  readonly frame: readonly number[];
  /** Entries of the same text, in other readings too, have one and the same. */
  readonly settings: ReadonlyMap<string, Setting>;
  readonly spansFrom: number;
  readonly tables: ReadonlyMap<string, Table>;
}

/** Where a key is set, if it is. */
export function spansAt({ settings, spansFrom }: Entry, key: string): readonly Span[] | undefined {
  const spans = settings.get(key)?.spans;
  return spans && (spansFrom === 0 ? spans : spans.map((span) => shifted(span, spansFrom)));
}

export function shifted({ line, lastLine }: Span, by: number): Span {
  return { line: line + by, lastLine: lastLine + by };
}

export interface Table {
  readonly path: string;
  /** The lines of `config` and `end`, and of moves and the like. */
  readonly frame: readonly Span[];
  readonly entries: readonly Entry[];
  readonly own: Entry;
  /** The text that it was made of, from and to which character. */
  readonly pieces: readonly (readonly [start: number, end: number])[];
}

/** One virtual domain, or all that is outside of them. */
export interface Scope {
  readonly vdom?: string;
  readonly tables: ReadonlyMap<string, Table>;
}

export interface Extracted {
  readonly text: string;
  readonly global: Scope;
  readonly vdoms: readonly Scope[];
  readonly losses: readonly Loss[];
  /** Lines that only say in which virtual domain the next ones are. */
  readonly frame: readonly number[];
}

interface MutableEntry {
  name: string;
  line: number;
  lastLine: number;
  frame: number[];
  settings: ReadonlyMap<string, Setting>;
  spansFrom: number;
  tables: Map<string, MutableTable>;
}

interface MutableTable {
  path: string;
  frame: Span[];
  entries: MutableEntry[];
  byName: Map<string, MutableEntry>;
  own: MutableEntry;
  pieces: (readonly [number, number])[];
}

type MutableTables = Map<string, MutableTable>;

/** Carries the statements out in their order, as the device does: what stands there in the end is its configuration. */
export function extract(script: Script): Extracted {
  const losses: Loss[] = [];
  const lose: Lose = ({ line, lastLine }, reason, refused): void =>
    void losses.push({ line, lastLine, reason, ...(refused && { refused }) });
  const frame: number[] = [];
  const top: MutableTables = new Map();
  const vdoms = new Map<string, MutableTables>();

  for (const statement of script.body) {
    if (statement.kind !== 'config') continue;
    if (statement.words.length === 1 && statement.words[0] === 'vdom') {
      frame.push(statement.line, statement.lastLine);
      for (const inside of statement.body) {
        if (inside.kind !== 'edit') {
          lose(inside, 'only edit stands in the table of virtual domains');
          continue;
        }
        frame.push(inside.line, inside.lastLine);
        const name = inside.words[0]!;
        const tables: MutableTables = vdoms.get(name) ?? new Map();
        vdoms.set(name, tables);
        for (const part of statementsOf(inside)) {
          if (part.kind === 'config') runTable(tables, part, lose);
          else lose(part, 'a setting outside of every table');
        }
      }
    } else if (statement.words.length === 1 && statement.words[0] === 'global') {
      frame.push(statement.line, statement.lastLine);
      for (const part of statement.body) {
        if (part.kind === 'config') runTable(top, part, lose);
        else lose(part, 'a setting outside of every table');
      }
    } else runTable(top, statement, lose);
  }
  return {
    text: script.text,
    global: { tables: top },
    vdoms: [...vdoms].map(([vdom, tables]) => ({ vdom, tables })),
    losses,
    frame,
  };
}

type Lose = (span: Span, reason: string, refused?: true) => void;

function newEntry(name: string, { line, lastLine }: Span): MutableEntry {
  return { name, line, lastLine, frame: [], settings: new Map(), spansFrom: 0, tables: new Map() };
}

/** The settings of one entry alone, which may be changed. */
function ownSettings(entry: MutableEntry): Map<string, Setting> {
  if (entry.spansFrom === 0) return entry.settings as Map<string, Setting>;
  const { spansFrom } = entry;
  const own = new Map<string, Setting>();
  for (const [key, setting] of entry.settings)
    own.set(key, { ...setting, spans: setting.spans.map((span) => shifted(span, spansFrom)) });
  entry.settings = own;
  entry.spansFrom = 0;
  return own;
}

/** The same as statements, for an entry that is more than what it says by itself. */
function statementsOf({ plain, body, line: first }: Block): readonly Statement[] {
  if (!plain) return body;
  return [...plain.settings.values()].map(({ key, values, spans }): Command => {
    const line = first + spans[0]!.line;
    return { kind: 'command', verb: values ? 'set' : 'unset', key, values: values ?? [], line, lastLine: line };
  });
}

const services = 'firewall service custom';

/** Whether a service forgets a setting as another is made. */
function forgetsSome({ settings }: PlainEntry): boolean {
  let some = false;
  for (const { key, values } of settings.values()) {
    if (some && (key === 'protocol' || (key === 'icmptype' && !values))) return true;
    some ||= ofProtocols.test(key);
  }
  return false;
}

function runTable(tables: MutableTables, block: Block, lose: Lose): void {
  const path = block.words.join(' ');
  const table: MutableTable = tables.get(path) ?? {
    path,
    frame: [],
    entries: [],
    byName: new Map(),
    own: newEntry('', block),
    pieces: [],
  };
  tables.set(path, table);
  table.pieces.push([block.start, block.end]);
  for (const line of new Set([block.line, block.lastLine])) table.frame.push({ line, lastLine: line });
  const check = (statement: Statement, wrong: string | undefined): void => {
    if (wrong !== undefined) lose(statement, wrong);
  };
  const hasEntries = block.body.some(({ kind }) => kind === 'edit');
  for (const statement of block.body) {
    if (statement.kind === 'edit') {
      const name = statement.words[0]!;
      // The device gives a new entry the next free number when it is told 0.
      const known = name === '0' ? undefined : table.byName.get(name);
      const entry = known ?? newEntry(name, statement);
      if (!known) {
        table.entries.push(entry);
        table.byName.set(name, entry);
      }
      entry.frame.push(statement.line, statement.lastLine);
      entry.lastLine = Math.max(entry.lastLine, statement.lastLine);
      if (statement.plain && !known && !(path === services && forgetsSome(statement.plain))) {
        entry.settings = statement.plain.settings;
        entry.spansFrom = statement.line;
        continue;
      }
      for (const inside of statementsOf(statement)) {
        if (inside.kind === 'command' && path === services) forget(entry, inside);
        check(inside, runInEntry(entry, inside, lose));
      }
    } else if (statement.kind === 'command' && moves.has(statement.verb)) {
      table.frame.push(statement);
      const wrong = moveEntries(table, statement);
      if (wrong !== undefined) lose(statement, wrong, true);
      else if (statement.verb === 'rename') renameReferences(tables, path, statement);
    } else if (hasEntries) lose(statement, 'a setting beside the entries of a table: its edit is missing');
    else check(statement, runInEntry(table.own, statement, lose));
  }
}

const ofProtocols = /^(?:protocol-number|icmptype|icmpcode|(?:tcp|udp|sctp|udplite)-portrange)$/;

/** A service of another protocol forgets the ports, types and numbers of the one before; a type that goes takes its code along. */
function forget(entry: MutableEntry, { verb, key, values }: Command): void {
  const settings = ownSettings(entry);
  const gone = (setting: Setting): void => void settings.set(setting.key, { key: setting.key, spans: setting.spans });
  if (key === 'protocol' && (verb === 'set' || verb === 'unset')) {
    const next = verb === 'set' ? values.join(' ') : DEFAULT_PROTOCOL;
    const before = settings.get('protocol')?.values?.join(' ') ?? DEFAULT_PROTOCOL;
    if (next !== before) for (const setting of [...settings.values()]) if (ofProtocols.test(setting.key)) gone(setting);
  } else if (key === 'icmptype' && verb === 'unset') {
    const code = settings.get('icmpcode');
    if (code) gone(code);
  }
}

const DEFAULT_PROTOCOL = 'TCP/UDP/SCTP';

const moves = new Set(['delete', 'purge', 'move', 'rename', 'clone']);

/** Carries one statement out; what is wrong with it, if anything. */
function runInEntry(entry: MutableEntry, statement: Statement, lose: Lose): string | undefined {
  if (statement.kind !== 'command') {
    if (statement.kind === 'edit') return 'an entry outside of every table';
    ownSettings(entry);
    runTable(entry.tables, statement, lose);
    return undefined;
  }
  const { key, values } = statement;
  const settings = ownSettings(entry);
  const known = settings.get(key);
  const { line, lastLine, verb } = statement;
  const spans: readonly Span[] = known ? [...known.spans, { line, lastLine }] : [statement];
  const before = known?.values ?? none;
  const put = (next: readonly string[] | undefined): undefined => {
    settings.set(key, { key, spans, ...(next && { values: next }) });
    return undefined;
  };
  if (verb !== 'unset' && verb !== 'clear' && values.length === 0) return `${verb} without a value`;
  switch (verb) {
    case 'set':
    case 'select':
      return put(values);
    case 'append':
      return put([...before, ...values]);
    case 'unselect':
      return put(before.filter((value) => !values.includes(value)));
    case 'unset':
      put(undefined);
      return values.length > 0 ? 'unset takes one name' : undefined;
    case 'clear':
      return put(undefined);
    default:
      return `${verb} within an entry`;
  }
}

function moveEntries(table: MutableTable, command: Command): string | undefined {
  const { entries } = table;
  const { key: name, values } = command;
  const [how, other = '', ...rest] = values;
  const said = [name, ...values].join(' ');
  const from = entries.findIndex((entry) => entry.name === name);
  const to = entries.findIndex((entry) => entry.name === other);
  switch (command.verb) {
    case 'purge':
      table.frame.push(...entries);
      entries.length = 0;
      table.byName.clear();
      return undefined;
    case 'delete':
      if (from < 0 || values.length > 0) return `there is no ${name} to delete`;
      table.frame.push(...entries.splice(from, 1));
      table.byName.delete(name);
      return undefined;
    case 'move': {
      if (from < 0 || to < 0 || from === to || (how !== 'before' && how !== 'after') || rest.length > 0) {
        return `“${said}” cannot be moved`;
      }
      const [entry] = entries.splice(from, 1);
      entries.splice(entries.findIndex(({ name: one }) => one === other) + (how === 'after' ? 1 : 0), 0, entry!);
      return undefined;
    }
    case 'rename':
    case 'clone': {
      const entry = entries[from];
      if (!entry || to >= 0 || how !== 'to' || other === '' || rest.length > 0) {
        return `“${said}” cannot be carried out`;
      }
      const settings = ownSettings(entry);
      if (command.verb === 'rename') {
        entry.name = other;
        table.byName.delete(name);
        table.byName.set(other, entry);
        return undefined;
      }
      const copy: MutableEntry = {
        name: other,
        line: command.line,
        lastLine: command.lastLine,
        frame: [command.line],
        settings: new Map(settings),
        spansFrom: 0,
        tables: new Map(entry.tables),
      };
      entries.push(copy);
      table.byName.set(other, copy);
      return undefined;
    }
    default:
      return `${command.verb} is not known`;
  }
}

const policies = 'policy6?|consolidated policy|security-policy|local-in-policy6?|proxy-policy';

/** Where names of these tables are referred to. */
const references: readonly { readonly table: RegExp; readonly keys: RegExp; readonly from: RegExp }[] = [
  {
    table: /^firewall (?:address|addrgrp|vip|vipgrp)6?$/,
    keys: /^(?:src|dst)addr6?$|^(?:exclude-)?member$|^(?:orig|dst)-addr6?$/,
    from: new RegExp(`^firewall (?:${policies}|addrgrp6?|vipgrp6?|central-snat-map)$`),
  },
  {
    table: /^firewall service (?:custom|group)$/,
    keys: /^(?:service|member)$/,
    from: new RegExp(`^firewall (?:${policies}|service group|vip)$`),
  },
  {
    table: /^firewall ippool6?$/,
    keys: /^(?:poolname|nat-ippool)6?$/,
    from: new RegExp(`^firewall (?:${policies}|central-snat-map)$`),
  },
  {
    table: /^firewall schedule (?:onetime|recurring|group)$/,
    keys: /^(?:schedule|member)$/,
    from: new RegExp(`^firewall (?:${policies}|schedule group)$`),
  },
  {
    table: /^system zone$/,
    keys: /^(?:srcintf|dstintf|intf)$/,
    from: new RegExp(`^firewall (?:${policies}|central-snat-map)$`),
  },
];

/** A renamed object keeps those that refer to it. */
function renameReferences(tables: MutableTables, path: string, { key: name, values: [, other = ''] }: Command): void {
  for (const { keys, from } of references.filter(({ table }) => table.test(path))) {
    for (const { path: place, entries } of tables.values()) {
      if (!from.test(place)) continue;
      for (const entry of entries) {
        for (const { key, values } of entry.settings.values()) {
          if (!keys.test(key) || !values?.includes(name)) continue;
          const settings = ownSettings(entry);
          settings.set(key, { ...settings.get(key)!, values: values.map((value) => (value === name ? other : value)) });
        }
      }
    }
  }
}

const none: readonly string[] = [];

/** The values of a key, or none. */
export function valuesOf(entry: Entry, key: string): readonly string[] {
  const values = entry.settings.get(key)?.values ?? none;
  // The full configuration writes '' where nothing is set.
  return values.includes('') ? values.filter((value) => value !== '') : values;
}

export function textAt(entry: Entry, key: string): string | undefined {
  const values = entry.settings.get(key)?.values;
  return values?.length === 1 ? values[0] : values?.join(' ');
}

export function isEnabled(entry: Entry, key: string): boolean {
  return textAt(entry, key) === 'enable';
}
