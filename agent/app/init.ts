import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandRunner } from '../collect/index.js';
import { DEFAULT_FILE, parseSettings, type Settings } from '../config/index.js';
import { drivers } from '../drivers/registry.js';
import { openLog } from '../lib/log.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import { openGuard, realParts } from './guard/index.js';

/** What a first configuration is made of. Everything that is left out is left to the defaults. */
export interface InitAnswers {
  readonly site?: string;
  readonly timeZone?: string;
  readonly state?: string;
  readonly device: string;
  readonly kind: string;
  readonly zone?: string;
  readonly networks: readonly string[];
  /** `NAME=ZONE`. */
  readonly interfaces: readonly string[];
  /** `USER@HOST[:PORT]`; left out: this machine. */
  readonly ssh?: string;
  /** The private key to log in with, relative to the configuration; left out: `keys/` and the device's name. */
  readonly key?: string;
  readonly syslog?: string;
  /** The baseline file to write, beside the configuration; left out: none. */
  readonly baseline?: string;
  /** Who answers for what the first baseline declares. */
  readonly owner: string;
}

export interface Initialised {
  readonly config: string;
  readonly baseline?: string;
  /** Why there is no first baseline, and what stays to be done. */
  readonly remarks: readonly string[];
  /** Something could not be seen. */
  readonly blind: boolean;
}

/** By its address an editor completes and checks the file that is written. */
const EDITOR_SCHEMA = fileURLToPath(new URL('../../../docs/config.schema.json', import.meta.url));

const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._/@-]*$/;

/** Quoted unless it is a plain word: a double-quoted scalar of YAML is written as JSON writes a string. */
function scalar(text: string): string {
  return PLAIN.test(text) ? text : JSON.stringify(text);
}

function list(texts: readonly string[]): string {
  return `[${texts.map(scalar).join(', ')}]`;
}

function keyOf({ key, device }: InitAnswers): string {
  return key ?? `./keys/${device}`;
}

/** A configuration file for these answers, with a word on what may be added. */
export function configText(answers: InitAnswers): string {
  const { site, timeZone, state, device, kind, zone, networks, interfaces, ssh, syslog, baseline } = answers;
  const zones = interfaces.map((one) => one.split('=', 2).map(scalar).join(': '));
  return [
    ...(existsSync(EDITOR_SCHEMA) ? [`# yaml-language-server: $schema=${EDITOR_SCHEMA}`] : []),
    '# Written by `ecluse init`. config.example.yaml explains every setting; `ecluse check` validates this file.',
    ...(site === undefined ? ['# site: the hospital or site; it goes into every alarm'] : [`site: ${scalar(site)}`]),
    ...(timeZone === undefined ? [] : [`timeZone: ${scalar(timeZone)}`]),
    ...(state === undefined ? [] : [`state: ${scalar(state)}`]),
    ...(baseline === undefined
      ? ['# baseline: baseline.yaml, once `ecluse baseline learn` has written it and somebody has read it']
      : [
          '# What may be open, why, and who owns it: a proposal until somebody has read it.',
          `baseline: ${scalar(baseline)}`,
        ]),
    '',
    'devices:',
    `  - id: ${scalar(device)}`,
    `    kind: ${scalar(kind)}`,
    zone === undefined ? '    # zone: the zone it stands in, such as dmz' : `    zone: ${scalar(zone)}`,
    networks.length === 0
      ? '    # networks: the hospital’s own networks on it or behind it, such as [192.0.2.0/24]'
      : `    networks: ${list(networks)}`,
    zones.length === 0
      ? '    # interfaces: the zone behind each, such as {wan0: internet}'
      : `    interfaces: {${zones.join(', ')}}`,
    ...(ssh === undefined
      ? ['    source: local']
      : ['    source:', `      ssh: ${scalar(ssh)}`, `      key: ${scalar(`file:${keyOf(answers)}`)}`]),
    '',
    ...(syslog === undefined
      ? [
          '# Whom Écluse tells: without a sink alarms stay in the store and on the terminal.',
          '# sinks:',
          '#   - {id: siem, syslog: "siem.example.org:6514"}',
        ]
      : ['sinks:', '  - id: siem', `    syslog: ${scalar(syslog)}`]),
    '',
  ].join('\n');
}

/** How a command is told of the file, where it would not find it by itself. */
export function inPlace(config: string): string {
  return config === DEFAULT_FILE ? '' : ` --config ${config}`;
}

