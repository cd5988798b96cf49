import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Section } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/stormshield/index.js';
import type { Device } from '../../../agent/model/index.js';

export const recordings = join(process.cwd(), 'test', 'recordings', 'stormshield');

export function sectionsOf(name: string): readonly Section[] {
  const folder = join(recordings, name);
  return readdirSync(folder)
    .filter((file) => !file.includes('.json'))
    .sort()
    .map((file) => ({ name: file, source: file, text: readFileSync(join(folder, file), 'utf8') }));
}

export function readSections(sections: readonly Section[]): ReturnType<typeof driver.read> {
  return driver.read({ driver: 'stormshield', device: 'fw', sections }, { device: 'fw' });
}

export function deviceOf(...files: readonly (readonly [name: string, text: string])[]): Device {
  const result = readSections(files.map(([name, text]) => ({ name, source: name, text })));
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** A clean model claims to have seen everything. */
export function isClean(device: Device): boolean {
  return device.coverage.blind.length === 0 && device.coverage.lines.every(({ state }) => state !== 'unrecognized');
}
