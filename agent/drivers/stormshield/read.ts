import { basename } from 'node:path';
import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import type { Device, Scope } from '../../model/index.js';
import type { Capture, Identification, Section } from '../contract.js';
import { type CoverageBuilder, coverageBuilder } from '../shared/coverage.js';
import { type Answer, attributes, type Entry, type Part, parseAnswer } from './answer.js';
import { convert, type Implicit, type Policy, type PolicyLine } from './convert.js';
import { emptyLibrary, type Interface, isDynamic, isGenerated, type Library } from './library.js';
import { interfaceOf, isObjectFile, listed, memberOf, objectReader } from './objects.js';
import { NotUnderstood } from './understood.js';

/** Longer than any configuration; a text beyond it is refused before work is spent on it. */
const CHARACTERS_MAX = 64 * 1024 * 1024;
const LOOKED_AT = 256 * 1024;

const listedRule = /^position=\d+; (?:usage=\d+ match=\d+ )?(?:ruleid=\d+: |separator )/m;
const slotRule = /^(?:off )?(?:pass|block|reset|deleg|decrypt|nat)\b[^\n]* from \S+[^\n]* to \S+/m;
const answered = /^101 code=[0-9a-f]{8} msg="/m;

export function identify(sections: readonly Section[]): Identification {
  let best: Identification = 'no';
  for (const { text } of sections) {
    const start = text.slice(0, LOOKED_AT);
    if (/^\[Filter\]\s*$/m.test(start) && (listedRule.test(start) || slotRule.test(start))) return 'certain';
    if (answered.test(start) || (/^\[NAT\]\s*$/m.test(start) && slotRule.test(start))) best = 'likely';
  }
  return best;
}

const scopes: readonly Scope[] = (['ip4', 'ip6'] as const).flatMap((family) =>
  (['forward', 'input'] as const).map((direction) => ({ family, direction })),
);

/** What a section is, by what stands in it; the file's name only tells groups from each other. */
type Role = 'policy' | 'objects' | 'objectFile' | 'groups' | 'interfaces' | 'switches' | 'slots' | 'version' | 'beside';

function roleOf({ name, source }: Section, { parts }: Answer): Role {
  const titles = new Set(parts.map(({ title }) => title.toLowerCase()));
  const file = basename(source || name).toLowerCase();
  if (titles.has('filter') || titles.has('nat')) return 'policy';
  if (titles.has('object')) return 'objects';
  if (titles.has('config') && titles.has('services')) return 'switches';
  if (titles.has('global') && parts.some(({ entries }) => entries.some(({ text }) => /^active=/.test(text))))
    return 'slots';
  if (titles.has('result')) return 'version';
  if (/(?:object|service)group/.test(file) || parts.every(isMembers)) return parts.length > 0 ? 'groups' : 'beside';
  if (isObjectFile(parts)) return 'objectFile';
  return parts.some((part) => safely(() => interfaceOf(part)) !== undefined) ? 'interfaces' : 'beside';
}

/** `[group1]` with nothing but `name=host1`: an answer of `CONFIG OBJECT GROUP SHOW`. */
function isMembers({ title, entries }: Part): boolean {
  return title !== '' && entries.length > 0 && entries.every(({ text }) => /^name=/.test(text));
}

function safely<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

interface Reading {
  readonly section: Section;
  readonly answer: Answer;
  readonly role: Role;
}

