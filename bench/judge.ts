import { performance } from 'node:perf_hooks';
import { loadRules } from '../agent/app/rules.js';
import {
  emptyJudgeState,
  type JudgeContext,
  type JudgeEvent,
  type JudgeState,
  judge,
  type Subject,
} from '../agent/judge/index.js';
import { parseAddressSet } from '../agent/model/index.js';
import { decode, encode } from '../agent/store/codec.js';
import { openStore } from '../agent/store/index.js';
import { windowMachine } from '../agent/windows/index.js';
import { removeLeftovers, tempDir } from '../test/support/machine.js';
import type { Bench, Row } from './bench.js';
import { quantile } from './bench.js';

const START = Date.UTC(2026, 0, 6, 8);
const MINUTE = 60_000;
const RUNS = 15;
const FLEET = 1_000;
/** Polls whose step is stored as well: each waits for the disk. */
const STORED = 100;

export function contextOf(devices: number): JudgeContext {
  const rules = loadRules();
  if (!rules.ok) throw new Error(rules.error.message);
  return {
    devices: Object.fromEntries(
      Array.from({ length: devices }, (_, index) => [`fw${index}`, { kind: 'fw' as const, zone: 'dmz' }]),
    ),
    approvedHosts: [],
    ...rules.value,
    graceMinutes: 15,
    windows: windowMachine,
  };
}

export function opening(device: string, index: number): Subject {
  const text = `10.${index >> 8}.${index & 255}.7`;
  const port = 1_000 + index;
  return {
    id: `rule:${index}`,
    device,
    kind: 'rule',
    direction: 'forward',
    flow: {
      src: { text: '203.0.113.0/24', addresses: parseAddressSet('203.0.113.0/24')! },
      dst: { text, addresses: parseAddressSet(text)! },
      proto: 'tcp',
      ports: [port, port],
    },
    summary: `203.0.113.0/24 → ${text} tcp ${port}`,
    set: `set ${index}`,
    undo: `nft delete rule inet filter forward handle ${index}`,
  };
}

interface Shown {
  readonly undeclared: number;
  readonly declared: number;
}

function reading(device: string, at: number, { undeclared, declared }: Shown): JudgeEvent {
  const list = (count: number, from: number) =>
    Array.from({ length: count }, (_, index) => opening(device, from + index));
  const observation = { device, at, undeclared: list(undeclared, 0), declared: list(declared, 10_000) };
  return { kind: 'observed', at, observation: { ...observation, missing: [], blind: [] } };
}

function planned(state: JudgeState, context: JudgeContext, windows: number): JudgeState {
  let current = state;
  for (let index = 0; index < windows; index++) {
    const scope = [{ kind: 'rule' as const, ports: `${1_000 + index * 5}-${1_004 + index * 5}` }];
    const plan = { id: `W${index}`, vendor: 'vendor', devices: ['fw0'], start: START, scope };
    const window = { ...plan, end: START + (60 + index) * MINUTE };
    current = judge(current, { kind: 'windowPlanned', at: START, window }, context).state;
  }
  return current;
}

function timed(action: () => void): number {
  const startMs = performance.now();
  action();
  return performance.now() - startMs;
}

/** Every one of them is judged, as after a restart: of a state that was read from the store nothing is known. */
function oneDevice(): readonly Row[] {
  const context = contextOf(1);
  const shown = { undeclared: 500, declared: 0 };
  const planning = planned(emptyJudgeState(START), context, 50);
  const first: number[] = [];
  const again: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const fresh = decode<JudgeState>(encode(planning));
    const event = reading('fw0', START + MINUTE, shown);
    let state = fresh;
    first.push(
      timed(() => {
        state = judge(fresh, event, context).state;
      }),
    );
    const stored = decode<JudgeState>(encode(state));
    const next = reading('fw0', START + 6 * MINUTE, shown);
    again.push(timed(() => void judge(stored, next, context)));
  }
  const what = 'one device, 500 openings, 50 windows';
  return [
    {
      what: `${what}: judged as a whole, median of ${RUNS}`,
      figure: quantile(again, 0.5),
      unit: 'ms',
      goal: '< 20 ms',
    },
    { what: `${what}: the reading that shows them first`, figure: quantile(first, 0.5), unit: 'ms', goal: '< 20 ms' },
  ];
}

/** 1,000 devices with five openings and five declared flows each, read again and again. */
function fleet(say: (progress: string) => void): readonly Row[] {
  const context = contextOf(FLEET);
  const shown = { undeclared: 5, declared: 5 };
  const names = Object.keys(context.devices);
  let state = emptyJudgeState(START);
  for (const name of names) state = judge(state, reading(name, START, shown), context).state;
  say(`${state.findings.length} findings of ${FLEET} devices`);
  const rounds = [1, 2, 3].map((round) => {
    const events = names.map((name) => reading(name, START + round * 5 * MINUTE, shown));
    return timed(() => {
      for (const event of events) state = judge(state, event, context).state;
    });
  });
  say(`${rounds.map((ms) => Math.round(ms)).join(', ')} ms for ${FLEET} polls`);
  const store = openStore({ path: `${tempDir()}/ecluse.db` });
  if (!store.ok) throw new Error(store.error.message);
  const { judge: kept, close } = store.value;
  kept.commit({ previous: state, next: state, events: [], at: START });
  const stored = names.slice(0, STORED).map((name) => {
    const event = reading(name, START + 25 * MINUTE, shown);
    return timed(() => {
      const step = judge(state, event, context);
      kept.commit({ previous: state, next: step.state, events: step.events, at: event.at });
      state = step.state;
    });
  });
  close();
  const what = `${FLEET} devices’ unchanged polls`;
  return [
    { what: `${what}, judged, median of 3`, figure: quantile(rounds, 0.5) / 1000, unit: 's', goal: '< 2 s' },
    { what: 'one of them, judged and stored on disk, median', figure: quantile(stored, 0.5), unit: 'ms' },
  ];
}

export const bench: Bench = {
  about: 'The judge alone, in this process, with the rules that Écluse brings along.',
  async run(say) {
    try {
      return [...oneDevice(), ...fleet(say)];
    } finally {
      removeLeftovers();
    }
  },
};
