import type { AccessFact } from '../../model/index.js';
import type { Section } from '../contract.js';
import { fact, type Line, linesIn } from './lines.js';

/** `wg show all allowed-ips`: interface, public key, and what the peer may send, with tabs between. */
export function wireguardPeers(section: Section): readonly AccessFact[] {
  return linesIn(section).flatMap((line) => {
    const [device, key, ...addresses] = line.text.split(/\s+/);
    if (!device || !key) return [];
    const allowed = addresses
      .filter((one) => one !== '(none)')
      .sort()
      .join(', ');
    return [fact('wireguard', 'vpn', `WireGuard peer ${key} on ${device}`, allowed || 'nothing', { ...line, section })];
  });
}

/** The peers of a file that would be there once its tunnel is up. */
export function wireguardFiles(section: Section): readonly AccessFact[] {
  const facts: AccessFact[] = [];
  let peer: { readonly line: Line; key?: string; readonly settings: string[] } | undefined;
  const end = (): void => {
    if (peer?.key !== undefined) {
      const { line, key, settings } = peer;
      const subject = `WireGuard peer ${key} in ${line.path}`;
      facts.push(fact('wireguard-files', 'vpn', subject, settings.sort().join(', '), { ...line, section }));
    }
    peer = undefined;
  };
  for (const line of linesIn(section)) {
    if (line.text.startsWith('[') || peer?.line.path !== line.path) end();
    if (/^\[peer\]$/i.test(line.text)) peer = { line, settings: [] };
    const groups = /^(?<name>\w+)\s*=\s*(?<value>.*)$/.exec(line.text)?.groups;
    if (!peer || !groups) continue;
    if (groups.name!.toLowerCase() === 'publickey') peer.key = groups.value!;
    else peer.settings.push(`${groups.name} ${groups.value}`);
  }
  end();
  return facts;
}

/** One fact a file: what it says of who connects to whom. */
export function filesOfTunnels(section: Section, what: 'OpenVPN' | 'IPsec'): readonly AccessFact[] {
  const files = new Map<string, Line[]>();
  for (const line of linesIn(section)) files.set(line.path, [...(files.get(line.path) ?? []), line]);
  return [...files].map(([path, lines]) => {
    const value = lines.map(({ text }) => text.replace(/\s+/g, ' ')).join('; ');
    return fact(what.toLowerCase(), 'vpn', `${what} in ${path}`, value, { ...lines[0]!, section });
  });
}

/** One fact a file: whoever has settings of their own, or a certificate, may connect. */
export function openvpnPeers(section: Section): readonly AccessFact[] {
  return linesIn(section).flatMap((line) => {
    const groups = /^(?<folder>\/.*)\/(?<name>[^/]+?)(?:\.crt)?$/.exec(line.text)?.groups;
    if (!groups) return [];
    return [
      fact('openvpn', 'vpn', `OpenVPN peer ${groups.name} in ${groups.folder}`, 'is there', { ...line, section }),
    ];
  });
}

/** `ip xfrm policy`: what goes through an IPsec tunnel, and to whom; a policy begins at the margin. */
export function ipsecPolicies(section: Section): readonly AccessFact[] {
  const facts: AccessFact[] = [];
  let selector: Line | undefined;
  let way: string | undefined;
  for (const line of linesIn(section)) {
    if (/^src \S+ dst \S+/.test(line.text) && !line.text.startsWith('tmpl')) {
      selector = line;
      way = undefined;
    }
    way = /^dir (?<way>\w+)/.exec(line.text)?.groups?.way ?? way;
    const tunnel = /^tmpl src (?<from>\S+) dst (?<to>\S+)/.exec(line.text)?.groups;
    if (!selector || !tunnel) continue;
    const subject = `IPsec policy ${selector.text.replace(/\s+/g, ' ')} ${way ?? ''}`.trim();
    facts.push(fact('xfrm', 'vpn', subject, `${tunnel.from} → ${tunnel.to}`, { ...selector, section }));
  }
  return facts;
}
