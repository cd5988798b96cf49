/**
 * Sets of whole numbers as sorted inclusive intervals, the arithmetic under addresses, ports and header fields.
 *
 * A set is one flat array `[first0, last0, first1, last1, …]`: sorted, disjoint, and never adjacent, so two equal
 * sets are equal arrays. IPv4 addresses, ports and small fields use `number`; IPv6 addresses use `bigint`
 * (a `number` loses bits above 2^53, which once merged prefixes silently).
 */
export type Bound = number | bigint;
export type Intervals<T extends Bound = number> = readonly T[];

export function successor<T extends Bound>(value: T): T {
  return (typeof value === 'bigint' ? value + 1n : (value as number) + 1) as T;
}

export function predecessor<T extends Bound>(value: T): T {
  return (typeof value === 'bigint' ? value - 1n : (value as number) - 1) as T;
}

/** Sorts and merges arbitrary inclusive ranges into canonical form. A range whose first exceeds its last is empty. */
export function fromRanges<T extends Bound>(ranges: Iterable<readonly [T, T]>): Intervals<T> {
  const sorted = [...ranges]
    .filter(([first, last]) => first <= last)
    .sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const out: T[] = [];
  for (const [first, last] of sorted) {
    const end = out.length - 1;
    if (end > 0 && first <= successor(out[end]!)) {
      if (last > out[end]!) out[end] = last;
    } else out.push(first, last);
  }
  return out;
}

export function single<T extends Bound>(value: T): Intervals<T> {
  return [value, value];
}

export function isEmpty<T extends Bound>(set: Intervals<T>): boolean {
  return set.length === 0;
}

export function equals<T extends Bound>(a: Intervals<T>, b: Intervals<T>): boolean {
  return a.length === b.length && a.every((bound, index) => bound === b[index]);
}

export function union<T extends Bound>(a: Intervals<T>, b: Intervals<T>): Intervals<T> {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return fromRanges([...ranges(a), ...ranges(b)]);
}

export function intersection<T extends Bound>(a: Intervals<T>, b: Intervals<T>): Intervals<T> {
  const out: T[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const first = a[i]! > b[j]! ? a[i]! : b[j]!;
    const last = a[i + 1]! < b[j + 1]! ? a[i + 1]! : b[j + 1]!;
    if (first <= last) out.push(first, last);
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return out;
}

/** Everything in `a` that is not in `b`. */
export function difference<T extends Bound>(a: Intervals<T>, b: Intervals<T>): Intervals<T> {
  const out: T[] = [];
  let j = 0;
  for (let i = 0; i < a.length; i += 2) {
    let first = a[i]!;
    const last = a[i + 1]!;
    while (j < b.length && b[j + 1]! < first) j += 2;
    let k = j;
    let open = true;
    while (k < b.length && b[k]! <= last) {
      if (first < b[k]!) out.push(first, predecessor(b[k]!));
      if (b[k + 1]! >= last) {
        open = false;
        break;
      }
      first = successor(b[k + 1]!);
      k += 2;
    }
    if (open) out.push(first, last);
  }
  return out;
}

export function complement<T extends Bound>(set: Intervals<T>, domain: readonly [T, T]): Intervals<T> {
  return difference<T>(domain, set);
}

export function contains<T extends Bound>(set: Intervals<T>, value: T): boolean {
  let low = 0;
  let high = set.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (set[2 * middle + 1]! < value) low = middle + 1;
    else high = middle;
  }
  return 2 * low < set.length && set[2 * low]! <= value;
}

/** Whether they have a value in common; nothing is made to find out. */
export function overlaps(a: Intervals<Bound>, b: Intervals<Bound>): boolean {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i + 1]! < b[j]!) i += 2;
    else if (b[j + 1]! < a[i]!) j += 2;
    else return true;
  }
  return false;
}

/** Whether nothing of `a` lies outside `b`; nothing is made to find out. */
export function isSubset<T extends Bound>(a: Intervals<T>, b: Intervals<T>): boolean {
  let j = 0;
  for (let i = 0; i < a.length; i += 2) {
    while (j < b.length && b[j + 1]! < a[i]!) j += 2;
    // Intervals never touch, so one of `a` lies in a single one of `b` or sticks out.
    if (j >= b.length || b[j]! > a[i]! || b[j + 1]! < a[i + 1]!) return false;
  }
  return true;
}

export function* ranges<T extends Bound>(set: Intervals<T>): Generator<readonly [T, T]> {
  for (let i = 0; i < set.length; i += 2) yield [set[i]!, set[i + 1]!];
}

/** How many values the set holds. */
export function size<T extends Bound>(set: Intervals<T>): bigint {
  let total = 0n;
  for (const [first, last] of ranges(set)) total += BigInt(last) - BigInt(first) + 1n;
  return total;
}
