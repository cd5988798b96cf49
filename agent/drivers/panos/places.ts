import type { Ledger } from './ledger.js';
import { at, type Node, nodeOf, valueIn } from './tree.js';

/** The parts of all texts of a capture, by what they are. */
export interface Places {
  readonly shared: Node[];
  /** By name; what stands outside of any virtual system is of `vsys1`. */
  readonly systems: Map<string, Node[]>;
  readonly network: Node[];
  readonly deviceconfig: Node[];
  readonly users: Node[];
  /** What Panorama has pushed. */
  readonly pushed: Node[];
  /** What it has pushed to one virtual system, by its name; empty where it says that there is nothing. */
  readonly pushedTo: Map<string, Node[]>;
  /** Device groups: the text is a manager's and no firewall's. */
  readonly groups: Map<string, Node[]>;
  readonly templates: Node[];
  readonly stacks: Node[];
  /** The device group above another, by the lower one's name. */
  readonly parents: Map<string, string>;
}

/** Where a virtual system is not named, it is this one. */
export const DEFAULT_SYSTEM = 'vsys1';

const wrappers = new Set(['config', 'response', 'result', 'devices', 'data']);
const aside = new Set([
  'readonly',
  'predefined',
  'platform',
  'collector-group',
  'log-collector',
  'log-collector-group',
]);

export function emptyPlaces(): Places {
  return {
    shared: [],
    systems: new Map(),
    network: [],
    deviceconfig: [],
    users: [],
    pushed: [],
    pushedTo: new Map(),
    groups: new Map(),
    templates: [],
    stacks: [],
    parents: new Map(),
  };
}

function add(map: Map<string, Node[]>, name: string, node: Node): void {
  const known = map.get(name);
  if (known) known.push(node);
  else map.set(name, [node]);
}

function entriesOf(node: Node, ledger: Ledger): readonly Node[] {
  ledger.used(node);
  return node.children;
}

function readParent(places: Places, group: Node, ledger: Ledger): void {
  const parent = at(group, 'parent-dg');
  const name = valueIn(parent);
  if (name === undefined) return;
  ledger.all(parent);
  places.parents.set(group.name, name);
}

/** What a manager keeps for itself says which device group is within which. */
function readParents(places: Places, node: Node, ledger: Ledger): void {
  for (const device of at(node, 'devices')?.children ?? [])
    for (const group of at(device, 'device-group')?.children ?? []) readParent(places, group, ledger);
}

/** Sorts the children of a node into the places they belong to. */
export function sortInto(places: Places, node: Node, ledger: Ledger): void {
  const loose: Node[] = [];
  for (const child of node.children) {
    const { name } = child;
    if (wrappers.has(name)) {
      ledger.used(child);
      if (name !== 'devices') sortInto(places, child, ledger);
      else
        for (const device of child.children) {
          ledger.used(device);
          sortInto(places, device, ledger);
        }
    } else if (name === 'vsys') {
      ledger.used(child);
      for (const system of child.children) add(places.systems, system.name, system);
    } else if (name === 'device-group') {
      ledger.used(child);
      for (const group of child.children) {
        add(places.groups, group.name, group);
        readParent(places, group, ledger);
      }
    } else if (name === 'policy') {
      ledger.used(child);
      for (const one of child.children) if (one.name === 'panorama') places.pushed.push(one);
    } else if (name === 'panorama') places.pushed.push(child);
    else if (name === 'shared') places.shared.push(child);
    else if (name === 'network') places.network.push(child);
    else if (name === 'deviceconfig') places.deviceconfig.push(child);
    else if (name === 'mgt-config') places.users.push(child);
    else if (name === 'template' && child.index.has('config')) {
      // On a firewall, what its template gives it.
      ledger.used(child);
      sortInto(places, child, ledger);
    } else if (name === 'template') places.templates.push(...entriesOf(child, ledger));
    else if (name === 'template-stack') places.stacks.push(...entriesOf(child, ledger));
    else if (aside.has(name)) {
      ledger.irrelevant(child);
      if (name === 'readonly') readParents(places, child, ledger);
    } else loose.push(child);
  }
  if (loose.length === 0) return;
  const system = nodeOf(DEFAULT_SYSTEM, node.file, loose[0]!.line);
  for (const child of loose) {
    system.children.push(child);
    system.index.set(child.name, child);
  }
  add(places.systems, DEFAULT_SYSTEM, system);
}
