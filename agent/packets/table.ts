/** A copy with room for at least `needed` numbers, twice the size where that is more. */
export function grown(array: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const out = new Int32Array(Math.max(array.length * 2, needed));
  out.set(array);
  return out;
}

/** Held by its module: inside a `vm` context, where tests run, looking up a global costs more than the multiplication. */
const { imul } = Math;

/** Mixes a number into a hash. Hashes only choose where to look: every table here compares contents. */
export function mix(hash: number, value: number): number {
  const h = imul(hash ^ value, 0x9e3779b1);
  return h ^ (h >>> 15);
}

export function hash2(a: number, b: number): number {
  return mix(mix(0x2545f491, a), b);
}

/** What `recall` answers when it does not know: no diagram has this number. */
export const UNKNOWN = -0x80000000;

export interface Memo {
  /** The remembered result of an operation on two diagrams, or UNKNOWN. */
  recall(operation: number, a: number, b: number): number;
  remember(operation: number, a: number, b: number, result: number): void;
  /** Forgets everything, and gives the room back. */
  clear(): void;
}

/** Slots of four numbers: operation (0 marks an empty slot), both operands, the result. */
const SLOT = 4;
/** As few as fit an array that V8 has at hand (64 bytes): most kernels answer one small question. */
const SLOTS_FIRST = 1 << 2;
const SLOTS_MAX = 1 << 22;

/**
 * Remembers results of operations. It may forget (a newer entry overwrites an older one in its pair of slots), which
 * costs time; it never mistakes one entry for another. It grows with use up to 64 MiB.
 */
export function createMemo(): Memo {
  let table = new Int32Array(SLOTS_FIRST * SLOT);
  let pairMask = SLOTS_FIRST / 2 - 1;
  let remembered = 0;

  function place(operation: number, a: number, b: number): number {
    return (mix(hash2(a, b), operation) & pairMask) * 2 * SLOT;
  }

  function put(operation: number, a: number, b: number, result: number): void {
    const at = place(operation, a, b);
    // The first slot of the pair holds the newest entry, the second the one before it.
    const older = at + SLOT;
    table[older] = table[at]!;
    table[older + 1] = table[at + 1]!;
    table[older + 2] = table[at + 2]!;
    table[older + 3] = table[at + 3]!;
    table[at] = operation;
    table[at + 1] = a;
    table[at + 2] = b;
    table[at + 3] = result;
  }

  function grow(): void {
    const old = table;
    table = new Int32Array(old.length * 2);
    pairMask = pairMask * 2 + 1;
    for (let at = 0; at < old.length; at += SLOT) {
      if (old[at] !== 0) put(old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]!);
    }
  }

  return {
    recall(operation, a, b) {
      const at = place(operation, a, b);
      if (table[at] === operation && table[at + 1] === a && table[at + 2] === b) return table[at + 3]!;
      const next = at + SLOT;
      if (table[next] === operation && table[next + 1] === a && table[next + 2] === b) return table[next + 3]!;
      return UNKNOWN;
    },
    remember(operation, a, b, result) {
      remembered += 1;
      if (remembered * SLOT > table.length && table.length < SLOTS_MAX * SLOT) {
        remembered = 0;
        grow();
      }
      put(operation, a, b, result);
    },
    clear() {
      if (remembered === 0 && table.length === SLOTS_FIRST * SLOT) return;
      table = new Int32Array(SLOTS_FIRST * SLOT);
      pairMask = SLOTS_FIRST / 2 - 1;
      remembered = 0;
    },
  };
}
