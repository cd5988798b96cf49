import { type Bound, complement, type Intervals, ranges, size } from '../lib/intervals.js';
import { formatPorts } from '../lib/ports.js';
import {
  type AddressSet,
  type Family,
  formatIp4,
  formatIp6,
  formatMac,
  formatRange,
  LAST_IP4,
  LAST_IP6,
  LAST_MAC,
  NO_FRAME,
} from '../model/index.js';
import type { Translation } from './env.js';
import type { InterfaceSet, Opening, PacketBox, PacketExample } from './opening.js';

/** IANA protocol numbers of the names that people write; other protocols are written as numbers. */
export const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  'ipv6-icmp': 58,
  ospf: 89,
  pim: 103,
  vrrp: 112,
  l2tp: 115,
  sctp: 132,
  udplite: 136,
};

const NAMES = new Map<number, string>();
for (const [name, number] of Object.entries(PROTOCOLS)) if (!NAMES.has(number)) NAMES.set(number, name);

export function protocolName(number: number): string {
  return NAMES.get(number) ?? String(number);
}

/** The fields of a box as lists of words; a field that is not constrained is `any`. */
export interface BoxFields {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly proto: string;
  readonly sport?: string;
  readonly dport?: string;
  readonly icmp?: readonly string[];
  readonly smac?: readonly string[];
}

const ANY: readonly string[] = ['any'];

export function boxFields(box: PacketBox): BoxFields {
  return {
    from: interfaceWords(box.inInterface),
    to: interfaceWords(box.outInterface),
    src: addressWords(box.source, box.families),
    dst: addressWords(box.destination, box.families),
    proto: box.protocol ? protocolWords(box.protocol) : 'any',
    ...(box.sourcePort && { sport: formatPorts(box.sourcePort) }),
    ...(box.destinationPort && { dport: formatPorts(box.destinationPort) }),
    ...(box.icmp && { icmp: icmpWords(box.icmp) }),
    ...(box.sourceMac && { smac: macWords(box.sourceMac) }),
  };
}

function interfaceWords(set: InterfaceSet | undefined): readonly string[] {
  if (!set) return ANY;
  const but = set.but ?? [];
  return set.kind === 'only'
    ? [...set.names, ...but.map((name) => `not ${name}`)]
    : [...set.names.map((name) => `not ${name}`), ...but];
}

/** Addresses as prefixes and ranges; `any` where a whole family or both are meant. */
function addressWords(set: AddressSet | undefined, families: readonly Family[]): readonly string[] {
  if (!set) return families.length === 2 ? ANY : [families[0] === 'ip4' ? '0.0.0.0/0' : '::/0'];
  const all4 = set.ip4.length === 2 && set.ip4[0] === 0 && set.ip4[1] === LAST_IP4;
  const all6 = set.ip6.length === 2 && set.ip6[0] === 0n && set.ip6[1] === LAST_IP6;
  if (all4 && all6) return ANY;
  const words: string[] = [];
  if (families.includes('ip4')) for (const [first, last] of ranges(set.ip4)) words.push(formatRange(first, last));
  if (families.includes('ip6')) for (const [first, last] of ranges(set.ip6)) words.push(formatRange(first, last));
  return words;
}

function protocolWords(protocols: Intervals): string {
  const words: string[] = [];
  for (const [first, last] of ranges(protocols)) {
    if (last - first < 4) for (let number = first; number <= last; number++) words.push(protocolName(number));
    else words.push(`${first}-${last}`);
  }
  return words.join(',');
}

/** `none` is a packet that came in no Ethernet frame. */
function macWords(addresses: Intervals): readonly string[] {
  const words: string[] = [];
  for (const [first, last] of ranges(addresses)) {
    const end = Math.min(last, LAST_MAC);
    if (first <= end) words.push(first === end ? formatMac(first) : `${formatMac(first)}-${formatMac(end)}`);
    if (last === NO_FRAME) words.push(formatMac(NO_FRAME));
  }
  return words;
}

