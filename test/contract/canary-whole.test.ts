import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { DatabaseSync } from '@photostructure/sqlite';
import { openGuard, realParts } from '../../agent/app/guard/index.js';
import type { CommandOutput, CommandRunner, Speaker } from '../../agent/collect/index.js';
import { loadSettings } from '../../agent/config/index.js';
import type { DialogueStep, Section } from '../../agent/drivers/contract.js';
import { driverById, drivers } from '../../agent/drivers/registry.js';
import { serveOnSocket } from '../../agent/http/index.js';
import { udpReceiver } from '../alarms/receivers.js';
import { fakeLog, must } from '../app/fakes.js';
import { ecluse } from '../cli/capture.js';
import { rules } from '../support/services.js';
import { tempDir, waitFor } from '../support/system.js';
import { type Planted, plantedIn } from './plants.js';

/**
 * The whole way of 200 secrets in each platform: reading, store file with its write-ahead log, log, records to every
 * kind of sink, the socket's API, every answer of the command line, with and without a guard. Not one byte of any.
 */

/** How the devices answer: as they stand, with every secret changed, never twice the same, or with errors that quote. */
type Mood = 'plain' | 'changed' | 'restless' | 'broken';

interface Place {
  readonly id: string;
  readonly driver: string;
  readonly first: Planted;
  readonly second: Planted;
  /** Its sections are answers to steps; else it is a file that was imported. */
  readonly live: boolean;
}

const places: readonly Place[] = drivers.flatMap((driver) =>
  plantedIn(driver).map((first, at) => ({
    id: `${driver.id}-${at}`,
    driver: driver.id,
    first,
    second: plantedIn(driver, 2)[at]!,
    live: first.sections.every(({ name }) => driver.dialogue.steps.some((step) => step.id === name)),
  })),
);
const cores = places.flatMap(({ first, second }) => [...first.cores, ...second.cores]);

function runnerOf(place: Place, mood: () => Mood): CommandRunner {
  let pass = 0;
  const answerOf = ({ id, argv, need }: DialogueStep): CommandOutput => {
    const now = mood();
    const other = now === 'changed' || (now === 'restless' && pass % 2 === 0);
    const section = (other ? place.second : place.first).sections.find(({ name }) => name === id);
    if (!section) {
      return need === 'required'
        ? { kind: 'exited', exitCode: 0, stdout: '', stderr: '' }
        : { kind: 'missing', what: argv[0]! };
    }
    if (now === 'broken') return { kind: 'exited', exitCode: 1, stdout: section.text, stderr: section.text };
    return { kind: 'exited', exitCode: 0, stdout: section.text, stderr: '' };
  };
  const nothing = async (): Promise<CommandOutput> => ({ kind: 'missing', what: 'everything' });
  return {
    run: nothing,
    readFile: nothing,
    follow: nothing,
    parallelMax: 4,
    converse: async (speakers: readonly Speaker[], { passes }) =>
      Array.from({ length: passes }, () => {
        pass++;
        const steps = speakers.flatMap(({ dialogue }) => dialogue.steps);
        return {
          answers: new Map(steps.map((step) => [step, { source: step.argv.join(' '), output: answerOf(step) }])),
        };
      }),
  };
}

function written(folder: string, sections: readonly Section[]): string {
  for (const { name, text } of sections) writeFileSync(join(folder, name), text);
  return folder;
}

/** All bytes below a folder, compressed contents of the store among them. */
function bytesBelow(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  const raw = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file).toString('latin1'));
  const stored = files
    .filter((file) => file.endsWith('.db') || file.endsWith('.sqlite'))
    .flatMap((file) => {
      const database = new DatabaseSync(file, { readOnly: true });
      try {
        const rows = database.prepare('select body from contents').all() as { readonly body: Uint8Array }[];
        expect(rows.length).toBeGreaterThan(0);
        return rows.map(({ body }) => brotliDecompressSync(body).toString('latin1'));
      } finally {
        database.close();
      }
    });
  expect(stored.length).toBeGreaterThan(0);
  return [...raw, ...stored].join('\n');
}

function leaked(text: string): readonly string[] {
  const found = cores.filter((core) => text.includes(core));
  return found.slice(0, 20).map((core) => {
    const at = text.indexOf(core);
    return text.slice(Math.max(0, at - 80), at + 40);
  });
}

