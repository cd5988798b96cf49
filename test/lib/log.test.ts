import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { virtualClock } from '../../agent/lib/clock.js';
import { type LogFile, type LogLevel, logFileProblem, neutralise, openLog } from '../../agent/lib/log.js';
import { secret } from '../../agent/lib/secret.js';
import { tempDir, waitFor } from '../support/system.js';

const clock = virtualClock(Date.UTC(2016, 1, 16, 8, 0));

/** A stream as slow as a pipe with a tired reader: a log that did not wait for it would lose its last lines. */
function slowStream(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      setTimeout(() => {
        chunks.push(String(chunk));
        done();
      }, 2);
    },
  });
  return { stream, text: () => chunks.join('') };
}

async function logged(level: LogLevel, write: (log: ReturnType<typeof openLog>) => void): Promise<string> {
  const { stream, text } = slowStream();
  const log = openLog({ level, stream, clock });
  write(log);
  await log.closeLog();
  return text();
}

function parsed(text: string): readonly unknown[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}

describe('the log', () => {
  test('is one JSON object a line, with time, level, message and fields', async () => {
    const text = await logged('info', (log) => {
      log.info('snapshot taken', { device: 'fw', lines: 3 });
      log.warn('window is overdue', {});
    });
    expect(text).toBe(
      '{"time":"2016-02-16T08:00:00.000Z","level":"info","message":"snapshot taken","device":"fw","lines":3}\n' +
        '{"time":"2016-02-16T08:00:00.000Z","level":"warn","message":"window is overdue"}\n',
    );
  });

  test.each([
    ['error', ['error']],
    ['warn', ['error', 'warn']],
    ['info', ['error', 'warn', 'info']],
    ['debug', ['error', 'warn', 'info', 'debug']],
  ] as const)('at level %s says %j', async (level, expected) => {
    const text = await logged(level, (log) => {
      for (const one of ['error', 'warn', 'info', 'debug'] as const) log[one]('said');
    });
    expect(parsed(text)).toEqual(expected.map((one) => expect.objectContaining({ level: one })));
  });

  test('changes its level while it runs', async () => {
    const text = await logged('error', (log) => {
      log.info('before');
      log.setLevel('info');
      log.info('after');
    });
    expect(parsed(text)).toEqual([expect.objectContaining({ message: 'after' })]);
  });

  test('keeps common fields, and a field that is named like a member of the line', async () => {
    const text = await logged('info', (log) =>
      log.with({ device: 'fw', time: 'noon' }).with({ try: 2 }).info('read', { level: 9, message: 'x' }),
    );
    expect(parsed(text)).toEqual([
      {
        time: '2016-02-16T08:00:00.000Z',
        level: 'info',
        message: 'read',
        device: 'fw',
        time_: 'noon',
        try: 2,
        level_: 9,
        message_: 'x',
      },
    ]);
  });

  test('shows no secret, and shows errors and big numbers', async () => {
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', password: secret('hunter') });
    const text = await logged('info', (log) =>
      log.info('sink failed', { token: secret('hunter'), cause, address: 1n << 100n }),
    );
    expect(text).not.toContain('hunter');
    expect(parsed(text)).toEqual([
      expect.objectContaining({
        token: '<secret>',
        cause: { name: 'Error', message: 'refused', code: 'ECONNREFUSED', password: '<secret>' },
        address: '1267650600228229401496703205376',
      }),
    ]);
  });

  test('a field that cannot be printed does not lose the line', async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const text = await logged('info', (log) => log.info('odd', { circle }));
    expect(parsed(text)).toEqual([expect.objectContaining({ message: 'odd', unprintable: ['circle'] })]);
  });

  test('closing waits for the last of many lines, twice does no harm, and then nothing is written', async () => {
    const { stream, text } = slowStream();
    const log = openLog({ stream, clock });
    for (let number = 0; number < 100; number++) log.info('line', { number });
    await Promise.all([log.closeLog(), log.closeLog()]);
    log.info('late');
    expect(parsed(text())).toHaveLength(100);
    expect(parsed(text()).at(-1)).toMatchObject({ number: 99 });
  });

  test('a stream that breaks is counted and ends neither the process nor the closing', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const log = openLog({ stream, clock });
    log.info('lost');
    await log.closeLog();
    expect(log.lost()).toBeGreaterThan(0);
  });
});

