/** Where each platform's configurations have secrets, and what people write into remarks: lines to plant them in. */

/** What a secret looks like: `word` has letters and digits alone, and so is what any grammar takes. */
export type Shape = 'word' | 'base64' | 'hex' | 'signs' | 'quoted' | 'pem' | 'hash';

/** Gives another secret at each call. */
export type Secret = (shape: Shape) => string;

export type Templates = readonly ((secret: Secret, n: number) => string)[];

/** Every template as often as it takes for 200. */
export function grown(templates: Templates, secret: Secret, enough: () => boolean): string {
  const parts: string[] = [];
  for (let n = 1; !enough(); n++) {
    for (const template of templates) if (!enough()) parts.push(template(secret, n));
  }
  return parts.join('');
}

const fortiTable = (path: string, settings: (secret: Secret, n: number) => readonly string[]): Templates[number] => {
  return (secret, n) =>
    `config ${path}\n    edit "canary${n}"\n${settings(secret, n)
      .map((line) => `        ${line}\n`)
      .join('')}    next\nend\n`;
};

export const fortios: Templates = [
  fortiTable('system admin', (s) => [`set password ENC ${s('base64')}`]),
  fortiTable('system admin', (s) => [`set password ${s('quoted')}`]),
  (s, n) =>
    `config system ha\n    set group-name "pair${n}"\n    set password ENC ${s('base64')}\n    set key ${s('word')}\nend\n`,
  (s, n) =>
    `config system snmp community\n    edit ${n}\n        set name "${s('word')}"\n        config hosts\n            edit 1\n            next\n        end\n    next\nend\n`,
  (s, n) =>
    `config system snmp community\n    edit ${n}00\n        set name ${s('word')}\n        set status disable\n        set query-v1-status disable\n    next\nend\n`,
  fortiTable('system snmp user', (s) => [`set auth-pwd ENC ${s('base64')}`, `set priv-pwd ENC ${s('base64')}`]),
  fortiTable('user local', (s) => ['set type password', `set passwd ENC ${s('base64')}`]),
  fortiTable('user radius', (s) => [
    'set server 192.0.2.9',
    `set secret ENC ${s('base64')}`,
    `set secondary-secret ${s('signs')}`,
  ]),
  fortiTable('user tacacs+', (s) => [`set key ENC ${s('base64')}`, `set secondary-key ${s('word')}`]),
  fortiTable('user ldap', (s) => [`set password ENC ${s('base64')}`]),
  fortiTable('vpn ipsec phase1-interface', (s) => [
    `set psksecret ENC ${s('base64')}`,
    `set ppk-secret ENC ${s('base64')}`,
    `set authpasswd ${s('word')}`,
  ]),
  fortiTable('vpn ipsec phase1', (s) => [
    `set psksecret ${s('quoted')}`,
    `set group-authentication-secret ENC ${s('base64')}`,
  ]),
  fortiTable('vpn ipsec manualkey', (s) => [`set authkey ${s('hex')}`, `set enckey ${s('hex')}`]),
  fortiTable('vpn certificate local', (s) => [`set password ENC ${s('base64')}`, `set private-key "${s('pem')}"`]),
  fortiTable('router key-chain', (s) => [`set key-string ${s('word')}`]),
  fortiTable('router bgp', (s) => [`set password ENC ${s('base64')}`]),
  fortiTable('router ospf', (s) => [`set authentication-key ENC ${s('base64')}`, `set md5-key ${s('word')}`]),
  fortiTable('system interface', (s) => [`set password ENC ${s('base64')}`, `set pptp-password ENC ${s('base64')}`]),
  (s) => `config system email-server\n    set password ENC ${s('base64')}\nend\n`,
  fortiTable('wireless-controller vap', (s) => [
    `set passphrase ENC ${s('base64')}`,
    `set sae-password ENC ${s('base64')}`,
    `set key ${s('hex')}`,
  ]),
  fortiTable('system api-user', (s) => [`set api-key ENC ${s('base64')}`]),
  fortiTable('system automation-action', (s, n) => [
    'set action-type webhook',
    `set uri "https://robot:${s('word')}@hooks.example.org/${n}"`,
    `set headers "Authorization: Bearer ${s('word')}"`,
    `set http-body "{\\"token\\": \\"${s('word')}\\"}"`,
  ]),
  fortiTable('system ddns', (s) => [`set ddns-password ENC ${s('base64')}`]),
  fortiTable('system sdn-connector', (s) => [
    `set secret-key ENC ${s('base64')}`,
    `set access-key ${s('word')}`,
    `set client-secret ENC ${s('base64')}`,
    `set api-key ENC ${s('base64')}`,
  ]),
  fortiTable('user fsso', (s) => [`set password ENC ${s('base64')}`, `set password2 ENC ${s('base64')}`]),
  fortiTable('system ntp', (s) => [`set key ENC ${s('base64')}`]),
  fortiTable('user fortitoken', (s) => [`set seed ENC ${s('base64')}`, `set activation-code ${s('word')}`]),
  fortiTable('system lte-modem', (s) => [`set passwd ENC ${s('base64')}`, `set passwd1 ${s('quoted')}`]),
  fortiTable('firewall policy', (s) => [`set comments "temporary, password: ${s('word')}"`]),
];

