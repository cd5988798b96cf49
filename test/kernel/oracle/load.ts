import { driverById } from '../../../agent/drivers/registry.js';
import { combineDevices } from '../../../agent/exposure/index.js';
import type { Device } from '../../../agent/model/index.js';
import type { Lab, Ran } from './lab.js';
import { mapChains, type Printed, printIpsets, printIptables, printNft, type Ruleset } from './ruleset.js';

/** A ruleset that the kernel took, and how its own tools print it. */
export interface Loaded {
  readonly ruleset: Ruleset;
  readonly device: Device;
  readonly text: string;
}

const REFUSALS_MAX = 60;

export interface How {
  /** Nothing may be left out. */
  readonly strict?: boolean;
  /** Read what `nft -j` prints; of tables of iptables-nft, read what nft prints too. */
  readonly otherwise?: boolean;
  /** Read what nft shows of the kernel's bytecode beside its listing. */
  readonly bytecode?: boolean;
}

/** Loads a ruleset; a rule that the tools refuse is left out. Undefined where it cannot be loaded at all. */
export async function load(lab: Lab, ruleset: Ruleset, how: How = {}): Promise<Loaded | undefined> {
  let left = ruleset;
  for (let tries = 0; tries < REFUSALS_MAX; tries++) {
    const refusal = left.backEnd === 'nftables' ? await loadNft(lab, left) : await loadIptables(lab, left);
    if (!refusal) return left.backEnd === 'nftables' ? readNft(lab, left, how) : readIptables(lab, left, how);
    if (refusal.instead) {
      left = refusal.instead;
      continue;
    }
    if (how.strict) return undefined;
    const refused = new Set(refusal.lines.flatMap((line) => refusal.printed.rules.get(line) ?? []));
    if (refused.size === 0)
      throw new Error(
        `${refusal.said}\n${refusal.printed.lines.map((line, index) => `${index + 1} ${line}`).join('\n')}`,
      );
    left = mapChains(left, (chain) => ({ ...chain, rules: chain.rules.filter((one) => !refused.has(one)) }));
  }
  return undefined;
}

/** What the tools print now, after something else than this file changed it. */
export async function readAgain(lab: Lab, ruleset: Ruleset, how: How): Promise<Loaded | undefined> {
  return ruleset.backEnd === 'nftables' ? readNft(lab, ruleset, how) : readIptables(lab, ruleset, how);
}

interface Refusal {
  readonly lines: readonly number[];
  readonly printed: Printed;
  readonly said: string;
  /** What to load instead, where it is not a rule that was refused. */
  readonly instead?: Ruleset;
}

function refusalOf(ran: Ran, printed: Printed, pattern: RegExp): Refusal | undefined {
  if (ran.code === 0) return undefined;
  const named = [...ran.stderr.matchAll(pattern)].map(({ groups }) => Number(groups?.line));
  // Where only the whole table is refused, all its rules are.
  const whole = named
    .filter((line) => printed.lines[line - 1] === 'COMMIT')
    .flatMap((line) => {
      const start = printed.lines.lastIndexOf('COMMIT', line - 2) + 1;
      return Array.from({ length: line - start }, (_, index) => start + index + 1);
    });
  return { lines: [...named, ...whole], printed, said: ran.stderr };
}

async function loadNft(lab: Lab, ruleset: Ruleset): Promise<Refusal | undefined> {
  const printed = printNft(ruleset);
  return refusalOf(
    await lab.run(['nft', '-f', '-'], `${printed.lines.join('\n')}\n`),
    printed,
    /:(?<line>\d+):\d+(?:-\d+)?: Error/g,
  );
}

const tool = (family: 'ip' | 'ip6', { backEnd }: Ruleset, what: string): string =>
  `${family}tables-${backEnd === 'iptables-nft' ? 'nft' : 'legacy'}-${what}`;