describe('terminal escapes', () => {
  test.each([
    ['an escape sequence', '\u001b[2J'],
    ['a one-byte CSI', '\u009b2J'],
    ['a delete', '\u007f'],
    ['a line feed', 'a\nb'],
    ['a line separator', 'a\u2028b'],
    ['text turned round', 'fw\u202egnp.exe'],
    ['an isolate', '\u2066x\u2069'],
  ])('%s comes out as text, and is the same value again when read', async (_name, evil) => {
    const text = await logged('info', (log) => log.info('seen', { host: evil, [evil]: 1 }));
    expect(text).toMatch(/^[\x20-\x7e]*\n$/);
    expect(parsed(text)).toEqual([expect.objectContaining({ host: evil, [evil]: 1 })]);
  });

  test('leave ordinary French alone', () =>
    expect(neutralise('"écluse fermée — 12 h"')).toBe('"écluse fermée — 12 h"'));
});

describe('the log file', () => {
  function fileLog(options: Partial<LogFile> = {}) {
    const path = join(tempDir(), 'ecluse.log');
    const { stream, text } = slowStream();
    const file = { path, bytesMax: 64 * 1024, keep: 2, ...options };
    return { path, text, log: openLog({ level: 'warn', stream, clock, file }) };
  }

  test('has everything that happened, where the stream says only what goes wrong', async () => {
    const { path, text, log } = fileLog();
    log.debug('looked');
    log.info('snapshot taken', { device: 'fw', key: secret('hunter2') });
    log.warn('window is overdue');
    await log.closeLog();
    expect(parsed(readFileSync(path, 'utf8'))).toEqual([
      { time: '2016-02-16T08:00:00.000Z', level: 'info', message: 'snapshot taken', device: 'fw', key: '<secret>' },
      { time: '2016-02-16T08:00:00.000Z', level: 'warn', message: 'window is overdue' },
    ]);
    expect(parsed(text())).toEqual([expect.objectContaining({ message: 'window is overdue' })]);
    expect(statSync(path).mode & 0o007).toBe(0);
  });

  test('is put aside when it is full: no line is lost or torn but those of files that are not kept', async () => {
    const bytesMax = 64 * 1024;
    const { path, log } = fileLog({ bytesMax, keep: 2 });
    const folder = dirname(path);
    const isIn = (name: string, number: number): boolean => {
      try {
        return readFileSync(join(folder, name), 'utf8').includes(`"number":${number},`);
      } catch (error) {
        // It is being put aside; the next look finds it under its other name.
        expect(error).toMatchObject({ code: 'ENOENT' });
        return false;
      }
    };
    for (let batch = 0; batch < 20; batch++) {
      for (let at = 0; at < 150; at++) log.info('reading taken', { number: batch * 150 + at, filler: 'x'.repeat(60) });
      // What is logged faster than the disk takes it waits in memory; a guard never logs that fast.
      await waitFor(() => readdirSync(folder).some((name) => isIn(name, batch * 150 + 149)), { what: 'the last line' });
    }
    await log.closeLog();
    expect(log.lost()).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['ecluse.log', 'ecluse1.log', 'ecluse2.log']);
    const files = ['ecluse2.log', 'ecluse1.log', 'ecluse.log'].map((name) => readFileSync(join(folder, name), 'utf8'));
    const lines = parsed(files.join('')) as readonly { readonly number: number }[];
    // Lines that wait while a file is put aside may overtake each other; each has its time.
    const numbers = lines.map(({ number }) => number).sort((a, b) => a - b);
    expect(numbers.at(-1)).toBe(2999);
    expect(numbers).toEqual(numbers.map((_, at) => numbers[0]! + at));
    for (const file of files) expect(file.length).toBeLessThan(bytesMax + 64 * 1024);
  });

  test('goes on where it was', async () => {
    const path = join(tempDir(), 'ecluse.log');
    for (const message of ['first', 'second'] as const) {
      const log = openLog({ stream: slowStream().stream, clock, file: { path, bytesMax: 65_536, keep: 1 } });
      log.info(message);
      await log.closeLog();
    }
    expect(parsed(readFileSync(path, 'utf8'))).toEqual([
      expect.objectContaining({ message: 'first' }),
      expect.objectContaining({ message: 'second' }),
    ]);
  });

  test('that cannot be written is a problem before anything is logged', () => {
    const path = join(tempDir(), 'no-such-folder', 'ecluse.log');
    expect(logFileProblem({ path, bytesMax: 65_536, keep: 1 })).toMatchObject({ code: 'LOG_UNWRITABLE', file: path });
    expect(logFileProblem({ path: join(tempDir(), 'ecluse.log'), bytesMax: 65_536, keep: 1 })).toBeUndefined();
  });
});
