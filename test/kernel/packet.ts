import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from './world.js';

/** A packet as a finding's witness names it. */
export interface Packet {
  readonly family: 4 | 6;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** type × 256 + code. */
  readonly icmp?: number;
  /** The firewall's interface it comes in by; from the internet when left out. */
  readonly arrives?: 'wan0' | 'dmz0';
}

const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, igmp: 2, tcp: 6, udp: 17, gre: 47, esp: 50, icmpv6: 58 };

/** Reads `tcp 203.0.113.9:40000 → 198.51.100.80:443 in wan0 out dmz0`, as a record names a witness. */
export function packetOf(witness: string): Packet {
  const end = (name: string): string =>
    `(?:\\[(?<${name}6>[^\\]]+)\\]:(?<${name}Port6>\\d+)|(?<${name}4>[\\d.]+):(?<${name}Port4>\\d+)|(?<${name}>\\S+))`;
  const icmp = '(?: type (?<type>\\d+) code (?<code>\\d+))?';
  const way = '(?: in (?<in>\\S+))?(?: out (?<out>\\S+))?';
  const found = new RegExp(`^(?<proto>\\S+)${icmp} ${end('src')} → ${end('dst')}${way}$`).exec(witness)?.groups;
  if (!found) throw new Error(`no packet: ${witness}`);
  const part = (name: string): string => (found[`${name}6`] ?? found[`${name}4`] ?? found[name])!;
  const port = (name: string): string | undefined => found[`${name}Port6`] ?? found[`${name}Port4`];
  const [sourcePort, destinationPort] = [port('src'), port('dst')];
  return {
    family: part('dst').includes(':') ? 6 : 4,
    source: part('src'),
    destination: part('dst'),
    protocol: PROTOCOLS[found.proto!] ?? Number(found.proto),
    ...(sourcePort !== undefined && { sourcePort: Number(sourcePort) }),
    ...(destinationPort !== undefined && { destinationPort: Number(destinationPort) }),
    ...(found.type !== undefined && { icmp: Number(found.type) * 256 + Number(found.code) }),
    ...((found.in === 'wan0' || found.in === 'dmz0') && { arrives: found.in }),
  };
}

const TCP = 6;
const UDP = 17;
const ICMP = [1, 58];
/** How long after the sending a packet counts as stopped. */
const ARRIVAL_MS = 2_000;

function addressBytes(text: string, family: 4 | 6): Buffer {
  if (family === 4) return Buffer.from(text.split('.').map(Number));
  const [head = '', tail] = text.split('::');
  const groups = (part: string): readonly string[] => part.split(':').filter(Boolean);
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  const padded = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  let sum = 0;
  for (let at = 0; at < padded.length; at += 2) sum += padded.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A whole IP packet: for TCP a SYN, since new connections are what is judged. */
function wire(packet: Packet): Buffer {
  const { family, protocol, sourcePort = 40_000, destinationPort = 9, icmp = 0x0800 } = packet;
  const source = addressBytes(packet.source, family);
  const destination = addressBytes(packet.destination, family);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(sourcePort, 0);
  ports.writeUInt16BE(destinationPort, 2);
  let body = Buffer.alloc(8);
  let sumAt: number | undefined;
  if (protocol === TCP) {
    body = Buffer.concat([ports, Buffer.from('00000001000000005002ffff00000000', 'hex')]);
    sumAt = 16;
  } else if (protocol === UDP) {
    body = Buffer.concat([ports, Buffer.from('00080000', 'hex')]);
    sumAt = 6;
  } else if (ICMP.includes(protocol)) {
    body.writeUInt16BE(icmp, 0);
    sumAt = 2;
  }
  if (sumAt !== undefined) {
    const pseudo = Buffer.concat([source, destination, Buffer.from([0, protocol, 0, body.length])]);
    body.writeUInt16BE(checksum(protocol === 1 ? body : Buffer.concat([pseudo, body])), sumAt);
  }
  const header = Buffer.alloc(family === 4 ? 20 : 40);
  if (family === 4) {
    header[0] = 0x45;
    header[8] = 64;
    header.writeUInt16BE(header.length + body.length, 2);
    header[9] = protocol;
    source.copy(header, 12);
    destination.copy(header, 16);
    header.writeUInt16BE(checksum(header), 10);
  } else {
    header[0] = 0x60;
    header.writeUInt16BE(body.length, 4);
    header[6] = protocol;
    header[7] = 64;
    source.copy(header, 8);
    destination.copy(header, 24);
  }
  return Buffer.concat([header, body]);
}

/** Raw sockets are not Node's: a few lines of perl send what comes on standard input. */
const SENDER = `use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6); binmode STDIN; local $/; my $packet = <STDIN>; my ($family, $to) = @ARGV;
my $six = $family == 6;
socket(my $out, $six ? AF_INET6 : AF_INET, SOCK_RAW, 255) or die "socket: $!";
my $address = $six ? pack_sockaddr_in6(0, inet_pton(AF_INET6, $to)) : pack_sockaddr_in(0, inet_aton($to));
send($out, $packet, 0, $address) == length($packet) or die "send: $!";`;

/**
 * Sends this very packet to the firewall and tells whether its kernel let it through to the other side, where a counter
 * sees it. Nothing of the firewall is touched: its destination must be an address that the world has a route to.
 */
export async function passes({ internet, dmz }: World, packet: Packet): Promise<boolean> {
  const { family, source, destination, protocol, arrives = 'wan0' } = packet;
  const [sender, receiver] = arrives === 'wan0' ? [internet, dmz] : [dmz, internet];
  const word = family === 4 ? 'ip' : 'ip6';
  await receiver.must(['nft', '-f', '-'], {
    input: `table inet seen
delete table inet seen
table inet seen {
  counter arrived { }
  chain first {
    type filter hook prerouting priority raw;
    ${word} saddr ${source} ${word} daddr ${destination} meta l4proto ${protocol} counter name arrived
  }
}
`,
  });
  await sender.must(['perl', '-e', SENDER, String(family), destination], { input: wire(packet) });
  const arrived = async (): Promise<boolean> =>
    !/packets 0 /.test(await receiver.must(['nft', 'list', 'counter', 'inet', 'seen', 'arrived']));
  // Not waitFor: that it does not arrive is an answer, and that nobody could look is none.
  const endMs = performance.now() + ARRIVAL_MS;
  while (!(await arrived())) {
    if (performance.now() >= endMs) return false;
    await sleep(20);
  }
  return true;
}
