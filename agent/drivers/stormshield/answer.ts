/** One line below a heading such as `[Filter]` or `[Host]`. */
export interface Entry {
  readonly line: number;
  readonly text: string;
}

export interface Part {
  /** Without its brackets; empty for lines before the first heading. */
  readonly title: string;
  readonly line: number;
  readonly entries: readonly Entry[];
}

/** An answer of serverd (NSRPC) or a file of the firewall: both are made of titled parts. */
export interface Answer {
  readonly parts: readonly Part[];
  /** Lines that frame an answer and say nothing: `101 code=… msg="Begin"`, `100 code=… msg="Ok"`, empty ones, comments. */
  readonly frame: readonly number[];
  /** It is an answer, which says where it begins; else a file. */
  readonly framed: boolean;
  /** It begins as an answer does and has no end: a part of it is missing. */
  readonly unfinished: boolean;
  /** serverd refused: its own words. */
  readonly refusal?: string;
  /** It announced more rows than it gave (`total=134` and 100 rows). */
  readonly announced?: number;
}

const begin = /^101 code=\w+ msg="[^"]*"(?<attributes>.*)$/;
const end = /^100 code=\w+ msg="[^"]*"\s*$/;
/** 2xx and 5xx: not carried out (https://documentation.stormshield.eu, Serverd return codes). */
const refused = /^(?:20[0-9]|5\d\d) code=\w+ (?<words>msg=.*)$/;
const heading = /^\[(?<title>[^\]]*)\]\s*$/;

export function parseAnswer(lines: readonly string[]): Answer {
  const parts: { title: string; line: number; entries: Entry[] }[] = [];
  const frame: number[] = [];
  let began = false;
  let ended = false;
  let refusal: string | undefined;
  let announced: number | undefined;
  lines.forEach((raw, index) => {
    const line = index + 1;
    const text = raw.trim();
    const title = heading.exec(text)?.groups?.title;
    const opening = begin.exec(text);
    const no = refused.exec(text)?.groups?.words;
    if (title !== undefined) parts.push({ title, line, entries: [] });
    else if (opening) {
      began = true;
      const total = /\btotal="?(?<total>\d+)/.exec(opening.groups!.attributes!)?.groups?.total;
      if (total !== undefined) announced = Number(total);
      frame.push(line);
    } else if (end.test(text)) {
      ended = true;
      frame.push(line);
    } else if (no !== undefined) {
      refusal = no;
      frame.push(line);
    } else if (text === '' || text.startsWith('#')) frame.push(line);
    else {
      if (parts.length === 0) parts.push({ title: '', line, entries: [] });
      parts.at(-1)!.entries.push({ line, text });
    }
  });
  return {
    parts,
    frame,
    framed: began || ended || refusal !== undefined,
    unfinished: began && !ended && refusal === undefined,
    ...(refusal !== undefined && { refusal }),
    ...(announced !== undefined && { announced }),
  };
}

/** `type=host name="my host" ip=192.0.2.1` as a record; undefined where it is something else. */
export function attributes(text: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>();
  const one = /(?<key>[A-Za-z][\w-]*)=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<bare>\S*))(?:\s+|$)/y;
  while (one.lastIndex < text.length) {
    const match = one.exec(text);
    if (!match) return undefined;
    const { key, quoted, bare } = match.groups!;
    found.set(key!.toLowerCase(), quoted ?? bare ?? '');
  }
  return found.size > 0 ? found : undefined;
}

/** Words separated by blanks; a blank between double quotes separates nothing. The quotes stay. */
export function wordsOf(text: string): readonly string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|[^\s"])+|"/g) ?? [];
}

/** A rule and the remark behind ` # `, which is no part of what it does. */
export function withoutRemark(text: string): { readonly text: string; readonly remark?: string } {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"' && text[at - 1] !== '\\') quoted = !quoted;
    if (text[at] === '#' && !quoted && (at === 0 || /\s/.test(text[at - 1]!))) {
      const remark = text.slice(at + 1).trim();
      return { text: text.slice(0, at).trim(), ...(remark !== '' && { remark }) };
    }
  }
  return { text: text.trim() };
}
