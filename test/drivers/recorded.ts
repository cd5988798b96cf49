import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, parse } from 'node:path';
import type { Capture, Driver, Section } from '../../agent/drivers/contract.js';

const recordings = join(process.cwd(), 'test', 'recordings');

export interface Recording {
  readonly name: string;
  readonly sections: readonly Section[];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * The recordings of a driver: `test/recordings/DRIVER/NAME/`, or `session/` within, holds a file for each step of the
 * dialogue, named by its id with or without an ending; a recording without one is of imported files.
 */
export function recordingsOf(driver: Driver): readonly Recording[] {
  const folder = join(recordings, driver.id);
  if (!isFolder(folder)) return [];
  const commands = new Map(driver.dialogue.steps.map(({ id, argv }) => [id, argv.join(' ')]));
  return readdirSync(folder)
    .filter((name) => isFolder(join(folder, name)))
    .sort()
    .map((name) => {
      const place = isFolder(join(folder, name, 'session')) ? join(folder, name, 'session') : join(folder, name);
      const files = readdirSync(place).sort();
      const steps = files.filter((one) => commands.has(parse(one).name));
      const chosen = steps.length > 0 ? steps : files.filter((one) => !/^source\.|\.json$/.test(one));
      return {
        name,
        sections: chosen.map((one) => {
          const step = commands.get(parse(one).name);
          const text = readFileSync(join(place, one), 'utf8');
          return { name: step === undefined ? one : parse(one).name, source: step ?? one, text };
        }),
      };
    });
}

export function capture(driver: Driver, sections: readonly Section[]): Capture {
  return { driver: driver.id, device: 'device', sections };
}
