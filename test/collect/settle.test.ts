import { describe, expect, test } from '@jest/globals';
import { captureHash, localRunner, readTwice, runDialogue, type SettleOptions } from '../../agent/collect/index.js';
import type { Capture, DialogueStep, VolatilePattern } from '../../agent/drivers/contract.js';
import { tempDir } from '../support/system.js';
import { driverWith, fakeProgram, step } from './fakes.js';

function readings(...texts: readonly (string | undefined)[]): () => Promise<Capture> {
  let at = 0;
  return async () => {
    const text = texts[Math.min(at++, texts.length - 1)];
    const sections = text === undefined ? [] : [{ name: 'rules', source: 'nft list ruleset', text }];
    return { driver: 'fake', device: 'web-01', sections };
  };
}

/** One driver alone. */
async function twice(
  read: () => Promise<Capture>,
  volatile: readonly VolatilePattern[],
  options: SettleOptions,
  steps: readonly DialogueStep[] = [],
): Promise<Capture> {
  const captures = await readTwice(
    async () => [await read()],
    [{ id: 'fake', dialogue: { steps }, volatile }],
    options,
  );
  return captures[0]!;
}

const noPause = { pause: async () => {} };

describe('two readings', () => {
  test('that agree are a capture', async () => {
    const capture = await twice(readings('a\n'), [], noPause);
    expect(capture.sections).toEqual([{ name: 'rules', source: 'nft list ruleset', text: 'a\n' }]);
  });

  test('that differ only in counters agree', async () => {
    const counters = { title: 'counters', pattern: /packets \d+/, replacement: 'packets N' };
    let packets = 0;
    const read = async (): Promise<Capture> => ({ ...(await readings(`packets ${packets++} packets 5\n`)()) });
    expect((await twice(read, [counters], noPause)).sections[0]!.failure).toBeUndefined();
    expect(packets).toBe(2);
  });

  test('may differ in what comes and goes, but the hash does not leave it out', async () => {
    const pattern = /udp \d{5}\n/;
    const clients = { title: 'clients', pattern, replacement: '', onlyBetweenReadings: true } as const;
    const [one, two] = ['tcp 22\nudp 40001\n', 'tcp 22\nudp 40002\nudp 40003\n'];
    const capture = await twice(readings(one, two), [clients], noPause);
    expect(capture.sections[0]).toEqual({ name: 'rules', source: 'nft list ruleset', text: two });
    expect(captureHash(capture, [clients])).not.toBe(captureHash(await readings(one)(), [clients]));
  });

  test('are taken again until the device holds still, with pauses that grow', async () => {
    const pauses: number[] = [];
    const pause = async (ms: number): Promise<void> => void pauses.push(ms);
    const capture = await twice(readings('a\n', 'b\n', 'c\n', 'c\n'), [], { pause, pauseMs: 10 });
    expect(capture.sections[0]).toMatchObject({ text: 'c\n' });
    expect(capture.sections[0]!.failure).toBeUndefined();
    expect(pauses).toEqual([10, 20]);
  });

  test('that never agree are unstable, and say what moved', async () => {
    const capture = await twice(readings('a\nb\n', 'a\nc\n', 'a\nd\n', 'a\ne\n', 'a\n\u001b[31mf\n'), [], noPause);
    expect(capture.sections[0]!.failure).toMatchObject({
      kind: 'unstable',
      problem: {
        code: 'UNSTABLE',
        message: 'web-01: nft list ruleset: still changing after 5 readings; line 2 was "e" and then "f"',
      },
    });
  });

  test('that were given up end without a pause, and nothing that was not agreed on is taken for good', async () => {
    const giveUp = new AbortController();
    const pauses: number[] = [];
    const pause = async (ms: number): Promise<void> => void pauses.push(ms);
    const next = readings('a\n', 'b\n', 'b\n');
    let taken = 0;
    const read = async (): Promise<Capture> => {
      if (++taken === 2) giveUp.abort();
      return next();
    };
    const capture = await twice(read, [], { pause, signal: giveUp.signal });
    expect(capture.sections[0]!.failure).toMatchObject({ kind: 'unstable' });
    expect({ taken, pauses }).toEqual({ taken: 2, pauses: [] });
  });

  test('that are given up during a pause do not wait for its end', async () => {
    const giveUp = new AbortController();
    const read = readings('a\n', 'b\n', 'c\n', 'd\n', 'e\n');
    const capture = twice(read, [], { pauseMs: 3_600_000, signal: giveUp.signal });
    setImmediate(() => giveUp.abort());
    expect((await capture).sections[0]!.failure).toMatchObject({ kind: 'unstable' });
  });

  test('of which one has a section and the other not are unstable', async () => {
    const capture = await twice(readings('a\n', undefined), [], { ...noPause, readingsMax: 2 });
    expect(capture.sections).toMatchObject([{ name: 'rules', text: '', failure: { kind: 'unstable' } }]);
  });
});

