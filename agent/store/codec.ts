/**
 * JSON with whole numbers beyond 2^53: an IPv6 address is a bigint, which JSON cannot write. It becomes
 * `{"$bigint":"…"}`. JSON escapes NUL, control characters and lone surrogates, so any text comes back unharmed
 * whatever the database does with them.
 */
export function encode(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? { $bigint: `${part}` } : part));
}

export function decode<T>(text: string): T {
  // Looking at each part takes several times as long as reading them all.
  if (!text.includes('"$bigint"')) return JSON.parse(text) as T;
  return JSON.parse(text, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || !('$bigint' in part)) return part;
    return typeof part.$bigint === 'string' && Object.keys(part).length === 1 ? BigInt(part.$bigint) : part;
  }) as T;
}

/**
 * Text as a key of a table. SQLite hands a text with a NUL back cut short (sqlite3_column_text gives a C string), and
 * a lone surrogate has no UTF-8; so keys are written as JSON writes them, which changes no ordinary text.
 */
export function keyText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
