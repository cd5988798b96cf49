import { appendFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import winston from 'winston';
import { type Clock, systemClock } from './clock.js';
import type { Problem } from './result.js';

/**
 * The log: one JSON object a line, on standard error, because standard output belongs to answers. Not part of
 * lib/index.ts: winston is slow to load, and the algebra and the readers do without it.
 */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export type Fields = Readonly<Record<string, unknown>>;

/** Messages are fixed texts; what varies goes in the fields, so that a log can be searched and counted by message. */
export interface Log {
  error(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  /** The same log with these fields on every line. */
  with(fields: Fields): Log;
}

export interface OpenLog extends Log {
  setLevel(level: LogLevel): void;
  /** How many lines the stream refused, for `ecluse doctor`: a log that is broken cannot say so itself. */
  lost(): number;
  /** Settles once every line has left the process; what is logged afterwards goes nowhere. */
  closeLog(): Promise<void>;
}

const LEVELS: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

/** The names of the line's own members; a field of the same name gets a trailing underscore, it is never dropped. */
const OWN = new Set(['time', 'level', 'message']);

/**
 * What JSON leaves as it is and a terminal or a reader obeys: DEL and the C1 controls (0x9b starts an escape sequence
 * on its own, ECMA-48 section 5.4), the line separators U+2028 and U+2029, and the marks that reorder text
 * (Unicode UAX 9), with which a host name can make a line read as another. JSON.stringify escapes C0 itself.
 */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function neutralise(json: string): string {
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** JSON has no bigint and shows an Error as `{}`. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) {
    return {
      ...value,
      name: value.name,
      message: value.message,
      ...(value.cause !== undefined && { cause: value.cause }),
    };
  }
  return value;
}

function renamed(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [OWN.has(key) ? `${key}_` : key, value]));
}

function line(time: string, level: string, message: string, fields: Fields): string {
  const own = { time, level, message };
  try {
    return neutralise(JSON.stringify({ ...own, ...renamed(fields) }, plain));
  } catch (error) {
    // A circle, or a toJSON that throws. A line about a fault must not become a fault.
    return neutralise(JSON.stringify({ ...own, unprintable: Object.keys(fields), why: String(error) }));
  }
}

/** A file besides the stream: what happened, from `info` on, where the stream may say only what goes wrong. */
export interface LogFile {
  readonly path: string;
  /** Longer than that, it is put aside as `NAME1.log`, the one before as `NAME2.log`, and begun anew. */
  readonly bytesMax: number;
  /** How many are kept of those that were put aside. */
  readonly keep: number;
}

/** Its owner's and its group's: what is logged says which device is in which state. */
const FILE_MODE = 0o640;

/** Why the file cannot be written; asked before a log is opened, because a log that is broken cannot say so itself. */
export function logFileProblem({ path }: LogFile): Problem | undefined {
  try {
    appendFileSync(path, '', { mode: FILE_MODE });
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      code: 'LOG_UNWRITABLE',
      message: `the log cannot be written there: ${code ?? String(error)}`,
      file: path,
      expected: 'a file in a folder that exists, and that the guard may write to',
      remedy: 'make the folder, or name another file in `log`',
    };
  }
}

function fileTransport({ path, bytesMax, keep }: LogFile): winston.transport {
  return new winston.transports.File({
    filename: path,
    level: 'info',
    maxsize: bytesMax,
    maxFiles: keep + 1,
    tailable: true,
    options: { flags: 'a', mode: FILE_MODE },
  });
}

export interface LogOptions {
  /** Of the stream. */
  readonly level?: LogLevel;
  readonly stream?: Writable;
  readonly file?: LogFile;
  readonly clock?: Clock;
}

export function openLog(options: LogOptions = {}): OpenLog {
  const stream: Writable = options.stream ?? process.stderr;
  const clock = options.clock ?? systemClock;
  let lost = 0;
  const lose = (): void => {
    lost++;
  };
  const onStream = new winston.transports.Stream({ stream, level: options.level ?? 'info' });
  const transports = [onStream, ...(options.file ? [fileTransport(options.file)] : [])];
  // Without a listener an `error` event ends the process: a full disk or a closed pipe would stop the watch.
  for (const transport of transports) transport.on('error', lose);
  stream.on('error', lose);
  const logger = winston.createLogger({
    levels: { ...LEVELS },
    level: 'debug',
    format: winston.format.printf((info) =>
      line(new Date(clock.now()).toISOString(), info.level, String(info.message), info.fields as Fields),
    ),
    transports,
  });
  logger.on('error', lose);

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const finished = new Promise((resolve) => logger.once('finish', resolve));
    logger.end();
    await finished;
    // winston has handed its lines to the stream; an empty write comes back when those before it are out.
    if (!stream.destroyed) await new Promise<void>((resolve) => stream.write('', () => resolve()));
    stream.off('error', lose);
  };

  const at = (level: LogLevel, common: Fields) => (message: string, fields?: Fields) => {
    // One object and not (message, meta): given a meta with a `message`, winston joins it to the message.
    if (closing === undefined) logger.log({ level, message, fields: { ...common, ...fields } });
  };
  const log = (common: Fields): Log => ({
    error: at('error', common),
    warn: at('warn', common),
    info: at('info', common),
    debug: at('debug', common),
    with: (fields) => log({ ...common, ...fields }),
  });
  return {
    ...log({}),
    setLevel: (level) => {
      onStream.level = level;
    },
    lost: () => lost,
    closeLog: () => {
      closing ??= close();
      return closing;
    },
  };
}
