import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { decodeXml, xmlAttributes } from '../shared/index.js';
import { grow, type Node, nodeOf, type Stray, type Tree, truncated } from './tree.js';

/** Elements may not nest deeper than this; a configuration is about 25 deep. */
const DEPTH_MAX = 200;

interface Open {
  readonly tag: string;
  readonly node: Node;
  readonly line: number;
  text: string;
  textLine: number;
}

/**
 * Reads the XML form. Strict, and with the lines of every element, because each of them must be accounted for: no
 * document types, no entities but XML's own, nothing that is not closed.
 */
export function parseXml(file: string, text: string): Result<Tree> {
  const root = nodeOf('', file, 1);
  const strays: Stray[] = [];
  const stack: Open[] = [];
  let version: string | undefined;
  let line = 1;
  let position = 0;
  const wrong = (message: string): Result<never> =>
    failure<Problem>({ code: 'NOT_UNDERSTOOD', message, file, line, expected: 'the XML of a configuration' });
  const advance = (to: number): void => {
    for (let next = text.indexOf('\n', position); next >= 0 && next < to; next = text.indexOf('\n', next + 1)) line++;
    position = to;
  };
  const addText = (raw: string, startLine: number): boolean => {
    const top = stack.at(-1);
    if (raw.trim() === '') return true;
    if (!top) return false;
    if (top.text === '')
      top.textLine =
        startLine +
        (raw.length - raw.trimStart().length === 0 ? 0 : linesIn(raw.slice(0, raw.length - raw.trimStart().length)));
    top.text += raw;
    return true;
  };
  let wasOpened = false;
  while (position < text.length) {
    const next = text.indexOf('<', position);
    const raw = text.slice(position, next < 0 ? text.length : next);
    const decoded = decodeXml(raw);
    if (decoded === undefined) return wrong('an entity that XML does not define');
    if (!addText(decoded, line)) return wrong('text outside of any element');
    advance(next < 0 ? text.length : next);
    if (next < 0) break;
    if (text.startsWith('<!--', position) || text.startsWith('<?', position)) {
      const mark = text.startsWith('<?', position) ? '?>' : '-->';
      const end = text.indexOf(mark, position + 2);
      if (end < 0) return failure(truncated(file, line, 'a comment has no end', mark));
      advance(end + mark.length);
      continue;
    }
    if (text.startsWith('<![CDATA[', position)) {
      const end = text.indexOf(']]>', position);
      if (end < 0) return failure(truncated(file, line, 'a text has no end', ']]>'));
      if (!addText(text.slice(position + 9, end), line)) return wrong('text outside of any element');
      advance(end + 3);
      continue;
    }
    const end = text.indexOf('>', position);
    if (end < 0) return failure(truncated(file, line, 'an element has no end', '>'));
    const inside = text.slice(position + 1, end);
    const tag = /^\/?(?<tag>[A-Za-z_][\w:.-]*)/.exec(inside)?.groups?.tag;
    if (tag === undefined) return wrong(`<${inside.slice(0, 40)}> is no element`);
    if (inside.startsWith('/')) {
      const top = stack.pop();
      if (top?.tag !== tag || inside.slice(1).trim() !== tag) return wrong(`</${tag}> closes what is not open`);
      advance(end + 1);
      close(top, line, strays);
      continue;
    }
    const isEmpty = inside.endsWith('/');
    const attributes = xmlAttributes(inside.slice(tag.length, isEmpty ? -1 : undefined));
    if (!attributes) return wrong(`the attributes of <${tag}> are not understood`);
    if (stack.length === 0 && wasOpened) return wrong('a second document begins');
    if (stack.length >= DEPTH_MAX) return wrong('elements are nested too deep');
    wasOpened = true;
    if (tag === 'config') version ??= attributes.get('version');
    const opened = open(stack.at(-1)?.node ?? root, tag, attributes, line, strays);
    advance(end + 1);
    opened.node.lines.add(line);
    if (isEmpty) close(opened, line, strays);
    else stack.push(opened);
  }
  const left = stack.at(-1);
  if (left) return failure(truncated(file, left.line, `<${left.tag}> is not closed`, `</${left.tag}>`));
  if (!wasOpened) return wrong('there is no element');
  return success({ root, strays, ...(version !== undefined && { version }) });
}

function linesIn(text: string): number {
  return text.split('\n').length - 1;
}

function open(parent: Node, tag: string, attributes: ReadonlyMap<string, string>, line: number, strays: Stray[]): Open {
  const name = tag === 'entry' ? (attributes.get('name') ?? '') : tag;
  if (tag === 'member') return { tag, node: parent, line, text: '', textLine: line };
  if (tag === 'entry' && name === '') strays.push({ line, lastLine: line, reason: 'an entry without a name' });
  if (parent.index.has(name)) strays.push({ line, lastLine: line, reason: `${name} stands here twice` });
  const node = grow(parent, name, line);
  if (tag === 'entry') node.isEntry = true;
  node.lines.add(line);
  return { tag, node, line, text: '', textLine: line };
}

function close({ tag, node, line, text, textLine }: Open, lastLine: number, strays: Stray[]): void {
  const value = text.trim();
  if (tag === 'member') {
    if (value === '') strays.push({ line, lastLine, reason: 'a member without a name' });
    const member = grow(node, value, textLine);
    for (let one = line; one <= lastLine; one++) member.lines.add(one);
    return;
  }
  node.lines.add(lastLine);
  node.lastLine = lastLine;
  if (value === '') return;
  if (node.children.length > 0) strays.push({ line: textLine, lastLine, reason: 'text between elements' });
  const leaf = grow(node, value, textLine);
  for (let one = line; one <= lastLine; one++) leaf.lines.add(one);
}
