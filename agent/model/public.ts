import { difference, union } from '../lib/intervals.js';
import { type AddressSet, anyAddress, parseAddressSet } from './address.js';

/**
 * Not on the public internet: RFC 1918, RFC 6598 (carrier NAT), RFC 4193, link-local, loopback, multicast,
 * unspecified and the reserved top of IPv4 (RFC 1112). The documentation prefixes of RFC 5737 and RFC 3849 are
 * public here: examples and replays stand for real hosts with them.
 */
const insideAddresses: AddressSet = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
]
  .map((text) => parseAddressSet(text)!)
  .reduce((all, one) => ({ ip4: union(all.ip4, one.ip4), ip6: union(all.ip6, one.ip6) }));

/** What `internet` stands for wherever a person writes it. */
export const publicAddresses: AddressSet = {
  ip4: difference(anyAddress.ip4, insideAddresses.ip4),
  ip6: difference(anyAddress.ip6, insideAddresses.ip6),
};
