/** V8 copies what is shorter (SlicedString::kMinLength). */
const SLICED_MIN = 13;

/**
 * The same text, in memory of its own. V8 keeps a part of a longer text as a view of it, and with that view the whole
 * text: a word of one rule that is remembered would keep the listing of a whole firewall.
 */
export function owned(text: string): string {
  // Two texts put together become one only when a part of them is asked for.
  return text.length < SLICED_MIN ? text : ` ${text}`.slice(1);
}
