import { DEFAULT_SYSTEM, type Places } from './places.js';
import { scopeOf } from './scope.js';
import { type Base, type System, zonesOf } from './system.js';
import { at, membersOf, type Node } from './tree.js';

/** What all systems of a capture have in common. */
export type Shared = Pick<System, 'ledger' | 'missing' | 'asked' | 'network' | 'count'>;

/** The rulebases of this key, of whoever owns them. */
export function basesOf(
  nodes: readonly Node[],
  key: 'rulebase' | 'pre-rulebase' | 'post-rulebase',
  words: Omit<Base, 'node'>,
): readonly Base[] {
  return nodes.flatMap((node) => {
    const found = at(node, key);
    return found ? [{ node: found, ...words }] : [];
  });
}

/** The virtual systems of a firewall, each with what Panorama put before and behind its own rules. */
export function systemsOf(places: Places, shared: Shared): readonly System[] {
  const common = scopeOf('shared', places.shared);
  const pushed = scopeOf('panorama', places.pushed);
  const named: readonly (readonly [string, readonly Node[]])[] =
    places.systems.size > 0 ? [...places.systems] : places.pushed.length > 0 ? [[DEFAULT_SYSTEM, []]] : [];
  return named.map(([name, nodes]) => {
    const own = scopeOf(name, nodes);
    // In a command, a system is named where there are several.
    const owner = named.length > 1 ? `vsys ${name}` : name;
    const toThis = places.pushedTo.get(name) ?? [];
    const mine = scopeOf(`panorama/${name}`, toThis);
    const theirs: Omit<Base, 'node'> = { from: 'pushed', owner, scopes: [mine, pushed, own, common] };
    const bases = [
      ...basesOf([...places.pushed, ...toThis], 'pre-rulebase', theirs),
      ...basesOf(nodes, 'rulebase', { from: 'own', owner, scopes: [own, mine, pushed, common] }),
      ...basesOf([...toThis, ...places.pushed], 'post-rulebase', theirs),
    ];
    const zones = withNamedZones(zonesOf(nodes, shared.network, shared.ledger), bases, shared.network.prefix);
    return { ...shared, name, title: owner, zones, bases, overrides: [] };
  });
}

/** Where no zone is described, those that rules name are taken for interfaces of their own names. */
export function withNamedZones(zones: System['zones'], bases: readonly Base[], prefix: string): System['zones'] {
  if (zones.size > 0) return zones;
  const names = new Set<string>();
  for (const { node } of bases)
    for (const kind of ['security', 'nat'])
      for (const rule of at(node, kind, 'rules')?.children ?? [])
        for (const side of ['from', 'to']) for (const name of membersOf(at(rule, side))) names.add(name);
  names.delete('any');
  names.delete('multicast');
  return new Map([...names].sort().map((name) => [name, { name, interfaces: [prefix + name], isExternal: false }]));
}
