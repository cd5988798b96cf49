import { irrelevantPrefixes, irrelevantTables, unmodelledTables } from './other-tables.js';

/**
 * What each table of a configuration is to filtering. The lists are explicit: a table or a key that is in none of
 * them is unrecognized, and the reading is blind.
 */
export interface TableSpec {
  /** Keys that make the model. */
  readonly used: ReadonlySet<string>;
  /** Keys that do not bear on what passes; `rest`: all others, but those that look like a used one. */
  readonly ignored: ReadonlySet<string> | 'rest';
  readonly nested?: Readonly<Record<string, TableSpec>>;
  /** Other keys are told and leave the reading whole: a new version has new ones, and few bear on what passes. */
  readonly toldOnly?: true;
}

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));
const ignoreAll: TableSpec = { used: new Set(), ignored: 'rest' };

const cosmetic =
  'uuid comment comments color visibility tags fabric-object global-object allow-routing associated-interface category description';

const address: TableSpec = {
  used: words(`type subnet start-ip end-ip fqdn country wildcard wildcard-fqdn interface ip6 macaddr start-mac end-mac
    sub-type sdn sdn-tag sdn-addr-type filter obj-type obj-tag obj-id tag-type tag-detection-level route-tag node-ip-only
    epg-name tenant organization policy-group subnet-name clearpass-spt cache-ttl fsso-group template host host-type
    hw-vendor hw-model os sw-version epg6 sdn-tag`),
  ignored: words(`${cosmetic} dirty passive-fqdn-learning`),
  nested: { tagging: ignoreAll, list: ignoreAll, 'fsso-group': ignoreAll, 'subnet-segment': ignoreAll },
};

const group: TableSpec = {
  used: words('member exclude exclude-member type'),
  ignored: words(`${cosmetic}`),
  nested: { tagging: ignoreAll },
};

const profiles = `av-profile webfilter-profile dnsfilter-profile emailfilter-profile spamfilter-profile dlp-sensor dlp-profile
  file-filter-profile ips-sensor application-list voip-profile ips-voip-filter sctp-filter-profile icap-profile waf-profile
  ssh-filter-profile cifs-profile videofilter-profile virtual-patch-profile casb-profile diameter-filter-profile
  gtp-profile profile-group telemetry-profile`;

/** Profiles that look into an accepted connection and may end it. */
export const profileKeys = words(profiles);

/** Where the profiles stand that policies name. */
export const profileTables: Readonly<Record<string, string>> = {
  'av-profile': 'antivirus profile',
  'webfilter-profile': 'webfilter profile',
  'dnsfilter-profile': 'dnsfilter profile',
  'emailfilter-profile': 'emailfilter profile',
  'ips-sensor': 'ips sensor',
  'application-list': 'application list',
  'dlp-sensor': 'dlp sensor',
  'dlp-profile': 'dlp profile',
  'file-filter-profile': 'file-filter profile',
  'voip-profile': 'voip profile',
  'waf-profile': 'waf profile',
  'icap-profile': 'icap profile',
  'profile-group': 'firewall profile-group',
};

/** Who and what a policy asks for that no packet tells. */
export const identityKeys =
  words(`groups users fsso-groups devices ztna-status ztna-ems-tag ztna-ems-tag-secondary ztna-geo-tag
  ztna-ems-tag-negate ztna-tags-match-logic ztna-policy-redirect ztna-device-ownership geoip-match geoip-anycast
  reputation-minimum reputation-direction reputation-minimum6 reputation-direction6 src-vendor-mac sgt sgt-check
  network-service-dynamic network-service-src-dynamic custom-network-service application app-category app-group url-category
  tos tos-mask tos-negate vlan-cos-fwd-match endpoint-compliance ntlm fsso identity-based rtp-addr learning-mode
  captive-portal-exempt device-ownership internet-service-fortiguard internet-service-src-fortiguard
  internet-service6-fortiguard internet-service6-src-fortiguard identity-from permit-any-host permit-stun-host vlan-filter`);

const internetServices = [
  'internet-service',
  'internet-service-src',
  'internet-service6',
  'internet-service6-src',
].flatMap((key) => [
  key,
  ...['name', 'id', 'group', 'custom', 'custom-group', 'negate'].map((part) => `${key}-${part}`),
]);

