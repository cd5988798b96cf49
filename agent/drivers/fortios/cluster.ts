import type { Availability, Member } from '../../model/index.js';
import type { Section } from '../contract.js';

/** `Primary     : edge-a, FG200FT900000001, HA cluster index = 0`; older versions say Master and Slave. */
const memberLine =
  /^(?<role>Primary|Secondary|Master|Slave)\s*: (?:(?<host>[^,\n]*?)\s*, )?(?<serial>F[A-Z0-9]{8,20}),? (?:HA|operating) (?:cluster|operating)/gm;
/** `    FG200FT900000001(updated 3 seconds ago): in-sync`. */
const syncLine = /^\s+(?<serial>F[A-Z0-9]{8,20})\((?:updated [^)]*)\): (?<state>[\w-]+)/gm;
const lostLine = /\b(?<serial>F[A-Z0-9]{8,20}) is lost\b/g;

/**
 * The cluster that a device is of, by `get system ha status` and `get system status`. Members are known by their
 * serial numbers. Undefined: it stands alone, or does not say.
 */
export function availabilityOf(cluster: Section, status: Section | undefined): Availability | undefined {
  const { text, source } = cluster;
  const mode = /^Mode: (?<mode>.+)$/m.exec(text)?.groups?.mode ?? '';
  const balances = /\bA-A\b/i.test(mode);
  const lost = new Set([...text.matchAll(lostLine)].map(({ groups }) => groups!.serial!));
  const members = new Map<string, Member>();
  for (const { groups } of text.matchAll(memberLine)) {
    const { role = '', serial = '' } = groups!;
    if (members.has(serial)) continue;
    const leads = role === 'Primary' || role === 'Master';
    members.set(serial, { name: serial, role: lost.has(serial) ? 'failed' : leads || balances ? 'active' : 'standby' });
  }
  for (const serial of lost) if (!members.has(serial)) members.set(serial, { name: serial, role: 'failed' });
  if (members.size === 0) return undefined;
  const own = status && /^Serial-Number: (?<serial>\S+)/m.exec(status.text)?.groups?.serial;
  const first = [...members.values()].find(({ role }) => role === 'active') ?? [...members.values()][0]!;
  // Who logs in to a cluster is answered by the member that leads.
  const member = own !== undefined && members.has(own) ? own : first.name;
  const outOfStep = [...text.matchAll(syncLine)]
    .filter(({ groups }) => groups!.state !== 'in-sync')
    .map(({ groups }) => `${groups!.serial} is ${groups!.state}`);
  const line = text.split('\n').findIndex((one) => /^(?:Primary|Master)\s*:/.test(one)) + 1;
  return {
    member,
    members: [...members.values()],
    ...(outOfStep.length > 0 && { outOfStep: [...new Set(outOfStep)].join(', ') }),
    origin: { file: source, line: Math.max(1, line), rule: 'system ha', text: `Mode: ${mode}` },
  };
}

/** How many virtual domains the device says that it has. */
export function domainsSaid(status: string): number | undefined {
  const found = /^Virtual domains status: (?<nat>\d+) in NAT mode, (?<transparent>\d+) in TP mode/m.exec(
    status,
  )?.groups;
  return found && Number(found.nat) + Number(found.transparent);
}
