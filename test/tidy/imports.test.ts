import { builtinModules } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { has, sources } from './files.js';
import { type Import, importsOf, loadedWith } from './graph.js';

/**
 * Who may import whom (docs: "the house"). Anything that is not listed is forbidden; `lib` is open to all. A room is
 * a folder of agent/; drivers are told apart by platform.
 */
interface Room {
  readonly values: readonly string[] | 'everything';
  /** Rooms whose types alone may be named: nothing of them runs here. */
  readonly types?: readonly string[] | 'everything';
  readonly because: string;
}

const nothing: readonly string[] = [];

const rooms: Readonly<Record<string, Room>> = {
  lib: { values: nothing, because: 'everything stands on lib, so lib stands on nothing of ours' },
  packets: { values: nothing, because: 'the algebra knows no firewall, so that its laws can be tested alone' },
  model: { values: nothing, because: 'the nouns belong to no platform and to no judgement' },
  windows: {
    values: nothing,
    because: 'the window machine is (state, event, now) → (state, effects) and nothing else',
  },
  exposure: { values: ['model', 'packets'], because: 'what a device lets through depends on the device alone' },
  baseline: { values: ['model', 'packets', 'exposure'], because: 'what is declared must not depend on what is judged' },
  judge: {
    values: ['model', 'packets', 'exposure', 'baseline'],
    types: ['windows'],
    because: 'a judgement can be replayed from stored captures: it neither collects, stores nor tells',
  },
  alarms: { values: nothing, types: ['judge'], because: 'telling never judges: it knows the shape of a finding only' },
  config: {
    values: ['model'],
    types: ['baseline', 'windows'],
    because: 'configuration is read before anything that it configures; addresses are written one way everywhere',
  },
  collect: {
    values: ['drivers/contract', 'model'],
    because:
      'collecting runs any dialogue by the contract; app gives it the drivers, so one platform cannot be special',
  },
  'drivers/contract': {
    values: ['model'],
    because: 'the contract is what platforms and collecting share, and no more',
  },
  'drivers/shared': { values: ['model', 'drivers/contract'], because: 'shared readers serve every platform' },
  'drivers/registry': {
    values: ['drivers/*', 'drivers/contract'],
    because: 'the registry knows the platforms by their contract',
  },
  'drivers/*': {
    values: ['model', 'drivers/contract', 'drivers/shared'],
    because: 'one platform is one folder: it can be added, changed or removed without reading another',
  },
  store: {
    values: nothing,
    types: ['model', 'baseline', 'judge', 'windows', 'alarms'],
    because: 'store implements ports that others declare; it remembers and never decides',
  },
  ledger: {
    values: nothing,
    types: ['model', 'baseline', 'judge', 'windows', 'alarms'],
    because: 'evidence is written as it was judged; the ledger never judges again',
  },
  console: { values: nothing, because: 'the browser speaks REST only, as everyone else may' },
  http: { values: ['app', 'config'], types: 'everything', because: 'an interface asks the application, never a room' },
  cli: { values: ['app', 'config'], types: 'everything', because: 'an interface asks the application, never a room' },
  main: { values: ['cli', 'app'], because: 'main takes argv and gives an exit code' },
  app: { values: 'everything', because: 'the composition root wires the rooms' },
};

/** The room of a file, and its own part of the house: files of one part may import each other. */
function place(path: string): { readonly room: string; readonly part: string } {
  const [, top = '', second = '', ...rest] = path.split('/');
  if (top === 'main.ts') return { room: 'main', part: 'main' };
  if (top !== 'drivers') return { room: top, part: top };
  if (second === 'contract.ts') return { room: 'drivers/contract', part: 'drivers/contract' };
  if (second === 'shared') return { room: 'drivers/shared', part: 'drivers/shared' };
  if (rest.length === 0) return { room: 'drivers/registry', part: 'drivers' };
  return { room: 'drivers/*', part: `drivers/${second}` };
}

function permits(list: Room['values'], room: string): boolean {
  return list === 'everything' || list.includes(room);
}