const policy: TableSpec = {
  used: new Set([
    ...words(`srcintf dstintf srcaddr dstaddr srcaddr6 dstaddr6 srcaddr-negate dstaddr-negate srcaddr6-negate
      dstaddr6-negate service service-negate action status schedule policy-expiry policy-expiry-date
      policy-expiry-date-utc match-vip match-vip-only utm-status vpntunnel inbound outbound send-deny-packet name
      enforce-default-app-port nat ippool poolname poolname6`),
    ...profileKeys,
    ...identityKeys,
    ...internetServices,
  ]),
  ignored: words(`uuid comments comment label global-label logtraffic logtraffic-start logtraffic-app auto-asic-offload
    np-acceleration np-accelation traffic-shaper traffic-shaper-reverse per-ip-shaper session-ttl tcp-mss-sender
    tcp-mss-receiver diffserv-forward diffserv-reverse diffservcode-forward diffservcode-rev diffserv-copy capture-packet
    delay-tcp-npu-session timeout-send-rst block-notification replacemsg-override-group schedule-timeout
    natip natinbound natoutbound fixedport permit-nat auth-redirect-addr auth-cert auth-path disclaimer
    redirect-url custom-log-fields passive-wan-health-measurement wanopt wanopt-detection wanopt-passive-opt
    wanopt-profile wanopt-peer webcache webcache-https cgn-session-quota cgn-resource-quota cgn-eif cgn-eim cgn-log-server-grp
    cgn-sw-eif-ctrl port-preserve port-random fec anti-replay inspection-mode profile-type profile-protocol-options
    ssl-ssh-profile deep-inspection-options ssl-mirror ssl-mirror-intf vlan-cos-fwd vlan-cos-rev wccp wsso rsso
    radius-mac-auth-bypass radius-ip-auth-bypass dsri dynamic-shaping email-collect scan-botnet-connections http-policy-redirect
    ssh-policy-redirect webproxy-forward-server webproxy-profile tcp-session-without-syn eif-learn eif-check
    nat46 nat64 pcp-outbound pcp-inbound pcp-poolname policy-behaviour-type ntlm-guest ntlm-enabled-browsers fsso-agent-for-ntlm
    tcp-timeout-pid udp-timeout-pid log-http-transaction extended-log identity-based-route decrypted-traffic-mirror
    client-reputation client-reputation-mode application-charts rtp-nat vendor-mac netflow-export tags best-route color
    force-proxy global-object ip-based srcaddr-ipv6 auth-method match-vip-disabled reputation-src per-policy-stats app-monitor`),
};

/** Asked after a policy, of what it holds for; it has no part in how packets are sent on. */
const securityPolicy: TableSpec = { ...policy, toldOnly: true };

const accessList: TableSpec = {
  used: words('status interface srcaddr dstaddr service'),
  ignored: words('name comments uuid fragment'),
  toldOnly: true,
};

const pool: TableSpec = { used: words('startip endip'), ignored: 'rest' };

const centralSourceNat: TableSpec = {
  used: words(`status type srcintf dstintf orig-addr orig-addr6 dst-addr dst-addr6 protocol orig-port dst-port nat
    nat-ippool nat-ippool6 nat-port`),
  ignored: words('uuid comments nat46 nat64 port-preserve port-random'),
  toldOnly: true,
};

const internetServiceCustom: TableSpec = {
  used: words('comment reputation'),
  ignored: 'rest',
  nested: {
    entry: {
      used: words('addr-mode protocol dst dst6'),
      ignored: 'rest',
      nested: {
        'port-range': { used: words('start-port end-port'), ignored: 'rest' },
        'ip-range': { used: words('start-ip end-ip'), ignored: 'rest' },
      },
    },
  },
};

const localIn: TableSpec = {
  used: words(`intf srcaddr dstaddr srcaddr-negate dstaddr-negate service service-negate action status schedule
    ha-mgmt-intf-only internet-service-src internet-service-src-name internet-service-src-group internet-service-src-custom
    internet-service-src-custom-group internet-service-src-negate internet-service6-src internet-service6-src-name
    virtual-patch`),
  ignored: words('uuid comments name logtraffic color'),
};

