const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Keys that take one word; what stands behind it was another line once, or is not for us to guess. */
const oneWord = words(`type start-ip end-ip protocol protocol-number icmptype icmpcode iprange schedule action
  extintf mappedport extport intrazone vdom mode ip6 ip6-address fqdn extip
  admin-port admin-sport admin-ssh-port admin-telnet-port ngfw-mode opmode accprofile`);

const profile = /-(?:profile|list|sensor|group)$/;

const switches =
  words(`exclude srcaddr-negate dstaddr-negate srcaddr6-negate dstaddr6-negate service-negate policy-expiry
  match-vip match-vip-only utm-status portforward internet-service internet-service-src internet-service6
  internet-service6-src internet-service-negate internet-service-src-negate internet-service6-negate
  internet-service6-src-negate central-nat asymroute asymroute6 secondary-IP send-deny-packet ha-mgmt-intf-only
  ztna-status`);

/** Two words, or one with a slash. */
const networks = words('subnet ip wildcard');

const one = (...some: readonly string[]): ReadonlySet<string> => new Set(some);
const choices: Readonly<Record<string, ReadonlySet<string>>> = {
  status: one('enable', 'disable', 'up', 'down'),
  intrazone: one('allow', 'deny'),
  'ngfw-mode': one('profile-based', 'policy-based'),
  action: one('accept', 'deny', 'ipsec', 'learn', 'ssl-vpn'),
};

const grammar = words('config edit set unset append select unselect next end');

/** Whether two lines ran into each other: text is in quotes and so one word. */
export function isTwoStatements(values: readonly string[]): boolean {
  return values.slice(1).some((value) => grammar.has(value));
}

/** What is wrong with the values of a key, as far as their number and kind tell. */
export function wrongValues(key: string, values: readonly string[]): string | undefined {
  const text = values.join(' ').slice(0, 60);
  if (switches.has(key) && text !== 'enable' && text !== 'disable') return `${key} ${text}: neither on nor off`;
  const choice = Object.hasOwn(choices, key) ? choices[key] : undefined;
  if (choice && !choice.has(text)) return `${key} ${text}: not known`;
  if ((oneWord.has(key) || profile.test(key)) && values.length !== 1) return `${key} ${text}: more than one word`;
  if (networks.has(key) && values.length > 2) return `${key} ${text}: more than an address and its mask`;
  return undefined;
}
