import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, parse } from 'node:path';
import { stepOfSection } from '../../agent/collect/index.js';
import type { Capture, Driver, Section } from '../../agent/drivers/contract.js';
import { driver as template } from '../../agent/drivers/example/index.js';
import { drivers } from '../../agent/drivers/registry.js';

/** The drivers that are offered, and the template for another: what holds for one holds for all. */
export const allDrivers: readonly Driver[] = [...drivers, template];

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
 * dialogue, named as its section is with or without an ending; a recording without one is of imported files.
 */
export function recordingsOf(driver: Driver): readonly Recording[] {
  const folder = join(recordings, driver.id);
  if (!isFolder(folder)) return [];
  const step = (file: string) => stepOfSection(driver.dialogue, parse(file).name);
  return readdirSync(folder)
    .filter((name) => isFolder(join(folder, name)))
    .sort()
    .map((name) => {
      const place = isFolder(join(folder, name, 'session')) ? join(folder, name, 'session') : join(folder, name);
      const files = readdirSync(place).sort();
      const steps = files.filter((one) => step(one) !== undefined);
      const chosen = steps.length > 0 ? steps : files.filter((one) => !/^source\.|\.jsonl?$/.test(one));
      return {
        name,
        sections: chosen.map((one) => {
          const text = readFileSync(join(place, one), 'utf8');
          const asked = step(one);
          if (!asked) return { name: one, source: one, text };
          const { name } = parse(one);
          // Asked once for each name: the name stands before the step's own.
          const forWhat = name.slice(0, -asked.id.length - 1);
          const command = asked.argv.map((word) => word.replaceAll('{name}', forWhat)).join(' ');
          return { name, source: asked.eachVirtual && forWhat !== '' ? `${forWhat}: ${command}` : command, text };
        }),
      };
    });
}

export function capture(driver: Driver, sections: readonly Section[]): Capture {
  return { driver: driver.id, device: 'device', sections };
}