/** Why an import is forbidden, or undefined. */
export function objection(one: Pick<Import, 'from' | 'target' | 'typeOnly'>): string | undefined {
  if (one.target === undefined) return undefined;
  if (!one.target.startsWith('agent/')) return 'the product stands without its tests, tools and documents';
  const from = place(one.from);
  const to = place(one.target);
  if (from.part === to.part) return undefined;
  const room = rooms[from.room];
  if (room === undefined) return `${from.room}/ is not a room of the house: design it before building it`;
  if (to.room === 'lib' && from.room !== 'console') return undefined;
  if (to.room === 'main') return 'nothing stands on main';
  if (permits(room.values, to.room)) return undefined;
  if (permits(room.types ?? nothing, to.room)) {
    return one.typeOnly ? undefined : `${from.room} may name types of ${to.room} only (import type): ${room.because}`;
  }
  return `${from.room} may not import ${to.room}: ${room.because}`;
}

/** From parse to judge everything is pure, so that a stored capture can be judged again and give the same answer. */
const PURE = [
  'packets',
  'model',
  'windows',
  'exposure',
  'baseline',
  'judge',
  'drivers/*',
  'drivers/shared',
  'drivers/contract',
];
const IMPURE = new Set([
  ...['fs', 'fs/promises', 'net', 'http', 'http2', 'https', 'tls', 'dgram', 'dns', 'dns/promises', 'child_process'],
  ...[
    'worker_threads',
    'cluster',
    'timers',
    'timers/promises',
    'os',
    'process',
    'readline',
    'repl',
    'inspector',
    'sqlite',
  ],
  ...['winston', 'ssh2', 'node-cron', 'fastify', 'kysely', 'nodemailer', 'pg', '@photostructure/sqlite'],
]);

const product = sources('agent');

function shown(one: Import, why: string): string {
  return `${one.from}:${one.line}: ${one.specifier}: ${why}`;
}

describe('imports', () => {
  test('point the way the house says', () => {
    const wrong = product.flatMap(importsOf).flatMap((one) => {
      const why = objection(one);
      return why === undefined ? [] : [shown(one, why)];
    });
    expect(wrong).toEqual([]);
  });

  test('name files that exist, with the suffix that Node wants', () => {
    const wrong = [...product, ...sources('test', 'bench')].flatMap(importsOf).flatMap((one) => {
      if (one.target === undefined || (one.specifier.endsWith('.js') && has(one.target))) return [];
      return [shown(one, 'no such file')];
    });
    expect(wrong).toEqual([]);
  });

  test('of Node say so with node:', () => {
    const builtin = new Set(builtinModules);
    const wrong = [...product, ...sources('test', 'bench')]
      .flatMap(importsOf)
      .filter((one) => builtin.has(one.specifier) && !one.specifier.startsWith('node:'));
    expect(wrong.map((one) => shown(one, `write node:${one.specifier}`))).toEqual([]);
  });

  test('keep everything from parse to judge pure', () => {
    const wrong = product
      .filter((path) => PURE.includes(place(path).room))
      .flatMap(importsOf)
      .filter((one) => !one.typeOnly && IMPURE.has(one.specifier.replace(/^node:/, '')));
    const why = 'from parse to judge nothing reads a clock, a disk or a network, so that a judgement can be replayed';
    expect(wrong.map((one) => shown(one, why))).toEqual([]);
  });
});

/** A person waits for what a command loads, and longer than for its answer: each module takes a third of a millisecond. */
describe('commands about captures', () => {
  const OFFLINE = ['ask', 'coverage', 'diff', 'exposure'].map((name) => `agent/cli/${name}.ts`);

  test('print their help with nothing loaded that reads or compares', () => {
    const heavy = /^agent\/(?:config|model|exposure|packets|drivers|collect)\//;
    const loaded = loadedWith(['agent/main.ts', ...OFFLINE]);
    expect(loaded.length).toBeGreaterThan(5);
    const wrong = loaded.filter(
      ({ target, specifier }) => heavy.test(target ?? '') || /^(?:zod|yaml)$/.test(specifier),
    );
    expect(wrong.map((one) => shown(one, 'import it where there is work'))).toEqual([]);
  });

  test('answer with neither the schemas of the configuration nor their library', () => {
    const loaded = loadedWith(['agent/app/offline.ts', 'agent/app/offline-ask.ts', 'agent/app/offline-diff.ts']);
    expect(loaded.some(({ target }) => target === 'agent/exposure/index.ts')).toBe(true);
    const wrong = loaded.filter(
      ({ target, specifier }) => target?.startsWith('agent/config/') || /^(?:zod|yaml)$/.test(specifier),
    );
    expect(wrong.map((one) => shown(one, 'a capture needs none of it'))).toEqual([]);
  });
});

