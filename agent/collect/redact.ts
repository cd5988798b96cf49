import { createHmac } from 'node:crypto';
import type { Capture, SecretPattern, Section } from '../drivers/contract.js';
import { assert } from '../lib/assert.js';
import { everywhere } from './capture.js';
import { secondNet } from './second-net.js';

/** No colon, comma or blank in it, so that a line of fields keeps its fields. */
const DIGEST = /<secret-[0-9a-f]{24}>\n*/g;
const KEY_BYTES_MIN = 16;

/**
 * Replaces the secrets in a text by keyed digests, HMAC-SHA256 cut to 96 bits: an equal secret has an equal digest, so
 * a changed password is still seen as a change, and without the key it cannot be guessed. Line ends inside a secret
 * stay, so that every origin keeps its line number. Redacting twice changes nothing.
 */
export function redactText(text: string, patterns: readonly SecretPattern[], key: Uint8Array): string {
  assert(key.length >= KEY_BYTES_MIN, `the redaction key needs at least ${KEY_BYTES_MIN} bytes`);
  let rest = text;
  /** By what they need: whether `rest` has it. */
  const has = new Map<RegExp, boolean>();
  for (const one of patterns) {
    if (one.needs !== undefined) {
      const found = has.get(one.needs) ?? one.needs.test(rest);
      has.set(one.needs, found);
      if (!found) continue;
    }
    const redacted = redactOne(rest, one, key);
    if (redacted !== rest) has.clear();
    rest = redacted;
  }
  return rest;
}

function redactOne(text: string, { title, pattern }: SecretPattern, key: Uint8Array): string {
  // Nearly always there is none, and where a group stands is dear to find out.
  if (text.search(everywhere(pattern)) < 0) return text;
  const digests = [...text.matchAll(DIGEST)].map((match) => [match.index, match.index + match[0].length] as const);
  let done = '';
  let from = 0;
  for (const match of text.matchAll(everywhere(pattern, 'd'))) {
    const groups = match.indices?.groups;
    assert(groups !== undefined && 'value' in groups, `secret pattern without a group "value": ${title}`);
    const place = groups.value;
    if (place === undefined) continue;
    const [first, after] = place;
    const value = text.slice(first, after);
    // What lies wholly within a digest is no secret any more; what goes beyond it may be.
    if (value === '' || digests.some(([start, end]) => start <= first && after <= end)) continue;
    done += text.slice(from, first) + digest(value, key);
    from = after;
  }
  return done + text.slice(from);
}

function digest(value: string, key: Uint8Array): string {
  const hex = createHmac('sha256', key).update(value).digest('hex').slice(0, 24);
  return `<secret-${hex}>${'\n'.repeat(value.split('\n').length - 1)}`;
}

/** What texts were without their secrets. It holds the secrets themselves: it must not outlive the reading. */
export type Redacted = Map<string, string>;

/**
 * A capture that may leave collect/: text and the words of failures without secrets, by the patterns of its platform
 * and then by what looks like a secret anywhere. What `known` has, of the same patterns and key, is not looked
 * through again: two readings mostly say the same.
 */
export function redactCapture(
  capture: Capture,
  patterns: readonly SecretPattern[],
  key: Uint8Array,
  known: Redacted = new Map(),
): Capture {
  const all = [...patterns, ...secondNet];
  const clean = (text: string): string => {
    const done = known.get(text) ?? redactText(text, all, key);
    known.set(text, done);
    return done;
  };
  const redactSection = (section: Section): Section => ({
    ...section,
    text: clean(section.text),
    ...(section.failure && {
      failure: {
        ...section.failure,
        problem: { ...section.failure.problem, message: clean(section.failure.problem.message) },
      },
    }),
  });
  return { ...capture, sections: capture.sections.map(redactSection) };
}
