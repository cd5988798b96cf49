/** An element of an XML text, with the text that stands directly in it. */
export interface XmlElement {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Text with XML's own entities; undefined where something is named that only a document type could define. */
export function decodeXml(text: string): string | undefined {
  if (!text.includes('&')) return text;
  let isKnown = true;
  const plain = text.replace(
    /&(?<name>#x[0-9a-fA-F]{1,6}|#\d{1,7}|\w{1,10})?;?/g,
    (whole, name: string | undefined) => {
      const named = name === undefined ? undefined : entities[name];
      if (named !== undefined && whole.endsWith(';')) return named;
      const code = name?.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name?.slice(1));
      if (name?.startsWith('#') && whole.endsWith(';') && code > 0 && code <= 0x10ffff)
        return String.fromCodePoint(code);
      isKnown = false;
      return whole;
    },
  );
  return isKnown ? plain : undefined;
}

const attributePattern = /\s+(?<key>[\w:.-]+)\s*=\s*(?:"(?<double>[^"<]*)"|'(?<single>[^'<]*)')/gy;

/** What stands behind the tag of an element; undefined where it is no list of attributes, or names one twice. */
export function xmlAttributes(text: string): ReadonlyMap<string, string> | undefined {
  const out = new Map<string, string>();
  attributePattern.lastIndex = 0;
  let end = 0;
  for (let found = attributePattern.exec(text); found; found = attributePattern.exec(text)) {
    const { key, double, single } = found.groups!;
    const value = decodeXml(double ?? single ?? '');
    if (value === undefined || out.has(key!)) return undefined;
    out.set(key!, value);
    end = attributePattern.lastIndex;
  }
  return text.slice(end).trim() === '' ? out : undefined;
}

/** Where the `>` of a tag stands, those within quotes aside; -1 where it has none. */
function endOfTag(text: string, start: number): number {
  let quote = '';
  for (let at = start + 1; at < text.length; at++) {
    const letter = text[at]!;
    if (quote !== '') quote = letter === quote ? '' : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === '>') return at;
  }
  return -1;
}

/** Elements may not nest deeper than this; a reply of an appliance is about six deep. */
const DEPTH_MAX = 100;

/**
 * Reads a short XML text, such as a reply of an appliance: its one element, or in words why it is none. No document
 * types, no entities but XML's own, nothing that is not closed.
 */
export function parseElement(text: string): XmlElement | string {
  interface Open {
    readonly tag: string;
    readonly attributes: ReadonlyMap<string, string>;
    readonly children: XmlElement[];
    text: string;
  }
  const stack: Open[] = [];
  let root: XmlElement | undefined;
  const addText = (raw: string): boolean => {
    const top = stack.at(-1);
    if (!top) return raw.trim() === '';
    top.text += raw;
    return true;
  };
  const close = (done: Open): boolean => {
    const parent = stack.at(-1);
    if (parent) parent.children.push(done);
    else if (root) return false;
    else root = done;
    return true;
  };
  let position = 0;
  while (position < text.length) {
    const next = text.indexOf('<', position);
    const decoded = decodeXml(text.slice(position, next < 0 ? text.length : next));
    if (decoded === undefined) return 'an entity that XML does not define';
    if (!addText(decoded)) return 'text outside of any element';
    if (next < 0) break;
    const special = [
      ['<![CDATA[', ']]>'],
      ['<!--', '-->'],
      ['<?', '?>'],
    ].find(([begin]) => text.startsWith(begin!, next)) as readonly [string, string] | undefined;
    const end = special ? text.indexOf(special[1], next + special[0].length) : endOfTag(text, next);
    if (end < 0) return 'it has no end';
    position = end + (special?.[1].length ?? 1);
    if (special) {
      const isText = special[0] === '<![CDATA[';
      if (isText && !addText(text.slice(next + special[0].length, end))) return 'text outside of any element';
      continue;
    }
    const inside = text.slice(next + 1, end);
    const tag = /^\/?(?<tag>[A-Za-z_][\w:.-]*)/.exec(inside)?.groups?.tag;
    if (tag === undefined) return `<${inside.slice(0, 40)}> is no element`;
    if (inside.startsWith('/')) {
      const top = stack.pop();
      if (top?.tag !== tag || inside.slice(1).trim() !== tag) return `</${tag}> closes what is not open`;
      if (!close(top)) return 'a second document begins';
      continue;
    }
    const isEmpty = inside.endsWith('/');
    const attributes = xmlAttributes(inside.slice(tag.length, isEmpty ? -1 : undefined));
    if (!attributes) return `the attributes of <${tag}> are not understood`;
    if (stack.length >= DEPTH_MAX) return 'elements are nested too deep';
    const opened: Open = { tag, attributes, children: [], text: '' };
    if (!isEmpty) stack.push(opened);
    else if (!close(opened)) return 'a second document begins';
  }
  if (stack.length > 0) return `<${stack.at(-1)!.tag}> is not closed`;
  return root ?? 'there is no element';
}