export const asa: Templates = [
  (s) => `enable password ${s('hash')} pbkdf2\n`,
  (s) => `passwd ${s('word')} encrypted\n`,
  (s, n) => `username canary${n} password ${s('hash')} pbkdf2 privilege 15\n`,
  (s, n) => `username canary${n}x nt-encrypted ${s('hex')}\n`,
  (s, n) =>
    `tunnel-group 192.0.2.${n} ipsec-attributes\n ikev1 pre-shared-key ${s('signs')}\n ikev2 remote-authentication pre-shared-key ${s('word')}\n ikev2 local-authentication pre-shared-key 8 ${s('base64')}\n`,
  (s, n) => `aaa-server RAD${n} (inside) host 10.1.1.${n}\n key ${s('word')}\n radius-common-pw ${s('word')}\n`,
  (s, n) => `aaa-server LDAP${n} (inside) host 10.1.2.${n}\n ldap-login-password ${s('signs')}\n`,
  (s) => `snmp-server community ${s('word')}\n`,
  (s, n) => `snmp-server host inside 10.1.3.${n} community ${s('word')} version 2c\n`,
  (s, n) => `snmp-server host inside 10.1.4.${n} trap community 8 ${s('base64')}\n`,
  (s, n) => `snmp-server user watch${n} readers v3 encrypted auth sha256 ${s('hex')} priv aes 256 ${s('hex')} \n`,
  (s, n) => `ntp authentication-key ${n} md5 ${s('word')}\n`,
  (s, n) =>
    `interface Vlan${n}00\n ospf message-digest-key 1 md5 ${s('word')}\n ospf authentication-key ${s('word')}\n authentication key eigrp 100 ${s('word')} key-id 1\n rip authentication key ${s('word')} key_id 1\n`,
  (s) => `failover key ${s('word')}\n`,
  (s) => `failover ipsec pre-shared-key ${s('word')}\n`,
  (s, n) => `key chain KC${n}\n key 1\n  key-string 0 ${s('word')}\n`,
  (s, n) => `crypto isakmp key ${s('word')} address 198.51.100.${n}\n`,
  (s, n) => `vpdn username isp${n} password ${s('word')} store-local\n`,
  (s, n) => `crypto ca trustpoint TP${n}\n password ${s('word')}\n`,
  (s, n) => `router bgp 65000\n address-family ipv4 unicast\n  neighbor 10.9.9.${n} password ${s('word')}\n`,
  (s) => `router isis\n isis password ${s('word')}\n area-password ${s('word')}\n domain-password ${s('word')}\n`,
  (s) => `auto-update server https://robot:${s('word')}@updates.example.org/asa source inside\n`,
  (s) => `cts sxp default password ${s('word')}\n`,
  (s) => `cluster group PAIR\n key ${s('word')}\n`,
  (s) => `wccp web-cache password ${s('word')}\n`,
  (s) => `logging ftp-server 10.1.1.9 /logs robot ${s('word')}\n`,
  (s, n) => `crypto key import rsa label k${n}\n${s('pem')}\n`,
  (s) => `webvpn\n sso-server SSO type siteminder\n  policy-server-secret ${s('word')}\n`,
  (s) => `group-policy GP attributes\n webvpn\n  http-proxy host 10.1.1.1 8080 username u password ${s('word')}\n`,
  (s) => `vpnclient vpngroup VG password ${s('word')}\n`,
  (s) => `vpnclient username u password ${s('word')}\n`,
  (s) => `access-list outside_in remark temporary, password=${s('word')}\n`,
  (s) => `lisp map-server key ${s('word')}\n`,
];

