import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fakeWorld, must, startGuard } from '../app/fakes.js';
import { START } from '../support/guard.js';

/**
 * A guard at work on simulated time, to be killed: `node day.js FOLDER SEED [MINUTES]`. Whatever happens on its devices
 * follows from the minute and the seed alone, so that one that is started again goes on in the same story. Without
 * MINUTES it never ends; with them, it goes on for so long, with everything shut, and ends in good order.
 *
 * In FOLDER: `minute`, up to where the story went; `answered`, a line for each thing that the guard has said to be
 * stored; `alarms.jsonl`, what the sink was told; `end.json`, what the guard says it knows at the end.
 */
export interface End {
  readonly alarms: readonly { readonly id: string; readonly queuedFor: readonly string[] }[];
  readonly windows: readonly { readonly id: string; readonly state: string }[];
  readonly open: readonly string[];
  readonly there: readonly string[];
  readonly minute: number;
}

const PORTS = ['80', '443', '3389', '104', '5900', '8443'];
const NAMES = ['fw', 'web'];

/** A number for a moment of the story (FNV-1a over its parts). */
function chance(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const character of parts.join(' ')) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return hash >>> 8;
}

async function main([folder, seed, minutes]: readonly string[]): Promise<void> {
  const path = (name: string): string => join(folder!, name);
  const answered = (what: string, id: string): void => appendFileSync(path('answered'), `${what} ${id}\n`);
  const world = fakeWorld(NAMES, {
    stateFolder: path('state'),
    sinks: [{ kind: 'jsonl', id: 'file', to: path('alarms.jsonl') }],
  });
  let minute = existsSync(path('minute')) ? Number(readFileSync(path('minute'), 'utf8')) : 0;
  const end = minutes === undefined ? Number.POSITIVE_INFINITY : minute + Number(minutes);
  const shape = (): void => {
    for (const name of NAMES) {
      const device = world.devices[name]!;
      const isOpen = (port: string): boolean =>
        minutes === undefined && chance(seed!, name, port, Math.floor((minute + Number(port)) / 17)) % 3 === 0;
      device.open = PORTS.filter(isOpen).map((port) => ({ id: port, ports: port }));
      device.blind = minutes === undefined && chance(seed!, name, Math.floor(minute / 29)) % 7 === 0 ? ['refused'] : [];
      if (chance(seed!, 'wake', name, minute) % 3 === 0) device.wake();
    }
  };
  world.clock.advanceTo(START + minute * 60_000);
  shape();
  const running = await startGuard(world, (events) => {
    for (const { id } of events) answered('event', id);
  });
  const { guard } = running;
  const isoAt = (at: number): string => new Date(START + at * 60_000).toISOString();
  const windows = async (): Promise<void> => {
    const id = `W${Math.floor(minute / 30)}`;
    if (minutes !== undefined || minute % 30 > 20) return;
    const known = must(await guard.windows({ all: true })).find((window) => window.id === id);
    if (!known) {
      const plan = { vendor: 'v', devices: NAMES, start: isoAt(minute), end: isoAt(minute + 15), scope: [] };
      must(await guard.openWindow(id, plan));
      answered('window', id);
    } else if (known.state === 'open' && minute % 30 > 10) {
      must(await guard.closeWindow(id));
      answered('asked to close', id);
    }
  };
  answered('start', `${minute}`);
  while (minute < end) {
    minute++;
    writeFileSync(path('minute.new'), `${minute}`);
    renameSync(path('minute.new'), path('minute'));
    shape();
    await running.until(minute);
    if (chance(seed!, 'window', minute) % 2 === 0) await windows();
  }
  const state = (): Promise<readonly { readonly queuedFor: readonly string[] }[]> =>
    guard.alarms({ limit: 1_000_000 }).then(must);
  // Delivery is to a real file: what is queued goes out in real time.
  while ((await state()).some(({ queuedFor }) => queuedFor.length > 0)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await running.until(++minute);
  }
  const result: End = {
    alarms: must(await guard.alarms({ limit: 1_000_000 })),
    windows: must(await guard.windows({ all: true })),
    open: must(await guard.findings({ all: false })).findings.map(({ key }) => key),
    there: NAMES.flatMap((name) => world.devices[name]!.open.map(({ id }) => `${name}/${id}`)),
    minute,
  };
  await guard.close();
  writeFileSync(path('end.json'), JSON.stringify(result));
}

await main(process.argv.slice(2));
