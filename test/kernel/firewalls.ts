import type { Namespace } from '../support/machine.js';
import { PORTAL, VENDOR, web } from './world.js';

/**
 * The same edge firewall in three tongues: everything is dropped but established connections, the published portal,
 * and the contractor's way to the web server. `lift` is what the contractor does on the Tuesday, `addRule` the smaller
 * sin: one rule that lets the whole internet to the results page.
 */
export interface Firewall {
  readonly title: string;
  /** Programs it needs. */
  readonly needs: readonly ('nft' | 'iptables' | 'iptables-legacy')[];
  /** Loads the rules from their files, in place of whatever is there: first start, repair and reload in one. */
  load(namespace: Namespace): Promise<void>;
  /** The commands by which filtering is switched off. */
  readonly lift: readonly (readonly string[])[];
  /** Whether these commands reach IPv6 too. */
  readonly liftsIpv6: boolean;
  addRule(port: number): readonly string[];
  /** Loads rules of the same meaning, as they are after somebody tidied them. */
  readonly loadTidied?: (namespace: Namespace) => Promise<void>;
}

/** What `nftables` loads: a file that nft reads. */
export const nftRules = `flush ruleset
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip saddr ${VENDOR} tcp dport 22 accept comment "contractor, contract 2015-07"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "wan0" oifname "dmz0" ip daddr ${web[4]} tcp dport ${PORTAL} accept comment "portal"
    iifname "wan0" oifname "dmz0" ip6 daddr ${web[6]} tcp dport ${PORTAL} accept comment "portal"
    iifname "wan0" oifname "dmz0" ip saddr ${VENDOR} ip daddr ${web[4]} tcp dport 22 accept
  }
}
`;

/** The same rules after somebody tidied them: renamed comments, another order of what cannot meet, other spacing. */
const nftRulesTidied = `flush ruleset
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    iif "lo" accept
    ct state related,established counter accept comment "answers"
    ip saddr ${VENDOR} tcp dport ssh counter accept comment "remote maintenance"
    icmpv6 type { nd-neighbor-advert, nd-neighbor-solicit } accept
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "wan0" oifname "dmz0" ip saddr ${VENDOR} ip daddr ${web[4]} tcp dport 22 counter accept comment "rule 1"
    iifname "wan0" oifname "dmz0" ip6 daddr ${web[6]} tcp dport ${PORTAL} counter accept comment "rule 2"
    iifname "wan0" oifname "dmz0" ip daddr ${web[4]} tcp dport ${PORTAL} counter accept comment "rule 3"
  }
}
`;

export const nftables: Firewall = {
  title: 'nftables',
  needs: ['nft'],
  load: async (namespace) => {
    await namespace.must(['nft', '-f', '-'], { input: nftRules });
  },
  lift: [['nft', 'flush', 'ruleset']],
  liftsIpv6: true,
  addRule: (port) =>
    `nft insert rule inet filter forward iifname wan0 ip daddr ${web[4]} tcp dport ${port} accept`.split(' '),
  loadTidied: async (namespace) => {
    await namespace.must(['nft', '-f', '-'], { input: nftRulesTidied });
  },
};

/** The firewall with more rules from the start, which are then its baseline; each line is a command of nft. */
export function withMore(...lines: readonly string[]): Firewall {
  return {
    ...nftables,
    load: async (namespace) => {
      await nftables.load(namespace);
      for (const line of lines) await namespace.must(['nft', line]);
    },
  };
}

/** iptables-restore's own form, for one family. */
function iptablesRules(family: 4 | 6): string {
  const portal = `-A FORWARD -i wan0 -o dmz0 -d ${web[family]} -p tcp -m tcp --dport ${PORTAL} -j ACCEPT`;
  const vendor4 = [
    `-A INPUT -s ${VENDOR} -p tcp -m tcp --dport 22 -j ACCEPT`,
    `-A FORWARD -i wan0 -o dmz0 -s ${VENDOR} -d ${web[4]} -p tcp -m tcp --dport 22 -j ACCEPT`,
  ];
  const neighbours = ['neighbour-solicitation', 'neighbour-advertisement'].map(
    (type) => `-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT`,
  );
  return [
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A INPUT -i lo -j ACCEPT',
    '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ...(family === 4 ? vendor4 : neighbours),
    portal,
    'COMMIT',
    '',
  ].join('\n');
}

function iptablesWith(title: string, need: 'iptables' | 'iptables-legacy', backend: 'nft' | 'legacy'): Firewall {
  const program = (base: 'iptables' | 'ip6tables', verb = ''): string => `${base}-${backend}${verb}`;
  return {
    title,
    needs: [need],
    load: async (namespace) => {
      await namespace.must([program('iptables', '-restore')], { input: iptablesRules(4) });
      await namespace.must([program('ip6tables', '-restore')], { input: iptablesRules(6) });
    },
    lift: [
      [program('iptables'), '-P', 'INPUT', 'ACCEPT'],
      [program('iptables'), '-P', 'FORWARD', 'ACCEPT'],
      [program('iptables'), '-F'],
    ],
    liftsIpv6: false,
    addRule: (port) => [
      program('iptables'),
      ...`-I FORWARD -i wan0 -d ${web[4]} -p tcp --dport ${port} -j ACCEPT`.split(' '),
    ],
  };
}

export const iptablesNft = iptablesWith('iptables (nf_tables)', 'iptables', 'nft');
export const iptablesLegacy = iptablesWith('iptables-legacy', 'iptables-legacy', 'legacy');
