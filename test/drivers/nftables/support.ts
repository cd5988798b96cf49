import type { Section } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/nftables/index.js';
import type { Device, Rule, Step } from '../../../agent/model/index.js';

export function section(name: string, text: string): Section {
  return { name, source: name, text };
}

export function readSections(...sections: readonly Section[]) {
  return driver.read({ driver: 'nftables', device: 'fw', sections }, { device: 'fw' });
}

export function readText(text: string): Device {
  const read = readSections(section('ruleset.nft', text));
  if (!read.ok) throw new Error(`${read.error.code}: ${read.error.message}`);
  return read.value;
}

export function rulesOf(device: Device, list: string): readonly Rule[] {
  const found = device.pipeline.lists.find(({ id }) => id === list);
  if (!found) throw new Error(`no list ${list}`);
  return found.rules;
}

/** The steps of one rule in an inet chain. */
export function stepsOf(rule: string, more = '', family = 'inet'): readonly Step[] {
  const device = readText(`table ${family} t {\n${more}\nchain c {\n${rule}\n}\n}\n`);
  return rulesOf(device, `${family}/t/c`)[0]!.steps;
}

/** JSON that can hold 128-bit addresses. */
export function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `0x${inner.toString(16)}` : inner)) ?? 'null',
  );
}

/** What the two forms of one ruleset must agree in: steps and bases; places and side effects are said differently. */
export function essence(device: Device): unknown {
  const bare = (steps: readonly Step[]) => plain(steps.filter(({ kind }) => kind !== 'sideEffect'));
  return {
    bases: plain(device.pipeline.bases.map(({ policyOrigin: _, ...base }) => base)),
    lists: device.pipeline.lists.map(({ id, rules }) => [id, rules.map(({ steps }) => bare(steps))]),
  };
}
