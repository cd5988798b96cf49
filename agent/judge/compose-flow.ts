import { contentId, type DeclaredFlow } from '../baseline/index.js';
import {
  addressesText,
  boxFields,
  exampleText,
  type InterfaceSet,
  type Opening,
  type PacketBox,
  protocolName,
  translationText,
} from '../exposure/index.js';
import { type Intervals, intersection, ranges, size, union } from '../lib/intervals.js';
import { formatPorts } from '../lib/ports.js';
import { type AddressSet, anyAddress, type Direction, type Family, noAddress, type Pipeline } from '../model/index.js';
import type { Flow, Party } from './types.js';

/** What the words of a flow depend on beside the packets. */
export interface Surroundings {
  readonly device: string;
  readonly pipeline: Pipeline;
  readonly interfaceZones: Readonly<Record<string, string>>;
}

const TCP = 6;
const WITH_PORTS: Intervals = [TCP, TCP, 17, 17, 33, 33, 132, 132, 136, 136];
/** So many protocols are named one by one; more are as good as any. */
const PROTOCOLS_MAX = 4;
const WORDS_MAX = 3;

/** The hull of openings of one rule, as far as judgement needs it. The exact packets stay with the openings. */
export function flowOf(openings: readonly Opening[], around: Surroundings): Flow {
  const direction = openings[0]!.direction;
  const spoken = familiesOf(openings, direction, around);
  const nat = openings.find((opening) => opening.nat?.destination)?.nat;
  const translations = [...(nat?.destination ? [nat.destination] : []), ...((nat?.destination && nat.others) ?? [])];
  const src =
    direction === 'output'
      ? ownParty(openings, 'source', around)
      : partyOf(
          openings.map((opening) => addressesOf(opening.box, 'source')),
          openings.map((opening) => opening.box.inInterface),
          spoken,
          around,
        );
  const dst =
    direction === 'input'
      ? ownParty(openings, 'destination', around)
      : partyOf(
          openings.map((opening) => targetOf(opening, around)),
          openings.map((opening) => opening.box.outInterface),
          spoken,
          around,
        );
  return {
    src,
    dst,
    proto: protocolsText(openings),
    ports: portsOf(openings),
    ...(translations.length > 0 && { nat: natText(openings, translations) }),
  };
}

/**
 * The families of which every address must be there for a side to be `any`: those of the device, but where the other
 * side is of one family alone (`any → 192.0.2.10`) nobody thinks of the other.
 */
function familiesOf(openings: readonly Opening[], direction: Direction, around: Surroundings): readonly Family[] {
  const families = new Set(openings.flatMap(({ box }) => box.families));
  const isSaid = openings.some(({ box, nat }) => box.source || box.destination || nat?.destination?.addresses);
  if (isSaid) return [...families];
  return around.pipeline.speaksOf.filter((scope) => scope.direction === direction).map(({ family }) => family);
}

function addressesOf(box: PacketBox, side: 'source' | 'destination'): AddressSet {
  const set = box[side] ?? anyAddress;
  return { ip4: box.families.includes('ip4') ? set.ip4 : [], ip6: box.families.includes('ip6') ? set.ip6 : [] };
}

/** What stands behind: where the packets go once they are translated. */
function targetOf(opening: Opening, around: Surroundings): AddressSet {
  const { destination = {}, others = [] } = opening.nat ?? {};
  return uniteAll(
    [destination, ...others].map(({ addresses: to }) => {
      if (to === undefined) return addressesOf(opening.box, 'destination');
      if (to === 'device') return around.pipeline.localAddresses ?? anyAddress;
      return addressesOf({ families: opening.box.families, destination: to }, 'destination');
    }),
  );
}

function ownParty(openings: readonly Opening[], side: 'source' | 'destination', around: Surroundings): Party {
  const all = openings.every((opening) => opening.box[side] === undefined);
  const own = all ? around.pipeline.localAddresses : uniteAll(openings.map((one) => addressesOf(one.box, side)));
  return { text: around.device, ...(own && { addresses: own }) };
}

function partyOf(
  sets: readonly AddressSet[],
  interfaces: readonly (InterfaceSet | undefined)[],
  spoken: readonly Family[],
  around: Surroundings,
): Party {
  const addresses = uniteAll(sets);
  const zones = zonesOf(interfaces, around.interfaceZones);
  const whole = isWhole(addresses, spoken);
  const [zone, ...others] = zones ?? [];
  const text = !whole ? words(addresses) : zone !== undefined && others.length === 0 ? zone : 'any';
  return {
    text,
    addresses,
    ...(zone !== undefined && others.length === 0 && { zone }),
    ...(zones && others.length > 0 && { zones }),
  };
}

/** The zones behind the interfaces, where each of them is known to stand in one. */
function zonesOf(
  interfaces: readonly (InterfaceSet | undefined)[],
  zones: Readonly<Record<string, string>>,
): readonly string[] | undefined {
  const found = new Set<string>();
  for (const set of interfaces) {
    // Of "every interface but these" nobody knows which there are.
    if (set?.kind !== 'only' || set.but) return undefined;
    for (const name of set.names) {
      if (!Object.hasOwn(zones, name)) return undefined;
      found.add(zones[name]!);
    }
  }
  return [...found].sort();
}

function isWhole(set: AddressSet, spoken: readonly Family[]): boolean {
  const ip4 = size(set.ip4) === 2n ** 32n;
  const ip6 = size(set.ip6) === 2n ** 128n;
  return (ip4 || !spoken.includes('ip4')) && (ip6 || !spoken.includes('ip6')) && (ip4 || ip6);
}

function words(set: AddressSet): string {
  const families: readonly Family[] = ['ip4', 'ip6'];
  return addressesText(
    set,
    families.filter((family) => set[family].length > 0),
  );
}