describe('several drivers', () => {
  const capture = (driver: string, text: string): Capture => ({
    driver,
    device: 'web-01',
    sections: [{ name: 'rules', source: driver, text }],
  });
  const drivers = ['a', 'b'].map((id) => ({ id, dialogue: { steps: [] }, volatile: [] }));

  test('must agree with themselves in one and the same pair of readings', async () => {
    const answers = [
      ['1', '1'],
      ['2', '1'],
      ['2', '2'],
      ['2', '2'],
    ];
    let at = 0;
    const read = async (): Promise<Capture[]> => {
      const [a, b] = answers[at++]!;
      return [capture('a', a!), capture('b', b!)];
    };
    const captures = await readTwice(read, drivers, noPause);
    expect(captures.map(({ sections }) => sections[0]!.text)).toEqual(['2', '2']);
    expect(at).toBe(4);
  });

  test('that move are told apart from those that hold still', async () => {
    let at = 0;
    const read = async (): Promise<Capture[]> => [capture('a', 'same'), capture('b', `${at++}`)];
    const captures = await readTwice(read, drivers, noPause);
    expect(captures.map(({ sections }) => sections[0]!.failure?.kind)).toEqual([undefined, 'unstable']);
  });
});

test('what stands beside the device comes and goes without another reading', async () => {
  let at = 0;
  const read = async (): Promise<Capture> => ({
    driver: 'fake',
    device: 'web-01',
    sections: [
      { name: 'nft', source: 'nft list ruleset', text: 'a\n' },
      ...(at++ % 2 === 0 ? [{ name: 'lsns', source: 'lsns', text: `${at}\n` }] : []),
    ],
  });
  const steps = [step(['nft']), step(['lsns'], { id: 'lsns', beside: true })];
  const capture = await twice(read, [], noPause, steps);
  expect(at).toBe(2);
  expect(capture.sections.map(({ failure }) => failure)).toEqual([undefined]);
});

test('a cross-check that goes on moving is given up, and does not make the reading unstable', async () => {
  const steps = [step(['nft']), step(['nft', '-j'], { id: 'check', need: 'crossCheck' })];
  let at = 0;
  const read = async (): Promise<Capture> => {
    const sections = (await readings('a\n')()).sections;
    return { driver: 'fake', device: 'd', sections: [...sections, { name: 'check', source: 'x', text: `${at++}` }] };
  };
  const capture = await twice(read, [], noPause, steps);
  expect(at).toBe(3);
  expect(capture.sections.map(({ failure }) => failure)).toEqual([undefined, undefined]);
});

test('a step is the same in a virtual system: what only checks is no more there, what holds later is no less', async () => {
  const steps = [
    step(['config'], { id: 'config', eachVirtual: true }),
    step(['check'], { id: 'check', need: 'crossCheck', eachVirtual: true }),
    step(['saved'], { id: 'saved', need: 'later', eachVirtual: true }),
  ];
  const kinds = async (moving: string) => {
    let at = 0;
    const read = async (): Promise<Capture> => ({
      driver: 'fake',
      device: 'd',
      sections: ['config', 'ward-config', 'ward-check', 'ward-saved'].map((name) => ({
        name,
        source: name,
        text: name === moving ? `${at++}` : 'a',
      })),
    });
    return (await twice(read, [], { readingsMax: 3, ...noPause }, steps)).sections.map(({ failure }) => failure?.kind);
  };
  expect(await kinds('ward-check')).toEqual([undefined, undefined, undefined, undefined]);
  expect(await kinds('ward-saved')).toEqual([undefined, undefined, undefined, 'unstable']);
});

test('a real program that changes its answer each time is unstable', async () => {
  const program = fakeProgram(`echo line >> ${tempDir()}/log; echo always; date +%s%N`);
  const driver = driverWith(step([program]), step(['echo', 'still'], { id: 'still' }));
  const runner = localRunner();
  const capture = await twice(() => runDialogue(driver, runner, 'web-01'), [], { readingsMax: 3, pauseMs: 1 });
  expect(capture.sections.map((section) => section.failure?.kind)).toEqual(['unstable', undefined]);
  expect(capture.sections[0]!.failure?.problem.message).toContain('line 2 was');
});