/** The table itself, checked against cases that must be forbidden or allowed: a rule that forbids nothing is no rule. */
describe('the table', () => {
  test.each([
    ['packets/kernel.ts', 'lib/assert.ts', 'value'],
    ['judge/drift.ts', 'exposure/index.ts', 'value'],
    ['judge/drift.ts', 'windows/index.ts', 'type'],
    ['alarms/route.ts', 'judge/index.ts', 'type'],
    ['store/memory.ts', 'judge/findings.ts', 'type'],
    ['config/schema.ts', 'windows/index.ts', 'type'],
    ['config/schema.ts', 'model/index.ts', 'value'],
    ['collect/local.ts', 'drivers/contract.ts', 'value'],
    ['drivers/nftables/read.ts', 'drivers/shared/index.ts', 'value'],
    ['drivers/registry.ts', 'drivers/nftables/index.ts', 'value'],
    ['drivers/nftables/read.ts', 'drivers/nftables/parse.ts', 'value'],
    ['cli/ask.ts', 'app/index.ts', 'value'],
    ['cli/ask.ts', 'judge/index.ts', 'type'],
    ['app/start.ts', 'store/index.ts', 'value'],
    ['main.ts', 'cli/index.ts', 'value'],
  ] as const)('lets %s import %s (%s)', (from, to, kind) => {
    expect(objection({ from: `agent/${from}`, target: `agent/${to}`, typeOnly: kind === 'type' })).toBeUndefined();
  });

  test.each([
    ['lib/log.ts', 'model/index.ts', 'type'],
    ['packets/kernel.ts', 'model/index.ts', 'type'],
    ['model/rule.ts', 'packets/index.ts', 'type'],
    ['windows/machine.ts', 'judge/index.ts', 'type'],
    ['judge/drift.ts', 'windows/index.ts', 'value'],
    ['judge/drift.ts', 'store/index.ts', 'type'],
    ['judge/drift.ts', 'alarms/index.ts', 'type'],
    ['alarms/route.ts', 'judge/index.ts', 'value'],
    ['store/memory.ts', 'judge/findings.ts', 'value'],
    ['store/memory.ts', 'config/index.ts', 'type'],
    ['collect/local.ts', 'drivers/registry.ts', 'value'],
    ['collect/local.ts', 'drivers/nftables/index.ts', 'value'],
    ['drivers/nftables/read.ts', 'drivers/iptables/read.ts', 'type'],
    ['drivers/nftables/read.ts', 'collect/index.ts', 'type'],
    ['drivers/nftables/read.ts', 'drivers/index.ts', 'value'],
    ['drivers/shared/lines.ts', 'drivers/nftables/index.ts', 'value'],
    ['cli/ask.ts', 'judge/index.ts', 'value'],
    ['cli/ask.ts', 'http/index.ts', 'value'],
    ['console/view.ts', 'lib/result.ts', 'value'],
    ['app/start.ts', 'main.ts', 'value'],
    ['helpers/x.ts', 'model/index.ts', 'value'],
  ] as const)('does not let %s import %s (%s)', (from, to, kind) => {
    expect(objection({ from: `agent/${from}`, target: `agent/${to}`, typeOnly: kind === 'type' })).toEqual(
      expect.any(String),
    );
  });

  test('does not let the product import its tests', () => {
    expect(objection({ from: 'agent/app/x.ts', target: 'test/support/run.ts', typeOnly: true })).toBeDefined();
  });
});
