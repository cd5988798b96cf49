import { describe, expect, test } from '@jest/globals';
import type { ChangeSeen, Reading } from '../../agent/app/guard/ports.js';
import { rounds } from '../../agent/app/guard/rounds.js';

function readingOf(hash: string): Reading {
  return { device: 'fw', at: 0, captures: [], complete: true, blind: [], hash, rules: 0, listeners: 0 };
}

interface Question {
  readonly what: 'whole' | 'change';
  readonly base?: string;
  readonly signal: AbortSignal;
  answer(hash: string): Promise<void>;
  say(change: ChangeSeen): Promise<void>;
}

/** Everything that comes of what has just been answered has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The device answers when the test says so; `taken` is what was judged, in its order. */
function device(options: { readonly looks?: boolean; readonly goesOut?: () => Promise<unknown> } = {}) {
  const open: Question[] = [];
  const taken: string[] = [];
  const stop = new AbortController();
  const ask = <T>(
    what: Question['what'],
    signal: AbortSignal,
    given: (value: Reading | ChangeSeen) => T,
    base?: string,
  ) =>
    new Promise<T>((resolve) => {
      const end = (value: Reading | ChangeSeen): Promise<void> => {
        open.splice(open.indexOf(question), 1);
        resolve(given(value));
        return settled();
      };
      const question: Question = {
        what,
        signal,
        ...(base !== undefined && { base }),
        answer: (hash) => end(what === 'whole' ? readingOf(hash) : { kind: 'seen', reading: readingOf(hash) }),
        say: end,
      };
      open.push(question);
      // What is cut short answers at once, with nothing that counts.
      if (signal.aborted) void end(readingOf('cut short'));
      signal.addEventListener('abort', () => void end(readingOf('cut short')));
    });
  const own = rounds<string>({
    whole: (signal) => ask('whole', signal, (value) => value as Reading),
    ...(options.looks !== false && {
      change: (base: Reading, signal: AbortSignal) => ask('change', signal, (value) => value as ChangeSeen, base.hash),
    }),
    take: ({ hash }) => {
      taken.push(hash);
      return hash;
    },
    signal: stop.signal,
    after: () => {},
    goesOut: options.goesOut ?? (async () => {}),
  });
  return { ...own, open, taken, stop, asked: () => open.map(({ what, base }) => (base ? `${what} ${base}` : what)) };
}

/** A device of which everything was read once. */
async function readOnce(options: Parameters<typeof device>[0] = {}) {
  const one = device(options);
  void one.read();
  await one.open[0]!.answer('first');
  return one;
}

