import { emptyJudgeState, type FindingEvent, type JudgeState, type JudgeStore } from '../../agent/judge/index.js';

export interface MemoryStore extends JudgeStore {
  /** What was queued to be told, in order. */
  readonly told: readonly FindingEvent[];
}

/** A store that keeps the text of the state, as a file would: what does not survive being written down is lost. */
export function memoryStore(at = 0): MemoryStore {
  let text = JSON.stringify(emptyJudgeState(at), encode);
  const told: FindingEvent[] = [];
  return {
    told,
    load: () => JSON.parse(text, decode) as JudgeState,
    commit(step) {
      text = JSON.stringify(step.next, encode);
      told.push(...step.events);
    },
  };
}

/** IPv6 addresses are bigints, which JSON does not know. */
function encode(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { bigint: String(value) } : value;
}

function decode(_key: string, value: unknown): unknown {
  const boxed = value as { bigint?: string } | null;
  return typeof boxed === 'object' && typeof boxed?.bigint === 'string' ? BigInt(boxed.bigint) : value;
}
