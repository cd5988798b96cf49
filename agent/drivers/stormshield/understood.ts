/** Something stands where the grammar has no place for it. Caught where the line is marked, never outside of the driver. */
export class NotUnderstood extends Error {}

export function refuse(message: string): never {
  throw new NotUnderstood(message);
}
