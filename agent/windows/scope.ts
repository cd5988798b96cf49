import { type Intervals, isSubset } from '../lib/intervals.js';
import { parsePorts } from '../lib/ports.js';
import type { MaintenanceWindow, ScopeEntry } from './types.js';

/** Addresses of both families, in the shape the model uses. */
export interface Addresses {
  readonly ip4: Intervals<number>;
  readonly ip6: Intervals<bigint>;
}

export interface ScopeParty {
  readonly text: string;
  readonly addresses?: Addresses;
  readonly zone?: string;
}

/** The part of an opening that a declared scope can speak of. */
export interface ScopeSubject {
  readonly device: string;
  readonly kind: 'rule' | 'listener' | 'engine' | 'fact';
  readonly flow: {
    readonly src: ScopeParty;
    readonly dst: ScopeParty;
    readonly proto: string;
    readonly ports: Intervals | 'any';
  };
}

/** What a name or an address in a scope stands for; undefined: a name without known addresses. */
export type AddressOf = (text: string) => Addresses | undefined;

/** The first entry of the window's scope that holds the whole subject. */
export function scopeEntryFor(
  window: MaintenanceWindow,
  subject: ScopeSubject,
  addressOf: AddressOf,
): ScopeEntry | undefined {
  return window.scope.find((entry) => inScope(entry, subject, addressOf));
}

/**
 * Whether everything the subject lets through was declared. A subject wider than the entry in any field is outside:
 * who announced one vendor address and opened the internet has not announced it.
 */
export function inScope(entry: ScopeEntry, subject: ScopeSubject, addressOf: AddressOf): boolean {
  // Lifting the filter or changing an administrator is never implied by an entry about flows.
  const special = subject.kind === 'engine' || subject.kind === 'fact';
  if (special ? entry.kind !== subject.kind : entry.kind !== undefined && entry.kind !== subject.kind) return false;
  if (entry.device !== undefined && entry.device !== subject.device) return false;
  const { src, dst, proto, ports } = subject.flow;
  return (
    withinParty(src, entry.src, addressOf) &&
    withinParty(dst, entry.dst, addressOf) &&
    withinProto(proto, entry.proto) &&
    withinPorts(ports, entry.ports)
  );
}

function withinParty(party: ScopeParty, declared: string | undefined, addressOf: AddressOf): boolean {
  if (declared === undefined || isAny(declared) || declared === party.text || declared === party.zone) return true;
  const inner = party.addresses ?? addressOf(party.text);
  const outer = addressOf(declared);
  if (!inner || !outer || (inner.ip4.length === 0 && inner.ip6.length === 0)) return false;
  return isSubset(inner.ip4, outer.ip4) && isSubset(inner.ip6, outer.ip6);
}

function withinProto(proto: string, declared: string | undefined): boolean {
  if (declared === undefined || isAny(declared)) return true;
  const names = (text: string): readonly string[] =>
    text
      .toLowerCase()
      .split(',')
      .map((name) => name.trim());
  return names(proto).every((name) => names(declared).includes(name));
}

function withinPorts(ports: Intervals | 'any', declared: string | undefined): boolean {
  if (declared === undefined) return true;
  const outer = declaredPorts(declared);
  if (outer === 'any') return true;
  return outer !== undefined && ports !== 'any' && isSubset(ports, outer);
}

/** Scopes are few, and are asked about every opening. */
const PORTS_KNOWN_MAX = 1_000;
const portsKnown = new Map<string, ReturnType<typeof parsePorts>>();

function declaredPorts(text: string): ReturnType<typeof parsePorts> {
  if (!portsKnown.has(text)) {
    if (portsKnown.size >= PORTS_KNOWN_MAX) portsKnown.clear();
    portsKnown.set(text, parsePorts(text));
  }
  return portsKnown.get(text);
}

function isAny(text: string): boolean {
  return text.toLowerCase() === 'any';
}
