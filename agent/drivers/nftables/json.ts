/** Reading untrusted JSON values: a shape that does not fit is a `Misfit`, thrown and caught inside the JSON reader only. */

export class Misfit extends Error {
  override readonly name = 'Misfit';
}

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function object(value: unknown, what: string): Json {
  if (!isObject(value)) throw new Misfit(`${what} is not an object`);
  return value;
}

export function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new Misfit(`${what} is not a text`);
}

export function number(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Misfit(`${what} is not a number`);
}

/** One value or several: libnftables leaves the array out where there is only one. */
export function many(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** The only key of an object, such as `accept` of `{"accept": null}`. */
export function only(value: unknown, what: string): readonly [string, unknown] {
  const entries = Object.entries(object(value, what));
  if (entries.length !== 1) throw new Misfit(`${what} has ${entries.length} keys, not one`);
  return entries[0]!;
}
