import type { Ledger } from './ledger.js';
import { type Node, nodeOf } from './tree.js';

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
  /** Device groups: the text is a manager's and no firewall's. */
  readonly groups: Map<string, Node[]>;
  readonly templates: Node[];
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
    groups: new Map(),
    templates: [],
  };
}

function add(map: Map<string, Node[]>, name: string, node: Node): void {
  const known = map.get(name);
  if (known) known.push(node);
  else map.set(name, [node]);
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
      for (const group of child.children) add(places.groups, group.name, group);
    } else if (name === 'policy') {
      ledger.used(child);
      for (const one of child.children) if (one.name === 'panorama') places.pushed.push(one);
    } else if (name === 'panorama') places.pushed.push(child);
    else if (name === 'shared') places.shared.push(child);
    else if (name === 'network') places.network.push(child);
    else if (name === 'deviceconfig') places.deviceconfig.push(child);
    else if (name === 'mgt-config') places.users.push(child);
    else if (name === 'template' || name === 'template-stack') places.templates.push(child);
    else if (aside.has(name)) ledger.irrelevant(child);
    else loose.push(child);
  }
  if (loose.length === 0) return;
  const system = nodeOf(DEFAULT_SYSTEM, node.file, loose[0]!.line);
  for (const child of loose) {
    system.children.push(child);
    system.index.set(child.name, child);
  }
  add(places.systems, DEFAULT_SYSTEM, system);
}
