import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import type { Device, Scope } from '../../model/index.js';
import type { Capture, Section } from '../contract.js';
import { type CoverageBuilder, coverageBuilder } from '../shared/coverage.js';
import { type Answer, attributes, type Entry, type Part, parseAnswer } from './answer.js';
import { convert, type Implicit, isKnownService, type Policy } from './convert.js';
import { factsOf } from './facts.js';
import { checkInForce, policyLine } from './in-force.js';
import { emptyLibrary, type Interface, isDynamic, isGenerated, type Library } from './library.js';
import { interfaceOf, listed, memberOf, objectReader } from './objects.js';
import { type Reading, roleOf } from './roles.js';
import { policiesOf } from './slots.js';
import { NotUnderstood } from './understood.js';

/** Longer than any configuration; a text beyond it is refused before work is spent on it. */
const CHARACTERS_MAX = 64 * 1024 * 1024;

const scopes: readonly Scope[] = (['ip4', 'ip6'] as const).flatMap((family) =>
  (['forward', 'input'] as const).map((direction) => ({ family, direction })),
);

/** Reads saved answers of NSRPC, or files of the firewall, together: policy, objects, groups, interfaces, switches. */
export function read(capture: Capture): Result<Device> {
  const tooLong = capture.sections.find(({ text }) => text.length > CHARACTERS_MAX);
  if (tooLong)
    return failure({ code: 'TOO_LARGE', message: `more than ${CHARACTERS_MAX} characters`, file: tooLong.name });
  const coverage = coverageBuilder();
  const readings: Reading[] = [];
  for (const section of capture.sections) {
    const lines = coverage.source(section.name, section.text, section.source);
    const answer = parseAnswer(lines);
    for (const line of answer.frame) coverage.mark(section.name, line, 'irrelevant');
    const role = roleOf(section, answer);
    // What stands beside the filter, or only checks it, is not missed: that it was not read is said where it is used.
    if (role !== 'topic' && !checks.has(section.name)) {
      if (section.failure) coverage.blind(`${section.name}: ${problemText(section.failure.problem)}`);
      checkAnswer(section, answer, coverage);
    }
    readings.push({ section, answer, role });
  }
  const library = emptyLibrary();
  const policies = policiesOf(readings, coverage);
  if (policies.length === 0) return failure(nothing(capture, readings));
  fillLibrary(readings, library, coverage);
  const implicit = switchesOf(readings, coverage);
  const { facts, ...pipeline } = convert(policies, implicit, library, coverage);
  compareInForce(readings, policies, implicit, coverage);
  const told = factsOf(
    readings.filter(({ role }) => role === 'topic'),
    library,
    coverage,
  );
  const hasGlobal = readings.some(({ section }) => section.name === 'global-slots');
  sayWhatIsMissing(policies, implicit, library, { coverage, hasGlobal });
  const version = versionOf(readings);
  return success({
    id: capture.device,
    pipeline: { ...pipeline, speaksOf: readings.every(isWhole) ? scopes : [], ...placesOf(library) },
    listeners: [],
    facts: [...facts, ...told.facts],
    ...(told.areas.length > 0 && { areas: told.areas }),
    ...(told.availability && { availability: told.availability }),
    ...(version !== undefined && { version }),
    coverage: coverage.build(),
  });
}

/** Sections that only check others, or stand beside them. */
const checks = new Set(['in-force', 'version']);

/** As the firewall states it: `Version=4.3.24`. */
function versionOf(readings: readonly Reading[]): string | undefined {
  for (const { answer, role } of readings) {
    if (role !== 'version') continue;
    for (const { text } of answer.parts.flatMap(({ entries }) => entries)) {
      const version = /^version="?(?<version>\d[\w.-]{0,40})"?$/i.exec(text)?.groups?.version;
      if (version !== undefined) return version;
    }
  }
  return undefined;
}

function compareInForce(
  readings: readonly Reading[],
  policies: readonly Policy[],
  { rules: implicit }: Implicit,
  coverage: CoverageBuilder,
): void {
  for (const { section, answer, role } of readings) {
    if (role !== 'in-force') continue;
    for (const { line } of answer.parts) coverage.mark(section.name, line, 'irrelevant');
    if (section.failure || answer.unfinished || answer.refusal !== undefined) {
      for (const { line } of answer.parts.flatMap(({ entries }) => entries))
        coverage.mark(section.name, line, 'unmodelled', 'it was not read whole');
      coverage.notCovered('What is in force was not read (MONITOR FILTER) and is not compared with the slots.');
      continue;
    }
    const inForce = answer.parts.flatMap(({ entries }) =>
      entries.map((entry, index) => policyLine(section.name, entry, index)),
    );
    const explicit = policies.flatMap(({ filter = [], nat }) => [...filter, ...nat]);
    checkInForce({ explicit, implicit, inForce }, coverage);
  }
}

