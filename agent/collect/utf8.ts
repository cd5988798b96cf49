import { isUtf8 } from 'node:buffer';

/** Text, or the offset of the first byte that cannot be UTF-8. */
export type Decoded = { readonly text: string } | { readonly badOffset: number };

/**
 * Strict UTF-8. A replacement character in a rule would make two different names equal, so bytes that are not UTF-8
 * refuse the whole text instead.
 */
export function decodeUtf8(bytes: Uint8Array): Decoded {
  if (isUtf8(bytes)) return { text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) };
  return { badOffset: firstBadOffset(bytes) };
}

/** A valid text stays valid when it is cut before a lead byte, so the first bad byte is found by halving. */
function firstBadOffset(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 4) {
    let middle = (good + bad) >> 1;
    for (let back = 0; back < 3 && middle > good && isContinuation(bytes[middle]!); back++) middle--;
    if (middle === good) break;
    if (isUtf8(bytes.subarray(good, middle))) good = middle;
    else bad = middle;
  }
  for (let end = good; end < bytes.length; ) {
    const length = sequenceLength(bytes, end);
    if (length === 0) return end;
    end += length;
  }
  return bytes.length;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function sequenceLength(bytes: Uint8Array, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}
