import { contains } from '../../agent/lib/intervals.js';
import { type Condition, parseIp4, parseIp6 } from '../../agent/model/index.js';

export interface Packet {
  readonly src?: string;
  readonly dst?: string;
  readonly protocol?: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmp?: number;
  readonly in?: string;
  readonly out?: string;
}

/** Whether a packet meets a condition, field by field: the plain reading that packet sets must agree with. */
export function holds(condition: Condition, packet: Packet): boolean {
  const { src = '198.51.100.7', dst = '192.0.2.10', protocol = 6, sport = 40000, dport = 443, icmp = 0 } = packet;
  switch (condition.kind) {
    case 'all':
      return condition.of.every((part) => holds(part, packet));
    case 'any':
      return condition.of.some((part) => holds(part, packet));
    case 'not':
      return !holds(condition.of, packet);
    case 'source':
    case 'destination': {
      const text = condition.kind === 'source' ? src : dst;
      const [ip4, ip6] = [parseIp4(text), parseIp6(text)];
      return ip4 === undefined ? contains(condition.addresses.ip6, ip6!) : contains(condition.addresses.ip4, ip4);
    }
    case 'protocol':
      return contains(condition.protocols, protocol);
    case 'sourcePort':
      return contains(condition.ports, sport);
    case 'destinationPort':
      return contains(condition.ports, dport);
    case 'icmp':
      return contains(condition.typeCodes, icmp);
    case 'inInterface':
    case 'outInterface': {
      const name = (condition.kind === 'inInterface' ? packet.in : packet.out) ?? 'eth0';
      return condition.names.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name));
    }
    default:
      throw new Error(`a baseline has no tests of ${condition.kind}`);
  }
}
