import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { driverById } from '../../agent/drivers/registry.js';
import type { InterfaceSet, PacketBox } from '../../agent/exposure/index.js';
import { contains, type Intervals } from '../../agent/lib/intervals.js';
import { type Device, type Family, NO_FRAME } from '../../agent/model/index.js';

/** What nft lists as text, read as a device. */
export function nftDevice(text: string): Device {
  return readWith('nftables', 'nft-text', text);
}

/** What iptables-save prints, read as a device. */
export function iptablesDevice(text: string): Device {
  return readWith('iptables', 'iptables-save', text);
}

function readWith(driver: string, name: string, text: string): Device {
  const sections = [{ name, source: name, text }];
  const device = driverById(driver)?.read({ driver, device: 'fw', sections }, { device: 'fw' });
  if (!device?.ok) throw new Error(`the ruleset was not read: ${device?.error.message}`);
  return device.value;
}

/** Every recording that reads as a firewall, with its name. */
export function recordedDevices(): [string, Device][] {
  return ['nftables', 'iptables'].flatMap((id) => {
    const folder = join('test/recordings', id);
    return readdirSync(folder).flatMap((name): [string, Device][] => {
      const place = existsSync(join(folder, name, 'session')) ? join(folder, name, 'session') : join(folder, name);
      const sections = readdirSync(place)
        .filter((file) => !file.startsWith('expected'))
        .map((file) => ({
          name: file.replace(/\.\w+$/, ''),
          source: file,
          text: readFileSync(join(place, file), 'utf8'),
        }));
      const device = driverById(id)?.read({ driver: id, device: 'fw', sections }, { device: 'fw' });
      return device?.ok ? [[`${id}/${name}`, device.value]] : [];
    });
  });
}

function listed({ names }: InterfaceSet, name: string): boolean {
  return names.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
}

export interface Sample {
  readonly family: Family;
  readonly inInterface: string;
  readonly outInterface: string;
  readonly source: number | bigint;
  readonly destination: number | bigint;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmp: number;
  /** The hardware address of its frame; left out: it came in none. */
  readonly sourceMac?: number;
}

/** Whether a packet lies in a box, worked out without the packet algebra. */
export function inBox(packet: Sample, box: PacketBox): boolean {
  const within = (set: Intervals | undefined, value: number): boolean => set === undefined || contains(set, value);
  const address = (set: PacketBox['source'], value: number | bigint): boolean =>
    set === undefined || (typeof value === 'bigint' ? contains(set.ip6, value) : contains(set.ip4, value));
  const named = (set: InterfaceSet | undefined, name: string): boolean =>
    set === undefined || (listed(set, name) && !(set.but ?? []).includes(name)) === (set.kind === 'only');
  return (
    box.families.includes(packet.family) &&
    named(box.inInterface, packet.inInterface) &&
    named(box.outInterface, packet.outInterface) &&
    address(box.source, packet.source) &&
    address(box.destination, packet.destination) &&
    within(box.protocol, packet.protocol) &&
    within(box.sourcePort, packet.sourcePort) &&
    within(box.destinationPort, packet.destinationPort) &&
    within(box.icmp, packet.icmp) &&
    within(box.sourceMac, packet.sourceMac ?? NO_FRAME)
  );
}