function short(list: readonly string[]): string {
  if (list.length <= WORDS_MAX) return list.join(', ');
  return `${list.slice(0, WORDS_MAX).join(', ')} and ${list.length - WORDS_MAX} more`;
}

function uniteAll(sets: readonly AddressSet[]): AddressSet {
  return sets.reduce((a, b) => ({ ip4: union(a.ip4, b.ip4), ip6: union(a.ip6, b.ip6) }), noAddress);
}

/** One protocol, a list such as `icmp,icmpv6`, or `any`. */
function protocolsText(openings: readonly Opening[]): string {
  let all: Intervals = [];
  for (const { box } of openings) {
    if (!box.protocol) return 'any';
    all = union(all, box.protocol);
  }
  if (size(all) > BigInt(PROTOCOLS_MAX)) return 'any';
  const names: string[] = [];
  for (const [first, last] of ranges(all)) {
    for (let number = first; number <= last; number++) names.push(protocolName(number));
  }
  return names.join(',');
}

function portsOf(openings: readonly Opening[]): Intervals | 'any' {
  let all: Intervals | undefined;
  for (const { box, nat } of openings) {
    if (box.protocol && intersection(box.protocol, WITH_PORTS).length === 0) continue;
    const ports = nat?.destination?.ports ?? box.destinationPort;
    if (!ports) return 'any';
    all = all ? union(all, ports) : ports;
  }
  return all ?? 'any';
}

/** `192.0.2.1:8443 → 10.1.0.5:443`: what is asked for, and what answers. */
function natText(
  openings: readonly Opening[],
  translations: readonly NonNullable<NonNullable<Opening['nat']>['destination']>[],
): string {
  const asked = words(uniteAll(openings.map((one) => addressesOf(one.box, 'destination'))));
  const wanted = openings.every((one) => one.box.destinationPort)
    ? formatPorts(openings.reduce<Intervals>((all, one) => union(all, one.box.destinationPort!), []))
    : undefined;
  const targets = translations.map(({ ports, ...place }) => {
    const target = place.addresses === undefined ? asked : translationText(place);
    return withPort(target, ports ? formatPorts(ports) : wanted);
  });
  return `${withPort(asked, wanted)} → ${targets.length > 1 ? 'one of ' : ''}${short(targets)}`;
}

function withPort(address: string, port: string | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') && !address.includes(' ') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `any → 192.0.2.10 tcp 443 (wan0 → dmz0)`, one line for all openings of a rule. */
export function flowText(flow: Flow, openings: readonly Opening[]): string {
  const { src, dst, proto, ports, nat } = flow;
  const service = ports === 'any' ? (proto === 'any' ? 'any service' : proto) : `${proto} ${shortPorts(ports)}`;
  const ways = [...new Set(openings.map(wayOf))];
  const way = ways.length === 1 ? ways[0]! : '';
  return `${src.text} → ${dst.text} ${service}${way}${nat === undefined ? '' : `, ${nat}`}`;
}

const PORTS_CHARACTERS_MAX = 60;

function shortPorts(ports: Intervals): string {
  const text = formatPorts(ports);
  return text.length > PORTS_CHARACTERS_MAX ? `${text.slice(0, PORTS_CHARACTERS_MAX)}…` : text;
}

function wayOf({ box, direction }: Opening): string {
  const { from, to } = boxFields(box);
  const into = direction === 'output' || !box.inInterface ? undefined : short(from);
  const out = direction === 'input' || !box.outInterface ? undefined : short(to);
  if (into === undefined && out === undefined) return '';
  if (direction === 'forward') return ` (${into ?? 'any'} → ${out ?? 'any'})`;
  return into === undefined ? ` (out ${out})` : ` (in ${into})`;
}

/** Digest of the union of exact sets, as far as its parts show it. */
export function setOf(openings: readonly Opening[]): string {
  return contentId([...new Set(openings.map((opening) => opening.set))].sort());
}

/** A packet to try: a certain one where there is one. */
export function witnessText(openings: readonly Opening[]): string {
  const shown = openings.find((opening) => opening.certainty === 'certain') ?? openings[0]!;
  return exampleText(shown.witness);
}

/** Whether two hulls share a packet, as far as they show it. */
export function flowsMeet(a: Flow, b: Flow): boolean {
  const meet = (one: Party, other: Party): boolean =>
    !one.addresses ||
    !other.addresses ||
    intersection(one.addresses.ip4, other.addresses.ip4).length > 0 ||
    intersection(one.addresses.ip6, other.addresses.ip6).length > 0;
  const protocols = (text: string): readonly string[] => text.split(',');
  const shared =
    a.proto === 'any' || b.proto === 'any' || protocols(a.proto).some((name) => protocols(b.proto).includes(name));
  const ports = a.ports === 'any' || b.ports === 'any' || intersection(a.ports, b.ports).length > 0;
  return shared && ports && meet(a.src, b.src) && meet(a.dst, b.dst);
}

/** Whether a declaration may hold a packet of the hull. Behind a translation only the source and the ports can tell. */
export function shapeMeets({ from, to, services }: NonNullable<DeclaredFlow['shape']>, flow: Flow): boolean {
  const meets = (set: AddressSet | undefined, { addresses }: Party): boolean =>
    set === undefined ||
    addresses === undefined ||
    intersection(set.ip4, addresses.ip4).length > 0 ||
    intersection(set.ip6, addresses.ip6).length > 0;
  const onPort =
    flow.nat !== undefined ||
    flow.ports === 'any' ||
    services === undefined ||
    services.some(({ ports }) => ports === undefined || intersection(ports, flow.ports as Intervals).length > 0);
  return onPort && meets(from, flow.src) && (flow.nat !== undefined || meets(to, flow.dst));
}
