import type { Dice } from './dice.js';
import { type Context, familyFor, operator, word } from './nft-rules.js';
import * as words from './words.js';

/** A range, which seldom is negated as it stands: its listing alone does not decide that. */
export function perhapsNot(dice: Dice, not: string, range: string): string {
  return not && range.includes('-') && !dice.once(8) ? `${not}{ ${range} }` : `${not}${range}`;
}

/** Comparisons that nft 1.0.6 prints as others, or not at all: see agent/drivers/nftables/beside.ts. */
export function garbled(context: Context): string {
  const { dice, table: family } = context;
  const ip = word(familyFor(context));
  const host = (): string => dice.pick(words.hosts[ip === 'ip' ? 'ip4' : 'ip6']);
  const header = dice.pick(['tcp', 'tcp', 'udp', 'th']);
  const [low, high] = dice.pick([
    ['>=', '<='],
    ['<', '>'],
    ['<=', '>='],
    ['>', '<'],
  ]);
  const side = (names: readonly [string, string]): string => dice.pick(names);
  const ports = ['sport', 'dport'] as const;
  const addresses = ['saddr', 'daddr'] as const;
  const port = (): string => `${dice.pick([22, 25, 80, 443, 1024, 8080])}`;
  return dice.pick([
    () => `${header} ${side(ports)} ${low} ${port()} ${header} ${side(ports)} ${high} ${port()}`,
    () => `${header} ${side(ports)} ${low} ${port()} ${header} ${side(ports)} ${high} ${port()}`,
    () => `${header} sport != ${port()} ${header} dport != ${port()}`,
    () => `${ip} ${side(addresses)} ${low} ${host()} ${ip} ${side(addresses)} ${high} ${host()}`,
    () => `meta mark & 0xff ${low} ${dice.below(4)} meta mark & 0xf ${high} ${dice.below(9)}`,
    () => `ct mark ${low} 0x${dice.below(4)} ct mark ${high} 0x${dice.below(9)}`,
    () => `meta mark ${low} 0x${dice.below(4)} meta mark ${high} 0x${dice.below(9)}`,
    () => `ct protocol ${dice.pick(['tcp', 'udp', 'gre'])} th ${side(ports)} ${port()}`,
    () => `meta l4proto ${dice.pick(['tcp', 'udp'])} ct protocol ${dice.pick(['tcp', 'udp'])} th dport ${port()}`,
    () => `ct l3proto ${dice.pick(['ipv4', 'ipv6'])} tcp dport ${port()}`,
    () =>
      family === 'ip6'
        ? 'icmpv6 type != echo-request icmpv6 code != 0'
        : 'icmp type != destination-unreachable icmp code != 1',
    () => `ip ttl ${low} 7 tcp dport ${high} ${port()}`,
    () => `${header} dport ${low} ${port()} ${ip} ${side(addresses)} ${high} ${host()}`,
    () => `th dport ${operator(dice)}${words.aPortRange(dice)}`,
  ])();
}

/** Whether nft 1.0.6 prints a rule as something else, so that no reader of its listing can know. */
export function isGarbled(text: string): boolean {
  // Before what is read behind the IP header "ct protocol" is left out, as what names the protocol beside it says already.
  const hides = /ct (?:original |reply )?protocol .*(?:[sd]port|icmp|flags|@th|tcp reset)/;
  if (hides.test(text) && /(?:meta l4proto|ip protocol|ip6 nexthdr|\b(?:tcp|udp|icmp|icmpv6) )/.test(text)) return true;
  // `tcp sport >= 25 tcp dport <= 80` is printed as `tcp dport 25-80`.
  const bounds = /(?<first>\w+ [sd]port) >= \d+ (?<second>\w+ [sd]port) <= \d+/.exec(text)?.groups;
  return bounds !== undefined && bounds.first !== bounds.second;
}
