import { failure, type Result, success } from '../../../lib/result.js';

/** One frame of RELP: `TXNR COMMAND LENGTH[ DATA]` and a line feed. */
export interface Frame {
  /** 0: nobody's answer, said by the server on its own. */
  readonly transaction: number;
  readonly command: string;
  readonly data: Buffer;
}

/** More than any answer needs; a peer that announces more speaks something else. */
const DATA_BYTES_MAX = 128 * 1024;
const HEAD_BYTES_MAX = 64;

export function frameOf({ transaction, command, data }: Frame): Buffer {
  const head = `${transaction} ${command} ${data.length}${data.length > 0 ? ' ' : ''}`;
  return Buffer.concat([Buffer.from(head, 'ascii'), data, Buffer.from('\n')]);
}

interface Taken {
  readonly frames: readonly Frame[];
  readonly rest: Buffer;
}

/** The whole frames at the front of what has come in, and what remains. */
export function takeFrames(input: Buffer): Result<Taken, string> {
  const frames: Frame[] = [];
  let rest = input;
  for (;;) {
    const head = /^(?<transaction>\d{1,9}) (?<command>[A-Za-z]{1,32}) (?<length>\d{1,9})(?<end>[ \n])/.exec(
      rest.subarray(0, HEAD_BYTES_MAX).toString('latin1'),
    );
    if (!head) {
      if (rest.length >= HEAD_BYTES_MAX || rest.includes(10)) return failure('the answer is not RELP');
      return success({ frames, rest });
    }
    const { transaction, command, length, end } = head.groups!;
    const bytes = Number(length);
    if (bytes > DATA_BYTES_MAX) return failure('the answer is longer than RELP answers are');
    const start = head[0].length;
    // Without data the line feed follows the length at once.
    const isEmpty = end === '\n';
    const total = isEmpty ? start : start + bytes + 1;
    if (isEmpty && bytes > 0) return failure('the answer lacks its data');
    if (rest.length < total) return success({ frames, rest });
    if (rest[total - 1] !== 10) return failure('the answer does not end where it says');
    frames.push({
      transaction: Number(transaction),
      command: command!,
      data: isEmpty ? Buffer.alloc(0) : rest.subarray(start, start + bytes),
    });
    rest = rest.subarray(total);
  }
}
