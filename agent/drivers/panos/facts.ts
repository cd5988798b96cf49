import { createHash } from 'node:crypto';
import type { AccessFact, AccessFactKind } from '../../model/index.js';
import { at, contentOf, type Node, valueIn } from './tree.js';

const secretWords = /(?:phash|password|passwd|secret|key|token|pass)$/;

/** A password is told by the digest that stands in its place: another password is another digest. */
const digest = /^[[<]?secret-[0-9a-f]{24}[\]>]?$/;

/** What is below a node in words, without what is secret there; settings and members have no order. */
function told(node: Node): string {
  return node.children
    .map((child) => {
      if (secretWords.test(child.name)) {
        const value = child.name === 'phash' ? valueIn(child) : undefined;
        return value !== undefined && digest.test(value) ? `${child.name} ${value}` : child.name;
      }
      return child.children.length === 0 ? child.name : `${child.name} ${told(child)}`;
    })
    .sort()
    .join('; ');
}

function facts(kind: AccessFactKind, nodes: readonly Node[], subject: (node: Node) => string): readonly AccessFact[] {
  return nodes.map((node) => ({
    kind,
    subject: subject(node),
    value: told(node),
    origin: { file: node.file, line: node.line, rule: subject(node), text: subject(node) },
  }));
}

/** Gates that are no packet rules: administrators, tunnels, portals, routes, the manager. */
export function factsOf(parts: {
  readonly users: readonly Node[];
  readonly network: readonly Node[];
  readonly deviceconfig: readonly Node[];
  readonly systems: readonly Node[];
}): readonly AccessFact[] {
  const below = (nodes: readonly Node[], ...path: readonly string[]): readonly Node[] =>
    nodes.flatMap((node) => at(node, ...path)?.children ?? []);
  const administrators = below(parts.users, 'users');
  return [
    ...facts('administrator', administrators, ({ name }) => `administrator ${name}`),
    ...administrators.flatMap((user) =>
      user.index.has('public-key')
        ? [
            {
              kind: 'key' as const,
              subject: `key of ${user.name}`,
              value: createHash('sha256')
                .update(contentOf(at(user, 'public-key')!))
                .digest('hex')
                .slice(0, 24),
              origin: { file: user.file, line: user.line, rule: `administrator ${user.name}`, text: 'public-key' },
            },
          ]
        : [],
    ),
    ...facts('vpn', below(parts.network, 'ike', 'gateway'), ({ name }) => `IKE gateway ${name}`),
    ...facts('vpn', below(parts.network, 'tunnel', 'ipsec'), ({ name }) => `tunnel ${name}`),
    ...facts(
      'vpn',
      below(parts.network, 'tunnel', 'global-protect-gateway'),
      ({ name }) => `GlobalProtect gateway ${name}`,
    ),
    ...['global-protect-portal', 'global-protect-gateway'].flatMap((kind) =>
      facts('vpn', below(parts.systems, 'global-protect', kind), ({ name }) => `${kind} ${name}`),
    ),
    ...below(parts.network, 'virtual-router').flatMap((router) =>
      facts(
        'route',
        below([router], 'routing-table', 'ip', 'static-route'),
        ({ name }) => `route ${router.name}/${name}`,
      ),
    ),
    ...below(parts.systems, 'rulebase', 'pbf', 'rules').flatMap((node) =>
      facts('policyRoute', [node], ({ name }) => `policy-based forwarding ${name}`),
    ),
    // Members of a pair do not share their settings of it (Administrator's Guide, "HA Synchronization").
    ...facts(
      'manager',
      parts.deviceconfig.flatMap(
        (node) => at(node, 'system', 'panorama') ?? at(node, 'system', 'panorama-server') ?? [],
      ),
      () => 'Panorama',
    ).map((fact) => ({ ...fact, ofMember: true as const })),
  ];
}
