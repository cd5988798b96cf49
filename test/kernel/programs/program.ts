import { combineDevices } from '../../../agent/exposure/index.js';
import type { Device, Pipeline } from '../../../agent/model/index.js';
import { situated } from '../oracle/judge.js';
import { type Lab, type Names, ownNames } from '../oracle/lab.js';
import { deviceOf } from '../oracle/load.js';
import { printIptables } from '../oracle/ruleset.js';

/** The rules of one program that makes firewalls, as it writes them, and what it does to them later. */
export interface Program {
  readonly program: string;
  /** What it speaks to, each by itself: `iptables` in its steps means the one or the other. */
  readonly tools: readonly Tools[];
  /** What it calls interfaces of the firewall. */
  readonly interfaces?: Partial<Names>;
  readonly steps: readonly Step[];
}

/** `mixed`: iptables of the kernel's nftables, and tables of nft itself beside. */
export type Tools = 'nftables' | 'iptables-nft' | 'iptables-legacy' | 'mixed';

export interface Step {
  readonly name: string;
  /** Commands of a shell, carried out after those of the steps before. */
  readonly run: string;
  /** Nothing passes that did not, and the other way round: nothing may be told. */
  readonly equal?: boolean;
}

/** One way to read what the kernel holds. */
export interface Reading {
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly text: string;
}

export function namesOf({ interfaces: called }: Program): Names {
  return { ...ownNames, ...called };
}

/** The kernel follows connections, and translates, only where some rule asks about them: here one always does. */
const TRACKING = `nft -f - <<'TRACKING'
add table inet tracking
delete table inet tracking
table inet tracking {
	chain tracking {
		ct state new
	}
}
TRACKING
`;

/** Puts the firewall into the state after the first `count` steps, from nothing. */
export async function bring(lab: Lab, { steps }: Program, tools: Tools, count: number): Promise<void> {
  const { must } = lab;
  await must(['nft', 'flush', 'ruleset']);
  if (tools !== 'nftables') await withoutRules(lab, tools);
  const script = steps.slice(0, count).map(({ run }) => spoken(run, tools));
  await must(['sh', '-ec', `${script.join('\n')}\n${tools === 'nftables' ? TRACKING : ''}`]);
}

/** A rule that is gone holds its sets a moment longer, and a set of sets its members. */
const SETS_AWAY = `ipset flush
for try in $(seq 400); do
  ipset destroy 2>/dev/null && exit
  sleep 0.05
done
ipset destroy`;

const kindOf = (tools: Tools): 'nft' | 'legacy' => (tools === 'iptables-legacy' ? 'legacy' : 'nft');

async function withoutRules({ must }: Lab, tools: Tools): Promise<void> {
  for (const family of ['ip', 'ip6'] as const) {
    if (kindOf(tools) === 'nft') continue;
    const { lines } = printIptables({ backEnd: 'iptables-legacy', tables: [] }, family);
    await must([`${family}tables-legacy-restore`], `${lines.join('\n')}\n`);
  }
  await must(['sh', '-ec', SETS_AWAY]);
}

/** `iptables` at the beginning of a line or a command is the iptables of this back end. */
function spoken(run: string, tools: Tools): string {
  if (tools === 'nftables') return run;
  return run.replace(/(?<=^\s*|; )(?<tool>ip6?tables)(?<what>-restore)?(?= )/gm, `$<tool>-${kindOf(tools)}$<what>`);
}

/** What the kernel holds, in every way in which a guard may read it. */
export async function readingsOf(lab: Lab, tools: Tools): Promise<readonly Reading[]> {
  const { must } = lab;
  const read = (name: string, device: Device, text: string): Reading => ({
    name,
    pipeline: situated(device.pipeline, lab.names),
    text,
  });
  if (tools === 'nftables') {
    const text = await must(['nft', '-s', '-a', 'list', 'ruleset']);
    const json = await lab.run(['nft', '-j', 'list', 'ruleset']);
    const listed = read('text', deviceOf('nftables', [['nft-text', text]]), text);
    // nft -j 1.0.6 ends with a failed assertion on some rules that it prints as text.
    return json.code === 0
      ? [listed, read('JSON', deviceOf('nftables', [['nft-json', json.stdout]]), json.stdout)]
      : [listed];
  }
  const kind = kindOf(tools);
  const sections: (readonly [string, string])[] = [];
  for (const family of ['ip', 'ip6'] as const)
    sections.push([
      `${family}tables-${kind === 'legacy' ? 'legacy-' : ''}save`,
      await must([`${family}tables-${kind}-save`]),
    ]);
  sections.push(['ipset-save', await must(['ipset', 'save'])]);
  const text = sections.map(([, one]) => one).join('\n');
  const saved = deviceOf('iptables', sections);
  if (tools === 'iptables-legacy') return [read('saved', saved, text)];
  const listing = await must(['nft', '-s', '-a', 'list', 'ruleset']);
  const both = combineDevices('fw', [
    { driver: 'nftables', device: deviceOf('nftables', [['nft-text', listing]]) },
    { driver: 'iptables', device: saved },
  ]);
  const together = read('both', both, `${text}\n${listing}`);
  return tools === 'mixed' ? [together] : [read('saved', saved, text), together];
}
