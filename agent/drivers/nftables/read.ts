/**
 * One reading: which section is which, the passes in order, and the check of the text against the JSON where a
 * capture has both. The text is the authority: nft -j 1.0.6 prints the flags of a table garbled and the extensions of
 * iptables-nft empty.
 */
import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import type { Device } from '../../model/index.js';
import type { Capture, Section } from '../contract.js';
import { type CoverageBuilder, coverageBuilder } from '../shared/coverage.js';
import type { Script } from './ast.js';
import { layBeside } from './beside.js';
import { readBytecode } from './bytecode.js';
import { convert } from './convert.js';
import { extract, type Ruleset } from './extract.js';
import { BYTECODE, isJson, recognise } from './identify.js';
import { parseJson } from './parse-json.js';
import { parseText } from './parse-text.js';

/** Functions of net/netfilter/core.c, which every kernel with netfilter has, and of nf_tables_core.c. */
export const symbols = { netfilter: 'nf_hook_slow', nftables: 'nft_do_chain' } as const;

export function read(capture: Capture): Result<Device> {
  const own = capture.sections.filter(({ name }) => name !== BYTECODE);
  const known = own.filter((section) => recognise(section) !== 'no');
  const sections = known.length > 0 ? known : own;
  const text = sections.find((section) => !isJson(section));
  const json = sections.find(isJson);
  const coverage = coverageBuilder();
  const main = text && !(text.failure && json && !json.failure) ? text : json;
  if (!main) return failure(nothing(capture));
  if (main.failure) {
    if (main.failure.kind === 'missing-program' && kernelHasNone(capture)) return success(noRuleset(capture, coverage));
    return failure(main.failure.problem);
  }
  const script = main === text ? parseText(main.source, main.text) : parseJson(main.source, main.text);
  if (!script.ok) return text?.failure ? failure(text.failure.problem) : script;
  const ruleset = extract(script.value);
  if (main === text) claimText(coverage, main, ruleset);
  else claimJson(coverage, main, script.value, ruleset);
  if (main === text) layBytecode(capture, main, ruleset, coverage);
  const { pipeline, facts } = convert(ruleset, main.source, coverage);
  if (main === json && text?.failure) coverage.blind(problemText(text.failure.problem));
  if (main === text && json) crossCheck(coverage, main, ruleset, json);
  if (main.name === 'nft-text')
    for (const twice of ruleset.repeated) coverage.blind(`${main.source}: ${twice} is listed twice`);
  for (const other of sections) {
    if (other !== text && other !== json)
      coverage.blind(`${other.source}: a second ruleset in one capture is not read`);
  }
  return success({ id: capture.device, pipeline, listeners: [], facts, coverage: coverage.build() });
}

/** What the kernel has of each rule, where the capture says so: see beside.ts. Without it the rules are as nft prints them. */
function layBytecode({ sections }: Capture, text: Section, ruleset: Ruleset, coverage: CoverageBuilder): void {
  const section = sections.find(({ name }) => name === BYTECODE);
  if (!section || section.failure?.kind === 'missing-program') return;
  const bytecode = section.failure ? undefined : readBytecode(section.text, text.text);
  if (!bytecode) {
    if (ruleset.tables.length === 0 && !section.failure) return;
    const why = section.failure ? section.failure.problem.message : 'it is no such listing, or not all of it';
    coverage.source(section.source, '', `${section.source}, not readable`);
    coverage.notCovered(`${section.source} could not be read (${why}): rules are read as nft prints them`);
    return;
  }
  coverage.source(section.source, '\n'.repeat(bytecode.rules), `${section.source}, by rules, to check the text`);
  for (let rule = 1; rule <= bytecode.rules; rule++) coverage.mark(section.source, rule, 'irrelevant');
  for (const table of ruleset.tables) {
    for (const chain of table.chains.values()) {
      chain.rules = chain.rules.map((rule) => {
        const steps = rule.handle === undefined ? undefined : bytecode.of(table, chain.name, rule.handle);
        return steps ? layBeside(table.family, rule, steps) : rule;
      });
    }
  }
}

