import type { AccessFact } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { isRecord, parseRecords, type Source } from './network.js';

/** Kinds of links (IFLA_INFO_KIND) by which packets of another network come in, whatever carries them. */
const TUNNELS: readonly string[] = [
  ...['wireguard', 'tun', 'ppp', 'l2tpeth', 'ipip', 'sit', 'ip6tnl', 'gre', 'gretap', 'ip6gre', 'ip6gretap', 'erspan'],
  ...['vti', 'vti6', 'xfrm', 'ovpn', 'ovpn-dco', 'vxlan', 'geneve'],
];

/**
 * Tunnels that are up, in `ip -d -j link`: one fact an interface, with both ends where it names them. A tap that is a
 * port of a bridge is the wire of a virtual machine.
 */
export function readTunnels(source: Source, coverage: CoverageBuilder): readonly AccessFact[] {
  return (parseRecords(source, coverage) ?? []).flatMap((record): readonly AccessFact[] => {
    const { ifname, flags, linkinfo, master } = record;
    if (!isRecord(linkinfo) || !Array.isArray(flags) || !flags.includes('UP')) return [];
    const kind = String(linkinfo.info_kind);
    const data = isRecord(linkinfo.info_data) ? linkinfo.info_data : {};
    if (!TUNNELS.includes(kind) || (data.type === 'tap' && master !== undefined)) return [];
    const [near, far] = [data.local ?? data.local6, data.remote ?? data.remote6 ?? data.group ?? data.group6];
    const ends = near === undefined && far === undefined ? '' : ` ${near ?? 'any'} → ${far ?? 'any'}`;
    const subject = `tunnel interface ${String(ifname)}`;
    const value = `up, ${data.type === 'tap' ? 'tap' : kind}${ends}`;
    return [{ kind: 'vpn', subject, value, origin: { file: source.file, line: 1, rule: subject, text: value } }];
  });
}
