import { failure, problemText, type Result, success } from '../../lib/result.js';
import type { Availability, Device, LaterState, Member } from '../../model/index.js';
import type { Capture, ReadContext, Section } from '../contract.js';
import { type CoverageBuilder, coverageBuilder } from '../shared/coverage.js';
import { type Converted, convert } from './convert.js';
import { type Config, extract } from './extract.js';
import { identify } from './identify.js';
import { isSilent, parse } from './parse.js';

/** The answers of a device, or one file: its configuration. */
export function read(capture: Capture, { device, defaultsOf }: ReadContext): Result<Device> {
  const named = (name: string): Section | undefined => capture.sections.find((section) => section.name === name);
  const running = named('running') ?? (capture.sections.length === 1 ? capture.sections[0] : undefined);
  if (!running || (!running.failure && identify([running]) === 'no')) {
    return failure({
      code: 'NOT_UNDERSTOOD',
      message: 'there is no configuration of a Gatehouse in this capture',
      ...(running && { file: running.source }),
      expected: 'the output of “show configuration”',
    });
  }
  if (running.failure) return failure(running.failure.problem);
  const coverage = coverageBuilder();
  const { config, converted } = readConfiguration(running, coverage, defaultsOf);
  if (!config.ended) coverage.blind(`${running.name}: the configuration has no end: a part of it is missing`);
  for (const word of config.absent)
    coverage.blind(`${running.name}: there is no “${word}” in it, and every configuration has one: it was not shown`);
  coverage.notCovered('IPv6, which a Gatehouse passes by policies that are not read');
  const other = (name: string): Section | undefined => (running.name === name ? undefined : named(name));
  const saved = other('saved');
  const later = saved && laterState(saved, config, coverage, defaultsOf);
  const pair = other('pair');
  const availability = pair && availabilityOf(pair, coverage);
  for (const { name, text, source } of capture.sections) {
    if ([running, saved, pair].some((known) => known?.name === name)) continue;
    for (const index of coverage.source(name, text, source).keys())
      coverage.lose(name, index + 1, 'this part of a capture is not known');
  }
  return success({
    id: device,
    ...(config.version !== undefined && { version: config.version }),
    ...converted,
    listeners: [],
    ...(later === 'unknown' ? { laterUnknown: ['saved'] } : later ? { later: [later] } : {}),
    ...(availability && { availability }),
    coverage: coverage.build(),
  });
}

function readConfiguration(
  { name, text, source }: Section,
  coverage: CoverageBuilder,
  defaultsOf: string | undefined,
): { readonly config: Config; readonly converted: Converted } {
  for (const [index, line] of coverage.source(name, text, source).entries())
    if (isSilent(line)) coverage.mark(name, index + 1, 'irrelevant');
  const config = extract(name, parse(text), coverage);
  return { config, converted: convert(name, config, { coverage, defaultsOf: defaultsOf ?? config.version }) };
}

/** What holds after the next start, where it is not what holds now; what cannot be read of it is said and blinds nothing. */
function laterState(
  section: Section,
  now: Config,
  coverage: CoverageBuilder,
  defaultsOf: string | undefined,
): LaterState | 'unknown' | undefined {
  const own = coverageBuilder();
  const { config, converted } = readConfiguration(section, own, defaultsOf);
  const { lines, blind } = own.build();
  coverage.source(section.name, section.text, section.source);
  for (const { line, state, reason } of lines) {
    // Here a line that is not understood makes the saved state unknown, and not what holds now.
    coverage.mark(section.name, line, state === 'unrecognized' ? 'unmodelled' : state, reason);
  }
  if (section.failure) coverage.notCovered(`${section.name}: ${problemText(section.failure.problem)}`);
  if (section.failure || !config.ended || config.absent.length + blind.length > 0) return 'unknown';
  if (ruleText(config) === ruleText(now)) return undefined;
  return {
    kind: 'saved',
    pipeline: converted.pipeline,
    returnsWhen: 'at the next start, which loads the saved configuration',
  };
}

/**
 * What decides on packets, in the vendor's words: whether it is the same is asked of these, because the model names
 * all interfaces of a zone in each of its rules.
 */
function ruleText({ interfaces, addresses, services, policies, locals }: Config): string {
  const texts = [...policies, ...locals].map(({ at }) => at.text.replace(/ hits \d+$/, ''));
  return JSON.stringify([interfaces, [...addresses], [...services], texts], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}

const member = /^member (?<name>\S+) (?<role>active|standby|failed)(?<self> self)?$/;

/** Which member answered is state, and a failover no drift. */
function availabilityOf(
  { name, text, source, failure: failed }: Section,
  coverage: CoverageBuilder,
): Availability | undefined {
  const members: Member[] = [];
  let self: string | undefined;
  let outOfStep: string | undefined;
  if (failed) coverage.blind(`${name}: ${problemText(failed.problem)}`);
  for (const [index, line] of coverage.source(name, text, source).entries()) {
    const found = member.exec(line)?.groups;
    if (found) members.push({ name: found.name!, role: found.role as Member['role'] });
    if (found?.self) self = found.name;
    if (/^configurations differ/.test(line)) outOfStep = line;
    if (found || line === outOfStep) coverage.mark(name, index + 1, 'modelled');
    else if (isSilent(line)) coverage.mark(name, index + 1, 'irrelevant');
    else coverage.lose(name, index + 1, 'a member of the pair is expected');
  }
  if (self === undefined) {
    if (members.length > 0) coverage.blind(`${name}: it does not say which member answered`);
    return undefined;
  }
  const origin = {
    file: name,
    line: 1,
    rule: 'the pair',
    text: members.map((one) => `${one.name} ${one.role}`).join(', '),
  };
  return { member: self, members, ...(outOfStep !== undefined && { outOfStep }), origin };
}
