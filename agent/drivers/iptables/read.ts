import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import type { Device, Direction, Family, RuleList, Scope } from '../../model/index.js';
import type { Capture, ReadContext, Section } from '../contract.js';
import { type CoverageBuilder, coverageBuilder } from '../shared/coverage.js';
import { buildChains } from './chains.js';
import { convertTable, type TableSource } from './convert.js';
import { nameSections, volatile } from './dialogue.js';
import { familyOf } from './family.js';
import { sectionNames } from './identify.js';
import { type IpSet, parseSets, setLibrary } from './ipset.js';
import { fillersOf } from './memory.js';
import { type Command, parseSave, type SaveText } from './parse.js';

/** Longer than any rule set; a text beyond it is refused before work is spent on it. */
const CHARACTERS_MAX = 64 * 1024 * 1024;

interface ReadSection {
  readonly section: Section;
  readonly save: SaveText;
}

/** What the comments say of tables that the program could not or did not show. */
const otherTables = /^# (?:Warning: .*tables present|Table `)/m;

const live: ReadonlySet<string> = new Set(sectionNames);
const tableNames: ReadonlySet<string> = new Set(nameSections);

/** Reads a live capture (sections named in the dialogue) or imported files. */
export function read(capture: Capture, { device }: ReadContext): Result<Device> {
  const coverage = coverageBuilder();
  const saves: ReadSection[] = [];
  let sets: ReadonlyMap<string, IpSet> | undefined;
  const dropped = repeated(capture.sections);

  for (const section of capture.sections) {
    if (section.text.length > CHARACTERS_MAX) return failure(tooLarge(section));
    if (section.failure) {
      failed(section, section.failure.kind, coverage);
      continue;
    }
    if (tableNames.has(section.name)) {
      readNames(section, capture.sections, coverage);
      continue;
    }
    if (dropped.has(section)) {
      const lines = coverage.source(section.name, section.text, section.source);
      for (const index of lines.keys())
        coverage.mark(section.name, index + 1, 'irrelevant', 'the same tables as in the legacy save');
      continue;
    }
    if (holdsSets(section)) {
      const parsed = parseSets(section.name, section.text, coverage);
      if (!parsed.ok) return parsed;
      sets = sets ? new Map([...sets, ...parsed.value]) : parsed.value;
      continue;
    }
    if (live.has(section.name) && !/^[ \t]*[^#\s]/m.test(section.text) && !otherTables.test(section.text)) {
      // A save of no tables prints nothing: nothing is filtered there.
      for (const index of coverage.source(section.name, section.text, section.source).keys()) {
        coverage.mark(section.name, index + 1, 'irrelevant');
      }
      saves.push({ section, save: { tables: [], otherBackEnd: false, incompatible: [] } });
      continue;
    }
    const parsed = parseSave(section, coverage, live.has(section.name));
    if (!parsed.ok) return parsed;
    saves.push({ section, save: parsed.value });
  }
  if (saves.length === 0 && !programsMissing(capture)) return failure(nothingRead(capture));
  const several = capture.sections.filter(({ name }) => live.has(name) && name !== 'ipset-save').length > 1;
  return assemble({ device, saves, sets, several }, coverage);
}

function tooLarge(section: Section): Problem {
  return { code: 'TOO_LARGE', message: `more than ${CHARACTERS_MAX} characters`, file: section.name };
}

function nothingRead(capture: Capture): Problem {
  const reason = capture.sections.find((section) => section.failure)?.failure?.problem;
  return (
    reason ?? {
      code: 'NOTHING_READ',
      message: 'there is no iptables-save text in the capture',
      expected: 'the output of iptables-save',
    }
  );
}

function failed(section: Section, kind: string, coverage: CoverageBuilder): void {
  const lines = coverage.source(section.name, section.text, section.source);
  const optional = section.name === 'ipset-save' || section.name.endsWith('-legacy-save');
  const absent = kind === 'missing-program' && optional;
  for (const index of lines.keys())
    coverage.mark(section.name, index + 1, absent ? 'irrelevant' : 'unrecognized', 'the section was not read whole');
  if (absent) return;
  const sentence = `${section.name}: ${problemText(section.failure!.problem)}`;
  coverage.blind(sentence);
  // Without the program nobody made such tables, or nft lists them.
  if (kind === 'missing-program') coverage.doubt({ sentence, family: familyWord(section) });
}

/** A host without the package: legacy tables are asked of the kernel, and the others of nft. */
function programsMissing({ sections }: Capture): boolean {
  const failures = sections.filter(({ name }) => name === 'iptables-save' || name === 'ip6tables-save');
  return failures.length === 2 && failures.every(({ failure }) => failure?.kind === 'missing-program');
}

/** The names of the legacy tables that the kernel holds, where nothing lists what is in them. */
function readNames(section: Section, all: readonly Section[], coverage: CoverageBuilder): void {
  const lines = coverage.source(section.name, section.text, section.source);
  for (const index of lines.keys()) coverage.mark(section.name, index + 1, 'irrelevant');
  const program = section.name.startsWith('ip6') ? 'ip6tables' : 'iptables';
  // An old program without a back end in its name is the legacy one.
  if (all.some(({ name, text }) => name === `${program}-save` && isLegacyText(text))) return;
  const tables = lines.filter((line) => line.trim() !== '');
  if (tables.length === 0) return;
  coverage.blind(
    `${section.name}: the kernel holds legacy tables (${tables.join(', ')}), and ${program}-legacy-save is not installed (expected the program ${program}-legacy-save; install it on the device: apt-get install iptables)`,
  );
}

/** The family of a section, in the words of nft. */
function familyWord({ name }: Section): 'ip' | 'ip6' {
  return name.startsWith('ip6') ? 'ip6' : 'ip';
}

function holdsSets(section: Section): boolean {
  return (
    section.name === 'ipset-save' ||
    (!live.has(section.name) &&
      /^(?:create|-N) \S+ (?:hash|bitmap|list):/m.test(section.text.slice(0, 100_000)) &&
      !/^\*/m.test(section.text))
  );
}

/** Where the plain name was the legacy program too, its text is there twice; the explicit name wins. */
function repeated(sections: readonly Section[]): ReadonlySet<Section> {
  const out = new Set<Section>();
  for (const section of sections) {
    const twin = sections.find(
      ({ name }) => name === section.name.replace('-save', '-legacy-save') && name !== section.name,
    );
    if (!live.has(section.name) || !twin || twin.failure || section.failure) continue;
    if (isLegacyText(section.text) && steady(twin.text) === steady(section.text)) out.add(section);
  }
  return out;
}

function isLegacyText(text: string): boolean {
  return /^# *Generated by ip6?tables(?:-legacy)?-save v[\w.-]+ on /m.test(text);
}

function steady(text: string): string {
  return volatile.reduce((shorter, { pattern, replacement }) => shorter.replace(pattern, replacement), text);
}

interface Readings {
  readonly device: string;
  readonly saves: readonly ReadSection[];
  readonly sets: ReadonlyMap<string, IpSet> | undefined;
  /** More than one save of a live dialogue: the lists of the legacy back end are told apart by a prefix. */
  readonly several: boolean;
}

function assemble({ device, saves, sets, several }: Readings, coverage: CoverageBuilder): Result<Device> {
  const sources: TableSource[] = [];
  const shrunk: { readonly file: string; readonly commands: readonly Command[] }[] = [];
  for (const { section, save } of saves) {
    const fromDialogue = live.has(section.name);
    if (save.otherBackEnd && !saves.some((other) => isOtherBackEnd(other, section))) {
      coverage.blind(
        `${section.name}: its comments say that the other back end of iptables holds tables, which were not read`,
      );
    }
    for (const { table, line, reason } of save.incompatible) {
      const sentence = `${section.name}:${line}: ${reason}`;
      coverage.doubt({ sentence, family: familyWord(section), table, at: { file: section.name, line } });
    }
    for (const table of save.tables) {
      const family = fromDialogue
        ? section.name.startsWith('ip6')
          ? 'ip6'
          : 'ip4'
        : familyOf(table, save.tables, section.name);
      const nft = fromDialogue && !section.name.includes('-legacy-') && table.backEnd === 'nft';
      const { chains, misfits, shrunk: less } = buildChains(table);
      if (less) shrunk.push({ file: section.name, commands: table.commands });
      for (const command of table.commands) {
        if (command.kind !== 'append' && command.kind !== 'insert')
          coverage.mark(section.name, command.line, 'modelled');
      }
      for (const { command, reason } of misfits) coverage.lose(section.name, command.line, reason);
      sources.push({
        file: section.name,
        table: table.table,
        line: table.line,
        family,
        chains,
        store: nft ? 'nftables' : 'xtables',
        managedByIptables: nft,
        prefix: fromDialogue && !nft && several ? 'legacy:' : '',
        partial: table.partial,
      });
    }
  }
  const twice = sources.find((one, index) =>
    sources.some(
      (other, at) =>
        at < index && other.prefix === one.prefix && other.family === one.family && other.table === one.table,
    ),
  );
  if (twice) {
    return failure({
      code: 'TABLE_TWICE',
      message: `the table ${twice.table} of ${twice.family === 'ip4' ? 'IPv4' : 'IPv6'} is there twice: which one holds is not clear`,
      file: twice.file,
      line: twice.line,
    });
  }
  for (const { managedByIptables, family, table } of sources) {
    if (!managedByIptables) continue;
    const sentence =
      'Rules that were put into the tables of iptables with nft: iptables-save prints parts of them only; `nft list ruleset` is the authority on those.';
    coverage.notCovered(sentence);
    coverage.doubt({ sentence, family: family === 'ip4' ? 'ip' : 'ip6', table });
  }
  if (sources.some(({ partial }) => partial)) {
    coverage.notCovered('Rules that were there before: a list of commands says nothing of them.');
  }
  const library = setLibrary(sets, fillersOf(sources), coverage);
  const converted = sources.map((source) => convertTable(source, library, coverage));
  for (const { file, commands } of shrunk) {
    for (const { line } of commands) {
      if (!coverage.stateOf(file, line)) coverage.mark(file, line, 'irrelevant', 'a later command removed it');
    }
  }
  return success({
    id: device,
    pipeline: {
      lists: converted.flatMap(({ lists }): readonly RuleList[] => lists),
      bases: converted.flatMap(({ bases }) => bases),
      speaksOf: scopes(saves, sources),
    },
    listeners: [],
    facts: [],
    coverage: coverage.build(),
  });
}

function isOtherBackEnd({ section }: ReadSection, than: Section): boolean {
  return (
    section !== than &&
    section.name.includes('-legacy-') !== than.name.includes('-legacy-') &&
    section.name.startsWith('ip6') === than.name.startsWith('ip6')
  );
}

const directions: readonly Direction[] = ['forward', 'input', 'output'];

/** A save speaks of all three directions of its family; a list of commands, of the chains it names. */
function scopes(saves: readonly ReadSection[], sources: readonly TableSource[]): readonly Scope[] {
  const whole = new Set<Family>(sources.filter(({ partial }) => !partial).map(({ family }) => family));
  for (const { section } of saves)
    if (live.has(section.name)) whole.add(section.name.startsWith('ip6') ? 'ip6' : 'ip4');
  const named = new Set(
    sources.flatMap(({ partial, family, table, chains }) =>
      partial && table === 'filter' ? chains.map(({ name }) => `${family} ${name}`) : [],
    ),
  );
  return (['ip4', 'ip6'] as const).flatMap((family) =>
    directions
      .filter((direction) => whole.has(family) || named.has(`${family} ${direction.toUpperCase()}`))
      .map((direction) => ({ family, direction })),
  );
}
