import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { captureFromPath, type Recogniser, serialiseCapture } from '../../agent/collect/index.js';
import { run, tempDir } from '../support/system.js';

/** Recognises sections in which its own word occurs. */
function recogniser(id: string, word: string, answer: 'certain' | 'likely'): Recogniser {
  return { id, identify: (sections) => (sections.some(({ text }) => text.includes(word)) ? answer : 'no') };
}

const drivers = [
  recogniser('red', 'red', 'certain'),
  recogniser('blue', 'blue', 'certain'),
  recogniser('pale', 'e', 'likely'),
];

function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = tempDir();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

function fileOf(content: string | Uint8Array, name = 'fw-01.conf'): string {
  return join(folderOf({ [name]: content }), name);
}

async function problemOf(path: string, options: { driverId?: string; bytesMax?: number } = {}): Promise<unknown> {
  const result = await captureFromPath(path, { drivers, ...options });
  expect(result.ok).toBe(false);
  return result.ok ? undefined : result.error;
}

describe('a capture from a path', () => {
  test('is one file', async () => {
    const path = fileOf('red\n');
    expect(await captureFromPath(path, { drivers })).toEqual({
      ok: true,
      value: { driver: 'red', device: 'fw-01', sections: [{ name: 'fw-01', source: path, text: 'red\n' }] },
    });
  });

  test('is a folder whose files are sections', async () => {
    const path = folderOf({ 'b.txt': 'blue\n', 'a.json': '{}', '.git': 'x' });
    const result = await captureFromPath(path, { drivers, device: 'fw-02' });
    expect(result).toMatchObject({ ok: true, value: { driver: 'blue', device: 'fw-02' } });
    expect(result.ok && result.value.sections.map(({ name, text }) => [name, text])).toEqual([
      ['a', '{}'],
      ['b', 'blue\n'],
    ]);
  });

  test('is what was stored', async () => {
    const sections = [{ name: 'rules', source: 'show rules', text: 'anything\n' }];
    const capture = { driver: 'blue', device: 'fw-03', sections };
    expect(await captureFromPath(fileOf(serialiseCapture(capture)), { drivers })).toEqual({ ok: true, value: capture });
    expect(await problemOf(fileOf(serialiseCapture(capture).slice(0, -5)))).toMatchObject({ code: 'BAD_CAPTURE' });
  });

  test('loses a byte order mark', async () => {
    const result = await captureFromPath(fileOf('\ufeffred\n'), { drivers });
    expect(result.ok && result.value.sections[0]!.text).toBe('red\n');
  });

  test('takes the likely driver when none is certain, and the one that is asked for', async () => {
    expect(await captureFromPath(fileOf('e'), { drivers })).toMatchObject({ value: { driver: 'pale' } });
    expect(await captureFromPath(fileOf('red'), { drivers, driverId: 'blue' })).toMatchObject({
      value: { driver: 'blue' },
    });
  });
});

describe('a path that is not a capture', () => {
  test('is unknown or ambiguous', async () => {
    const unknown = fileOf('?');
    expect(await problemOf(unknown)).toEqual({
      code: 'UNKNOWN_CAPTURE',
      message: 'no driver recognises this',
      file: unknown,
      expected: 'a capture for one of red, blue, pale',
      remedy: 'say which with --driver ID',
    });
    expect(await problemOf(fileOf('red blue'))).toMatchObject({
      code: 'AMBIGUOUS_CAPTURE',
      message: 'this could be red or blue',
      remedy: 'say which with --driver red',
    });
    expect(await problemOf(fileOf('red'), { driverId: 'green' })).toMatchObject({
      code: 'UNKNOWN_DRIVER',
      expected: 'one of red, blue, pale',
    });
  });

  test('is not UTF-8: the byte and the line are named', async () => {
    const path = fileOf(Buffer.from('line\ncaf\xe9\n', 'latin1'));
    expect(await problemOf(path)).toMatchObject({
      code: 'NOT_UTF8',
      file: path,
      line: 2,
      message: 'byte 8 is not UTF-8',
    });
    const wide = fileOf(Buffer.from('\ufeffred', 'utf16le'));
    expect(await problemOf(wide)).toMatchObject({ remedy: 'convert it: iconv -f UTF-16 -t UTF-8' });
  });

  test('holds nothing, or no text at all', async () => {
    expect(await problemOf(fileOf(' \n'))).toMatchObject({ code: 'EMPTY_FILE', message: 'there is nothing in it' });
    expect(await captureFromPath(fileOf(''), { drivers, driverId: 'blue' })).toMatchObject({ ok: true });
    expect(await problemOf(fileOf(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0xff])))).toMatchObject({
      code: 'NOT_TEXT',
      message: 'the file is compressed by gzip',
      remedy: 'unpack it: gunzip',
    });
    expect(await problemOf(fileOf(Buffer.from('%PDF\n\0\xff', 'latin1')))).toMatchObject({
      code: 'NOT_TEXT',
      message: 'the file is no text',
    });
  });

  test('is too large, alone or together', async () => {
    expect(await problemOf(fileOf('red'.repeat(10)), { bytesMax: 20 })).toMatchObject({ code: 'TOO_LARGE' });
    const path = folderOf({ a: 'red'.repeat(4), b: 'red'.repeat(4) });
    expect(await problemOf(path, { bytesMax: 20 })).toMatchObject({ code: 'TOO_LARGE', file: join(path, 'b') });
  });

  test('is absent, empty, doubled, or not made of files', async () => {
    expect(await problemOf('/nowhere/at/all')).toMatchObject({ code: 'NO_SUCH_FILE', file: '/nowhere/at/all' });
    expect(await problemOf(tempDir())).toMatchObject({ code: 'EMPTY_FOLDER' });
    expect(await problemOf(folderOf({ 'a.txt': 'red', 'a.out': 'red' }))).toMatchObject({
      code: 'AMBIGUOUS_SECTION',
      message: 'a.txt and a.out are both the section "a"',
    });
    const nested = folderOf({ a: 'red' });
    mkdirSync(join(nested, 'deeper'));
    expect(await problemOf(nested)).toMatchObject({ code: 'NOT_A_FILE', file: join(nested, 'deeper') });
    const fifo = join(tempDir(), 'fifo');
    await run(['mkfifo', fifo]);
    expect(await problemOf(fifo)).toMatchObject({ code: 'NOT_A_FILE' });
  });
});
