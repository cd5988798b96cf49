import { describe, expect, test } from '@jest/globals';
import { type GuardTools, openGuard, realParts } from '../../agent/app/guard/index.js';
import { type CommandRunner, localRunner, type StepAnswer } from '../../agent/collect/index.js';
import type { DialogueStep } from '../../agent/drivers/contract.js';
import { fakeProgram } from '../collect/fakes.js';
import { START } from '../support/guard.js';
import { fakeWorld, must } from './fakes.js';

/** Long enough for a program that ends by itself, however busy the machine is. */
const PATIENT_MS = 20_000;

function pair(step: DialogueStep, answer: StepAnswer | undefined): readonly (readonly [DialogueStep, StepAnswer])[] {
  return answer ? [[step, answer]] : [];
}

/** This machine, but for nft: the real runner runs a program of the test in its place. */
function runnerWith(script: string, timeoutMsMax: number): CommandRunner {
  const nft = fakeProgram(script);
  const local = localRunner();
  const other = (step: DialogueStep): DialogueStep => {
    const argv = step.argv.map((word, at) => (at === 0 && word === 'nft' ? nft : word));
    return { ...step, argv, timeoutMsMax, bytesMax: 1024 * 1024 };
  };
  return {
    ...local,
    converse: async (speakers, options) => {
      const steps = speakers.flatMap(({ dialogue }) => dialogue.steps).map((step) => ({ step, other: other(step) }));
      const instead = speakers.map(({ id, dialogue }) => ({
        id,
        dialogue: { ...dialogue, steps: dialogue.steps.map((step) => steps.find((one) => one.step === step)!.other) },
      }));
      const passes = await local.converse(instead, options);
      return passes.map(({ answers }) => ({
        answers: new Map(steps.flatMap((one) => pair(one.step, answers.get(one.other)))),
      }));
    },
    follow: async () => ({ kind: 'missing', what: 'nft' }),
  };
}

async function watchedFor(script: string, timeoutMsMax: number) {
  const base = fakeWorld(['fw']);
  const world = { ...base, settings: { ...base.settings, devices: base.settings.devices.map(onlyNft) } };
  const parts: GuardTools['parts'] = (place) => realParts({ ...place, runner: () => runnerWith(script, timeoutMsMax) });
  const guard = must(await openGuard(world.settings, { ...world.tools, parts }));
  const rows: string[] = [];
  const running = guard.run({
    onEvents: (events) => rows.push(...events.map((event) => `${event.code} ${event.finding.details?.join('; ')}`)),
  });
  await running.firstReadings;
  for (const minutes of [5, 16]) {
    world.clock.advanceTo(START + minutes * 60_000);
    await running.settled();
  }
  return { guard, rows };
}

const onlyNft = <T>(device: T) => ({ ...device, drivers: ['nftables'] });

describe('an nft that', () => {
  test.each<[string, string, RegExp, number?]>([
    ['hangs', 'exec sleep 60', /no end after 400 ms/, 400],
    ['says what is no ruleset', 'echo "table inet {{{ nonsense"', /./],
    ['never stops talking', 'exec head -c 50000000 /dev/zero', /more than 1048576 bytes/],
    ['writes what is no text', "printf 'table \\377\\376'", /not UTF-8/],
    ['is refused, with an escape', "printf '\\033[2JOperation not permitted' >&2; exit 1", /refused.*CAP_NET_ADMIN/],
    ['breaks off', 'echo "table inet filter {"; exit 0', /./],
  ])('%s is blindness, told after two readings, in words', async (_case, script, words, timeoutMsMax = PATIENT_MS) => {
    const { guard, rows } = await watchedFor(script, timeoutMsMax);
    try {
      expect(rows).toEqual([expect.stringMatching(/^GUARD_BLIND /)]);
      expect(rows[0]).toMatch(words);
      expect(rows[0]).not.toContain('\u001b');
      const { findings } = must(await guard.findings({ all: false }));
      expect(findings.map((finding) => finding.code)).toEqual(['GUARD_BLIND']);
      expect(must(await guard.snapshots({})).some((one) => one.complete)).toBe(false);
    } finally {
      await guard.close();
    }
  });
});
