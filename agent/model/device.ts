import type { AddressSet, Family } from './address.js';
import type { Condition } from './condition.js';
import type { Availability, LaterKind, LaterState } from './later.js';
import type { Coverage, Origin } from './origin.js';
import type { BaseList, RuleList } from './rule.js';

/** What one reading of a device, or one capture file, says. */
export interface Device {
  readonly id: string;
  readonly pipeline: Pipeline;
  readonly listeners: readonly Listener[];
  readonly facts: readonly AccessFact[];
  /** The areas of access facts that were read whole. */
  readonly areas?: readonly string[];
  readonly coverage: Coverage;
  /** What the device would let through later, one of each kind at most, where that was read whole. */
  readonly later?: readonly LaterState[];
  /** There is a later state of these kinds, and it could not be read whole: what it lets through is not known. */
  readonly laterUnknown?: readonly LaterKind[];
  /** The platform's version as the device states it, such as `9.16(4)`. Absent: it states none. */
  readonly version?: string;
  /**
   * Of a manager: what it gives each firewall that it manages, by the firewall's id and with its own names of interfaces
   * and zones. The pipeline has all of them, with `ID/` before every such name.
   */
  readonly managed?: Readonly<Record<string, Pipeline>>;
  /** The pair or cluster that it is of, where it says so. */
  readonly availability?: Availability;
}

export interface DeviceInterface {
  readonly name: string;
  /** As the kernel calls it (`bridge`, `vlan`, `bond` …); absent: a plain one. */
  readonly kind?: string;
  /** The interfaces whose frames it takes as its own: the one that a VLAN is on, the ports of a bridge or of a bond. */
  readonly on: readonly string[];
}

/** How a packet meets the rule lists. */
export interface Pipeline {
  readonly lists: readonly RuleList[];
  /** The lists the device calls by itself. A dormant table's lists are absent here. */
  readonly bases: readonly BaseList[];
  /** The (family, hook) pairs that this reading speaks of; about others it says nothing. */
  readonly speaksOf: readonly Scope[];
  /** Whether the device routes between its interfaces; absent: not read. */
  readonly forwarding?: { readonly ip4?: boolean; readonly ip6?: boolean };
  /** The device's own addresses; absent: not read. */
  readonly localAddresses?: AddressSet;
  /** The broadcast addresses of the device's networks, as its routing table has them; absent: not read. */
  readonly broadcastAddresses?: AddressSet;
  /** How the device's interfaces stand on each other; absent: not read. */
  readonly interfaces?: readonly DeviceInterface[];
  /**
   * The interfaces in each zone. Rules never name a zone: one on a zone tests the zone's interfaces, and a zone whose
   * interfaces were not read is an interface of its own name, here with that one name.
   */
  readonly zones?: Readonly<Record<string, readonly string[]>>;
  /** The named objects that rules refer to, so that one can be asked what it holds; rules have them in their conditions. */
  readonly objects?: readonly NamedObject[];
  /** The applications that rules ask for, the one that a port is best known by before others. */
  readonly applications?: readonly Application[];
  /** The destinations that leave by each interface, where fixed routes alone decide it. */
  readonly reach?: Readonly<Record<string, AddressSet>>;
}

/** What a firewall recognises in a connection; rules ask for it by an unknown condition. */
export interface Application {
  readonly name: string;
  /** Of that condition. */
  readonly id: string;
  /** Its default ports: a packet on them may be taken for it. Absent: its ports tell nothing. */
  readonly defaults?: Condition;
  /** Whose default ports are not known to us. */
  readonly unplaced?: true;
  /** The ports that rules which let it through name for it. */
  readonly named?: Condition;
}

export interface NamedObject {
  readonly kind: 'address' | 'service' | 'protocol';
  readonly name: string;
  /** Where the name is known, if not in the whole device: a virtual system, an address book. */
  readonly within?: string;
  /** Of an address object: what it asks of a source. */
  readonly condition: Condition;
}

/** The interfaces that a zone stands for: its own name, as an interface that nobody read, where there are none. */
export function interfacesOf(zones: Pipeline['zones'], zone: string): readonly string[] {
  const members = zones && Object.hasOwn(zones, zone) ? zones[zone]! : [];
  return members.length > 0 ? members : [zone];
}

export interface Scope {
  readonly family: Family;
  readonly direction: Direction;
}

export type Direction = 'forward' | 'input' | 'output';

/** A socket that waits for connections or datagrams. */
export interface Listener {
  /** Stable identity: protocol, address, port, program name and namespace; never a pid or an inode. */
  readonly id: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'dccp' | 'udplite' | 'raw';
  readonly port: number;
  /** What it answers on. A wildcard bind holds both families unless it is IPv6-only or IPv4. */
  readonly addresses: AddressSet;
  readonly bind: string;
  /** Reachable from this host only. */
  readonly loopback: boolean;
  readonly interface?: string;
  readonly process?: string;
  readonly user?: string;
  /** Container or network namespace, where it is not the host's. */
  readonly namespace?: string;
  /** A UDP socket in the ephemeral range that may be a client's: never alarmed on one reading. */
  readonly perhapsClient?: boolean;
  readonly origin: Origin;
}

export type AccessFactKind =
  | 'forwarding'
  | 'route'
  | 'policyRoute'
  | 'filterNotCovered'
  | 'administrator'
  | 'managementService'
  | 'key'
  | 'vpn'
  | 'logging'
  | 'inspection'
  | 'manager';

/** A gate that is not a packet rule: compared before and after as openings are. */
export interface AccessFact {
  readonly kind: AccessFactKind;
  /** What it is about, stable across readings: `ip4 forwarding`, `default via eth0`, `xdp on eth0`. */
  readonly subject: string;
  /** Its value, in the platform's words. */
  readonly value: string;
  /** The area it belongs to: compared only where both readings saw that area whole. Absent: always. */
  readonly area?: string;
  /** It keeps somebody out: where it is gone, more is let in. */
  readonly guards?: true;
  /** Each member of a pair has its own, such as a priority: compared only between readings of the same member. */
  readonly ofMember?: true;
  readonly origin: Origin;
}