/** Writes a configuration and, of this machine, a first baseline; never over a file. */
export async function initialise(
  file: string,
  answers: InitAnswers,
  runner?: CommandRunner,
): Promise<Result<Initialised>> {
  const remarks: string[] = [];
  const checked = settingsOf(file, answers);
  if (!checked.ok) return checked;
  const config = resolve(file);
  if (answers.ssh !== undefined) {
    remarks.push(`it is logged in to with the private key ${keyOf(answers)}: put it there, with chmod 600`);
    const where = inPlace(file);
    remarks.push(
      `then: ecluse trust ${answers.device}${where}, ecluse snapshot${where}, and ecluse baseline learn${where} --output baseline.yaml`,
    );
  }
  const wanted = answers.ssh === undefined ? answers.baseline : undefined;
  const learned = wanted === undefined ? undefined : await firstBaseline(checked.value, answers.owner, runner);
  if (learned && !learned.ok) return learned;
  const yaml = learned?.value.yaml;
  remarks.push(...(learned?.value.blind ?? []));
  const { baseline: _left, ...without } = answers;
  const text = configText(yaml === undefined ? without : answers);
  // The baseline first: a configuration that names a file which is not there starts nothing.
  const place = wanted === undefined ? undefined : resolve(dirname(config), wanted);
  if (yaml !== undefined) {
    const written = writeNew(place!, yaml);
    if (!written.ok) return written;
  }
  const written = writeNew(config, text);
  if (!written.ok) {
    if (yaml !== undefined) rmSync(place!);
    return written;
  }
  return success({
    config,
    ...(yaml !== undefined && { baseline: place! }),
    remarks,
    blind: (learned?.value.blind.length ?? 0) > 0,
  });
}

/** What is written is what can be read: an answer that is wrong is told before anything is written. */
function settingsOf(file: string, { baseline: _unwritten, ...answers }: InitAnswers): Result<Settings> {
  const bad = answers.interfaces.find((one) => !/^[^=\s]+=[^=\s]+$/.test(one));
  if (bad !== undefined) {
    return failure({ code: 'BAD_CALL', message: `--interface ${bad}`, expected: 'NAME=ZONE, such as wan0=internet' });
  }
  const settings = parseSettings(configText(answers), file, { drivers: drivers.map(({ id }) => id) });
  return settings.ok ? settings : failure(withoutPlace(settings.error));
}

/** There is no file yet whose lines could be named. */
function withoutPlace(problem: Problem): Problem {
  const { file: _, line: __, column: ___, others, ...rest } = problem;
  return { ...rest, ...(others && { others: others.map(withoutPlace) }) };
}

/** In a state of its own that is gone afterwards: the first reading of the guard itself is still to come. */
async function firstBaseline(
  settings: Settings,
  owner: string,
  runner: CommandRunner | undefined,
): Promise<Result<{ readonly yaml?: string; readonly blind: readonly string[] }>> {
  const stateFolder = mkdtempSync(join(tmpdir(), 'ecluse-init-'));
  const log = openLog({ level: 'error' });
  try {
    const guard = await openGuard(
      { ...settings, stateFolder, sinks: [] },
      {
        parts: (place) => realParts({ ...place, ...(runner && { runner: () => runner }) }),
        log,
      },
    );
    if (!guard.ok) return guard;
    try {
      const readings = await guard.value.snapshot([]);
      if (!readings.ok) return readings;
      const blind = readings.value.flatMap((one) => one.blind);
      // A baseline of what was seen in part would declare the rest shut.
      if (blind.length > 0 || readings.value.some(({ complete }) => !complete)) {
        return success({ blind: [...blind, 'no first baseline was written: not everything could be read'] });
      }
      const yaml = await guard.value.learnBaseline([], owner);
      return yaml.ok ? success({ yaml: yaml.value, blind: [] }) : yaml;
    } finally {
      await guard.value.close();
    }
  } finally {
    await log.closeLog();
    rmSync(stateFolder, { recursive: true, force: true });
  }
}

function writeNew(path: string, text: string): Result<void> {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o640 });
    return success(undefined);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return failure(
      code === 'EEXIST'
        ? {
            code: 'INIT_EXISTS',
            file: path,
            message: 'there is a file of this name already',
            expected: 'a path that is free',
          }
        : { code: 'INIT_UNWRITABLE', file: path, message: `cannot be written: ${code ?? String(error)}` },
    );
  }
}