const xml = (tag: string, inner: string): string => `<${tag}>${inner}</${tag}>`;
export const panosWords: readonly string[] = [
  'phash',
  'password',
  'bind-password',
  'secret',
  'snmp-community-string',
  'authpwd',
  'privpwd',
  'passphrase',
  'auth-password',
  'priv-password',
  'md5-key',
  'api-key',
  'client-secret',
  'uninstall-password',
  'agent-user-override-key',
  'override-key',
  'secure-proxy-password',
  'lsc-auth-password',
  'passcode',
  'shared-secret',
  'secret-access-key',
  'ntp-auth-key',
  'authentication-key',
  'certificate-passphrase',
];

/** In the place of the end of a tree of XML. */
export function panosXml(secret: Secret, enough: () => boolean): string {
  const templates: Templates = [
    ...panosWords.map(
      (word): Templates[number] =>
        (s, n) =>
          `<entry name="canary${n}-${word}">${xml(word, word === 'phash' ? s('hash') : s('base64'))}</entry>\n`,
    ),
    (s, n) =>
      `<entry name="ike${n}"><authentication>${xml('pre-shared-key', xml('key', `-AQ==${s('base64')}`))}</authentication></entry>\n`,
    (s, n) => `<entry name="cert${n}">${xml('private-key', `-AQ==${s('base64')}`)}</entry>\n`,
    (s, n) => `<entry name="pem${n}">${xml('private-key', s('pem'))}</entry>\n`,
    (s, n) => `<entry name="snmp${n}">${xml('community', s('word'))}</entry>\n`,
    (s, n) => `<entry name="hook${n}">${xml('value', `Bearer ${s('word')}`)}</entry>\n`,
    (s, n) => `<entry name="url${n}">${xml('url', `https://robot:${s('word')}@feeds.example.org/list`)}</entry>\n`,
    (s, n) => `<entry name="note${n}">${xml('description', `temporary, password: ${s('word')}`)}</entry>\n`,
  ];
  return grown(templates, secret, enough);
}

export const panosSet: Templates = [
  ...panosWords.map(
    (word): Templates[number] =>
      (s, n) =>
        `set shared server-profile canary${n} ${word} ${word === 'phash' ? s('hash') : word.length % 2 === 0 ? s('word') : s('quoted')}\n`,
  ),
  (s, n) => `set network ike gateway gw${n} authentication pre-shared-key key -AQ==${s('base64')}\n`,
  (s, n) => `set deviceconfig system snmp-setting access-setting version v2c snmp-community-string ${s('word')}${n}\n`,
];

export const stormshield: Templates = [
  (s, n) => `[peer${n}]\npsk="${s('signs')}"\nPSK=${s('hex')}\n`,
  (s) => `[SNMP]\ncommunity="${s('word')}"\nauthpass=${s('word')}\nprivpass="${s('word')}"\n`,
  (s, n) => `[ldap${n}]\nbindpw=${s('word')}\npassword="${s('quoted').slice(1, -1).replace(/\\"/g, '')}"\n`,
  (s, n) => `[radius${n}]\npresharedkey=${s('base64')}\nsecret=${s('word')}\n`,
  (s, n) => `id=${n} name=peer${n} psk="${s('word')}" state=1\n`,
  (s, n) => `user=u${n} passwd=${s('hash')}\n`,
  (s) => `[proxy]\nurl=https://robot:${s('word')}@proxy.example.org\nkey="${s('base64')}"\n`,
  (s) => `[cert]\nprivatekey="${s('base64')}"\n${s('pem')}\n`,
  (s, n) => `position=${900 + n}; pass from any to any # password: ${s('word')}\n`,
];

/** What a line of any text may say by a name and a value. */
export const values = (comment: (text: string, n: number) => string): Templates => [
  (s, n) => comment(`temporary, password=${s('word')}`, n),
  (s, n) => comment(`psk: ${s('base64')}`, n),
  (s, n) => comment(`api_key=${s('hex')}`, n),
  (s, n) => comment(`see https://robot:${s('word')}@wiki.example.org/x`, n),
  (s, n) => comment(`Authorization: Bearer ${s('word')}`, n),
  (s, n) => comment(`root hash ${s('hash')}`, n),
  (s, n) => comment(`community=${s('word')}`, n),
  (s, n) => comment(`Token: ${s('word')}`, n),
];

/** And what people write into a remark. */
export const remarks = (comment: (text: string, n: number) => string): Templates => [
  ...values(comment),
  (s, n) => comment(`the password is ${s('word')}`, n),
  (s, n) => comment(`passphrase ${s('word')}`, n),
];

export const nftables: Templates = remarks((text, n) => `    tcp dport ${1000 + n} accept comment "${text}"\n`);
export const iptables: Templates = remarks(
  (text, n) => `-A INPUT -p tcp -m tcp --dport ${1000 + n} -m comment --comment "${text}" -j ACCEPT\n`,
);
