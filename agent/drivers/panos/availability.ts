import type { Availability, Member } from '../../model/index.js';
import type { Section } from '../contract.js';

/** Of `show high-availability state`. */
export const AVAILABILITY = 'high-availability';

const roles: Readonly<Record<string, Member['role']>> = {
  active: 'active',
  'active-primary': 'active',
  'active-secondary': 'active',
  passive: 'standby',
  suspended: 'failed',
  'non-functional': 'failed',
};

/** The text says of itself that there is no pair. */
export function standsAlone(text: string): boolean {
  return /^\s*(?:HA (?:is )?not enabled|High-availability (?:is )?not enabled)/im.test(text);
}

function memberOf(part: string, unnamed: string): Member {
  const word = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}:[ \\t]+(?<value>\\S+)`, 'm').exec(part)?.groups?.value;
  const address = word('Management IPv4 Address') ?? word('Management IPv6 Address');
  const lost = /^\s*Connection status:\s+down\b/m.test(part);
  const state = word('State')?.toLowerCase() ?? '';
  const role = Object.hasOwn(roles, state) ? roles[state]! : 'unknown';
  return { name: address?.replace(/\/\d+$/, '') ?? unnamed, role: lost && role !== 'failed' ? 'unknown' : role };
}

/**
 * The pair that a firewall is of. Its members name each other by the addresses of their management ports. Undefined: it
 * stands alone, or does not say.
 */
export function availabilityOf({ text, source }: Section): Availability | undefined {
  const [, own, rest] = text.split(/^\s*(?:Local|Peer) Information:\s*$/m);
  if (own === undefined || rest === undefined) return undefined;
  const [peer = '', together = ''] = rest.split(/^\s*Configuration Synchronization:\s*$/m);
  const members = [memberOf(own, 'this member'), memberOf(peer, 'its peer')];
  const running = /^\s*Running Configuration:\s+(?<state>.+?)\s*$/m.exec(together)?.groups?.state;
  const isOff = /^\s*Enabled:\s+no\b/m.test(together);
  const outOfStep = isOff
    ? 'their configurations are not synchronized (it is switched off)'
    : running === 'synchronized'
      ? undefined
      : `running configuration: ${running ?? 'not said'}`;
  const line = text.split('\n').findIndex((one) => /^\s*Local Information:/.test(one)) + 1;
  const mode = /^\s*Mode:\s+(?<mode>\S+)/m.exec(text)?.groups?.mode ?? 'not said';
  return {
    member: members[0]!.name,
    members,
    ...(outOfStep !== undefined && { outOfStep }),
    origin: { file: source, line, rule: 'high-availability', text: `Mode: ${mode}` },
  };
}
