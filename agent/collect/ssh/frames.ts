/** What one step said on one stream: between a line `MARK NAME` and a line `MARK STATUS`. */
export interface Frame {
  readonly name: string;
  readonly status: string;
  readonly content: Buffer;
}

export interface FrameReader {
  feed(chunk: Buffer): void;
  /** What is complete so far; each pass ends with a line `MARK end`. */
  readonly passes: readonly (readonly Frame[])[];
  /** Of the pass that is under way. */
  readonly frames: readonly Frame[];
  /** The step that is under way, and how many bytes it has said; undefined between steps. */
  open(): { readonly name: string; readonly bytes: number } | undefined;
  /** Whether what came first was taken back. */
  startedAnew(): boolean;
  /** What stood outside of all steps: greetings of a shell, or why there is no mark at all. */
  aside(): Buffer;
}

/** Behind a mark: what was said so far counts for nothing, wherever it was cut off. */
export const ANEW = 'anew';

const LINE_BYTES_MAX = 256;
const ASIDE_BYTES_MAX = 64 * 1024;
const LINE_END = Buffer.from('\n');

/**
 * Cuts a stream at the lines that begin with a mark. The mark is new in each request and drawn at random, so nothing
 * that was not told it can print it, and between two marks every byte is the step's. What is cut off in the middle
 * never becomes a frame.
 */
export function frameReader(mark: string): FrameReader {
  const border = Buffer.from(`\n${mark} `);
  const passes: Frame[][] = [];
  const frames: Frame[] = [];
  const asides: Buffer[] = [];
  let asideBytes = 0;
  let name: string | undefined;
  /** The words behind a mark, as far as they have come; undefined outside of such a line. */
  let line: string | undefined;
  let parts: Buffer[] = [];
  let bytes = 0;
  // A mark may stand at the very beginning, and at once behind the line of another.
  let tail = LINE_END;

  const collect = (piece: Buffer): void => {
    bytes += piece.length;
    if (name !== undefined) parts.push(piece);
    else if (asideBytes < ASIDE_BYTES_MAX) {
      asideBytes += piece.length;
      asides.push(piece);
    }
  };

  let anew = false;
  const endLine = (words: string): void => {
    if (words === ANEW) {
      [passes.length, frames.length, name, anew] = [0, 0, undefined, true];
    } else if (name !== undefined) {
      frames.push({ name, status: words, content: Buffer.concat(parts).subarray(0, bytes) });
      name = undefined;
    } else if (words === 'end') passes.push(frames.splice(0));
    else name = words;
    [parts, bytes, tail] = [[], 0, LINE_END];
  };

  /** Gives what stands behind the line. */
  const readLine = (chunk: Buffer): Buffer => {
    const end = chunk.indexOf(10);
    line = ((line ?? '') + chunk.subarray(0, end < 0 ? chunk.length : end).toString('latin1')).slice(0, LINE_BYTES_MAX);
    if (end < 0) return Buffer.alloc(0);
    endLine(line);
    line = undefined;
    return chunk.subarray(end + 1);
  };

  /** Gives what stands behind the next mark. */
  const readContent = (chunk: Buffer): Buffer => {
    const joined = Buffer.concat([tail, chunk]);
    const at = joined.indexOf(border);
    if (at < 0) {
      collect(chunk);
      tail = joined.subarray(-border.length + 1);
      return Buffer.alloc(0);
    }
    // The border may have begun in what was collected before; `bytes` then cuts that off again.
    const own = at - tail.length;
    if (own > 0) collect(chunk.subarray(0, own));
    else bytes = Math.max(0, bytes + own);
    line = '';
    return joined.subarray(at + border.length);
  };

  return {
    passes,
    frames,
    feed(chunk) {
      let rest = chunk;
      while (rest.length > 0) rest = line === undefined ? readContent(rest) : readLine(rest);
    },
    startedAnew: () => anew,
    open: () => (name === undefined ? undefined : { name, bytes }),
    aside: () => Buffer.concat(asides),
  };
}
