import type { Family } from '../../../agent/model/index.js';

/** One packet as it goes on the wire: every field that a rule can ask about is given. */
export interface WirePacket {
  readonly family: Family;
  readonly source: number | bigint;
  readonly destination: number | bigint;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** type × 256 + code. */
  readonly icmp: number;
  readonly tcpFlags: number;
}

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMP6 = 58;
const GRE = 47;
const SYN = 2;

const MARKER = 0x4563_6c75;

function addressBytes(address: number | bigint): Buffer {
  if (typeof address === 'bigint') return Buffer.from(address.toString(16).padStart(32, '0'), 'hex');
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address);
  return bytes;
}

/** RFC 1071. */
function checksum(...parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at + 1 < part.length; at += 2) sum += part.readUInt16BE(at);
    if (part.length % 2 === 1) sum += part[part.length - 1]! * 256;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The two words with which the transport header begins, as far as they are known before checksums are. */
export function firstBytes({ protocol, icmp, sourcePort, destinationPort }: WirePacket): readonly [number, number?] {
  if (protocol === ICMP || protocol === ICMP6) return [icmp];
  return protocol === GRE ? [0, 0] : [sourcePort, destinationPort];
}

export function hasPorts(protocol: number): boolean {
  return protocol === TCP || protocol === UDP;
}

/** A whole IP packet with right checksums, because conntrack calls one with a wrong checksum invalid. `ident` is carried as payload. */
export function wire(packet: WirePacket, ident: number): Buffer {
  const { family, protocol } = packet;
  const [source, destination] = [addressBytes(packet.source), addressBytes(packet.destination)];
  const header = Buffer.alloc(protocol === TCP ? 20 : 8);
  let sumAt: number | undefined;
  if (hasPorts(protocol)) {
    header.writeUInt16BE(packet.sourcePort, 0);
    header.writeUInt16BE(packet.destinationPort, 2);
    if (protocol === TCP) {
      header.writeUInt32BE(1, 4);
      header[12] = 0x50;
      header[13] = packet.tcpFlags;
      header.writeUInt16BE(0xffff, 14);
      sumAt = 16;
    } else {
      header.writeUInt16BE(16, 4);
      sumAt = 6;
    }
  } else if (protocol === ICMP || protocol === ICMP6) {
    header.writeUInt16BE(packet.icmp, 0);
    header.writeUInt16BE(packet.sourcePort, 4);
    sumAt = 2;
  }
  const [first, second = 0] = firstBytes(packet);
  if (sumAt === undefined) {
    header.writeUInt16BE(first, 0);
    header.writeUInt16BE(second, 2);
  }
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(MARKER, 0);
  payload.writeUInt32BE(ident, 4);
  const length = header.length + payload.length;
  if (sumAt !== undefined) {
    const pseudo = Buffer.concat([source, destination, Buffer.from([0, protocol, 0, length])]);
    const parts = protocol === ICMP ? [header, payload] : [pseudo, header, payload];
    header.writeUInt16BE(checksum(...parts) || 0xffff, sumAt);
  }
  const ip = Buffer.alloc(family === 'ip4' ? 20 : 40);
  if (family === 'ip4') {
    ip[0] = 0x45;
    ip.writeUInt16BE(ip.length + length, 2);
    ip[8] = 64;
    ip[9] = protocol;
    source.copy(ip, 12);
    destination.copy(ip, 16);
    ip.writeUInt16BE(checksum(ip), 10);
  } else {
    ip[0] = 0x60;
    ip.writeUInt16BE(length, 4);
    ip[6] = protocol;
    ip[7] = 64;
    source.copy(ip, 8);
    destination.copy(ip, 24);
  }
  return Buffer.concat([ip, header, payload]);
}

/** What is left of a packet that came out: its addresses (not on an IPv6 socket, which keeps the header) and ports. */
export interface Arrived {
  readonly source?: number | bigint;
  readonly destination?: number | bigint;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** Reads a packet that came out; undefined where it is not the one that carries `ident`: an answer, or noise. */
export function arrival(bytes: Buffer, ident: number, protocol: number, headless: boolean): Arrived | undefined {
  const size = bytes.length;
  if (size < 16 || bytes.readUInt32BE(size - 8) !== MARKER || bytes.readUInt32BE(size - 4) !== ident) return undefined;
  const version = headless ? 0 : bytes[0]! >> 4;
  const transport = version === 4 ? (bytes[0]! & 15) * 4 : version === 6 ? 40 : 0;
  // An ICMP error quotes the packet it is about.
  const carried = version === 4 ? bytes[9] : version === 6 ? bytes[6] : protocol;
  if (carried !== protocol || size - transport > 28 || (!hasPorts(protocol) && size - transport > 16)) return undefined;
  const wide = (at: number): bigint => BigInt(`0x${bytes.toString('hex', at, at + 16)}`);
  return {
    ...(version === 4 ? { source: bytes.readUInt32BE(12), destination: bytes.readUInt32BE(16) } : {}),
    ...(version === 6 ? { source: wide(8), destination: wide(24) } : {}),
    ...(hasPorts(protocol)
      ? { sourcePort: bytes.readUInt16BE(transport), destinationPort: bytes.readUInt16BE(transport + 2) }
      : {}),
  };
}

/** What conntrack says of the first packet of a flow (nf_conntrack_proto_{tcp,icmp,icmpv6}.c). */
export function firstState({ protocol, tcpFlags, icmp }: WirePacket): 'new' | 'invalid' {
  if (protocol === TCP) {
    const known = tcpFlags & 0x37;
    const valid = [0x02, 0x22, 0x12, 0x04, 0x14, 0x11, 0x31, 0x10, 0x30].includes(known);
    const begins = known === SYN || known === 0x22 || known === 0x10 || known === 0x30;
    return valid && begins ? 'new' : 'invalid';
  }
  if (protocol === ICMP) return [8, 13, 15, 17].includes(icmp >> 8) ? 'new' : 'invalid';
  if (protocol === ICMP6) return [128, 139].includes(icmp >> 8) ? 'new' : 'invalid';
  return 'new';
}
