import { createHash } from 'node:crypto';
import type { AccessFact, AccessFactKind } from '../../model/index.js';
import { contentOf, wordOf } from './content.js';
import type { Domain } from './network.js';
import { originOf } from './origin.js';
import { kindOfTable } from './sections.js';
import { type Entry, isEnabled, type Table, textAt, valuesOf } from './tables.js';

const names = (prefix: string, text: string): readonly string[] =>
  text
    .trim()
    .split(/\s+/)
    .map((name) => `${prefix} ${name.replaceAll('/', ' ')}`);

/** Gates that are not packet rules, by the tables that hold them; `/` stands for a blank. */
const tablesOf: Readonly<Partial<Record<AccessFactKind, readonly string[]>>> = {
  administrator: names('system', 'admin api-user sso-admin sso-forticloud-admin sso-fortigate-cloud-admin accprofile'),
  managementService: names('system', 'snmp/user snmp/community snmp/sysinfo password-policy dedicated-mgmt'),
  manager: names(
    'system',
    `central-management fortimanager csf ha automation-action automation-trigger automation-stitch
    automation-destination auto-install auto-script external-resource sdn-connector saml`,
  ),
  vpn: [
    ...names('user', 'local group peer peergrp radius ldap tacacs+ saml fsso fsso-polling pop3 krb-keytab'),
    ...names('vpn ipsec', 'phase1 phase1-interface phase2 phase2-interface manualkey manualkey-interface concentrator'),
    ...names('vpn ipsec', 'forticlient fec'),
    ...names('vpn ssl', 'settings client web/portal web/realm web/user-bookmark web/user-group-bookmark'),
    ...names('vpn', 'l2tp pptp certificate/ca certificate/remote ocvpn qkd'),
    ...names('system', 'gre-tunnel ipip-tunnel sit-tunnel ipv6-tunnel vxlan geneve'),
  ],
  route: names('router', 'static static6 bgp ospf ospf6 rip ripng isis route-map access-list access-list6 prefix-list'),
  policyRoute: [...names('router', 'policy policy6'), ...names('system', 'sdwan virtual-wan-link')],
  forwarding: names('system', 'zone virtual-wire-pair vdom-link switch-interface'),
  logging: [
    ...['syslogd', 'syslogd2', 'syslogd3', 'syslogd4', 'fortianalyzer', 'fortianalyzer2', 'fortianalyzer3'].flatMap(
      (target) => names(`log ${target}`, 'setting filter override-setting override-filter'),
    ),
    ...['fortianalyzer-cloud', 'fortiguard', 'disk', 'memory', 'webtrends', 'tacacs+accounting'].flatMap((target) =>
      names(`log ${target}`, 'setting filter'),
    ),
    ...names('log', 'setting eventfilter'),
  ],
  inspection: [
    ...names('antivirus', 'profile settings'),
    ...names('ips', 'sensor custom settings global'),
    ...names('webfilter', 'profile urlfilter content fortiguard'),
    ...names('application', 'list custom group'),
    ...names('dnsfilter', 'profile domain-filter'),
    ...names('dlp', 'sensor profile rule filepattern'),
    ...names('firewall', 'ssl-ssh-profile profile-protocol-options profile-group'),
    ...['emailfilter', 'spamfilter', 'file-filter', 'waf', 'icap', 'voip', 'ssh-filter', 'videofilter'].map(
      (kind) => `${kind} profile`,
    ),
    ...['virtual-patch', 'casb', 'sctp-filter', 'cifs'].map((kind) => `${kind} profile`),
  ],
};

const kinds: ReadonlyMap<string, AccessFactKind> = new Map(
  (Object.keys(tablesOf) as AccessFactKind[]).flatMap((kind) =>
    (tablesOf[kind] ?? []).map((path) => [path, kind] as const),
  ),
);

/** Each member of a cluster has its own priority and its own name in there. */
const ofMember: ReadonlySet<string> = new Set(['system ha']);

const trusted = /^(?:ip6-)?trusthost\d+$/;
const publicKey = /^ssh-public-key\d$/;
/** What is told apart, or is a secret: the name of a community is its password. */
const keptOut: Readonly<Record<string, (key: string) => boolean>> = {
  'system admin': (key) => trusted.test(key) || publicKey.test(key),
  'system snmp community': (key) => key === 'name',
};

