import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askLine } from '../../../agent/app/index.js';
import { driver } from '../../../agent/drivers/fortios/index.js';
import type { Result } from '../../../agent/lib/result.js';
import type { Device } from '../../../agent/model/index.js';

const root = join(process.cwd(), 'test', 'recordings', 'fortios');

export const recordings: readonly string[] = readdirSync(root).sort();

export function folderOf(name: string): string {
  return join(root, name);
}

/** The text of a recording, which is one file. */
export function textOf(name: string): string {
  const file = readdirSync(folderOf(name)).find((one) => !one.endsWith('.json'))!;
  return readFileSync(join(folderOf(name), file), 'utf8');
}

export function readText(text: string): Result<Device> {
  const sections = [{ name: 'configuration', source: 'show', text }];
  return driver.read({ driver: 'fortios', device: 'fw', sections }, { device: 'fw' });
}

/** A reading of several sections, each by the id of its step. */
export function readSections(texts: Readonly<Record<string, string>>): Device {
  const sections = Object.entries(texts).map(([name, text]) => ({ name, source: name, text }));
  const result = driver.read({ driver: 'fortios', device: 'fw', sections }, { device: 'fw' });
  if (!result.ok) throw new Error(`not read: ${result.error.code} ${result.error.message}`);
  return result.value;
}

export function deviceOf(text: string): Device {
  const result = readText(text);
  if (!result.ok) throw new Error(`not read: ${result.error.code} ${result.error.message}`);
  return result.value;
}

/** A clean model claims to have seen everything: nothing blind, no line that was not understood. */
export function isClean(result: Result<Device>): boolean {
  if (!result.ok) return false;
  const { blind, lines } = result.value.coverage;
  return blind.length === 0 && lines.every(({ state }) => state !== 'unrecognized');
}

interface Rewritten {
  readonly to?: readonly string[];
  readonly ports?: readonly number[];
}

/** Where a packet goes on to, and from where: `allow to 10.30.0.10:443 from 198.51.100.2`. */
export function natOf(device: Device, packet: object): string {
  const answer = askLine(device, JSON.stringify({ id: 1, packet }), { file: 'cases', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  const { verdict, nat } = answer.value;
  const end = (word: string, { to, ports }: Rewritten): readonly string[] =>
    to || ports ? [`${word} ${to?.join() ?? ''}${ports ? `:${[...new Set(ports)].join('-')}` : ''}`] : [];
  return [verdict, ...end('to', nat ?? {}), ...end('from', nat?.source ?? {})].join(' ');
}

/** `allow (policy 3)`: the verdict and what decided. */
export function verdictOf(device: Device, packet: object, at: object = {}): string {
  const answer = askLine(device, JSON.stringify({ id: 1, at, packet }), { file: 'cases', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  const { verdict, because } = answer.value;
  return because[0] ? `${verdict} (${because[0].rule})` : verdict;
}
