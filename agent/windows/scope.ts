import { type Intervals, isSubset } from '../lib/intervals.js';
import { parsePorts } from '../lib/ports.js';
import type { ScopeEntry } from './types.js';

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

/** Answers with the first entry of a scope that holds the whole subject. */
export type ScopeReader = (subject: ScopeSubject) => ScopeEntry | undefined;

/** What a scope says is worked out once: it is asked about every opening of its window. */
export function scopeReader(scope: readonly ScopeEntry[], addressOf: AddressOf): ScopeReader {
  const entries = scope.map((entry) => ({ entry, holds: entryReader(entry, addressOf) }));
  return (subject) => entries.find(({ holds }) => holds(subject))?.entry;
}

/**
 * Whether everything the subject lets through was declared. A subject wider than the entry in any field is outside:
 * who announced one vendor address and opened the internet has not announced it.
 */
export function inScope(entry: ScopeEntry, subject: ScopeSubject, addressOf: AddressOf): boolean {
  return entryReader(entry, addressOf)(subject);
}

function entryReader(entry: ScopeEntry, addressOf: AddressOf): (subject: ScopeSubject) => boolean {
  const isPort = portReader(entry.ports);
  const isProto = protoReader(entry.proto);
  const isSource = partyReader(entry.src, addressOf);
  const isDestination = partyReader(entry.dst, addressOf);
  return ({ kind, device, flow }) => {
    // Lifting the filter or changing an administrator is never implied by an entry about flows.
    const special = kind === 'engine' || kind === 'fact';
    if (special ? entry.kind !== kind : entry.kind !== undefined && entry.kind !== kind) return false;
    if (entry.device !== undefined && entry.device !== device) return false;
    return isPort(flow.ports) && isProto(flow.proto) && isSource(flow.src) && isDestination(flow.dst);
  };
}

const anything = (): boolean => true;

function partyReader(declared: string | undefined, addressOf: AddressOf): (party: ScopeParty) => boolean {
  if (declared === undefined || isAny(declared)) return anything;
  const outer = addressOf(declared);
  return (party) => {
    if (declared === party.text || declared === party.zone) return true;
    const inner = party.addresses ?? addressOf(party.text);
    if (!inner || !outer || (inner.ip4.length === 0 && inner.ip6.length === 0)) return false;
    return isSubset(inner.ip4, outer.ip4) && isSubset(inner.ip6, outer.ip6);
  };
}

function protoReader(declared: string | undefined): (proto: string) => boolean {
  if (declared === undefined || isAny(declared)) return anything;
  const outer = namesIn(declared);
  return (proto) => proto === declared || namesIn(proto).every((name) => outer.includes(name));
}

function namesIn(proto: string): readonly string[] {
  return proto
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
}

function portReader(declared: string | undefined): (ports: Intervals | 'any') => boolean {
  const outer = declared === undefined ? 'any' : parsePorts(declared);
  if (outer === 'any') return anything;
  return (ports) => outer !== undefined && ports !== 'any' && isSubset(ports, outer);
}

function isAny(text: string): boolean {
  return text.toLowerCase() === 'any';
}