/** The facts of a set of tables; those of tables that are not modelled among them, so that a change in one is seen. */
export function factsOf(
  file: string,
  domain: Pick<Domain, 'name' | 'prefix'>,
  tables: Iterable<Table>,
): readonly AccessFact[] {
  const facts: AccessFact[] = [];
  const add = (kind: AccessFactKind, path: string, entry: Entry): void => {
    const subject = `${domain.prefix}${path}${entry.name === '' ? '' : ` ${wordOf(entry.name)}`}`;
    const origin = originOf(file, domain, path, entry);
    const value = contentOf(withoutKeys(entry, keptOut[path]));
    facts.push({ kind, subject, value, origin, ...(ofMember.has(path) && { ofMember: true as const }) });
    if (path === 'system admin') facts.push(...doorsOf(entry, subject, origin));
  };
  for (const { path, own, entries } of tables) {
    const unmodelled = kindOfTable(path).kind === 'unmodelled';
    const kind = unmodelled ? 'filterNotCovered' : kinds.get(path);
    if (kind === undefined) continue;
    if (own.settings.size + own.tables.size > 0) add(kind, path, own);
    for (const entry of entries) add(kind, path, entry);
  }
  return facts;
}

function withoutKeys(entry: Entry, isOut: ((key: string) => boolean) | undefined): Entry {
  return isOut ? { ...entry, settings: new Map([...entry.settings].filter(([key]) => !isOut(key))) } : entry;
}

/** From where an administrator may come, and with which keys. */
function doorsOf(entry: Entry, subject: string, origin: AccessFact['origin']): readonly AccessFact[] {
  const hosts = [...entry.settings.keys()]
    .filter((key) => trusted.test(key))
    .map((key) => valuesOf(entry, key).join('/'))
    // Zeros stand where no host is named.
    .filter((text) => text !== '' && !/^(?:0\.0\.0\.0|::\/0)/.test(text));
  const keys = [...entry.settings.keys()].filter((key) => publicKey.test(key));
  return [
    {
      kind: 'managementService',
      subject: `${subject} trusted hosts`,
      value: hosts.length === 0 ? 'any' : hosts.sort().join(', '),
      origin,
    },
    ...keys.flatMap((key): readonly AccessFact[] => {
      const text = textAt(entry, key) ?? '';
      if (text === '') return [];
      const digest = createHash('sha256').update(text).digest('base64').replace(/=+$/, '');
      return [{ kind: 'key', subject: `${subject} ${key}`, value: `SHA256:${digest}`, origin }];
    }),
  ];
}

/** What of the whole device decides how administrators are let in. */
const adminKeys = [
  'admin-telnet',
  'admin-ssh-password',
  'admin-https-pki-required',
  'admin-https-ssl-versions',
  'admin-lockout-threshold',
  'admin-lockout-duration',
  'admin-restrict-local',
  'admin-maintainer',
  'strong-crypto',
  'cfg-save',
];

/** Switches that matter only where they are on. */
const onlyOn = ['asymroute', 'asymroute6', 'asymroute-icmp', 'asymroute6-icmp', 'tcp-session-without-syn'];

/** What of `system settings` and `system global` moves decisions elsewhere. */
export function stateFacts(
  file: string,
  domain: Pick<Domain, 'name' | 'prefix'>,
  tables: Domain['tables'],
): readonly AccessFact[] {
  const facts: AccessFact[] = [];
  const add = (path: string, entry: Entry, key: string, kind: AccessFactKind): void => {
    const value = textAt(entry, key);
    if (value === undefined) return;
    const subject = `${domain.prefix}${path} ${key}`;
    facts.push({ kind, subject, value, origin: originOf(file, domain, path, entry) });
  };
  const settings = tables.get('system settings')?.own;
  if (settings) {
    for (const key of ['ngfw-mode', 'central-nat', 'opmode']) add('system settings', settings, key, 'forwarding');
    for (const key of onlyOn) if (isEnabled(settings, key)) add('system settings', settings, key, 'forwarding');
  }
  const global = tables.get('system global')?.own;
  if (global) for (const key of adminKeys) add('system global', global, key, 'managementService');
  return facts;
}
