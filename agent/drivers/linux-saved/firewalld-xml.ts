/** An element of one of firewalld's files, with its line. */
export interface Element {
  readonly name: string;
  readonly line: number;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** What stands between its tags, without blanks around it. */
  readonly text: string;
}

interface Open extends Element {
  readonly children: Element[];
  text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const TAG =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(?<close>\/)?(?<name>[A-Za-z][\w.-]*)(?<rest>(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/)?>/y;
const ATTRIBUTE = /(?<key>[\w:.-]+)\s*=\s*(?:"(?<double>[^"<]*)"|'(?<single>[^'<]*)')/g;

function decoded(text: string): string {
  return text.replace(/&(?<name>\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}

/**
 * The one element that a file of firewalld is; undefined where it is no such file, or is not whole: firewalld refuses to
 * start on what its parser refuses. No document types, and no entities but XML's own.
 */
export function parseElement(text: string): Element | undefined {
  const root: Open = { name: '', line: 0, attributes: new Map(), children: [], text: '' };
  const open: Open[] = [root];
  let at = 0;
  let line = 1;
  const passed = (end: number): string => {
    const piece = text.slice(at, end);
    line += piece.split('\n').length - 1;
    at = end;
    return piece;
  };
  for (;;) {
    const next = text.indexOf('<', at);
    const current = open.at(-1)!;
    const between = passed(next < 0 ? text.length : next);
    current.text += decoded(between);
    if (next < 0) break;
    TAG.lastIndex = at;
    const groups = TAG.exec(text)?.groups;
    if (!groups) {
      if (TAG.lastIndex === 0) return undefined;
      passed(TAG.lastIndex);
      continue;
    }
    const started = line;
    passed(TAG.lastIndex);
    const { name, close, rest = '', empty } = groups;
    if (name === undefined) continue;
    if (close !== undefined) {
      if (open.length < 2 || current.name !== name) return undefined;
      open.pop();
      continue;
    }
    const attributes = new Map(
      [...rest.matchAll(ATTRIBUTE)].map(({ groups: one }) => [one!.key!, decoded(one!.double ?? one!.single ?? '')]),
    );
    const element: Open = { name, line: started, attributes, children: [], text: '' };
    current.children.push(element);
    if (empty === undefined) open.push(element);
  }
  return open.length === 1 && root.children.length === 1 && root.text.trim() === '' ? root.children[0] : undefined;
}