/** `type 8`, or `type 3 code 4`: a run that holds every code of a type is the type. */
function icmpWords(typeCodes: Intervals): readonly string[] {
  const words: string[] = [];
  for (const [first, last] of ranges(typeCodes)) {
    const [firstType, firstCode] = [first >> 8, first & 255];
    const [lastType, lastCode] = [last >> 8, last & 255];
    if (firstCode === 0 && lastCode === 255)
      words.push(firstType === lastType ? `type ${firstType}` : `type ${firstType}-${lastType}`);
    else if (firstType === lastType && firstCode === lastCode) words.push(`type ${firstType} code ${firstCode}`);
    else if (firstType === lastType) words.push(`type ${firstType} code ${firstCode}-${lastCode}`);
    else words.push(`type ${firstType} code ${firstCode} to type ${lastType} code ${lastCode}`);
  }
  return words;
}

const SHOWN_MAX = 4;

function short(words: readonly string[]): string {
  return words.length > SHOWN_MAX
    ? `${words.slice(0, SHOWN_MAX).join(', ')} and ${words.length - SHOWN_MAX} more`
    : words.join(', ');
}

/** Names that stand beside numbers and interfaces. */
export interface Names {
  /** The zone that is made up of exactly these interfaces. */
  zone?(interfaces: readonly string[]): string | undefined;
  /** What usually answers there. */
  service?(protocol: number, port: number): string | undefined;
}

/** So many services are named beside their ports. */
const NAMED_MAX = 3;

function serviceNames({ protocol, destinationPort }: PacketBox, { service }: Names): string {
  if (!service || !protocol || !destinationPort || size(destinationPort) > BigInt(NAMED_MAX)) return '';
  const ports = [...ranges(destinationPort)].flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
  const numbers = [...ranges(protocol)].filter(([first, last]) => first === last).map(([first]) => first);
  const named = ports.flatMap((port) => numbers.map((number) => service(number, port)));
  const known = [...new Set(named.filter((name) => name !== undefined))];
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}

/** One line as an engineer says it: `any → 192.0.2.10 tcp 443 (HTTPS) (in wan0, out dmz0)`. */
export function openingText(opening: Opening, names: Names = {}): string {
  const { box, direction, nat, except, certainty } = opening;
  const { from, to, proto, icmp, smac } = boxFields(box);
  const [src, dst] = [addressesText(box.source, box.families), addressesText(box.destination, box.families)];
  const [sport, dport] = [portsText(box.sourcePort), portsText(box.destinationPort)];
  const service = [
    proto === 'any' && dport === undefined ? 'any service' : proto,
    ...(dport === undefined ? [] : [`${dport}${serviceNames(box, names)}`]),
    ...(icmp ?? []),
    ...(sport === undefined ? [] : [`from ${/^any/.test(sport) ? '' : 'port '}${sport}`]),
    ...(smac === undefined ? [] : [`from hardware ${short(smac)}`]),
  ].join(' ');
  const target = direction === 'input' ? (box.destination ? dst : 'this device') : dst;
  const source = direction === 'output' ? (box.source ? src : 'this device') : src;
  const way = [
    ...(box.inInterface ? [`in ${zoned(box.inInterface, from, names)}`] : []),
    ...(box.outInterface ? [`out ${zoned(box.outInterface, to, names)}`] : []),
  ].join(', ');
  const translated = natText(nat);
  return [
    `${source} → ${target} ${service}`,
    way === '' ? '' : ` (${way})`,
    translated,
    except.length === 0 ? '' : `, with ${except.length} exception${except.length === 1 ? '' : 's'}`,
    certainty === 'possible' ? `, only if ${opening.conditions.join(' and ') || 'a condition holds'}` : '',
  ].join('');
}