const vip: TableSpec = {
  used: words(`type extip extaddr nat44 mappedip mapped-addr extintf portforward protocol extport mappedport service src-filter
    srcintf-filter status server-type ldb-method h2-support portmapping-type nat46 nat64 ipv6-mappedip ipv6-mappedport ipv4-mappedip
    ipv4-mappedport src-vip-filter nat-source-vip one-click-gslb-server gslb-domain-name embedded-ipv4-address add-nat46-route add-nat64-route`),
  ignored: words(`uuid id comment color arp-reply ndp-reply gratuitous-arp-interval dns-mapping-ttl http-ip-header
    http-ip-header-name outlook-web-access weblogic-server websphere-server http-multiplex http-multiplex-ttl
    http-multiplex-max-request http-multiplex-max-concurrent-request http-supported-max-version http-redirect persistence
    monitor max-embryonic-connections http-cookie-domain http-cookie-domain-from-host http-cookie-path http-cookie-generation
    http-cookie-age http-cookie-share https-cookie-secure http-host gslb-hostname h3-support client-cert
      user-agent-detect empty-cert-action ssl-accept-ffdhe-groups ssl-algorithm ssl-certificate ssl-client-fallback
      ssl-client-rekey-count ssl-client-renegotiation ssl-client-session-state-max ssl-client-session-state-timeout
      ssl-client-session-state-type ssl-dh-bits ssl-hpkp ssl-hpkp-age ssl-hpkp-backup ssl-hpkp-include-subdomains
      ssl-hpkp-primary ssl-hpkp-report-uri ssl-hsts ssl-hsts-age ssl-hsts-include-subdomains
      ssl-http-location-conversion ssl-http-match-host ssl-max-version ssl-min-version ssl-mode ssl-pfs
      ssl-send-empty-frags ssl-server-algorithm ssl-server-max-version ssl-server-min-version ssl-server-renegotiation
      ssl-server-session-state-max ssl-server-session-state-timeout ssl-server-session-state-type`),
  // Whatever else a version adds can only make it narrower.
  toldOnly: true,
  nested: {
    realservers: { used: words('type ip address port status'), ignored: 'rest' },
    'gslb-public-ips': ignoreAll,
    'ssl-server-cipher-suites': ignoreAll,
    quic: ignoreAll,
    'ssl-cipher-suites': ignoreAll,
  },
};

const interfaceIgnored = words(`${cosmetic} alias snmp-index speed mtu mtu-override lldp-transmission lldp-reception
  lldp-network-policy role vrf cli-conn-status fortilink monitor-bandwidth estimated-upstream-bandwidth
  estimated-downstream-bandwidth measured-upstream-bandwidth measured-downstream-bandwidth bandwidth-measure-time
  device-identification device-user-identification device-identification-active-scan device-access-list device-netscan
  broadcast-forward broadcast-forticlient-discovery l2forward stpforward stpforward-mode vlanforward ips-sniffer-mode
  arpforward ndiscforward icmp-send-redirect icmp-accept-redirect icmp-redirect reachable-time tcp-mss
  inbandwidth outbandwidth egress-shaping-profile ingress-shaping-profile spillover-threshold
  ingress-spillover-threshold weight disconnect-threshold proxy-captive-portal ip-managed-by-fortiipam
  managed-subnetwork-size interface-index macaddr substitute-dst-mac ip-mac bfd bfd-desired-min-tx bfd-detect-mult
  bfd-required-min-rx mediatype detectserver detectprotocol ha-priority fail-detect fail-detect-option fail-alert-method
  fail-action-on-extender fail-alert-interfaces dns-server-override dns-server-protocol dhcp-client-identifier
  dhcp-renew-time dhcp-relay-agent-option dhcp-relay-interface-select-method dhcp-relay-interface dhcp-relay-ip
  dhcp-relay-request-all-server dhcp-relay-type dhcp-relay-circuit-id dhcp-relay-link-selection dhcp-relay-source-ip
  dhcp-relay-vrf-select dhcp-classless-route-addition defaultgw distance priority dhcp-smart-relay
  dhcp-relay-allow-no-end-option preserve-session-route auth-type pptp-client pptp-user pptp-password pptp-server-ip
  pptp-auth-type pptp-timeout polling-interval sample-rate sample-direction sflow-sampler netflow-sampler
  netflow-sample-rate netflow-sampler-id wccp drop-overlapped-fragment drop-fragment member lacp-mode lacp-speed
  lacp-ha-secondary lacp-ha-slave min-links min-links-down algorithm link-up-delay aggregate-type system-id
  system-id-type priority-override aggregate redundant-interface management-ip forward-domain
  remote-ip external switch-controller-access-vlan switch-controller-traffic-policy switch-controller-rspan-mode
  switch-controller-netflow-collect switch-controller-mgmt-vlan switch-controller-igmp-snooping
  switch-controller-igmp-snooping-proxy switch-controller-igmp-snooping-fast-leave switch-controller-dhcp-snooping
  switch-controller-dhcp-snooping-verify-mac switch-controller-dhcp-snooping-option82 switch-controller-arp-inspection
  switch-controller-learning-limit switch-controller-nac switch-controller-dynamic switch-controller-feature
  switch-controller-iot-scanning switch-controller-offload switch-controller-offload-ip
  switch-controller-offload-gw switch-controller-source-ip fortilink-split-interface
  fortilink-neighbor-detect fortilink-backup-link fortilink-stacking auto-auth-extension-device ap-discover
  swc-first-create swc-vlan vlan-protocol vlanid internal secondary-IP trunk switch pppoe-unnumbered-negotiate
  username password idle-timeout initial-session-time-out disc-retry-timeout padt-retry-timeout service-name ac-name
  lcp-echo-interval lcp-max-echo-fails ipunnumbered eap-supplicant eap-method eap-identity eap-password eap-ca-cert eap-user-cert
  security-mac-auth-bypass security-external-web security-external-logout replacemsg-override-group security-redirect-url
  auth-cert auth-portal-addr security-exempt-list security-groups stp stp-ha-secondary gwdetect gwaddr ping-serv-status
  mirroring-direction mirroring-port ring-rx ring-tx default-purdue-level measured internet-service-database
  autogenerated np-qos-profile wins-ip phy-mode poe sw-algorithm netbios-forward exclude-signatures
  fdp fortiheartbeat endpoint-compliance scan-botnet-connections tagging fp-anomaly fp-disable dedicated-interface captive-portal
  monitor-direction trust-mac outbandwidth-burst`);

