import type { UndoRequest } from '../contract.js';

/** The device's own command, for a person to type: only words that cannot say anything else when they are pasted. */
const TYPABLE = /^policy \d+ [\w ./:-]+$/;

export function undo({ edit, rule, former, table }: UndoRequest): string | undefined {
  const texts = [rule.text, former?.text ?? rule.text];
  if (table || !texts.every((text) => TYPABLE.test(text))) return undefined;
  const number = /^policy (?<number>\d+) /.exec(rule.text)!.groups!.number;
  if (edit === 'added') return `no policy ${number}`;
  if (edit === 'removed') return rule.text;
  if (edit === 'changed' && former) return `no policy ${number}\n${former.text}`;
  return undefined;
}
