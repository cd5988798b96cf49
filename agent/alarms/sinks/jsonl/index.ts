/**
 * jsonl: one record on a line, into a file or to standard output: the feed that needs no receiver, and the one on which
 * nothing is left out. JSON of our own, or any format that a SIEM's collector reads from a file.
 */
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { type Result, success } from '../../../lib/result.js';
import { type Format, formatted, withAttack } from '../../formats/index.js';
import { type AlarmRecord, withinSize } from '../../record.js';
import { type Stream, withoutHeartbeat } from '../../route.js';
import { onAbort, refusal, type Sink } from '../../sink.js';

export interface JsonlOptions {
  readonly id: string;
  /** A file's path, or the stream to write to, such as `process.stdout`. */
  readonly to: string | Writable;
  readonly takes?: readonly Stream[];
  /** Left out: the record itself as JSON. */
  readonly format?: Format;
  /** Écluse's own, for the formats that name it. */
  readonly version?: string;
  /** Whether techniques of ATT&CK are named; a tag starts incident playbooks. */
  readonly attack?: boolean;
}

export function jsonlSink(options: JsonlOptions): Sink {
  const { id, to, takes = withoutHeartbeat } = options;
  const line = (record: AlarmRecord): Buffer => lineOf(options.attack ? withAttack(record) : record, options);
  return { id, takes, ...(typeof to === 'string' ? fileWriter(to, line) : streamWriter(to, line)) };
}

function lineOf(record: AlarmRecord, { format, version = '0' }: JsonlOptions): Buffer {
  const encode = (one: AlarmRecord): string =>
    format === undefined ? JSON.stringify(one) : formatted(one, format, { version });
  return Buffer.from(`${encode(withinSize(record, encode))}\n`, 'utf8');
}

type Line = (record: AlarmRecord) => Buffer;
type Writer = Pick<Sink, 'deliver' | 'close'>;

function failed(error: unknown, target: string): ReturnType<typeof refusal> {
  return refusal('SINK_WRITE', `${target}: ${(error as { message?: string }).message ?? 'cannot be written'}`);
}

/**
 * Each line is on the disk before it counts as told. A file that was rotated away is opened anew; a line that could
 * only be written in part is taken back; one that a crash left unfinished is ended, so that it spoils no other.
 */
function fileWriter(path: string, line: Line): Writer {
  let file: FileHandle | undefined;
  let inode: number | undefined;

  const closeFile = async (): Promise<void> => {
    const open = file;
    file = undefined;
    await open?.close().catch(() => {});
  };

  const opened = async (): Promise<FileHandle> => {
    if (file) {
      const there = await stat(path).catch(() => undefined);
      if (there?.ino === inode) return file;
      await closeFile();
    }
    // A pipe would take half a line, or hold up the opening until somebody reads.
    const before = await stat(path).catch(() => undefined);
    if (before && !before.isFile()) throw new Error('is not an ordinary file');
    file = await open(path, 'a+', 0o600);
    const { size, ino } = await file.stat();
    inode = ino;
    if (size > 0) {
      const last = Buffer.alloc(1);
      await file.read(last, 0, 1, size - 1);
      if (last[0] !== 0x0a) await file.write('\n');
    }
    return file;
  };

  const write = async (bytes: Buffer): Promise<void> => {
    const target = await opened();
    const { size } = await target.stat();
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await target.write(bytes, done, bytes.length - done);
        done += bytesWritten;
      }
      await target.sync();
    } catch (error) {
      await target.truncate(size).catch(() => {});
      throw error;
    }
  };

  return {
    async deliver(record): Promise<Result<void>> {
      try {
        await write(line(record));
        return success(undefined);
      } catch (error) {
        await closeFile();
        return failed(error, path);
      }
    },
    close: closeFile,
  };
}

/**
 * A stream cannot take a line back: while its reader does not read, the line stays under way, and the next attempt at
 * the same record waits for it instead of writing it twice.
 */
function streamWriter(stream: Writable, line: Line): Writer {
  let underWay: { readonly id: string; readonly answer: Promise<Result<void>> } | undefined;
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  stream.on('error', onError);

  const write = (record: AlarmRecord): Promise<Result<void>> =>
    new Promise((resolve) => {
      stream.write(line(record), (error) => resolve(error ? failed(error, 'output') : success(undefined)));
    });

  return {
    async deliver(record, signal) {
      if (broken) return failed(broken, 'output');
      if (underWay?.id !== record.id) underWay = { id: record.id, answer: write(record) };
      const mine = underWay;
      let stop = (): void => {};
      const aborted = new Promise<undefined>((resolve) => {
        stop = onAbort(signal, () => resolve(undefined));
      });
      const answer = await Promise.race([mine.answer, aborted]);
      stop();
      if (!answer) return refusal('SINK_TIMEOUT', 'output: nobody reads');
      if (underWay === mine) underWay = undefined;
      return answer;
    },
    close() {
      stream.off('error', onError);
      return Promise.resolve();
    },
  };
}
