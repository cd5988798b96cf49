import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { type Device, withStateRemarks } from '../../model/index.js';
import type { Capture, ReadContext, Section } from '../contract.js';
import { coverageBuilder } from '../shared/coverage.js';
import { type Claims, claimsOf, claimTable } from './claim.js';
import { deviceTime } from './clock.js';
import { availabilityOf, domainsSaid } from './cluster.js';
import { convert } from './convert.js';
import { identify } from './identify.js';
import { parse, type Script, type Version } from './parse.js';
import { type Extracted, extract, textAt } from './tables.js';

/** The step that tells which version runs. */
const STATUS = 'status';
/** The step that tells of the cluster; within `config global` where there are virtual domains. */
const CLUSTER = 'cluster';

/** The configuration: the section of the dialogue, or the only file there is. */
export function read(capture: Capture, context: ReadContext): Result<Device> {
  const main = capture.sections.find(({ name }) => name === 'configuration') ?? capture.sections.find(isConfiguration);
  if (!main) return failure(nothing(capture));
  if (main.failure) return failure(main.failure.problem);
  const coverage = coverageBuilder();
  const claims = claimsOf(main.source, coverage);
  const structure = structureOf(claims, main);
  if (!structure.ok) return structure;
  if (!structure.value) return failure(nothing(capture));
  const { extracted, version, lastTable } = structure.value;
  const status = capture.sections.find(({ name, failure: wrong }) => name === STATUS && !wrong);
  const own = version?.defaultsOf;
  const { pipeline, facts } = convert(extracted, {
    claims,
    version,
    defaultsOf: context.defaultsOf ?? own,
    now: status && deviceTime(status.text),
  });
  sayWhatIsMissing(claims, { version, lastTable }, extracted);
  const cluster = capture.sections.find((one) => isCluster(one) && !one.failure && /^Mode: /m.test(one.text));
  for (const other of capture.sections) {
    if (other === main) continue;
    const lines = coverage.source(other.source, other.text);
    if (other.name === STATUS || isCluster(other)) {
      for (const index of lines.keys()) coverage.mark(other.source, index + 1, 'irrelevant');
      if (other.name === STATUS) checkStatus(claims, version, extracted, other);
      continue;
    }
    for (const index of lines.keys()) coverage.mark(other.source, index + 1, 'unrecognized', 'a second file');
    coverage.blind(`${other.source}: a second configuration in one capture is not read`);
  }
  const availability = cluster && availabilityOf(cluster, status);
  return success(
    withStateRemarks({
      id: capture.device,
      pipeline,
      listeners: [],
      facts,
      coverage: coverage.build(),
      ...(own !== undefined && { version: own }),
      ...(availability && { availability }),
      ...(savesByHand(extracted) && { laterUnknown: ['saved'] as const }),
    }),
  );
}

function isCluster({ name }: Section): boolean {
  return name === CLUSTER || name.endsWith(`-${CLUSTER}`);
}

/** `cfg-save manual` and `revert`: what holds now may not be what the device starts with, and no command shows that. */
function savesByHand({ global }: Extracted): boolean {
  const entry = global.tables.get('system global')?.own;
  const mode = entry && textAt(entry, 'cfg-save');
  return mode !== undefined && mode !== 'automatic';
}

/** What the device says of itself must be what its configuration says. */
function checkStatus(
  { coverage, file }: Claims,
  version: Version | undefined,
  { vdoms }: Extracted,
  { source, text }: Section,
): void {
  const domains = domainsSaid(text);
  const shown = Math.max(1, vdoms.length);
  if (domains !== undefined && domains > shown)
    coverage.blind(`${source}: the device has ${domains} virtual domains, ${file} shows ${shown}`);
  const said = /^Version: \S+ v(?<number>\d+\.\d+)\./m.exec(text)?.groups?.number;
  if (said === undefined || version === undefined || said === `${version.major}.${version.minor}`) return;
  coverage.blind(`${source}: the device runs ${said}, its configuration is of ${version.major}.${version.minor}`);
}

function isConfiguration(section: Section): boolean {
  return identify([section]) !== 'no';
}

interface Structure {
  readonly extracted: Extracted;
  readonly version: Version | undefined;
  /** The table that stands last. */
  readonly lastTable: string;
}

/** What stands in the configuration in the end; the statements are not kept. Undefined: there is none. */
function structureOf(claims: Claims, { source, text }: Section): Result<Structure | undefined> {
  const script = parse(source, text);
  if (script.truncated) return failure(script.truncated);
  const last = script.body.at(-1);
  if (!last) return success(undefined);
  claims.coverage.counted(source, script.lineCount);
  const extracted = extract(script);
  claimAll(claims, script, extracted);
  const lastTable = last.kind === 'config' ? last.words.join(' ') : '';
  return success({ extracted, version: script.version, lastTable });
}

function claimAll(claims: Claims, script: Script, { global, vdoms, losses, frame }: Extracted): void {
  for (const line of script.emptyLines) claims.coverage.mark(claims.file, line, 'irrelevant');
  for (const line of frame) claims.coverage.mark(claims.file, line, 'modelled');
  for (const scope of [global, ...vdoms]) for (const one of scope.tables.values()) claimTable(claims, one);
  for (const loss of [...script.losses, ...losses]) claims[loss.refused ? 'gap' : 'lose']([loss], loss.reason);
}

const policyTables = ['firewall policy', 'firewall policy6', 'firewall consolidated policy'];

/** A read-only profile hides what it may not see: a table that every configuration has and this one lacks is not empty. */
function sayWhatIsMissing(
  { coverage, file }: Claims,
  { version, lastTable: words }: Omit<Structure, 'extracted'>,
  { global, vdoms }: Extracted,
): void {
  const scopes = vdoms.length > 0 ? vdoms : [global];
  for (const { vdom, tables } of scopes) {
    if (policyTables.some((path) => tables.has(path))) continue;
    const place = vdom === undefined ? '' : ` of the virtual domain ${vdom}`;
    coverage.blind(`${file}: there are no firewall policies${place} in it, not even an empty table`);
  }
  if (!version) {
    coverage.notCovered(
      'A packet that leaves by the interface it came in by may pass without a policy (allow-traffic-redirect): the version of the file is not known.',
    );
    return;
  }
  for (const path of ['system global', 'system interface']) {
    if (!global.tables.has(path)) coverage.blind(`${file}: the table “${path}” is missing`);
  }
  if (!global.tables.has('system admin')) {
    coverage.notCovered('Administrators were not shown: the account that read may not see them.');
  }
  if (!/^(?:router|vdom|global)\b/.test(words)) {
    coverage.blind(
      `${file}: it ends with “config ${words}”, a configuration ends with its routing: the rest may be missing`,
    );
  }
  coverage.notCovered('Administrators of a higher profile than that of the account that read are not shown.');
}

function nothing(capture: Capture): Problem {
  return {
    code: 'NOT_UNDERSTOOD',
    message: 'there is no FortiOS configuration in this capture',
    ...(capture.sections[0] && { file: capture.sections[0].source }),
    expected: 'the output of “show” or “show full-configuration”, or a backup',
  };
}
