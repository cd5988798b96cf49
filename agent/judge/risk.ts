import { intersection } from '../lib/intervals.js';
import { formatPorts } from '../lib/ports.js';
import type { JudgeContext } from './context.js';
import { destinationZones, isToFirewall, reachesHost, type Source, sourceOf, sourceZones } from './parties.js';
import type { Door } from './rules/types.js';
import { anyPort, hasProtocol, protocolsOf, servicesReached } from './services.js';
import type { Flow, Severity, Subject } from './types.js';
import { namesOf } from './zones.js';

/** How bad it is, and why, in words: `high: DICOM 104 critical, one public host −1`. */
export interface Rating {
  readonly severity: Severity;
  readonly because: string;
}

const scale: readonly Severity[] = ['info', 'low', 'medium', 'high', 'critical'];

export function levelOf(severity: Severity): number {
  return scale.indexOf(severity);
}

/** Narrower reach lowers a risk, but never under low; what was info stays info. */
export function lowered(severity: Severity, steps: number): Severity {
  const level = levelOf(severity);
  return scale[Math.max(Math.min(level, 1), level - steps)]!;
}

export function raised(severity: Severity, steps: number): Severity {
  return scale[Math.min(scale.length - 1, levelOf(severity) + steps)]!;
}

export function worse(a: Severity, b: Severity): Severity {
  return levelOf(a) >= levelOf(b) ? a : b;
}

/** Another severity, with the reason behind those there were. */
export function setTo(rating: Rating, severity: Severity, why: string): Rating {
  const reasons = rating.because.replace(/^\w+: /, '');
  return { severity, because: `${severity}: ${reasons === '' ? '' : `${reasons}, `}${why}` };
}

/** Where patients' data or their treatment live. */
export const CLINICAL_ZONES: readonly string[] = ['srv-clinical', 'lan-clinical', 'imaging', 'biomed', 'lab'];
/** What stands behind everything else: who holds it holds the hospital. */
export const KEY_ZONES: readonly string[] = ['directory', 'backup', 'management'];
/** From here a rule to an outside host most likely carries patients' data. */
export const DATA_ZONES: readonly string[] = ['research', 'srv-clinical', 'lan-clinical'];

/** Protocols that carry no service of their own. */
const ECHO_PROTOCOLS: readonly string[] = ['icmp', 'icmpv6', 'igmp'];
const TUNNEL_PROTOCOLS: readonly string[] = ['esp', 'ah', 'gre', 'ipip', 'l2tp'];

/** What the ports alone mean when anybody reaches them. */
export function portRisk(flow: Flow, context: JudgeContext): Rating {
  const proto = flow.proto.toLowerCase();
  if (proto.includes(',')) return worstOf(flow, (one) => portRisk(one, context));
  if (ECHO_PROTOCOLS.includes(proto)) return { severity: 'low', because: `${proto} low` };
  if (TUNNEL_PROTOCOLS.includes(proto)) return { severity: 'medium', because: `${proto} medium` };
  if (anyPort(flow.ports))
    return { severity: 'critical', because: `any ${proto === 'any' ? '' : `${proto} `}port critical` };
  const ports = flow.ports === 'any' ? [] : flow.ports;
  const { reached, unknown } = servicesReached(context.services, proto, ports);
  let best: Rating | undefined = unknown
    ? { severity: 'medium', because: `port ${formatPorts(ports)} in no service list medium` }
    : undefined;
  for (const { service, ports: shared } of reached) {
    if (best && levelOf(service.risk) <= levelOf(best.severity)) continue;
    best = { severity: service.risk, because: `${shortName(service.name)} ${formatPorts(shared)} ${service.risk}` };
  }
  return best ?? { severity: 'medium', because: 'no port known medium' };
}

/** A flow of several protocols is as bad as the worst of them. */
function worstOf(flow: Flow, rate: (flow: Flow) => Rating): Rating {
  const ratings = protocolsOf(flow.proto).map((proto) => rate({ ...flow, proto }));
  return ratings.reduce((a, b) => (levelOf(b.severity) > levelOf(a.severity) ? b : a));
}

function shortName(name: string): string {
  return name.replace(/\s*\(.*\)$/, '');
}

/**
 * risk(): what an opening, a listener or a switched-off filter means here. `alongside` is everything else that is
 * open at the same moment, since a listener is worse when an opening really reaches it.
 */
export function riskOf(subject: Subject, context: JudgeContext, alongside: readonly Subject[] = []): Rating {
  if (subject.kind === 'engine') return told('critical', ['filtering off critical']);
  if (subject.kind === 'listener') return listenerRisk(subject, context, alongside);
  const source = sourceOf(subject, context);
  const base = baseRisk(subject, context);
  // No port named at all: whoever it is meant for, there is no filtering left between the two.
  if (anyPort(subject.flow.ports) && base.severity === 'critical') return told('critical', [base.because]);
  return adjusted(base, source, destinationZones(subject.flow.dst, context));
}

function adjusted(base: Rating, source: Source, zones: readonly string[]): Rating {
  const clinical = zones.find((zone) => CLINICAL_ZONES.includes(zone));
  const key = zones.find((zone) => KEY_ZONES.includes(zone));
  switch (source.class) {
    case 'internet':
      // PGSSI-S 4.3.1.5 wants published services in a DMZ; the port alone rates a patient portal on 443 only medium.
      return clinical
        ? told(raised(base.severity, 1), [base.because, `internet to clinical zone ${clinical} +1`])
        : told(base.severity, [base.because, 'from the internet']);
    case 'publicHost':
      return told(lowered(base.severity, 1), [base.because, 'one public host −1']);
    case 'vendorTunnel':
      return told(lowered(base.severity, 1), [base.because, 'vendor VPN −1']);
    case 'internal': {
      const target = clinical ?? key;
      return target
        ? told(lowered(base.severity, 1), [base.because, `internal source to ${target} −1`])
        : told(lowered(base.severity, 2), [base.because, 'internal source −2']);
    }
  }
}

