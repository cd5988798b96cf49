import { type Bound, contains, type Intervals } from '../lib/intervals.js';
import type { AddressSet, Direction, Family } from '../model/index.js';
import type { InterfaceSet, Opening, PacketBox } from './opening.js';
import { interfaceMatches } from './universe.js';

/** One packet as it arrives, as far as it is known. */
export interface KnownPacket {
  readonly family: Family;
  readonly inInterface?: string;
  readonly outInterface?: string;
  readonly source: Bound;
  readonly destination: Bound;
  readonly protocol: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** type × 256 + code. */
  readonly icmp?: number;
}

/** `perhaps`: something that is not known of the packet decides. */
export type Membership = 'yes' | 'no' | 'perhaps';

/** Whether a packet is one of those that an opening lists; of one that is not complete only its hull is known. */
export function memberOf({ box, except, direction, complete }: Opening, packet: KnownPacket): Membership {
  const inside = within(box, packet, direction);
  if (inside === 'no') return 'no';
  const outside = except.map((one) => within(one, packet, direction));
  if (outside.includes('yes')) return 'no';
  return complete && !outside.includes('perhaps') ? inside : 'perhaps';
}

function within(box: PacketBox, packet: KnownPacket, direction: Direction): Membership {
  if (!box.families.includes(packet.family)) return 'no';
  const numbers: readonly (readonly [Intervals | undefined, number | undefined])[] = [
    [box.protocol, packet.protocol],
    [box.sourcePort, packet.sourcePort],
    [box.destinationPort, packet.destinationPort],
    [box.icmp, packet.icmp],
  ];
  const answers: readonly Membership[] = [
    addressIn(box.source, packet.source, packet.family),
    addressIn(box.destination, packet.destination, packet.family),
    ...numbers.map(([set, value]): Membership => {
      if (!set) return 'yes';
      // A packet that has no such field is in no set of its values.
      return value !== undefined && contains(set, value) ? 'yes' : 'no';
    }),
    direction === 'output' ? 'yes' : interfaceIn(box.inInterface, packet.inInterface),
    direction === 'input' ? 'yes' : interfaceIn(box.outInterface, packet.outInterface),
    box.sourceMac ? 'perhaps' : 'yes',
  ];
  return answers.includes('no') ? 'no' : answers.includes('perhaps') ? 'perhaps' : 'yes';
}

function addressIn(set: AddressSet | undefined, address: Bound, family: Family): Membership {
  return !set || contains(set[family] as Intervals<Bound>, address) ? 'yes' : 'no';
}

function interfaceIn(set: InterfaceSet | undefined, name: string | undefined): Membership {
  if (!set) return 'yes';
  if (name === undefined) return 'perhaps';
  const isListed = (names: readonly string[]): boolean => names.some((pattern) => interfaceMatches(name, pattern));
  const isMeant = isListed(set.names) && !isListed(set.but ?? []);
  return isMeant === (set.kind === 'only') ? 'yes' : 'no';
}
