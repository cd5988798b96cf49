import { join } from 'node:path';
import type { Section } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/stormshield/index.js';
import type { Device } from '../../../agent/model/index.js';
import { recordingsOf } from '../recorded.js';

export const recordings = join(process.cwd(), 'test', 'recordings', 'stormshield');

export function sectionsOf(name: string): readonly Section[] {
  return recordingsOf(driver).find((one) => one.name === name)!.sections;
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
