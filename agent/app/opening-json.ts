import { boxFields, type Edit, type Opening, type PacketBox, type PacketExample } from '../exposure/index.js';
import { formatPorts } from '../lib/ports.js';
import { formatIp4, formatIp6, formatMac, formatRange, type Origin } from '../model/index.js';

/** A box of the contract: lists of words, `any` where a field is not constrained. */
export interface BoxView {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly src: readonly string[];
  readonly dst: readonly string[];
  readonly proto: string;
  readonly sport?: readonly string[];
  readonly dport?: readonly string[];
  readonly icmp?: readonly string[];
  readonly smac?: readonly string[];
}

/** A packet in the words of `ecluse ask`. */
export interface PacketView {
  readonly iif?: string;
  readonly oif?: string;
  readonly src: string;
  readonly dst: string;
  readonly proto: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly smac?: string;
  readonly state: 'new';
  readonly tcpFlags?: readonly string[];
}

/** An opening as the contract gives it. */
export interface OpeningView extends BoxView {
  readonly id: string;
  readonly direction: Opening['direction'];
  readonly except: readonly BoxView[];
  readonly certainty: Opening['certainty'];
  readonly conditions?: readonly string[];
  readonly nat?: Readonly<Record<'destination' | 'source', TranslationView | undefined>> & {
    /** Where else the packets may be sent, by what no packet tells. */
    readonly others?: readonly TranslationView[];
  };
  readonly witness: PacketView;
  readonly because: {
    readonly edit?: 'added' | 'removed' | 'moved' | 'changed' | 'object';
    readonly rule?: Origin;
    readonly permittedBy: Origin;
  };
  readonly undo?: string;
  readonly complete: boolean;
  readonly reason?: string;
}

export interface TranslationView {
  readonly to: readonly string[];
  readonly ports?: readonly string[];
}

/** What undoes an edit, in the platform's words where the platform's driver knows them. */
export type Undo = (edit: Edit) => string | undefined;

/** A policy that was turned is a rule changed; a list that was emptied is rules removed. */
const EDITS = {
  added: 'added',
  removed: 'removed',
  moved: 'moved',
  changed: 'changed',
  object: 'object',
  policy: 'changed',
  flushed: 'removed',
} as const satisfies Record<Edit['edit'], string>;

export function openingView(opening: Opening, undo: Undo): OpeningView {
  const { because, nat, conditions, direction } = opening;
  const remedy = because && undo(because);
  return {
    id: opening.id,
    direction,
    ...boxView(opening.box),
    except: opening.except.map(boxView),
    certainty: opening.certainty,
    ...(opening.certainty === 'possible' && { conditions }),
    ...(nat && {
      nat: {
        destination: nat.destination && translationView(nat.destination),
        source: nat.source && translationView(nat.source),
        ...(nat.others && { others: nat.others.map(translationView) }),
      },
    }),
    witness: packetView(opening.witness, direction),
    because: {
      ...(because && { edit: EDITS[because.edit], rule: because.rule }),
      permittedBy: opening.permittedBy.origin,
    },
    ...(remedy !== undefined && { undo: remedy }),
    complete: opening.complete,
    ...(opening.reason !== undefined && { reason: opening.reason }),
  };
}

function boxView(box: PacketBox): BoxView {
  const { sport, dport, ...fields } = boxFields(box);
  return { ...fields, ...(sport && { sport: sport.split(',') }), ...(dport && { dport: dport.split(',') }) };
}

function translationView(one: NonNullable<NonNullable<Opening['nat']>['destination']>): TranslationView {
  const { addresses, ports } = one;
  const to =
    addresses === undefined
      ? ['unchanged']
      : addresses === 'device'
        ? ['an address of this device']
        : [...spans(addresses.ip4), ...spans(addresses.ip6)];
  return { to, ...(ports && { ports: formatPorts(ports).split(',') }) };
}

function spans(set: readonly (number | bigint)[]): readonly string[] {
  return Array.from({ length: set.length / 2 }, (_, index) => formatRange(set[2 * index]!, set[2 * index + 1]!));
}

const TCP = 6;

export function packetView(packet: PacketExample, direction: Opening['direction']): PacketView {
  const address = (value: number | bigint): string => (typeof value === 'bigint' ? formatIp6(value) : formatIp4(value));
  const [iif, oif] = [
    direction === 'output' ? 'self' : packet.inInterface,
    direction === 'input' ? 'self' : packet.outInterface,
  ];
  return {
    ...(iif !== undefined && { iif }),
    ...(oif !== undefined && { oif }),
    src: address(packet.source),
    dst: address(packet.destination),
    proto: packet.protocol,
    ...(packet.sourcePort !== undefined && { sport: packet.sourcePort }),
    ...(packet.destinationPort !== undefined && { dport: packet.destinationPort }),
    ...(packet.icmp !== undefined && { icmpType: packet.icmp >> 8, icmpCode: packet.icmp & 255 }),
    ...(packet.sourceMac !== undefined && { smac: formatMac(packet.sourceMac) }),
    state: 'new',
    ...(packet.protocol === TCP && { tcpFlags: ['SYN'] }),
  };
}
