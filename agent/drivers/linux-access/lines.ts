import type { AccessFact, AccessFactKind } from '../../model/index.js';
import type { Section } from '../contract.js';
import { linesOf } from '../shared/coverage.js';

/** A line of a file, behind the path of its file where `grep -H` put it there. */
export interface Line {
  /** The file it stands in. */
  readonly path: string;
  /** Without blanks around it. */
  readonly text: string;
  /** Its number in the section. */
  readonly number: number;
}

export function linesIn(section: Section): readonly Line[] {
  return linesOf(section.text).map((raw, index) => {
    const groups = /^(?<path>\/[^:]*):(?<text>.*)$/.exec(raw)?.groups;
    const text = (groups?.text ?? raw).trim();
    return { path: groups?.path ?? section.source, text, number: index + 1 };
  });
}

/** A gate of one area, which is compared only where both readings saw that area whole. */
export function fact(
  area: string,
  kind: AccessFactKind,
  subject: string,
  value: string,
  at: Line & { readonly section: Section },
): AccessFact {
  const { section, number, path, text } = at;
  return {
    area,
    kind,
    subject,
    value,
    origin: { file: section.source, line: number, rule: path, text },
  };
}
