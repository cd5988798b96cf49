import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import {
  type AccessFact,
  type Condition,
  type Device,
  type LaterState,
  type NamedObject,
  type Pipeline,
  type Scope,
  withStateRemarks,
} from '../../model/index.js';
import type { Capture, ReadContext, Section } from '../contract.js';
import { filtersAlike } from '../shared/alike.js';
import { mergeContexts } from '../shared/contexts.js';
import { type CoverageBuilder, coverageBuilder } from '../shared/coverage.js';
import { type Config, type ConfigOptions, readConfig } from './config.js';
import { convert } from './convert.js';
import { factsOf } from './facts.js';
import { availabilityOf, FAILOVER } from './failover.js';
import { identify, LOOKED_AT } from './identify.js';
import { objectsOf } from './objects.js';
import { isTunnel } from './vpn.js';

/** Longer than any configuration; a text beyond it is refused before work is spent on it. */
const CHARACTERS_MAX = 64 * 1024 * 1024;

const stepNames = new Set(['running-config', 'startup-config', 'sysopt', 'show-version', FAILOVER]);

/** Reads a live capture, or files: a configuration each, of one device or of its contexts. */
export function read(capture: Capture, { device, defaultsOf }: ReadContext): Result<Device> {
  const coverage = coverageBuilder();
  const tooLong = capture.sections.find(({ text }) => text.length > CHARACTERS_MAX);
  if (tooLong)
    return failure({ code: 'TOO_LARGE', message: `more than ${CHARACTERS_MAX} characters`, file: tooLong.name });
  const running = capture.sections.filter((section) => isConfiguration(section) && !isSomethingElse(section));
  const whole = running.filter(({ failure: failed }) => !failed);
  if (whole.length === 0) return failure(running[0]?.failure?.problem ?? nothing(capture));
  const parts: Reading[] = [];
  for (const section of running) {
    if (section.failure) {
      coverage.source(section.name, '', section.source);
      coverage.blind(`${section.name}: ${problemText(section.failure.problem)}`);
    } else
      parts.push(
        readSection(
          section,
          {
            prefix: running.length > 1 ? `${section.name.replace(/-?running-config$/, '') || section.name}/` : '',
            ...(defaultsOf !== undefined && { defaultsOf }),
          },
          coverage,
        ),
      );
  }
  beside(capture.sections, parts, coverage);
  if (parts.every(({ config }) => isEmpty(config))) return failure(nothing(capture));
  checkContexts(parts, coverage);
  // A text without its end speaks of nothing, and before 9.0 nothing of IPv6 stands in these access lists.
  const old = parts.some(({ config }) => !config.library.anyIsBoth);
  const speaksOf = parts.every(({ ended }) => ended) ? scopes.filter(({ family }) => family === 'ip4' || !old) : [];
  const later = savedState(capture.sections, parts, speaksOf, coverage);
  const version = parts.find(({ config }) => config.version)?.config.version?.stated;
  const failover = capture.sections.find(({ name, failure: failed }) => name === FAILOVER && !failed);
  const availability = failover && availabilityOf(failover);
  const read: Device = {
    id: device,
    ...(availability && { availability }),
    ...(version !== undefined && { version }),
    ...(later === 'unknown' ? { laterUnknown: ['saved'] } : later && { later: [later] }),
    pipeline: {
      ...mergeContexts(parts.map(({ config, pipeline }) => ({ prefix: config.prefix, pipeline }))),
      speaksOf,
      objects: parts.flatMap(({ objects }) => objects),
    },
    listeners: [],
    facts: parts.flatMap(({ facts }) => facts),
    coverage: coverage.build(),
  };
  return success(withStateRemarks(read));
}

const scopes: readonly Scope[] = (['ip4', 'ip6'] as const).flatMap((family) =>
  (['forward', 'input'] as const).map((direction) => ({ family, direction })),
);

interface Reading {
  readonly config: Config;
  readonly pipeline: Filter;
  readonly facts: readonly AccessFact[];
  readonly objects: readonly NamedObject[];
  /** The text has its end, where one can be expected. */
  readonly ended: boolean;
}

/** Something large that does not even begin like a configuration is not read line by line. */
function isSomethingElse(section: Section): boolean {
  return section.text.length > LOOKED_AT && identify([section]) === 'no';
}

function isConfiguration({ name }: Section): boolean {
  return !['startup-config', 'sysopt', 'show-version', FAILOVER].some(
    (other) => name === other || name.endsWith(`-${other}`),
  );
}

function nothing(capture: Capture): Problem {
  return {
    code: 'NOT_UNDERSTOOD',
    message: 'there is no configuration of an ASA in this capture',
    ...(capture.sections[0] && { file: capture.sections[0].source }),
    expected: 'the output of “show running-config”',
  };
}

