import { fromRanges, single } from '../../lib/intervals.js';
import { all, any, type Condition, type Family, not, type Origin, type Rule } from '../../model/index.js';
import type { Claims } from './claim.js';
import { defaultOf } from './defaults.js';
import type { Domain, NetworkInterface } from './network.js';
import { type Entry, isEnabled, spansAt, textAt } from './tables.js';

const isReply: Condition = { kind: 'connectionState', states: ['established', 'related'] };
const isLost: Condition = { kind: 'connectionState', states: ['invalid'] };
const isTcp: Condition = { kind: 'protocol', protocols: single(6) };

/** The flag bytes with which no connection begins: those without SYN, or with FIN, RST or ACK beside it. */
const notOpening: Condition = {
  kind: 'tcpFlags',
  flags: fromRanges(
    Array.from({ length: 256 }, (_, flags) => flags)
      .filter((flags) => (flags & 0b1_0111) !== 0b10)
      .map((flags) => [flags, flags] as const),
  ),
};

export interface StateInput {
  readonly domain: Domain;
  readonly claims: Claims;
  /** `system global`. */
  readonly global: Entry | undefined;
  /** The version by whose defaults it is read. */
  readonly version: string | undefined;
}

function rule(origin: Origin, condition: Condition, verdict: 'accept' | 'drop'): Rule {
  return { origin, steps: [{ kind: 'match', condition }, { kind: verdict }] };
}

/** Packets of sessions that were let in. */
export function replyRule({ domain: { prefix }, claims: { file } }: Pick<StateInput, 'domain' | 'claims'>): Rule {
  const text = 'packets of known sessions pass';
  return rule({ file, line: 1, rule: `${prefix}session table`, text }, isReply, 'accept');
}

/**
 * What is decided before any policy is asked: packets of known sessions pass, and TCP packets of none do not, unless
 * asymmetric routing is allowed (Fortinet's technical tip 198575: they are forwarded as a router does).
 */
export function sessionRules(input: StateInput, families: readonly Family[]): readonly Rule[] {
  const { domain, claims } = input;
  const settings = domain.tables.get('system settings')?.own;
  const origin = (key: string, text: string): Origin => {
    const span = settings && spansAt(settings, key)?.at(-1);
    const line = span?.line ?? settings?.line ?? 1;
    return { file: claims.file, line, rule: `${domain.prefix}system settings ${key}`, text };
  };
  const rules: Rule[] = [replyRule(input)];
  for (const family of families) {
    const key = family === 'ip4' ? 'asymroute' : 'asymroute6';
    const open = settings !== undefined && isEnabled(settings, key);
    const begins = settings !== undefined && isEnabled(settings, 'tcp-session-without-syn');
    const strays = any(isLost, ...(begins ? [] : [notOpening]));
    const text = open
      ? `${key} is on: TCP packets of no known session are forwarded without a policy`
      : 'TCP packets of no known session are dropped';
    const condition = all({ kind: 'family', family }, isTcp, strays);
    rules.push(rule(origin(key, text), condition, open ? 'accept' : 'drop'));
    if (!open) rules.push(rule(origin(key, text), all({ kind: 'family', family }, isLost), 'drop'));
  }
  return rules;
}

/** Packets that leave by the interface they came in by, where that asks no policy. */
export function redirectRules(input: StateInput, families: readonly Family[]): readonly Rule[] {
  const { domain, claims, global, version } = input;
  const everybody = defaultOf('redirected sources', version) === 'all';
  const rules: Rule[] = [];
  for (const family of families) {
    const key = family === 'ip4' ? 'allow-traffic-redirect' : 'ipv6-allow-traffic-redirect';
    const value = (global && textAt(global, key)) ?? defaultOf('allow-traffic-redirect', version);
    if (value !== 'enable') continue;
    for (const one of domain.interfaces) {
      if (!isRedirecting(one, family)) continue;
      const networks = { ip4: family === 'ip4' ? one.networks.ip4 : [], ip6: family === 'ip6' ? one.networks.ip6 : [] };
      const text = `${key}: what leaves by ${one.name} again passes without a policy`;
      const span = global && spansAt(global, key)?.at(-1);
      const place = `${domain.prefix}system global ${key}`;
      const origin: Origin = { file: claims.file, line: span?.line ?? one.entry.line, rule: place, text };
      const condition = all(
        { kind: 'family', family },
        { kind: 'inInterface', names: [one.name] },
        { kind: 'outInterface', names: [one.name] },
        not({ kind: 'connectionStatus', status: ['dnat'] }),
        ...(everybody ? [] : [{ kind: 'source' as const, addresses: networks }]),
      );
      rules.push(rule(origin, condition, 'accept'));
    }
  }
  return rules;
}

/** Tunnels and loopbacks send nothing back the way it came; an interface without an address routes nothing. */
function isRedirecting({ entry, networks, ofMember }: NetworkInterface, family: Family): boolean {
  if (ofMember) return false;
  if (['tunnel', 'loopback', 'vdom-link'].includes(textAt(entry, 'type') ?? '')) return false;
  return networks[family].length > 0 && textAt(entry, 'status') !== 'down';
}
