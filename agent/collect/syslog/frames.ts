/** Longer messages are cut: what says that a configuration has changed stands in front (RFC 5425 asks for 8 KB). */
export const MESSAGE_BYTES_MAX = 8 * 1024;
const HEAD_BYTES_MAX = 8;
const [LF, NUL] = [0x0a, 0x00];

export interface Framer {
  /** The messages that a chunk completes. */
  take(chunk: Buffer): readonly Buffer[];
}

/**
 * Cuts the stream of one connection into messages, by either way of RFC 6587, told by each message's first byte: a
 * length in front, or a line feed (or NUL) behind. What one connection may hold is bounded by one message.
 */
export function framer(): Framer {
  let kept = Buffer.alloc(0);
  /** Bytes of a counted message that is longer than what is kept, or the rest of a line that is. */
  let skip: number | 'line' = 0;

  const next = (input: Buffer): { readonly message?: Buffer; readonly rest: Buffer } | undefined => {
    if (skip === 'line') {
      const end = endOfLine(input);
      if (end < 0) return { rest: input.subarray(input.length) };
      skip = 0;
      return { rest: input.subarray(end + 1) };
    }
    if (skip > 0) {
      const dropped = Math.min(skip, input.length);
      skip -= dropped;
      return { rest: input.subarray(dropped) };
    }
    const first = input[0]!;
    if (first === LF || first === NUL) return { rest: input.subarray(1) };
    return first >= 0x31 && first <= 0x39 ? counted(input) : line(input);
  };

  const counted = (input: Buffer): ReturnType<typeof next> => {
    const head = input.subarray(0, HEAD_BYTES_MAX).toString('latin1');
    const length = /^(?<length>\d{1,7}) /.exec(head)?.groups?.length;
    if (length === undefined) return /^\d{1,7}$/.test(head) && input.length < HEAD_BYTES_MAX ? undefined : line(input);
    const start = length.length + 1;
    const whole = Number(length);
    const wanted = Math.min(whole, MESSAGE_BYTES_MAX);
    if (input.length < start + wanted) return undefined;
    skip = whole - wanted;
    return { message: input.subarray(start, start + wanted), rest: input.subarray(start + wanted) };
  };

  const line = (input: Buffer): ReturnType<typeof next> => {
    const end = endOfLine(input);
    if (end >= 0)
      return { message: input.subarray(0, Math.min(end, MESSAGE_BYTES_MAX)), rest: input.subarray(end + 1) };
    if (input.length < MESSAGE_BYTES_MAX) return undefined;
    skip = 'line';
    return { message: input.subarray(0, MESSAGE_BYTES_MAX), rest: input.subarray(MESSAGE_BYTES_MAX) };
  };

  return {
    take(chunk) {
      const messages: Buffer[] = [];
      let input = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
      while (input.length > 0) {
        const step = next(input);
        if (!step) break;
        if (step.message) messages.push(step.message);
        input = step.rest;
      }
      // A copy: a part of a chunk would hold all of it.
      kept = Buffer.from(input);
      return messages;
    },
  };
}

function endOfLine(input: Buffer): number {
  const [line, nul] = [input.indexOf(LF), input.indexOf(NUL)];
  return line < 0 || nul < 0 ? Math.max(line, nul) : Math.min(line, nul);
}