async function loadIptables(lab: Lab, ruleset: Ruleset): Promise<Refusal | undefined> {
  const withSets = await loadSets(lab, ruleset);
  if (withSets !== ruleset) return { lines: [], printed: printIptables(withSets, 'ip'), said: '', instead: withSets };
  for (const family of ['ip', 'ip6'] as const) {
    const printed = printIptables(ruleset, family);
    const ran = await lab.run([tool(family, ruleset, 'restore')], `${printed.lines.join('\n')}\n`);
    const refusal = refusalOf(ran, printed, /line:? (?<line>\d+)/g);
    if (refusal) return refusal;
  }
  return undefined;
}

/** Makes the sets; a kind of set that this kernel does not have is left out, and with it what asks for it. */
async function loadSets(lab: Lab, ruleset: Ruleset): Promise<Ruleset> {
  const { text, names } = printIpsets(ruleset);
  const ran = await lab.run(['ipset', '-exist', 'restore'], `${text}\n`);
  if (ran.code === 0) return ruleset;
  const line = /line (?<line>\d+): Kernel error received: set type not supported/.exec(ran.stderr)?.groups?.line;
  const missing = names[Number(line) - 1];
  if (missing === undefined) throw new Error(`ipset: ${ran.stderr}\n${text}`);
  const tables = ruleset.tables.map((table) => ({ ...table, sets: table.sets.filter(({ name }) => name !== missing) }));
  const asks = new RegExp(`--match-set ${missing} `);
  return mapChains({ ...ruleset, tables }, (chain) => ({
    ...chain,
    rules: chain.rules.filter((one) => !asks.test(one)),
  }));
}

async function readNft(lab: Lab, ruleset: Ruleset, { otherwise, bytecode }: How): Promise<Loaded | undefined> {
  // nft -j 1.0.6 ends with a failed assertion on some rules that it prints as text.
  const json = otherwise ? await lab.run(['nft', '-j', 'list', 'ruleset']) : undefined;
  if (json?.code === 0)
    return { ruleset, device: deviceOf('nftables', [['nft-json', json.stdout]]), text: json.stdout };
  const { code, stdout: text } = await lab.run(['nft', '-s', '-a', 'list', 'ruleset']);
  if (code !== 0) return undefined;
  const sections: [string, string][] = [['nft-text', text]];
  if (bytecode)
    sections.push(['nft-bytecode', await lab.must(['nft', '-s', '-a', '-t', '--debug=netlink', 'list', 'ruleset'])]);
  return { ruleset, device: deviceOf('nftables', sections), text };
}

async function readIptables(lab: Lab, ruleset: Ruleset, { otherwise }: How): Promise<Loaded> {
  const legacy = ruleset.backEnd === 'iptables-legacy' ? 'legacy-' : '';
  const sections: [string, string][] = [];
  for (const family of ['ip', 'ip6'] as const)
    sections.push([`${family}tables-${legacy}save`, await lab.must([tool(family, ruleset, 'save')])]);
  sections.push(['ipset-save', await lab.must(['ipset', 'save'])]);
  const saved = deviceOf('iptables', sections);
  const text = sections.map(([, one]) => one).join('\n');
  if (!otherwise || ruleset.backEnd !== 'iptables-nft') return { ruleset, device: saved, text };
  const listing = await lab.must(['nft', '-s', '-a', 'list', 'ruleset']);
  const kernel = deviceOf('nftables', [['nft-text', listing]]);
  const device = combineDevices('fw', [
    { driver: 'nftables', device: kernel },
    { driver: 'iptables', device: saved },
  ]);
  return { ruleset, device, text: `${text}\n${listing}` };
}

export function deviceOf(driver: string, sections: readonly (readonly [string, string])[]): Device {
  const capture = { driver, device: 'fw', sections: sections.map(([name, text]) => ({ name, source: name, text })) };
  const device = driverById(driver)!.read(capture, { device: 'fw' });
  if (!device.ok) throw new Error(`not read: ${device.error.message}`);
  return device.value;
}