const secondary: TableSpec = {
  used: words('ip allowaccess ip6-address ip6-allowaccess'),
  ignored: words('detectserver gwdetect ping-serv-status detectprotocol ha-priority prefix-list secip-relay-ip'),
};

const networkInterface: TableSpec = {
  used: words(`vdom ip allowaccess type status interface mode security-mode dhcp-relay-service secondary-IP vdom-link
    src-check dedicated-to trust-ip-1 trust-ip-2 trust-ip-3 trust-ip6-1 trust-ip6-2 trust-ip6-3 explicit-web-proxy
    explicit-ftp-proxy`),
  ignored: interfaceIgnored,
  toldOnly: true,
  nested: {
    secondaryip: secondary,
    ipv6: {
      used: words('ip6-address ip6-allowaccess ip6-mode'),
      ignored: words(`ip6-send-adv ip6-manage-flag ip6-other-flag ip6-max-interval ip6-min-interval ip6-link-mtu
        ip6-reachable-time ip6-retrans-time ip6-default-life ip6-hop-limit ip6-dns-server-override dhcp6-relay-service
        dhcp6-relay-type dhcp6-relay-ip dhcp6-prefix-delegation dhcp6-prefix-hint dhcp6-information-request
        dhcp6-client-options ip6-prefix-mode ip6-delegated-prefix-iaid ip6-subnet ip6-upstream-interface autoconf
        vrrp-virtual-mac6 vrip6_link_local icmp6-send-redirect ra-send-mtu nd-mode nd-cert nd-security-level
        unique-autoconf-addr interface-identifier cli-conn6-status ip6-route-pref ip6-route-life ip6-rdnss-life
        ip6-dnssl-life ip6-adv-rio`),
      nested: {
        'ip6-extra-addr': ignoreAll,
        'ip6-prefix-list': ignoreAll,
        'ip6-delegated-prefix-list': ignoreAll,
        'ip6-route-list': ignoreAll,
        'ip6-rdnss-list': ignoreAll,
        'ip6-dnssl-list': ignoreAll,
        'dhcp6-iapd-list': ignoreAll,
        'client-options': ignoreAll,
        vrrp6: ignoreAll,
      },
    },
    vrrp: ignoreAll,
    'client-options': ignoreAll,
    'phy-setting': ignoreAll,
    'l2tp-client-settings': ignoreAll,
    'egress-queues': ignoreAll,
    'mirroring-filter': ignoreAll,
    'dhcp-snooping-server-list': ignoreAll,
    tagging: ignoreAll,
    wifi: ignoreAll,
  },
};

const service: TableSpec = {
  used: words(`protocol protocol-number tcp-portrange udp-portrange sctp-portrange udplite-portrange icmptype icmpcode iprange fqdn
    app-service-type app-category application proxy explicit-proxy`),
  ignored: words(`${cosmetic} helper check-reset-range tcp-halfclose-timer tcp-halfopen-timer tcp-timewait-timer
    tcp-rst-timer udp-idle-timer session-ttl`),
};