/** A policy that has no end speaks of nothing: what it does not show may follow. */
function isWhole({ section, answer, role }: Reading): boolean {
  return role !== 'policy' || (!answer.unfinished && !endsInLine(section, answer));
}

/** A file that was copied whole ends its last line. */
function endsInLine({ text }: Section, { framed }: Answer): boolean {
  return !framed && text !== '' && !text.endsWith('\n');
}

function placesOf({ interfaces }: Library): Pick<Device['pipeline'], 'localAddresses' | 'zones'> {
  if (!interfaces) return {};
  const zones = Object.fromEntries(interfaces.map(({ name }) => [name, [name]]));
  if (interfaces.some(isDynamic)) return { zones };
  const own = interfaces.map((one) => one.own);
  return { zones, localAddresses: { ip4: own.flatMap(({ ip4 }) => ip4), ip6: own.flatMap(({ ip6 }) => ip6) } };
}

function checkAnswer(section: Section, answer: Answer, coverage: CoverageBuilder): void {
  const { name } = section;
  if (endsInLine(section, answer))
    coverage.blind(`${name}: it ends in the middle of a line: a part of it may be missing`);
  // A shell that is no console of commands says something else.
  const isAsked = /^(?:CONFIG|SYSTEM) [A-Z]/.test(section.source);
  if (isAsked && !answer.framed && !section.failure)
    coverage.blind(`${name}: this is no answer of the console of commands (NSRPC)`);
  if (answer.unfinished) coverage.blind(`${name}: the answer has no end: a part of it is missing`);
  if (answer.refusal !== undefined) coverage.blind(`${name}: the firewall refused: ${answer.refusal}`);
  const rows = answer.parts.reduce((sum, { entries }) => sum + entries.length, 0);
  if (answer.announced !== undefined && rows < answer.announced)
    coverage.blind(`${name}: ${rows} of ${answer.announced} rows: ask for the rest with start=${rows}`);
}

/** The addresses of a bridge are those of each of its members. */
function overBridges(interfaces: readonly Interface[]): readonly Interface[] {
  return interfaces.map((one) => {
    const bridge = one.bridge === undefined ? undefined : interfaces.find(({ device }) => device === one.bridge);
    return bridge ? { ...one, own: bridge.own, networks: bridge.networks } : one;
  });
}

function fillLibrary(readings: readonly Reading[], library: Library, coverage: CoverageBuilder): void {
  for (const { section, answer, role } of readings) {
    const { name: file } = section;
    const each = (part: Part, action: (entry: Entry) => void): void => {
      coverage.mark(file, part.line, 'modelled');
      for (const entry of part.entries) {
        try {
          action(entry);
          coverage.mark(file, entry.line, 'modelled');
        } catch (error) {
          if (!(error instanceof NotUnderstood)) throw error;
          coverage.lose(file, entry.line, error.message);
        }
      }
    };
    for (const part of answer.parts) {
      if (role === 'objects') each(part, (entry) => listed(entry, library));
      else if (role === 'objectFile') each(part, (entry) => objectReader(part.title)(entry, library));
      else if (role === 'groups') {
        const members: string[] = [];
        each(part, (entry) => void members.push(memberOf(entry)));
        const isPorts = /service/i.test(`${section.source} ${file}`);
        (isPorts ? library.portGroups : library.groups).set(part.title.toLowerCase(), members);
      } else if (role === 'interfaces') readInterface(file, part, library, coverage);
      else if (role === 'version' || role === 'beside') {
        for (const line of [part.line, ...part.entries.map((entry) => entry.line)])
          coverage.mark(
            file,
            line,
            role === 'version' ? 'irrelevant' : 'unrecognized',
            role === 'version' ? undefined : 'this part of a configuration is not known',
          );
        if (role === 'beside') coverage.lose(file, part.line, `[${part.title.slice(0, 40)}] is not known`);
      }
    }
  }
}

/** Settings of an interface that rules do not ask for stay with their part. */
function readInterface(file: string, part: Part, library: Library, coverage: CoverageBuilder): void {
  for (const line of [part.line, ...part.entries.map((entry) => entry.line)]) coverage.mark(file, line, 'irrelevant');
  try {
    const made = interfaceOf(part);
    if (!made) return;
    library.interfaces = overBridges([...(library.interfaces ?? []), made]);
    for (const { line, text } of part.entries) {
      if (/^(?:name|address\d*|mask\d*|protected|ipv6address|ipv6prefixlen|state|bridge)\s*=/i.test(text))
        coverage.mark(file, line, 'modelled');
    }
    if (made.bridge === undefined) tellDynamic(file, part, made, coverage);
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    coverage.lose(file, part.line, error.message);
  }
}