/** Reads saved answers of NSRPC, or files of the firewall, together: policy, objects, groups, interfaces, switches. */
export function read(capture: Capture): Result<Device> {
  const tooLong = capture.sections.find(({ text }) => text.length > CHARACTERS_MAX);
  if (tooLong)
    return failure({ code: 'TOO_LARGE', message: `more than ${CHARACTERS_MAX} characters`, file: tooLong.name });
  const coverage = coverageBuilder();
  const readings: Reading[] = [];
  for (const section of capture.sections) {
    const lines = coverage.source(section.name, section.text, section.source);
    if (section.failure) coverage.blind(`${section.name}: ${problemText(section.failure.problem)}`);
    const answer = parseAnswer(lines);
    for (const line of answer.frame) coverage.mark(section.name, line, 'irrelevant');
    checkAnswer(section, answer, coverage);
    readings.push({ section, answer, role: roleOf(section, answer) });
  }
  const library = emptyLibrary();
  const policies = policiesOf(readings, coverage);
  if (policies.length === 0) return failure(nothing(capture));
  fillLibrary(readings, library, coverage);
  const implicit = switchesOf(readings, coverage);
  const pipeline = convert(policies, implicit, library, coverage);
  sayWhatIsMissing(policies, implicit, library, coverage);
  return success({
    id: capture.device,
    pipeline: { ...pipeline, speaksOf: readings.every(isWhole) ? scopes : [], ...placesOf(library) },
    listeners: [],
    facts: [],
    coverage: coverage.build(),
  });
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
  if (answer.unfinished) coverage.blind(`${name}: the answer has no end: a part of it is missing`);
  if (answer.refusal !== undefined) coverage.blind(`${name}: the firewall refused: ${answer.refusal}`);
  const rows = answer.parts.reduce((sum, { entries }) => sum + entries.length, 0);
  if (answer.announced !== undefined && rows < answer.announced)
    coverage.blind(`${name}: ${rows} of ${answer.announced} rows: ask for the rest with start=${rows}`);
}

/** `position=4; usage=0 match=0 ruleid=2: pass …` or, in a file, the rule itself. */
function policyLine(file: string, { line, text }: Entry, index: number): PolicyLine {
  const found = /^position=(?<position>\d+);\s*(?:usage=\d+ match=\d+ )?(?:ruleid=\d+:\s*)?(?<rule>.*)$/.exec(
    text,
  )?.groups;
  return { file, line, text: found?.rule ?? text, position: Number(found?.position ?? index + 1) };
}

function policiesOf(readings: readonly Reading[], coverage: CoverageBuilder): readonly Policy[] {
  const found: { -readonly [key in keyof Policy]: Policy[key] }[] = [];
  for (const { section, answer, role } of readings) {
    if (role !== 'policy') continue;
    const file = section.name;
    const slot = slotOf(section);
    const isGlobal = /\bglobal=1\b|(?:^|[/_-])global/i.test(`${section.source} ${section.name}`);
    let policy = found.find((one) => one.isGlobal === isGlobal && one.slot === slot);
    if (!policy) {
      policy = { slot, isGlobal, file, line: answer.parts[0]?.line ?? 1, filter: undefined, nat: [] };
      found.push(policy);
    }
    for (const { title, line, entries } of answer.parts) {
      coverage.mark(file, line, 'modelled');
      const lines = entries.map((entry, index) => policyLine(file, entry, index));
      if (title.toLowerCase() === 'filter') policy.filter = [...(policy.filter ?? []), ...lines];
      else if (title.toLowerCase() === 'nat') policy.nat = [...policy.nat, ...lines];
      else for (const one of entries) coverage.lose(file, one.line, `the part [${title}] of a policy is not known`);
    }
  }
  return chosen(found, readings, coverage);
}

/** `09` of `Filter/09`, `index=9` of the command that was asked; else one name, for parts of one policy belong together. */
function slotOf({ name, source }: Section): string {
  const number =
    /\bindex=(?<index>\d{1,2})\b/.exec(source)?.groups?.index ??
    /^(?<index>\d{2})$/.exec(basename(source || name))?.groups?.index;
  return number === undefined ? 'policy' : number.padStart(2, '0');
}

