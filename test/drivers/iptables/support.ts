import { driver } from '../../../agent/drivers/iptables/index.js';
import type { Result } from '../../../agent/lib/result.js';
import type { Condition, Device, Rule, RuleList } from '../../../agent/model/index.js';

/** Reads one imported file. */
export function readFile(text: string, name = 'rules.v4'): Result<Device> {
  return driver.read(
    { driver: 'iptables', device: 'test', sections: [{ name, source: name, text }] },
    { device: 'test' },
  );
}

/** Reads a live capture, section by section. */
export function readLive(sections: Readonly<Record<string, string>>): Result<Device> {
  const list = Object.entries(sections).map(([name, text]) => ({ name, source: name, text }));
  return driver.read({ driver: 'iptables', device: 'test', sections: list }, { device: 'test' });
}

export function deviceOf(result: Result<Device>): Device {
  if (!result.ok) throw new Error(`not read: ${result.error.code} ${result.error.message}`);
  return result.value;
}

export function listOf(device: Device, id: string): RuleList {
  const list = device.pipeline.lists.find((one) => one.id === id);
  if (!list) throw new Error(`no list ${id} among ${device.pipeline.lists.map((one) => one.id).join(' ')}`);
  return list;
}

/** One rule in the INPUT chain of `filter`, or of another table and chain. */
export function rule(
  words: string,
  options: { table?: string; chain?: string; six?: boolean; sets?: string } = {},
): {
  readonly rule: Rule;
  readonly device: Device;
} {
  const { table = 'filter', chain = 'INPUT', six = false } = options;
  const builtIn: Record<string, string> = {
    filter: 'INPUT FORWARD OUTPUT',
    nat: 'PREROUTING INPUT OUTPUT POSTROUTING',
    mangle: 'PREROUTING INPUT FORWARD OUTPUT POSTROUTING',
    raw: 'PREROUTING OUTPUT',
  };
  const chains = builtIn[table]!.split(' ').map((name) => `:${name} ACCEPT [0:0]\n`);
  const text = `*${table}\n${chains.join('')}:user - [0:0]\n-A ${chain} ${words}\nCOMMIT\n`;
  const name = six ? 'ip6tables-save' : 'iptables-save';
  const device = deviceOf(
    readLive({ [name]: text, ...(options.sets === undefined ? {} : { 'ipset-save': options.sets }) }),
  );
  const list = listOf(device, `${six ? 'ip6' : 'ip'}/${table}/${chain}`);
  return { rule: list.rules[0]!, device };
}

/** What a rule asks, as one condition. */
export function conditionOf(words: string, options: Parameters<typeof rule>[1] = {}): Condition | undefined {
  const step = rule(words, options).rule.steps[0];
  return step?.kind === 'match' ? step.condition : undefined;
}