function tellDynamic(file: string, part: Part, made: Interface, coverage: CoverageBuilder): void {
  if (!isDynamic(made)) return;
  coverage.mark(file, part.line, 'approximated', 'its address is not in the configuration');
  coverage.notCovered(
    `${file}:${part.line}: the address of ${made.name} is given by a server: rules that name it hold no address here`,
  );
}

function switchesOf(readings: readonly Reading[], coverage: CoverageBuilder): Implicit {
  const rules = readings
    .filter(({ role }) => role === 'implicit')
    .flatMap(({ section, answer }) =>
      answer.parts.flatMap(({ line, entries }) => {
        coverage.mark(section.name, line, 'irrelevant');
        for (const entry of entries) coverage.mark(section.name, entry.line, 'irrelevant');
        return entries.map((entry, index) => policyLine(section.name, entry, index));
      }),
    );
  const reading = readings.find(({ role }) => role === 'switches');
  if (!reading) return { services: undefined, rules };
  const { name: file } = reading.section;
  const services: { name: string; origin: { file: string; line: number; rule: string; text: string } }[] = [];
  let isOn = true;
  for (const { title, line, entries } of reading.answer.parts) {
    coverage.mark(file, line, 'irrelevant');
    for (const entry of entries) {
      const said = attributes(entry.text);
      const [key, value] = said ? [...said][0]! : ['', ''];
      const bears = title === 'Services' || (title === 'Config' && key === 'implicit');
      coverage.mark(file, entry.line, bears ? 'modelled' : 'irrelevant');
      // Where the rules themselves are listed, their switches say no more.
      const counts = bears && (title === 'Config' || rules.length === 0);
      if (counts && value !== '0' && value !== '1') coverage.lose(file, entry.line, '0 or 1 is expected');
      if (counts && title === 'Services' && !isKnownService(key))
        coverage.lose(file, entry.line, `the service ${key} of implicit rules is not known`);
      if (title === 'Config' && key === 'implicit') isOn = value !== '0';
      if (title === 'Services' && value !== '0') {
        const name = entry.text.split('=')[0]!;
        services.push({ name, origin: { file, line: entry.line, rule: `implicit rule ${name}`, text: entry.text } });
      }
    }
  }
  return { services: isOn ? services : [], rules: isOn ? rules : [] };
}

function sayWhatIsMissing(
  policies: readonly Policy[],
  { services, rules }: Implicit,
  library: Library,
  { coverage, hasGlobal }: { readonly coverage: CoverageBuilder; readonly hasGlobal: boolean },
): void {
  const [first] = policies;
  const file = first!.file;
  if (policies.every(({ filter }) => filter === undefined))
    coverage.blind(`${file}: there is translation but no filter policy in this capture`);
  for (const { slot, filter } of policies)
    if (filter?.length === 0) coverage.blind(`${file}: the filter policy ${slot} has no rule at all`);
  if (!hasGlobal && !policies.some(({ isGlobal }) => isGlobal))
    coverage.notCovered('A global policy, which comes before this one, is not in this capture.');
  if (!services && rules.length === 0)
    coverage.notCovered(
      'Implicit rules, which come before every policy, are not in this capture (CONFIG FILTER SHOW): to the firewall itself everything is possible.',
    );
  coverage.notCovered('Connections that the firewall opens itself are passed by implicit rules.');
  coverage.notCovered('What filters of content, applications and users stop or need is not decided by packets.');
  const names = [...library.missing].sort();
  const made = names.filter((name) => isGenerated(name.replace(/^the object /, '')));
  if (made.length > 0 && !library.interfaces)
    coverage.blind(
      `${file}: the interfaces are not in this capture, and rules name ${made.slice(0, 5).join(', ')}${made.length > 5 ? ' and more' : ''}`,
    );
  for (const name of names)
    if (library.interfaces || !made.includes(name))
      coverage.blind(`${file}: ${name} is referred to and is not in this capture`);
}

function nothing(capture: Capture, readings: readonly Reading[]): Problem {
  const slots = readings.find(({ role, section }) => role === 'slots' && !section.failure);
  const failed = readings.find(({ section }) => section.failure !== undefined)?.section.failure;
  if (failed) return failed.problem;
  if (slots) {
    return {
      code: 'NOT_UNDERSTOOD',
      message: 'no filter slot is active, or the active one was not read: what passes is not known',
      file: slots.section.source,
      expected: 'an active slot, and its rules (CONFIG FILTER EXPLICIT index=… type=filter)',
    };
  }
  return {
    code: 'NOT_UNDERSTOOD',
    message: 'there is no filter policy of a Stormshield firewall in this capture',
    ...(capture.sections[0] && { file: capture.sections[0].source }),
    expected: 'the answer to “CONFIG FILTER EXPLICIT index=… type=filter”, or a slot’s file (ConfigFiles/Filter/09)',
  };
}
