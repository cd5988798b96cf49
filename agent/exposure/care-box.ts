import type { Intervals } from '../lib/intervals.js';
import type { AddressSet, Family } from '../model/index.js';
import type { LooseBox } from './care.js';
import type { PacketBox } from './opening.js';

/** A loose box in the words of openings. */
export function packetBoxOf({ fields, names }: LooseBox, family: Family): PacketBox {
  const address = (field: 'source' | 'destination'): AddressSet | undefined => {
    const values = fields.get(field);
    if (!values) return undefined;
    return family === 'ip4' ? { ip4: values as Intervals, ip6: [] } : { ip4: [], ip6: values as Intervals<bigint> };
  };
  const draft: { readonly [Name in keyof PacketBox]: PacketBox[Name] | undefined } = {
    families: [family],
    inInterface: names.has('inInterface') ? { kind: 'only', names: names.get('inInterface')! } : undefined,
    outInterface: names.has('outInterface') ? { kind: 'only', names: names.get('outInterface')! } : undefined,
    source: address('source'),
    destination: address('destination'),
    protocol: fields.get('protocol') as Intervals | undefined,
    sourcePort: fields.get('sourcePort') as Intervals | undefined,
    destinationPort: fields.get('destinationPort') as Intervals | undefined,
    icmp: fields.get('icmp') as Intervals | undefined,
    sourceMac: fields.get('sourceMac') as Intervals | undefined,
  };
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as unknown as PacketBox;
}