const specs: Readonly<Record<string, TableSpec>> = {
  'firewall address': address,
  'firewall address6': address,
  'firewall addrgrp': group,
  'firewall addrgrp6': group,
  'firewall service custom': service,
  'firewall service group': { used: words('member proxy explicit-proxy'), ignored: words(cosmetic) },
  'firewall policy': policy,
  'firewall policy6': policy,
  'firewall consolidated policy': policy,
  'firewall security-policy': securityPolicy,
  'firewall acl': accessList,
  'firewall acl6': accessList,
  'firewall central-snat-map': centralSourceNat,
  'firewall ippool': pool,
  'firewall ippool6': pool,
  'firewall internet-service-custom': internetServiceCustom,
  'firewall internet-service-custom-group': { used: words('member'), ignored: 'rest' },
  'firewall local-in-policy': localIn,
  'firewall local-in-policy6': localIn,
  'firewall vip': vip,
  'firewall vip6': vip,
  'firewall vipgrp': { used: words('member'), ignored: words(`${cosmetic} interface`) },
  'firewall vipgrp6': { used: words('member'), ignored: words(`${cosmetic} interface`) },
  'firewall schedule onetime': {
    used: words('start end start-utc end-utc'),
    ignored: words('color expiration-days fabric-object uuid'),
  },
  'firewall schedule recurring': {
    used: words('start end day'),
    ignored: words('color fabric-object uuid label-day'),
  },
  'firewall schedule group': { used: words('member'), ignored: words('color fabric-object uuid') },
  'system interface': networkInterface,
  'system zone': {
    used: words('interface intrazone'),
    ignored: words('description tags'),
    nested: { tagging: ignoreAll },
  },
  'system sdwan': {
    used: words('status'),
    ignored: 'rest',
    nested: {
      zone: ignoreAll,
      members: { used: words('interface zone status'), ignored: 'rest' },
      'health-check': ignoreAll,
      service: ignoreAll,
      neighbor: ignoreAll,
      duplication: ignoreAll,
      'health-check-fortiguard': ignoreAll,
    },
  },
  'system virtual-wan-link': {
    used: words('status'),
    ignored: 'rest',
    nested: {
      members: { used: words('interface zone status'), ignored: 'rest' },
      'health-check': ignoreAll,
      service: ignoreAll,
      zone: ignoreAll,
    },
  },
  'system global': {
    used: words(`admin-port admin-sport admin-ssh-port admin-telnet-port admin-telnet admin-https-redirect hostname
      allow-traffic-redirect ipv6-allow-traffic-redirect cfg-save cfg-revert-timeout`),
    ignored: 'rest',
  },
  'system settings': {
    used: words(
      'central-nat ngfw-mode asymroute asymroute6 asymroute-icmp asymroute6-icmp tcp-session-without-syn opmode status',
    ),
    ignored: 'rest',
    nested: { 'gui-default-policy-columns': ignoreAll },
  },
  'system admin': {
    used: words(`trusthost1 trusthost2 trusthost3 trusthost4 trusthost5 trusthost6 trusthost7 trusthost8 trusthost9
      trusthost10 ip6-trusthost1 ip6-trusthost2 ip6-trusthost3 ip6-trusthost4 ip6-trusthost5 ip6-trusthost6 ip6-trusthost7
      ip6-trusthost8 ip6-trusthost9 ip6-trusthost10 accprofile vdom remote-auth remote-group wildcard two-factor password
      ssh-public-key1 ssh-public-key2 ssh-public-key3 peer-auth peer-group schedule`),
    ignored: 'rest',
  },
};

export type TableKind =
  | { readonly kind: 'modelled'; readonly spec: TableSpec }
  | { readonly kind: 'unmodelled' | 'irrelevant' | 'unknown' };

export function kindOfTable(path: string): TableKind {
  const spec = Object.hasOwn(specs, path) ? specs[path] : undefined;
  if (spec) return { kind: 'modelled', spec };
  if (unmodelledTables.has(path)) return { kind: 'unmodelled' };
  if (irrelevantTables.has(path)) return { kind: 'irrelevant' };
  const [first = ''] = path.split(' ');
  if ([...Object.keys(specs), ...unmodelledTables].some((known) => resembles(path, known))) return { kind: 'unknown' };
  return { kind: irrelevantPrefixes.includes(first) ? 'irrelevant' : 'unknown' };
}

/** Whether a word is at most one typing error away from another: a damaged key must not pass for one without effect. */
export function resembles(word: string, other: string): boolean {
  if (Math.abs(word.length - other.length) > 1) return false;
  let head = 0;
  while (head < word.length && word[head] === other[head]) head++;
  let tail = 0;
  while (
    tail < word.length - head &&
    tail < other.length - head &&
    word[word.length - 1 - tail] === other[other.length - 1 - tail]
  ) {
    tail++;
  }
  const rest = Math.max(word.length, other.length) - head - tail;
  if (rest <= 1) return true;
  return rest === 2 && word.length === other.length && word[head] === other[head + 1] && word[head + 1] === other[head];
}
