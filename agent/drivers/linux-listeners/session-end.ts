import { type Family, formatIp4, formatIp6, type Session } from '../../model/index.js';

const TCP = 6;
const NAMES: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6', 132: 'sctp' };

/** Parts of an entry that a command repeats. */
export interface EntryWords {
  readonly hasProgram: boolean;
  /** Of conntrack, where there are several: one packet may be known in each. */
  readonly zone?: string;
  /** Of an echo. */
  readonly id?: string;
}

function addressText(address: number | bigint): string {
  return typeof address === 'bigint' ? formatIp6(address) : formatIp4(address);
}

function withPort(address: number | bigint, port: number | undefined): string {
  const text = addressText(address);
  return `${typeof address === 'bigint' ? `[${text}]` : text}:${port ?? '*'}`;
}

/**
 * The command of a shell that ends one connection and no other. Everything in it is a number or an address that was
 * read as one. Where conntrack forgets it, its next packet is judged as a new one, which today's rules do not let in;
 * without conntrack the machine's own end of a connection can be shut by `ss -K` (kernel option INET_DIAG_DESTROY).
 */
export function endingCommand(session: Omit<Session, 'end'>, { hasProgram, zone, id }: EntryWords): string {
  const { family, direction, protocol, source, destination, sourcePort, destinationPort, icmp, translated } = session;
  if (!hasProgram && protocol === TCP && direction !== 'forward') {
    const near = direction === 'input' ? (translated?.address ?? destination) : source;
    const nearPort = direction === 'input' ? (translated ? translated.port : destinationPort) : sourcePort;
    const [far, farPort] = direction === 'input' ? [source, sourcePort] : [destination, destinationPort];
    return `ss -K -t src ${withPort(near, nearPort)} dst ${withPort(far, farPort)}`;
  }
  const words = [
    'conntrack -D',
    `-f ${familyText(family)}`,
    `-p ${NAMES[protocol] ?? protocol}`,
    `-s ${addressText(source)}`,
    `-d ${addressText(destination)}`,
    ...(sourcePort === undefined ? [] : [`--sport ${sourcePort}`]),
    ...(destinationPort === undefined ? [] : [`--dport ${destinationPort}`]),
  ];
  if (icmp !== undefined && /^\d+$/.test(id ?? '')) {
    const name = family === 'ip4' ? 'icmp' : 'icmpv6';
    words.push(`--${name}-type ${icmp >> 8} --${name}-code ${icmp & 255} --${name}-id ${id}`);
  }
  if (zone !== undefined && zone !== '0') words.push(`-w ${zone}`);
  return words.join(' ');
}

function familyText(family: Family): string {
  return family === 'ip4' ? 'ipv4' : 'ipv6';
}
