/** One word of a rule. A word that was quoted is never an option, whatever it looks like (`--comment "-j DROP"`). */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

/**
 * Cuts a rule into words as iptables-restore does: blanks separate, double quotes group, and inside of quotes a
 * backslash takes the next character literally (iptables-save writes `\"`, `\\` and `\'`). With `shell` a single
 * quote groups too. Undefined where a quote is never closed.
 */
export function splitWords(text: string, shell = false): readonly Word[] | undefined {
  const words: Word[] = [];
  if (!quoting.test(text)) {
    const parts = text.split(' ');
    for (let at = 0; at < parts.length; at += 1) {
      if (parts[at] !== '') words.push({ text: parts[at]!, quoted: false });
    }
    return words;
  }
  let at = 0;
  while (at < text.length) {
    const char = text[at]!;
    if (char === ' ' || char === '\t') {
      at++;
      continue;
    }
    let word = '';
    let quoted = false;
    while (at < text.length && text[at] !== ' ' && text[at] !== '\t') {
      const quote = text[at]!;
      if (quote === '"' || (shell && quote === "'")) {
        quoted = true;
        const end = quotedEnd(text, at, quote);
        if (end === undefined) return undefined;
        word +=
          quote === "'" ? text.slice(at + 1, end) : text.slice(at + 1, end).replace(/\\(?<literal>.)/gs, '$<literal>');
        at = end + 1;
      } else {
        word += quote;
        at++;
      }
    }
    words.push({ text: word, quoted });
  }
  return words;
}

/** Without one of these, blanks alone separate. */
export const quoting = /["'\t]/;

function quotedEnd(text: string, start: number, quote: string): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === '\\') at++;
    else if (text[at] === quote) return at;
  }
  return undefined;
}