/** What the ports mean before it counts who reaches them, and what lies behind. */
export function baseRisk(subject: Subject, context: JudgeContext): Rating {
  const { class: source } = sourceOf(subject, context);
  const outside = source === 'internet' || source === 'publicHost';
  return outside && isToFirewall(subject, context)
    ? firewallRisk(subject.flow, context)
    : portRisk(subject.flow, context);
}

/** What a port of the firewall itself leads to, by one protocol. */
function doorOf(flow: Flow, context: JudgeContext): Exclude<Door, 'none'> {
  const proto = flow.proto.toLowerCase();
  if (TUNNEL_PROTOCOLS.includes(proto)) return 'vpn';
  if (ECHO_PROTOCOLS.includes(proto)) return 'other';
  if (flow.ports === 'any' || anyPort(flow.ports)) return 'administration';
  const { reached, unknown } = servicesReached(context.services, proto, flow.ports);
  const categories = new Set(reached.map(({ service }) => service.category));
  if (!unknown && categories.size === 1 && categories.has('vpn')) return 'vpn';
  // Over UDP a firewall has no administration page; its resolver, time and discovery services rate as anywhere.
  if (proto === 'udp' || (!unknown && categories.size === 1 && categories.has('infra'))) {
    return categories.has('vpn') ? 'vpn' : 'other';
  }
  return 'administration';
}

/** The firewall's own doors that a flow reaches. */
export function doorsOf(flow: Flow, context: JudgeContext): readonly Door[] {
  return [...new Set(protocolsOf(flow.proto).map((proto) => doorOf({ ...flow, proto }, context)))];
}

/** The firewall's own doors: administration is critical and a VPN portal high, whatever port they were moved to. */
function firewallRisk(flow: Flow, context: JudgeContext): Rating {
  const proto = flow.proto.toLowerCase();
  if (proto.includes(',')) return worstOf(flow, (one) => firewallRisk(one, context));
  if (TUNNEL_PROTOCOLS.includes(proto))
    return { severity: 'high', because: `VPN (${proto}) to the firewall itself high` };
  const plain = portRisk(flow, context);
  if (flow.ports === 'any' || anyPort(flow.ports)) return plain;
  const shown = formatPorts(flow.ports);
  switch (doorOf(flow, context)) {
    case 'vpn':
      return levelOf(plain.severity) < levelOf('high') || proto !== 'udp'
        ? { severity: 'high', because: `VPN ${shown} to the firewall itself high` }
        : plain;
    case 'other':
      return plain;
    case 'administration':
      return { severity: 'critical', because: `administration ${shown} of the firewall itself critical` };
  }
}

function listenerRisk(listener: Subject, context: JudgeContext, alongside: readonly Subject[]): Rating {
  const base = portRisk(listener.flow, context);
  const zone = listener.flow.dst.zone ?? context.devices[listener.device]?.zone;
  const opening = openingReaching(listener, context, alongside);
  if (!opening) return told(lowered(base.severity, 1), [base.because, 'no opening from the internet reaches it −1']);
  const rating = adjusted(
    base,
    { class: 'internet', inside: false },
    zone === undefined ? [] : namesOf(zone, context.zones),
  );
  return { ...rating, because: `${rating.because}, reached through ${opening.summary}` };
}

/** The opening by which the internet reaches a listener at this moment. */
export function openingReaching(
  listener: Subject,
  context: JudgeContext,
  alongside: readonly Subject[],
): Subject | undefined {
  return alongside.find((other) => isOpenToInternet(other, listener, context));
}

/** What lets the internet in at this moment: the only subjects that can make a listener worse. */
export function openingsFromInternet(subjects: readonly Subject[], context: JudgeContext): readonly Subject[] {
  return subjects.filter(
    (one) =>
      (one.kind === 'rule' || one.kind === 'engine') && !one.latent && sourceOf(one, context).class === 'internet',
  );
}

function isOpenToInternet(opening: Subject, listener: Subject, context: JudgeContext): boolean {
  if ((opening.kind !== 'rule' && opening.kind !== 'engine') || opening.latent) return false;
  const { proto, ports } = opening.flow;
  const ours = listener.flow.proto.toLowerCase();
  if (ours !== 'any' && !hasProtocol(proto, ours)) return false;
  const wanted = listener.flow.ports;
  if (ports !== 'any' && wanted !== 'any' && intersection(ports, wanted).length === 0) return false;
  return sourceOf(opening, context).class === 'internet' && reachesHost(opening, listener, context);
}

/** Data sent to a host that was not approved. */
export function egressRisk(subject: Subject, context: JudgeContext): Rating {
  const { src } = subject.flow;
  const data = sourceZones(src, context).find((one) => DATA_ZONES.includes(one));
  if (data !== undefined) return told('high', [`from ${data} to a host that is not approved`]);
  if (src.zone === undefined && sourceOf(subject, context).class === 'internet') {
    return told('high', ['from any source, clinical zones included, to a host that is not approved']);
  }
  return told('medium', [`from ${src.text} to a host that is not approved`]);
}

function told(severity: Severity, reasons: readonly string[]): Rating {
  return { severity, because: `${severity}: ${reasons.join(', ')}` };
}
