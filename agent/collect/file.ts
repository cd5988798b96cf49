import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, join, parse } from 'node:path';
import type { Capture, Driver, Section } from '../drivers/contract.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import { isSerialisedCapture, parseCapture } from './capture.js';
import { decodeUtf8 } from './utf8.js';

/** What captureFromPath must know of a driver; the registry is handed in, because collect/ knows no platform. */
export type Recogniser = Pick<Driver, 'id' | 'identify'>;

export interface FileOptions {
  readonly drivers: readonly Recogniser[];
  /** The driver to use; left out, it is recognised from the content. */
  readonly driverId?: string;
  /** The device's name; left out, the file's name. */
  readonly device?: string;
  /** Over all files together. */
  readonly bytesMax?: number;
}

const BYTES_MAX = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a capture from a file, from a folder in which each file is one section (named like the file, without its
 * extension), or from what `serialiseCapture` wrote. The result is raw, as from a device: redact it.
 */
export async function captureFromPath(path: string, options: FileOptions): Promise<Result<Capture>> {
  const read = await readSections(path, options.bytesMax ?? BYTES_MAX);
  if (!read.ok) return read;
  const sections = read.value;
  const only = sections.length === 1 ? sections[0]! : undefined;
  const stored = only !== undefined && isSerialisedCapture(only.text) ? parseCapture(only.text, path) : undefined;
  if (stored?.ok === false) return stored;
  const content = stored?.value.sections ?? sections;
  const driver = chooseDriver(path, content, options.driverId ?? stored?.value.driver, options.drivers);
  if (!driver.ok) return driver;
  const device = options.device ?? stored?.value.device ?? parse(basename(path)).name;
  return success({ driver: driver.value, device, sections: content });
}

async function readSections(path: string, bytesMax: number): Promise<Result<readonly Section[]>> {
  let files: readonly string[];
  try {
    const folder = (await stat(path)).isDirectory();
    // Names that begin with a dot are an editor's or a version control's, not the device's.
    const names = folder ? (await readdir(path)).filter((name) => !name.startsWith('.')).sort() : [];
    files = folder ? names.map((name) => join(path, name)) : [path];
  } catch (error) {
    return failure(unreadable(path, error as NodeJS.ErrnoException));
  }
  if (files.length === 0) {
    return failure({
      code: 'EMPTY_FOLDER',
      message: 'the folder holds no file',
      file: path,
      expected: 'one file for each section',
    });
  }
  const sections: Section[] = [];
  let bytesLeft = bytesMax;
  for (const file of files) {
    const name = parse(file).name;
    const twin = sections.find((section) => section.name === name);
    if (twin) {
      return failure({
        code: 'AMBIGUOUS_SECTION',
        message: `${basename(file)} and ${basename(twin.source)} are both the section "${name}"`,
        file: path,
        expected: 'one file for each section',
        remedy: 'move one of them away',
      });
    }
    const bytes = await readBytes(file, bytesLeft, bytesMax);
    if (!bytes.ok) return bytes;
    bytesLeft -= bytes.value.length;
    const text = textOf(file, bytes.value);
    if (!text.ok) return text;
    sections.push({ name, source: file, text: text.value });
  }
  return success(sections);
}

function unreadable(file: string, error: NodeJS.ErrnoException): Problem {
  const reasons: Record<string, readonly [string, string]> = {
    ENOENT: ['NO_SUCH_FILE', 'no such file or folder'],
    EACCES: ['MISSING_RIGHT', 'may not be read by this user'],
  };
  const [code, message] = reasons[error.code ?? ''] ?? ['UNREADABLE', error.message];
  return { code, message, file, expected: 'a capture file, or a folder of them' };
}

