import { createHash } from 'node:crypto';
import type { Capture, Dialogue, DialogueStep, Section, SectionFailure, VolatilePattern } from '../drivers/contract.js';
import { displayText } from '../lib/display.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';

/** The first key of a stored capture, by which a file is known to be one. */
const MARK = 'ecluseCapture';
const VERSION = 1;

/** The step whose answer a section is, in a virtual system too; undefined for a file that was imported. */
export function stepOfSection({ steps }: Dialogue, name: string): DialogueStep | undefined {
  const exact = steps.find(({ id }) => id === name);
  if (exact) return exact;
  const inside = steps.filter(({ id, eachVirtual, forEach }) => (eachVirtual || forEach) && name.endsWith(`-${id}`));
  return inside.sort((a, b) => b.id.length - a.id.length)[0];
}

/** Removes what changes while nothing does. */
export function stableText(text: string, patterns: readonly VolatilePattern[]): string {
  return patterns.reduce((rest, { pattern, replacement }) => rest.replace(everywhere(pattern), replacement), text);
}

/** By pattern and by the flags that were wanted besides: making one anew takes longer than most texts. */
const made = new WeakMap<RegExp, Map<string, RegExp>>();

/** The same pattern, applied to every place and not only the first. It is shared: nobody may call its `test` or `exec`. */
export function everywhere(pattern: RegExp, extraFlags = ''): RegExp {
  const known = made.get(pattern) ?? new Map<string, RegExp>();
  made.set(pattern, known);
  const flags = [...new Set(`${pattern.flags}g${extraFlags}`)].filter((flag) => flag !== 'y').join('');
  const one = known.get(flags) ?? new RegExp(pattern.source, flags);
  known.set(flags, one);
  return one;
}

/**
 * Equal hashes mean that nothing changed on the device: SHA-256 over driver, section names, failures and text without
 * its volatile parts. Order of sections, spelling of commands and the device's name do not count. Take it after
 * redaction: a hash of a secret is a way to guess it.
 */
export function captureHash(capture: Capture, patterns: readonly VolatilePattern[]): string {
  const hash = createHash('sha256');
  // Each part is preceded by its length, so that no two lists of parts read alike.
  const feed = (part: string): void => void hash.update(`${Buffer.byteLength(part)}:`).update(part);
  const lasting = patterns.filter((pattern) => pattern.onlyBetweenReadings !== true);
  feed(capture.driver);
  for (const section of sectionsByName(capture.sections)) {
    feed(section.name);
    feed(section.failure?.kind ?? '');
    feed(stableText(section.text, lasting));
  }
  return hash.digest('hex');
}

/** As what is stored has them. */
export function sectionsByName(sections: readonly Section[]): readonly Section[] {
  return [...sections].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The one spelling of a capture: fixed key order, sections by name, a line end at the end. */
export function serialiseCapture(capture: Capture): string {
  const sections = sectionsByName(capture.sections).map((section) => ({
    name: section.name,
    source: section.source,
    ...(section.failure && { failure: canonicalFailure(section.failure) }),
    text: section.text,
  }));
  return `${JSON.stringify({ [MARK]: VERSION, driver: capture.driver, device: capture.device, sections }, null, 1)}\n`;
}

function canonicalFailure({ kind, problem }: SectionFailure): SectionFailure {
  const keys = ['code', 'message', 'file', 'line', 'column', 'expected', 'remedy'] as const;
  const entries = keys.flatMap((key) => (problem[key] === undefined ? [] : [[key, problem[key]]]));
  return { kind, problem: Object.fromEntries(entries) as Problem };
}

export function isSerialisedCapture(text: string): boolean {
  return new RegExp(`^\\s*\\{\\s*"${MARK}"\\s*:`).test(text);
}

/** Reads what `serialiseCapture` wrote. */
export function parseCapture(text: string, file = 'capture'): Result<Capture> {
  const broken = (message: string): Result<Capture> =>
    failure({
      code: 'BAD_CAPTURE',
      message,
      file,
      expected: `a stored capture, version ${VERSION}, whole`,
      remedy: 'take the capture again',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return broken(`not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(value) || value[MARK] !== VERSION) return broken(`no "${MARK}": ${VERSION}`);
  const { driver, device, sections } = value;
  if (typeof driver !== 'string' || typeof device !== 'string' || !Array.isArray(sections)) {
    return broken('driver, device or sections are missing');
  }
  const bad = sections.findIndex((section) => !isSection(section));
  if (bad >= 0) return broken(`section ${bad + 1} is not whole`);
  return success({ driver, device, sections: sections as readonly Section[] });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every kind there is, by name, so that a new one does not compile until it is listed. */
const failureKinds: Record<SectionFailure['kind'], true> = {
  'missing-program': true,
  'missing-right': true,
  timeout: true,
  'too-large': true,
  'exit-code': true,
  'not-utf8': true,
  unstable: true,
};

function isSection(value: unknown): value is Section {
  if (!isRecord(value)) return false;
  const texts = [value.name, value.source, value.text].every((text) => typeof text === 'string');
  return texts && (value.failure === undefined || isFailure(value.failure));
}

function isFailure(value: unknown): value is SectionFailure {
  if (!isRecord(value) || !isRecord(value.problem)) return false;
  const { code, message } = value.problem;
  const known = typeof value.kind === 'string' && Object.hasOwn(failureKinds, value.kind);
  return known && typeof code === 'string' && typeof message === 'string';
}

/** The first lines of a message of a device, on one line and cut to a length that a person reads. */
export function displayMessage(text: string, lengthMax = 300): string {
  const line = displayText(text.slice(0, 16 * lengthMax))
    .split('\n')
    .map((part) => part.trim())
    .filter(Boolean)
    .join(' / ');
  return line.length > lengthMax ? `${line.slice(0, lengthMax - 1)}…` : line;
}
