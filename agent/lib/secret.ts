import { inspect } from 'node:util';

/** What is printed in place of a secret, everywhere. */
export const MASK = '<secret>';

/**
 * A text that prints as `<secret>`: in a template, in JSON, in util.inspect (so also in an Error's fields, in
 * console.log and in a debugger's dump). The text lives in a closure and not in a property, so that no walk over
 * properties meets it; `reveal` is the one way to it, and easy to find in a review.
 */
export interface Secret {
  readonly kind: 'secret';
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

export function secret(value: string): Secret {
  const mask = (): string => MASK;
  return Object.freeze({
    kind: 'secret' as const,
    reveal: () => value,
    toString: mask,
    toJSON: mask,
    [inspect.custom]: mask,
    [Symbol.toPrimitive]: mask,
  });
}

export function isSecret(value: unknown): value is Secret {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'secret' && 'reveal' in value;
}