async function readBytes(file: string, bytesLeft: number, bytesMax: number): Promise<Result<Buffer>> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const info = await handle.stat();
    if (!info.isFile()) {
      return failure({
        code: 'NOT_A_FILE',
        message: 'not an ordinary file',
        file,
        expected: 'a file that holds one section',
        remedy: 'of what a program prints, make a file first',
      });
    }
    const chunks: Buffer[] = [];
    let length = 0;
    // Until the end and not until the size: files under /proc say that their size is 0.
    // In one piece, as far as the size is known: each piece goes through another thread.
    let atOnce = Math.min(Math.max(info.size + 1, CHUNK_BYTES), bytesLeft + 1);
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(atOnce));
      if (bytesRead === 0) return success(Buffer.concat(chunks));
      length += bytesRead;
      if (length > bytesLeft) return failure(tooLarge(file, bytesMax));
      chunks.push(buffer.subarray(0, bytesRead));
      atOnce = CHUNK_BYTES;
    }
  } catch (error) {
    return failure(unreadable(file, error as NodeJS.ErrnoException));
  } finally {
    await handle?.close();
  }
}

function tooLarge(file: string, bytesMax: number): Problem {
  return {
    code: 'TOO_LARGE',
    message: `the capture is larger than ${bytesMax} bytes`,
    file,
    expected: `at most ${bytesMax} bytes over all sections`,
    remedy: 'check that this is the capture and not a log or an image',
  };
}

function textOf(file: string, bytes: Buffer): Result<string> {
  const decoded = decodeUtf8(bytes);
  // A byte order mark says nothing in UTF-8, and would hide the first word of the first line.
  if ('text' in decoded) return success(decoded.text.replace(/^\ufeff/, ''));
  if (bytes.includes(0) && !isUtf16(bytes)) return failure(notText(file, bytes));
  const utf16 = isUtf16(bytes);
  return failure({
    code: 'NOT_UTF8',
    message: utf16 ? 'the file is UTF-16' : `byte ${decoded.badOffset} is not UTF-8`,
    file,
    line: bytes.subarray(0, decoded.badOffset).toString('latin1').split('\n').length,
    expected: 'text in UTF-8',
    remedy: `convert it: iconv -f ${utf16 ? 'UTF-16' : 'LATIN1'} -t UTF-8`,
  });
}

function isUtf16(bytes: Buffer): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/** RFC 1952: what gzip writes begins so. */
const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Text of no encoding that a device writes has a byte 0. */
function notText(file: string, bytes: Buffer): Problem {
  return {
    code: 'NOT_TEXT',
    message: isGzip(bytes) ? 'the file is compressed by gzip' : 'the file is no text',
    file,
    expected: 'what the device prints, as text',
    remedy: isGzip(bytes) ? 'unpack it: gunzip' : 'take the capture as text, or unpack it',
  };
}

function chooseDriver(
  path: string,
  sections: readonly Section[],
  wanted: string | undefined,
  drivers: readonly Recogniser[],
): Result<string> {
  const all = drivers.map((driver) => driver.id);
  if (wanted !== undefined) {
    if (all.includes(wanted)) return success(wanted);
    return failure({
      code: 'UNKNOWN_DRIVER',
      message: `there is no driver "${wanted}"`,
      file: path,
      expected: `one of ${all.join(', ')}`,
    });
  }
  if (sections.every(({ text }) => text.trim() === '')) {
    return failure({
      code: 'EMPTY_FILE',
      message: 'there is nothing in it',
      file: path,
      expected: `a capture for one of ${all.join(', ')}`,
      remedy: 'take it again; if the device has no rules at all, say what it is with --driver ID',
    });
  }
  const answers = drivers.map((driver) => ({ id: driver.id, answer: driver.identify(sections) }));
  const certain = answers.filter(({ answer }) => answer === 'certain');
  const candidates = certain.length > 0 ? certain : answers.filter(({ answer }) => answer === 'likely');
  if (candidates.length === 1) return success(candidates[0]!.id);
  const names = candidates.map(({ id }) => id);
  return failure({
    code: names.length === 0 ? 'UNKNOWN_CAPTURE' : 'AMBIGUOUS_CAPTURE',
    message: names.length === 0 ? 'no driver recognises this' : `this could be ${names.join(' or ')}`,
    file: path,
    expected: `a capture for one of ${all.join(', ')}`,
    remedy: `say which with --driver ${names[0] ?? 'ID'}`,
  });
}
