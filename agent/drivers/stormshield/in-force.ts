import type { CoverageBuilder } from '../shared/coverage.js';
import { type Entry, withoutRemark } from './answer.js';
import type { PolicyLine } from './convert.js';

/** `position=4; usage=0 match=0 ruleid=2: pass …` or, in a file, the rule itself. */
export function policyLine(file: string, { line, text }: Entry, index: number): PolicyLine {
  const found = /^(?:position=(?<position>\d+);\s*)?(?:usage=\d+ match=\d+ )?(?:ruleid=\d+:\s*)?(?<rule>.*)$/.exec(
    text,
  )!.groups!;
  return { file, line, text: found.rule!, position: Number(found.position ?? index + 1) };
}

interface Check {
  readonly explicit: readonly PolicyLine[];
  readonly implicit: readonly PolicyLine[];
  /** The answer to MONITOR FILTER. */
  readonly inForce: readonly PolicyLine[];
}

/**
 * Whether what the firewall says is in force is what its slots say. How it prints rules there is not documented: where
 * not one rule of the slots stands there letter for letter, it has another form, and nothing is concluded.
 */
export function checkInForce({ explicit, implicit, inForce }: Check, coverage: CoverageBuilder): void {
  const there = new Set(inForce.map(keyOf));
  const wanted = explicit.filter(isRule);
  const found = wanted.filter((line) => there.has(keyOf(line)));
  const known = new Set([...explicit, ...implicit].map(keyOf));
  for (const line of inForce) {
    if (known.has(keyOf(line))) coverage.mark(line.file, line.line, 'modelled');
    else coverage.mark(line.file, line.line, 'unmodelled', 'what is in force, in a form that slots do not have');
  }
  if (found.length === 0) {
    coverage.notCovered('What MONITOR FILTER shows has another form than the slots and is not compared with them.');
    return;
  }
  for (const { file, line } of wanted.filter((one) => !found.includes(one)))
    coverage.blind(`${file}:${line}: this rule stands in the active slot and MONITOR FILTER does not show it in force`);
  // Only where implicit rules have that form too can one that nobody knows be told from them.
  if (implicit.length === 0 || !implicit.filter(isRule).every((line) => there.has(keyOf(line)))) return;
  for (const { file, line } of inForce.filter((one) => isRule(one) && !known.has(keyOf(one))))
    coverage.blind(`${file}:${line}: this rule is in force and stands in no slot that was read`);
}

function isRule({ text }: PolicyLine): boolean {
  return text !== '' && !/^(?:separator|off)\b/.test(text);
}

function keyOf({ text }: PolicyLine): string {
  return withoutRemark(text).text.replaceAll(/\s+/g, ' ').toLowerCase();
}
