/** A broken assertion is a fault of Écluse itself (exit code 70), never an answer about the world. */
export class InternalFault extends Error {
  override readonly name = 'InternalFault';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InternalFault(message);
}

/** Makes a missing case of a discriminated union a compile error. */
export function unreachable(value: never): never {
  throw new InternalFault(`unreachable case: ${JSON.stringify(value)}`);
}