describe('a change', () => {
  test('goes out to its receivers before everything is read', async () => {
    let isOut = (): void => {};
    const one = await readOnce({ goesOut: () => new Promise<void>((resolve) => (isOut = resolve)) });
    one.changed();
    await one.open[0]!.answer('changed');
    expect([one.taken, one.asked()]).toEqual([['first', 'changed'], []]);
    isOut();
    await settled();
    expect(one.asked()).toEqual(['whole']);
  });

  test('that follows while one goes out is looked at without waiting', async () => {
    const one = await readOnce({ goesOut: () => new Promise(() => {}) });
    one.changed();
    await one.open[0]!.answer('changed');
    one.changed();
    await settled();
    expect(one.asked()).toEqual(['change changed']);
    one.changed();
    await one.open[0]!.answer('again');
    expect([one.taken, one.asked()]).toEqual([['first', 'changed', 'again'], ['change again']]);
  });

  test('is looked at and judged at once, and everything is read after that', async () => {
    const one = await readOnce();
    one.changed();
    expect(one.asked()).toEqual(['change first']);
    await one.open[0]!.answer('changed');
    expect(one.taken).toEqual(['first', 'changed']);
    expect(one.asked()).toEqual(['whole']);
    await one.open[0]!.answer('all');
    expect(one.taken).toEqual(['first', 'changed', 'all']);
    expect(one.busy()).toBe(false);
  });

  test('before anything was read is a reason to read everything', async () => {
    const one = device();
    one.changed();
    expect(one.asked()).toEqual(['whole']);
  });

  test('that is not clear is left to a whole reading', async () => {
    const one = await readOnce();
    one.changed();
    await one.open[0]!.say({ kind: 'unclear' });
    expect(one.taken).toEqual(['first']);
    expect(one.asked()).toEqual(['whole']);
  });

  test('cuts a whole reading short: what it would say is older', async () => {
    const one = await readOnce();
    const answer = one.read();
    one.changed();
    await settled();
    expect(one.asked()).toEqual(['change first']);
    await one.open[0]!.answer('changed');
    await one.open[0]!.answer('all');
    expect(one.taken).toEqual(['first', 'changed', 'all']);
    // Who asked before the change gets a reading that began after it.
    expect(await answer).toBe('all');
  });

  test('while another is looked at is looked at as well', async () => {
    const one = await readOnce();
    one.changed();
    one.changed();
    await one.open[0]!.answer('one');
    expect(one.asked()).toEqual(['change one']);
    await one.open[0]!.answer('two');
    expect(one.asked()).toEqual(['whole']);
  });

  test('that never ends does not keep everything from being read', async () => {
    const one = await readOnce();
    let wholes = 0;
    for (let round = 0; round < 100 && wholes === 0; round++) {
      one.changed();
      await settled();
      const question = one.open[0]!;
      const isWhole = question.what === 'whole';
      if (isWhole) one.changed();
      await settled();
      if (isWhole && question.signal.aborted) continue;
      if (isWhole) wholes++;
      await question.answer(isWhole ? 'all' : `look ${round}`);
    }
    expect(one.taken).toContain('all');
    // What came during that reading is looked at next.
    expect(one.asked()).toEqual(['change all']);
  });

  test('of a device that is only read wholly begins a reading after the one under way', async () => {
    const one = await readOnce({ looks: false });
    one.changed();
    expect(one.asked()).toEqual(['whole']);
    one.changed();
    await one.open[0]!.answer('second');
    expect(one.asked()).toEqual(['whole']);
    await one.open[0]!.answer('third');
    expect(one.taken).toEqual(['first', 'second', 'third']);
  });

  test('is not looked at on top of a reading that was blind', async () => {
    const one = await readOnce();
    void one.read();
    const whole = one.open[0]!;
    await whole.say({ ...readingOf('blind'), complete: false } as unknown as ChangeSeen);
    one.changed();
    expect(one.asked()).toEqual(['whole']);
  });
});

test('a guard that is stopped while a change is looked at takes nothing more of it', async () => {
  const one = await readOnce();
  one.changed();
  const [look] = one.open;
  one.stop.abort();
  await look!.say({ kind: 'seen', reading: readingOf('late') });
  await one.idle();
  expect(one.taken.filter((hash) => hash === 'late')).toEqual([]);
});

describe('a reading that came from elsewhere', () => {
  test('is made and judged after the one under way', async () => {
    const one = await readOnce();
    void one.read();
    let made = false;
    const given = one.given(() => {
      made = true;
      return readingOf('imported');
    });
    await settled();
    expect(made).toBe(false);
    await one.open[0]!.answer('read');
    expect(await given).toBe('imported');
    expect(one.taken).toEqual(['first', 'read', 'imported']);
  });

  test('counts as one under way until it is judged', async () => {
    const one = await readOnce();
    const given = [one.given(() => readingOf('imported')), one.given(() => readingOf('imported too'))];
    await Promise.resolve();
    expect(one.busy()).toBe(true);
    const read = one.read();
    await Promise.all(given);
    await settled();
    await one.open[0]!.answer('read');
    await read;
    expect([...one.taken].sort()).toEqual(['first', 'imported', 'imported too', 'read']);
    expect(one.taken.indexOf('imported')).toBeLessThan(one.taken.indexOf('imported too'));
    expect(one.busy()).toBe(false);
  });
});
