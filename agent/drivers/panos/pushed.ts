/**
 * Pushed: what Panorama has given a firewall stands beside its own configuration, and not in it. Rules for all virtual
 * systems and for one of them are asked apart; zones, interfaces and routes of a template hold where the firewall has
 * none of that name itself.
 */
import { layered } from './layers.js';
import type { Ledger } from './ledger.js';
import { emptyPlaces, type Places, sortInto } from './places.js';
import { type Node, nodeOf } from './tree.js';

/** Steps, by the names of their sections. */
export const PUSHED = 'pushed-policy';
export const PUSHED_VSYS = 'pushed-vsys';
export const TEMPLATE = 'pushed-template';

/** The device says in a sentence that nothing was pushed. */
export function isNothing(text: string): boolean {
  return /^\s*(?:No [\w ]*(?:policy|template)[\w ]*\.?)?\s*$/i.test(text);
}

/** The virtual system that a section speaks of, if it is of one. */
export function systemOf(step: string): string | undefined {
  return new RegExp(`^(?<name>.+)-${PUSHED_VSYS}$`).exec(step)?.groups?.name;
}

/** Rules and objects; a firewall of several virtual systems has those for all of them as shared ones. */
export function sortPushed(into: Node[], root: Node, ledger: Ledger): void {
  const own = emptyPlaces();
  sortInto(own, root, ledger);
  into.push(...own.pushed, ...own.shared);
  for (const node of [...own.systems.values(), ...own.groups.values(), own.network, own.templates].flat())
    ledger.lost(node, 'this is not expected of what was pushed');
}

/** The node that holds what a configuration holds, without what a command prints around it. */
function configOf(root: Node, ledger: Ledger): Node {
  let node = root;
  for (const name of ['response', 'result', 'template', 'config']) {
    const inner = node.index.get(name);
    if (!inner) continue;
    ledger.used(inner);
    node = inner;
  }
  return node;
}

/** The firewall's own configuration over its template's. */
export function sortOver(places: Places, own: Node, template: Node, ledger: Ledger): void {
  const both = [own, template].map((root) => configOf(root, ledger));
  const merged = layered(both, (node) => ledger.irrelevant(node));
  const root = nodeOf('', own.file, 1);
  for (const child of merged?.children ?? []) {
    root.children.push(child);
    root.index.set(child.name, child);
  }
  sortInto(places, root, ledger);
}
