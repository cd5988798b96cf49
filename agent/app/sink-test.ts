import { testRecord } from '../alarms/index.js';
import { placeOf, type Settings, sinkPlace } from '../config/index.js';
import { systemClock } from '../lib/clock.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import { sinksOf } from './guard/sinks.js';

export interface SinkTest {
  readonly id: string;
  /** Where it tells, for people. */
  readonly place: string;
  /** Absent where the receiver took the record, for everybody whom the sink names. */
  readonly problem?: Problem;
}

const ANSWER_MS_MAX = 15_000;

/**
 * Sends one record to each sink, or to those that are named, past the queue: what a person asks for now is answered
 * now. It says of itself that it is a test.
 */
export async function testSinks(settings: Settings, names: readonly string[]): Promise<Result<readonly SinkTest[]>> {
  const unknown = names.find((name) => !settings.sinks.some(({ id }) => id === name));
  if (unknown !== undefined || settings.sinks.length === 0) {
    const known = settings.sinks.map(({ id }) => id).join(', ');
    return failure({
      code: 'UNKNOWN_SINK',
      message: unknown === undefined ? 'the configuration names no sink' : `there is no sink ${unknown}`,
      expected: known === '' ? 'one under `sinks`, as config.example.yaml shows' : `one of ${known}`,
    });
  }
  const chosen = settings.sinks.filter(({ id }) => names.length === 0 || names.includes(id));
  // The answer to the person has standard output for itself.
  const sinks = sinksOf(chosen, process.stderr);
  if (!sinks.ok) return sinks;
  const told = sinks.value.map(async (sink, index): Promise<SinkTest> => {
    const record = testRecord(sink.id, systemClock.now(), placeOf(settings, []));
    const answer = await sink.deliver(record, AbortSignal.timeout(ANSWER_MS_MAX));
    await sink.close();
    const problem = answer.ok ? answer.complaint : answer.error;
    return { id: sink.id, place: sinkPlace(chosen[index]!), ...(problem && { problem }) };
  });
  return success(await Promise.all(told));
}
