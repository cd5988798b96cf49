/**
 * What may not reach a terminal, a log line or a mail header as it is: control characters of both ranges, DEL, the
 * line and paragraph separators, directional overrides (which make text read as something else), and surrogates
 * without a partner. A rule's comment is written by whoever may write rules.
 */
const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** One line of harmless text: breaks and tabs become blanks, the rest is shown as `\u{1b}`. The store keeps the original. */
export function neutralised(text: string): string {
  return text
    .replaceAll(/\r\n|[\r\n\t]/g, ' ')
    .replaceAll(unsafe, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}

const ELLIPSIS = '…';

export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** At most `bytesMax` bytes of UTF-8, cut between characters and ended by `…`; unchanged when it fits. */
export function cut(text: string, bytesMax: number): string {
  if (utf8Length(text) <= bytesMax) return text;
  const room = bytesMax - utf8Length(ELLIPSIS);
  let length = 0;
  let end = 0;
  for (const character of text) {
    length += utf8Length(character);
    if (length > room) break;
    end += character.length;
  }
  return room < 0 ? '' : `${text.slice(0, end)}${ELLIPSIS}`;
}