/** Addresses in a few words. A list that is long only because it leaves out little is said by what it leaves out. */
export function addressesText(set: AddressSet | undefined, families: readonly Family[]): string {
  const words = addressWords(set, families);
  if (!set || words.length < 2) return short(words);
  const rest: AddressSet = {
    ip4: families.includes('ip4') ? complement(set.ip4, [0, LAST_IP4]) : [],
    ip6: families.includes('ip6') ? complement(set.ip6, [0n, LAST_IP6]) : [],
  };
  const left = addressWords(rest, families);
  const isShorter = left.length < words.length || (left.length === words.length && isMost(set, rest, families));
  return isShorter ? `any${familyText(families)} but ${short(left)}` : short(words);
}

function isMost(set: AddressSet, rest: AddressSet, families: readonly Family[]): boolean {
  return families.every((family) => size(set[family] as Intervals<Bound>) > size(rest[family] as Intervals<Bound>));
}

function familyText(families: readonly Family[]): string {
  return families.length === 2 ? '' : families[0] === 'ip4' ? ' IPv4' : ' IPv6';
}

function portsText(ports: Intervals | undefined): string | undefined {
  if (!ports) return undefined;
  const left = complement(ports, [0, 65535]);
  return left.length < ports.length ? `any port but ${formatPorts(left)}` : formatPorts(ports);
}

function zoned({ kind, names, but }: InterfaceSet, words: readonly string[], { zone }: Names): string {
  const name = kind === 'only' && !but ? zone?.(names) : undefined;
  return name === undefined ? short(words) : name === names.join() ? name : `${name} (${short(words)})`;
}

/** `, translated to 192.0.2.10 port 443`; of several of which one is drawn, `one of …`; or not at all. */
export function natText(nat: Opening['nat']): string {
  const { destination, others = [] } = nat ?? {};
  const moved = [...(destination ? [destination] : []), ...others.filter((one) => !isUnchanged(one))];
  if (moved.length === 0) return '';
  const stays = destination === undefined || others.some(isUnchanged);
  const one = moved.length > 1 ? 'one of ' : '';
  return `, translated to ${one}${short(moved.map(translationText))}${stays ? ' or not at all' : ''}`;
}

function isUnchanged({ addresses, ports }: Translation): boolean {
  return addresses === undefined && ports === undefined;
}

export function translationText(translation: Translation): string {
  const { addresses, ports } = translation;
  const where =
    addresses === undefined
      ? 'the same address'
      : addresses === 'device'
        ? 'this device'
        : short([
            ...addressWords({ ...addresses, ip6: [] }, ['ip4']),
            ...addressWords({ ip4: [], ip6: addresses.ip6 }, ['ip6']),
          ]);
  return ports ? `${where} port ${formatPorts(ports)}` : where;
}

function formatAddress(value: number | bigint): string {
  return typeof value === 'bigint' ? formatIp6(value) : formatIp4(value);
}

/** `tcp 203.0.113.9:40000 → 192.0.2.10:443 in wan0 out dmz0`. */
export function exampleText(packet: PacketExample): string {
  const end = (address: number | bigint, port: number | undefined): string => {
    const text = formatAddress(address);
    if (port === undefined) return text;
    return typeof address === 'bigint' ? `[${text}]:${port}` : `${text}:${port}`;
  };
  const icmp = packet.icmp === undefined ? '' : ` type ${packet.icmp >> 8} code ${packet.icmp & 255}`;
  return [
    `${protocolName(packet.protocol)}${icmp}`,
    `${end(packet.source, packet.sourcePort)} → ${end(packet.destination, packet.destinationPort)}`,
    ...(packet.sourceMac === undefined ? [] : [`from hardware ${formatMac(packet.sourceMac)}`]),
    ...(packet.inInterface === undefined ? [] : [`in ${packet.inInterface}`]),
    ...(packet.outInterface === undefined ? [] : [`out ${packet.outInterface}`]),
  ].join(' ');
}