async function receivers() {
  const posts: string[] = [];
  const server = createServer((asked, answer) => {
    asked.on('data', (chunk: Buffer) => posts.push(chunk.toString('utf8')));
    asked.on('end', () => answer.writeHead(204).end());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const syslog = await udpReceiver();
  return {
    hook: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    syslog,
    text: () => [...posts, ...syslog.messages.map(({ raw }) => raw.toString('utf8'))].join('\n'),
    async stop() {
      server.closeAllConnections();
      server.close();
      await syslog.stop();
    },
  };
}

const questions: readonly (readonly string[])[] = [
  ['status'],
  ['snapshots'],
  ['drift'],
  ['findings', '--all'],
  ['alarms'],
  ['window', 'list', '--all'],
  ['window', 'show', 'W'],
  ['baseline', 'show'],
  ['baseline', 'diff'],
];

test('no byte of any secret is in the store, the log, a record, an answer of the API or of the command line', async () => {
  const folder = tempDir();
  const to = await receivers();
  const jsonl = ['jsonl', 'cef', 'leef', 'ecs', 'ocsf'].map(
    (format) => `  - {id: ${format}, jsonl: ./${format}.jsonl${format === 'jsonl' ? '' : `, format: ${format}`}}`,
  );
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    [
      'state: ./state',
      'grace: 0m',
      'poll: 1h',
      'devices:',
      ...places.map(({ id, driver }) => `  - {id: ${id}, kind: fw, drivers: [${driver}]}`),
      'sinks:',
      ...jsonl,
      `  - {id: hook, webhook: "${to.hook}", secret: env:ECLUSE_CANARY_HOOK}`,
      `  - {id: siem, syslog: "127.0.0.1:${to.syslog.port}", transport: udp, streams: [alert, reminder, notice]}`,
      '',
    ].join('\n'),
  );
  process.env.ECLUSE_CANARY_HOOK = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
  const logged: string[] = [];
  const answers: string[] = [];
  let mood: Mood = 'plain';
  const settings = must(loadSettings(config, { drivers: drivers.map(({ id }) => id) }));
  const runners = new Map(places.map((place) => [place.id, runnerOf(place, () => mood)]));
  const parts: typeof realParts = (where) => realParts({ ...where, runner: ({ id }) => runners.get(id)! });
  const guard = must(await openGuard(settings, { parts, rules: rules(), log: fakeLog(logged) }));
  const served = must(await serveOnSocket(guard, guard.place.socket));
  try {
    const running = guard.run({ onEvents: () => {} });
    await running.firstReadings;
    const ask = async (...argv: readonly string[]): Promise<void> => {
      for (const form of [[], ['--json']]) {
        const { stdout, stderr } = await ecluse(...argv, ...form, '--config', config);
        answers.push(`${argv.join(' ')}\n${stdout}${stderr}`);
      }
    };
    const imported = async (round: 'first' | 'second'): Promise<void> => {
      for (const { id, live, ...place } of places.filter((one) => !one.live))
        answers.push(JSON.stringify(await guard.importCapture(id, written(tempDir(), place[round].sections))));
    };
    const live = places.filter((one) => one.live);
    const kept = (id: string) => guard.seen(id)?.reading;
    await imported('first');
    const before = new Map(places.map(({ id }) => [id, kept(id)!]));
    const now = Date.now();
    must(
      await guard.openWindow('W', {
        vendor: 'Vendor',
        devices: places.map(({ id }) => id),
        start: new Date(now).toISOString(),
        end: new Date(now + 3_600_000).toISOString(),
        scope: [],
      }),
    );
    mood = 'changed';
    answers.push(JSON.stringify(await guard.closeWindow('W')));
    await imported('second');
    // A secret that was changed is seen as a change, and nobody can read what it is.
    for (const { id, driver, first } of places) {
      const [was, is] = [before.get(id)!, kept(id)!];
      const texts = [was, is].map(({ captures }) =>
        captures.flatMap(({ sections }) => sections.map(({ text }) => text)),
      );
      expect([id, texts[1]]).not.toEqual([id, texts[0]]);
      expect([id, /<secret-[0-9a-f]{24}>/.test(texts[0]!.join())]).toEqual([id, true]);
      expect(first.cores.length).toBeGreaterThanOrEqual(200);
      expect(driverById(driver)).toBeDefined();
    }
    for (const words of questions) await ask(...words);
    mood = 'restless';
    await ask('snapshot', ...live.slice(0, 3).map(({ id }) => id));
    mood = 'broken';
    await ask('snapshot');
    for (const words of questions) await ask(...words);
    for (const { id, driver, first, second } of places) {
      const [a, b] = [first, second].map(({ sections }) => written(tempDir(), sections)) as [string, string];
      await ask('coverage', a, '--driver', driver);
      await ask('exposure', a, '--driver', driver);
      await ask('diff', a, b, '--driver', driver);
      expect([id, answers.length]).not.toEqual([id, 0]);
    }
    await waitFor(() => readFileSync(join(folder, 'jsonl.jsonl'), 'utf8').length > 0, { what: 'a record' });
    await waitFor(() => to.text().length > 0, { what: 'a record over the network' });
  } finally {
    await served.close();
    // Before it is closed the write-ahead log is beside the store.
    expect(readdirSync(guard.place.folder).join()).toContain('-wal');
    expect(leaked(bytesBelow(folder))).toEqual([]);
    await guard.close();
    await to.stop();
  }
  expect(answers.join().length).toBeGreaterThan(10_000);
  expect(logged.length).toBeGreaterThan(0);
  expect(leaked(bytesBelow(folder))).toEqual([]);
  expect(leaked(logged.join('\n'))).toEqual([]);
  expect(leaked(to.text())).toEqual([]);
  expect(leaked(answers.join('\n'))).toEqual([]);
}, 240_000);
