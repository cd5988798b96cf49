import { readdirSync, readFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { driver } from '../../../agent/drivers/asa/index.js';
import type { Section } from '../../../agent/drivers/contract.js';
import type { Device } from '../../../agent/model/index.js';

export const recordings = join(process.cwd(), 'test', 'recordings', 'asa');

export function sectionsOf(name: string): readonly Section[] {
  const folder = join(recordings, name, 'session');
  return readdirSync(folder)
    .sort()
    .map((file) => ({
      name: parse(file).name,
      source: parse(file).name,
      text: readFileSync(join(folder, file), 'utf8'),
    }));
}

export function readSections(sections: readonly Section[]): ReturnType<typeof driver.read> {
  return driver.read({ driver: 'asa', device: 'fw', sections }, { device: 'fw' });
}

export function readText(text: string, name = 'fw'): Device {
  const result = readSections([{ name, source: name, text }]);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** A clean model claims to have seen everything. */
export function isClean(device: Device): boolean {
  return device.coverage.blind.length === 0 && device.coverage.lines.every(({ state }) => state !== 'unrecognized');
}

/** A whole configuration around these lines. */
export function whole(lines: string): string {
  return `: Saved
ASA Version 9.16(4)
!
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 203.0.113.2 255.255.255.240
!
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.0.0.1 255.255.255.0
!
${lines}
Cryptochecksum:0123456789abcdef0123456789abcdef
: end
`;
}

/** Whole numbers below a limit, the same ones in each run. */
export function numbersFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
