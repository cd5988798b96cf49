import type { Unknown } from '../../model/index.js';
import type { Ledger } from './ledger.js';
import type { Node } from './tree.js';

export type ObjectKind =
  | 'address'
  | 'address-group'
  | 'service'
  | 'service-group'
  | 'application'
  | 'application-group'
  | 'application-filter'
  | 'region'
  | 'external-list'
  | 'schedule';

export const objectKinds: readonly ObjectKind[] = [
  'address',
  'address-group',
  'service',
  'service-group',
  'application',
  'application-group',
  'application-filter',
  'region',
  'external-list',
  'schedule',
];

/** Where names are known: a virtual system, what was pushed, what is shared. */
export interface Scope {
  readonly name: string;
  readonly objects: ReadonlyMap<ObjectKind, ReadonlyMap<string, Node>>;
}

export function scopeOf(name: string, nodes: readonly Node[]): Scope {
  const objects = new Map<ObjectKind, Map<string, Node>>();
  for (const kind of objectKinds) {
    const named = new Map<string, Node>();
    for (const node of nodes) for (const child of node.index.get(kind)?.children ?? []) named.set(child.name, child);
    objects.set(kind, named);
  }
  return { name, objects };
}

/** What reading a rule needs: where its names are looked up, innermost first, and where gaps are told. */
export interface Reader {
  readonly scopes: readonly Scope[];
  readonly ledger: Ledger;
  /** Names that are referred to and are nowhere. */
  readonly missing: Set<string>;
  /** What is being read, such as a rule: the words in it that are nowhere are marked. */
  readonly holder?: Node;
  /** The serial number, where a manager says which of its firewalls this is. */
  readonly firewall?: string;
}

/** The innermost scope that has the name as one of these kinds decides; within a scope, the first kind does. */
export function find(
  scopes: readonly Scope[],
  kinds: readonly ObjectKind[],
  name: string,
): { readonly kind: ObjectKind; readonly node: Node } | undefined {
  for (const scope of scopes) {
    for (const kind of kinds) {
      const node = scope.objects.get(kind)?.get(name);
      if (node) return { kind, node };
    }
  }
  return undefined;
}

export function unknown(text: string, content = text): Unknown {
  return { kind: 'unknown', id: `panos ${content}`, text };
}

export function absent(reader: Reader, kind: string, name: string): Unknown {
  const text = `${kind} ${name}`;
  reader.missing.add(text);
  if (reader.holder) reader.ledger.absent(reader.holder, name);
  return { ...unknown(`${text}, which is not in this capture`), unrecognized: true };
}