/** A text in which nothing of a configuration was recognised. */
function isEmpty(config: Config): boolean {
  const { interfaces, entries, bindings, objectNats, twiceNats, management, vpn, told, library, version } = config;
  const read = [interfaces, entries, bindings, objectNats, twiceNats, management, vpn, told];
  return (
    !version &&
    read.every((list) => list.length === 0) &&
    library.groups.size + library.networks.size + library.services.size === 0
  );
}

function readSection(section: Section, options: ConfigOptions, coverage: CoverageBuilder): Reading {
  const file = section.name;
  coverage.source(file, section.text, section.source);
  const config = readConfig(section, options, coverage);
  const pipeline = convert(config, coverage);
  const objects = objectsOf(config, coverage);
  const ended = checkEnd(section, config, coverage);
  checkVersion(config, coverage);
  checkWhole(config, pipeline, coverage);
  for (const name of [...config.library.missing].sort())
    coverage.blind(`${file}: ${name} is referred to and is not in this capture`);
  return { config, pipeline, facts: factsOf(config), objects, ended };
}

/** A saved or displayed configuration says where it ends; a part of one, as people write it, has no such line. */
function checkEnd({ name, text }: Section, { version }: Config, coverage: CoverageBuilder): boolean {
  const begins =
    /^: Saved\s*$/m.test(text) || /^: Written by /m.test(text) || (stepNames.has(name) && version !== undefined);
  const isLive = stepNames.has(name);
  if (!version && /^Cryptochecksum:[0-9a-f]+\s*$|^: end\s*$/m.test(text)) {
    coverage.blind(`${name}: the configuration has no beginning: a part of it is missing`);
    return false;
  }
  const ends = /^Cryptochecksum:[0-9a-f]+\s*$|^: end\s*$/m.test(text.slice(-4096));
  if (ends || !(begins || isLive)) return true;
  coverage.blind(`${name}: the configuration has no end: a part of it is missing`);
  return false;
}

function checkVersion({ file, version, objectNats, twiceNats }: Config, coverage: CoverageBuilder): void {
  if (!version) {
    coverage.notCovered(
      `${file}: without its version it is taken for a part of a configuration of version 9.0 or later`,
    );
  } else if (version.major < 8 || (version.major === 8 && version.minor < 3)) {
    coverage.blind(`${file}: version ${version.text} is before 8.3, where access lists speak of translated addresses`);
  }
  if (objectNats.length + twiceNats.length > 0) {
    coverage.notCovered(
      `${file}: translations choose the interface out of which a packet goes, and packets to an address that is translated on the way back are dropped: neither is modelled`,
    );
  }
}

function checkWhole(config: Config, pipeline: Filter, coverage: CoverageBuilder): void {
  const { file, interfaces, bindings, version, transparent, vpn, tunnelsFiltered, tunnelsSeen } = config;
  const names = new Set(interfaces.flatMap(({ name }) => [name, config.prefix + name]));
  for (const { interface: name, line } of bindings) {
    if (name === undefined || names.has(name)) continue;
    const sentence = `${file}:${line.number}: the interface ${name} is not in this capture: it is taken for one of the default security level`;
    if (version && interfaces.length > 0) coverage.blind(sentence);
    else coverage.notCovered(sentence);
  }
  const unnamed = interfacesNamed(pipeline).filter((name) => !names.has(name) && !isTunnel(name));
  if (version && interfaces.length > 0 && unnamed.length > 0) {
    const which = [...new Set(unnamed)].sort().join(', ');
    coverage.blind(`${file}: lines name the interfaces ${which}, which are not in this capture`);
  }
  if (version && version.major < 9) coverage.notCovered(`${file}: IPv6, which has access lists of its own before 9.0`);
  if (transparent)
    coverage.notCovered(
      `${file}: transparent mode: frames that are not IP are judged by ethertype lists, which are not read`,
    );
  if (interfaces.some(({ zone }) => zone !== undefined))
    coverage.notCovered(`${file}: zones of interfaces share connections`);
  if (
    vpn.some(({ text }) => /^crypto map \S+ interface |^crypto (?:isakmp|ikev[12]) enable|^webvpn/.test(text)) &&
    !tunnelsFiltered
  ) {
    coverage.notCovered(
      `${file}: what comes out of VPN tunnels passes the access lists of interfaces (sysopt connection permit-vpn${tunnelsSeen ? '' : ', the default, which the running configuration does not print'}): it is judged by the filters of group policies; here it comes in by an interface of its own, such as outside:tunnel, and is possible`,
    );
  }
}