/** Whether the kernel is shown to have no nftables: only a list of symbols that is there and names netfilter says so. */
function kernelHasNone({ sections }: Capture): boolean {
  const listed = sections.find(({ name }) => name === 'kernel-symbols');
  const names = new Set(listed?.failure ? [] : listed?.text.split('\n'));
  return names.has(symbols.netfilter) && !names.has(symbols.nftables);
}

function noRuleset(capture: Capture, coverage: CoverageBuilder): Device {
  for (const { name, source, text } of capture.sections) {
    if (name !== 'kernel-symbols') continue;
    const lines = coverage.source(source, text, `${source}: no nftables in this kernel`);
    for (const index of lines.keys()) coverage.mark(source, index + 1, 'modelled');
  }
  const { pipeline, facts } = convert({ tables: [], losses: [], contentLines: [], repeated: [] }, '', coverage);
  return { id: capture.device, pipeline, listeners: [], facts, coverage: coverage.build() };
}

function claimText(coverage: CoverageBuilder, section: Section, ruleset: Ruleset): void {
  const file = section.source;
  const lines = coverage.source(file, section.text);
  for (let line = 1; line <= lines.length; line++) coverage.mark(file, line, 'irrelevant');
  for (const line of ruleset.contentLines) coverage.mark(file, line, 'modelled');
  claimLosses(coverage, file, ruleset);
}

function claimJson(coverage: CoverageBuilder, section: Section, script: Script, ruleset: Ruleset): void {
  const file = section.source;
  coverage.source(file, '\n'.repeat(script.contentLines.length), `${file}, by entries of its array`);
  for (const line of script.contentLines) coverage.mark(file, line, 'modelled');
  claimLosses(coverage, file, ruleset);
}

function claimLosses(coverage: CoverageBuilder, file: string, ruleset: Ruleset): void {
  for (const loss of ruleset.losses) {
    coverage.lose(file, loss.line, loss.reason);
    for (let line = loss.line; line <= loss.lastLine; line++) coverage.mark(file, line, 'unrecognized', loss.reason);
  }
}

/** Text and JSON are two listings of one ruleset: where they differ in shape, one of them was not read right. */
function crossCheck(coverage: CoverageBuilder, text: Section, ruleset: Ruleset, json: Section): void {
  const script = json.failure ? failure(json.failure.problem) : parseJson(json.source, json.text);
  if (!script.ok) {
    const dormant = ruleset.tables.some((table) => table.dormant);
    const why = dormant ? 'nft 1.0.6 prints the flags of a dormant table garbled' : script.error.message;
    coverage.source(json.source, '', `${json.source}, not readable`);
    coverage.notCovered(`${json.source} could not be read (${why}): the text was not checked against it`);
    return;
  }
  coverage.source(
    json.source,
    '\n'.repeat(script.value.contentLines.length),
    `${json.source}, by entries, to check the text`,
  );
  for (const line of script.value.contentLines) coverage.mark(json.source, line, 'irrelevant');
  const [left, right] = [shape(ruleset), shape(extract(script.value))];
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    if (left.get(key) === right.get(key)) continue;
    const said = (side: ReadonlyMap<string, string>): string => side.get(key) ?? 'nothing';
    coverage.blind(`${key}: ${text.source} has ${said(left)}, ${json.source} has ${said(right)}`);
  }
}

/** Each chain with its number of rules and its policy. */
function shape(ruleset: Ruleset): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const table of ruleset.tables) {
    found.set(`table ${table.family} ${table.name}`, 'a table');
    for (const chain of table.chains.values()) {
      const policy = chain.base ? `, ${chain.base.hook} ${chain.base.priority}, policy ${chain.policy}` : '';
      found.set(`chain ${table.family}/${table.name}/${chain.name}`, `${chain.rules.length} rules${policy}`);
    }
  }
  return found;
}

function nothing(capture: Capture): Problem {
  return {
    code: 'NOT_UNDERSTOOD',
    message: 'there is no nftables ruleset in this capture',
    ...(capture.sections[0] && { file: capture.sections[0].source }),
    expected: 'the output of “nft list ruleset” or “nft -j list ruleset”, or a file for “nft -f”',
  };
}
