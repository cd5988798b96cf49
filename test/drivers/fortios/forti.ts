import type { Device } from '../../../agent/model/index.js';
import { deviceOf, readSections } from './support.js';

/** Configurations for tests, put together from what a case is about; what it does not name is as small as can be. */
export interface Forti {
  readonly version?: string;
  readonly interfaces?: string;
  readonly settings?: string;
  readonly global?: string;
  readonly admins?: string;
  /** Tables before the policies. */
  readonly tables?: string;
  readonly policies?: string;
  /** Tables after the policies. */
  readonly more?: string;
  /** What `get system status` says. */
  readonly status?: string;
}

const INTERFACES = `
    edit "wan1"
        set vdom "root"
        set ip 198.51.100.2 255.255.255.248
        set type physical
    next
    edit "wan2"
        set vdom "root"
        set mode dhcp
        set type physical
    next
    edit "lan"
        set vdom "root"
        set ip 10.20.0.1 255.255.0.0
        set type physical
        config ipv6
            set ip6-address 2001:db8:20::1/64
        end
    next
    edit "dmz"
        set vdom "root"
        set ip 10.30.0.1 255.255.255.0
        set type physical
    next`;

const OBJECTS = `
config firewall address
    edit "all"
    next
    edit "server"
        set subnet 10.30.0.10 255.255.255.255
    next
    edit "users"
        set subnet 10.20.0.0 255.255.0.0
    next
    edit "vendor"
        set type iprange
        set start-ip 203.0.113.16
        set end-ip 203.0.113.23
    next
end
config firewall address6
    edit "all"
    next
end
config firewall service custom
    edit "ALL"
        set protocol IP
    next
    edit "HTTPS"
        set tcp-portrange 443
    next
    edit "SSH"
        set tcp-portrange 22
    next
    edit "DNS"
        set tcp-portrange 53
        set udp-portrange 53
    next
end
config firewall schedule recurring
    edit "always"
        set day sunday monday tuesday wednesday thursday friday saturday
    next
end`;

/** A policy by what differs from `lan` to `wan1`, everybody to everything, accepted. */
export function policy(id: number, settings: Readonly<Record<string, string>> = {}): string {
  const all: Record<string, string> = {
    srcintf: '"lan"',
    dstintf: '"wan1"',
    action: 'accept',
    srcaddr: '"all"',
    dstaddr: '"all"',
    schedule: '"always"',
    service: '"ALL"',
    ...settings,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `        set ${key} ${value}`);
  return [`    edit ${id}`, ...lines, '    next'].join('\n');
}

export function fortiText(what: Forti): string {
  return `#config-version=FGT60F-${what.version ?? '7.4.3'}-FW-build2573-240201:opmode=0:vdom=0:user=reader
config system global
    set hostname "edge"
${what.global ?? ''}
end
config system interface${what.interfaces ?? INTERFACES}
end
config system admin
${what.admins ?? '    edit "admin"\n        set accprofile "super_admin"\n    next'}
end
config system settings
${what.settings ?? '    set gui-allow-unnamed-policy enable'}
end${OBJECTS}
${what.tables ?? ''}
config firewall policy
${what.policies ?? ''}
end
${what.more ?? ''}
config router static
end
`;
}

/** Read whole: a test that is about something that is not understood says so itself. */
export function forti(what: Forti): Device {
  const text = fortiText(what);
  if (what.status === undefined) return deviceOf(text);
  return readSections({ status: what.status, configuration: text });
}

/** A connection to a port, by TCP. */
export function tcp(src: string, dst: string, dport: number): Readonly<Record<string, string | number>> {
  return { src, dst, proto: 'tcp', sport: 40_000, dport };
}

export const outward = { iif: 'lan', oif: 'wan1' } as const;
export const inward = { iif: 'wan1', oif: 'dmz' } as const;