/** Every interface that a rule names, without the context's name. */
function interfacesNamed({ lists }: Filter): readonly string[] {
  const visit = (condition: Condition): readonly string[] => {
    if (condition.kind === 'inInterface' || condition.kind === 'outInterface') return condition.names;
    return condition.kind === 'all' || condition.kind === 'any' ? condition.of.flatMap(visit) : [];
  };
  return lists.flatMap(({ rules }) =>
    rules.flatMap(({ steps }) => steps.flatMap((step) => (step.kind === 'match' ? visit(step.condition) : []))),
  );
}

/** The other sections of a live capture: what is saved, the defaults, the version. */
function beside(sections: readonly Section[], parts: readonly Reading[], coverage: CoverageBuilder): void {
  for (const section of sections) {
    if (isConfiguration(section)) continue;
    const lines = coverage.source(section.name, section.text, section.source);
    if (!section.name.endsWith(SAVED) || section.failure)
      for (const index of lines.keys()) coverage.mark(section.name, index + 1, 'irrelevant');
    if (section.failure) {
      if (section.name.endsWith('sysopt')) coverage.blind(`${section.name}: ${problemText(section.failure.problem)}`);
      else coverage.notCovered(`${section.name}: ${problemText(section.failure.problem)}`);
      continue;
    }
    if (section.name.endsWith('sysopt')) checkSysopt(section, lines, parts, coverage);
  }
}

function checkSysopt(
  section: Section,
  lines: readonly string[],
  parts: readonly Reading[],
  coverage: CoverageBuilder,
): void {
  if (lines.length > 0 && !lines.some((line) => /^(?:no )?sysopt connection permit-vpn\s*$/.test(line.trim())))
    coverage.blind(`${section.name}: it does not say whether tunnels are filtered (sysopt connection permit-vpn)`);
  for (const [index, line] of lines.entries()) {
    if (!/^(?:no )?sysopt |^$|^: ?(?:end)?|^!/.test(line.trim()))
      coverage.lose(section.name, index + 1, 'a line of sysopt is expected');
    const permit = /^(?<no>no )?sysopt connection permit-vpn\s*$/.exec(line.trim())?.groups;
    if (!permit) continue;
    coverage.mark(section.name, index + 1, 'modelled');
    const said = parts.some(({ config }) => config.tunnelsFiltered !== undefined);
    if (parts.length > 0 && said !== (permit.no !== undefined))
      coverage.blind(`${section.name}:${index + 1}: the running configuration says otherwise of tunnels`);
  }
}

const SAVED = 'startup-config';

/**
 * What a restart brings back, where it filters otherwise than what runs. A capture without a saved configuration says
 * nothing of it; one of which a part is missing or not understood leaves it unknown.
 */
function savedState(
  sections: readonly Section[],
  parts: readonly Reading[],
  scopes: readonly Scope[],
  coverage: CoverageBuilder,
): LaterState | 'unknown' | undefined {
  const saved = sections.filter(({ name }) => name.endsWith(SAVED));
  if (saved.length === 0) return undefined;
  const read = parts.map(({ config: { file, prefix } }) => {
    const name = parts.length === 1 ? saved[0]!.name : file.replace(/running-config$/, SAVED);
    const section = saved.find((one) => one.name === name);
    return section && !section.failure ? readSaved(section, prefix, coverage) : undefined;
  });
  if (!read.every((one) => one !== undefined)) return 'unknown';
  if (read.every((one, index) => filtersAlike(one, parts[index]!.pipeline))) return undefined;
  const merged = mergeContexts(read.map((pipeline, index) => ({ prefix: parts[index]!.config.prefix, pipeline })));
  return {
    kind: 'saved',
    pipeline: { ...merged, speaksOf: scopes },
    returnsWhen: 'at the next start, which loads the startup configuration',
  };
}

/** What cannot be read of it blinds nothing that holds now. */
function readSaved(section: Section, prefix: string, coverage: CoverageBuilder): Filter | undefined {
  const own = coverageBuilder();
  const { pipeline, ended } = readSection(section, { prefix }, own);
  const { lines, blind } = own.build();
  for (const { file, line, state, reason } of lines)
    coverage.mark(file, line, state === 'unrecognized' ? 'unmodelled' : state, reason);
  return ended && blind.length === 0 && !lines.some(({ state }) => state === 'unrecognized') ? pipeline : undefined;
}

type Filter = Omit<Pipeline, 'speaksOf'>;

/** A device of several contexts lists them, and each has a configuration of its own. */
function checkContexts(parts: readonly Reading[], coverage: CoverageBuilder): void {
  const read = new Set(parts.flatMap(({ config }) => [config.prefix.slice(0, -1), config.file]));
  for (const { config } of parts) {
    const absent = config.contexts.filter((name) => !read.has(name) && !read.has(`${name}-running-config`));
    if (absent.length > 0) coverage.blind(`${config.file}: the contexts ${absent.join(', ')} are not in this capture`);
  }
}