/** Of several slots only the active one filters; which one that is, `CONFIG SLOT LIST type=filter` says. */
function chosen(
  policies: readonly Policy[],
  readings: readonly Reading[],
  coverage: CoverageBuilder,
): readonly Policy[] {
  const active = new Map<boolean, string>();
  for (const { section, answer, role } of readings) {
    if (role !== 'slots') continue;
    const isGlobal = /\bglobal=1\b|(?:^|[/_-])global/i.test(`${section.source} ${section.name}`);
    for (const { title, line, entries } of answer.parts) {
      coverage.mark(section.name, line, 'irrelevant');
      for (const entry of entries) {
        const said = /^(?<key>active|sync)="?(?<value>\d+)"?$/.exec(entry.text)?.groups;
        coverage.mark(section.name, entry.line, said && title === 'Global' ? 'modelled' : 'irrelevant');
        if (title !== 'Global' || !said) continue;
        if (said.key === 'active') active.set(isGlobal, said.value!.padStart(2, '0'));
        else if (said.value === '0')
          coverage.blind(
            `${section.name}:${entry.line}: the slot was changed and not activated: what is in force is not what stands in it`,
          );
      }
    }
  }
  return [false, true].flatMap((isGlobal) => {
    const some = policies.filter((one) => one.isGlobal === isGlobal);
    const slot = active.get(isGlobal);
    if (slot === undefined) {
      if (some.length > 1)
        coverage.blind(`which of the slots ${some.map((one) => one.slot).join(', ')} is active is not in this capture`);
      for (const other of some.slice(1)) claimInactive(other, coverage);
      return some.slice(0, 1);
    }
    const right = some.filter((one) => one.slot === slot || one.slot === 'policy');
    if (right.length === 0 && !isGlobal) coverage.blind(`the active slot is ${slot}, and it is not in this capture`);
    for (const other of some) if (!right.includes(other)) claimInactive(other, coverage);
    return right.length > 0 ? right : isGlobal ? [] : some.slice(0, 1);
  });
}

function claimInactive({ filter = [], nat }: Policy, coverage: CoverageBuilder): void {
  for (const { file, line } of [...filter, ...nat]) coverage.mark(file, line, 'irrelevant');
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
    library.interfaces = [...(library.interfaces ?? []), made];
    for (const { line, text } of part.entries) {
      if (/^(?:name|address\d*|mask\d*|protected|ipv6address|ipv6prefixlen|state)\s*=/i.test(text))
        coverage.mark(file, line, 'modelled');
    }
    tellDynamic(file, part, made, coverage);
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
  const reading = readings.find(({ role }) => role === 'switches');
  if (!reading) return { services: undefined };
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
      if (bears && value !== '0' && value !== '1') coverage.lose(file, entry.line, '0 or 1 is expected');
      if (title === 'Config' && key === 'implicit') isOn = value !== '0';
      if (title === 'Services' && value !== '0') {
        const name = entry.text.split('=')[0]!;
        services.push({ name, origin: { file, line: entry.line, rule: `implicit rule ${name}`, text: entry.text } });
      }
    }
  }
  return { services: isOn ? services : [] };
}

function sayWhatIsMissing(
  policies: readonly Policy[],
  { services }: Implicit,
  library: Library,
  coverage: CoverageBuilder,
): void {
  const [first] = policies;
  const file = first!.file;
  if (policies.every(({ filter }) => filter === undefined))
    coverage.blind(`${file}: there is translation but no filter policy in this capture`);
  for (const { slot, filter } of policies)
    if (filter?.length === 0) coverage.blind(`${file}: the filter policy ${slot} has no rule at all`);
  if (!policies.some(({ isGlobal }) => isGlobal))
    coverage.notCovered('A global policy, which comes before this one, is not in this capture.');
  if (!services)
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

function nothing(capture: Capture): Problem {
  return {
    code: 'NOT_UNDERSTOOD',
    message: 'there is no filter policy of a Stormshield firewall in this capture',
    ...(capture.sections[0] && { file: capture.sections[0].source }),
    expected: 'the answer to “CONFIG FILTER EXPLICIT index=… type=filter”, or a slot’s file (ConfigFiles/Filter/09)',
  };
}
