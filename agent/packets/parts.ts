/** Sorts a part of an array of numbers; most parts are short. */
export function sortPart(array: Int32Array | Float64Array, from: number, to: number): void {
  if (to - from > 40) {
    array.subarray(from, to).sort();
    return;
  }
  for (let at = from + 1; at < to; at += 1) {
    const value = array[at]!;
    let place = at;
    for (; place > from && array[place - 1]! > value; place -= 1) array[place] = array[place - 1]!;
    array[place] = value;
  }
}

/** Where `value` is, or would be put, in the ascending part `from` … `to - 1`. */
function placeIn(array: Int32Array, from: number, to: number, value: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (array[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** For a few numbers a plain loop costs less than to ask for it. */
const FEW = 48;

/** Puts a value into the ascending part, which takes one more place. */
export function putIn(array: Int32Array, from: number, to: number, value: number): void {
  const place = placeIn(array, from, to, value);
  if (to - place > FEW) array.copyWithin(place + 1, place, to);
  else for (let at = to; at > place; at -= 1) array[at] = array[at - 1]!;
  array[place] = value;
}

/** Takes a value out of the ascending part, which takes one place less. */
export function takeOut(array: Int32Array, from: number, to: number, value: number): void {
  const place = placeIn(array, from, to, value);
  if (to - place > FEW) array.copyWithin(place, place + 1, to);
  else for (let at = place; at < to - 1; at += 1) array[at] = array[at + 1]!;
}
