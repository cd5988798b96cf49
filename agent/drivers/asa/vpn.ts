import type { Rule, RuleList, Unknown } from '../../model/index.js';
import type { Config } from './config.js';
import { isComment, type Line } from './parse.js';

/** Keys and passwords, which are never part of what a condition is identified by. */
const keyWords = /\b(?:pre-shared-key|password|key|shared-secret|ldap-login-password|secret)(?: [0678])? \S+/g;

/** Proposals and identities: how tunnels are made, not who may come through one. */
const means =
  /^crypto (?:ca (?:trustpoint|trustpool|certificate chain|server)|ipsec security-association|engine|key|isakmp (?:nat-traversal|identity|disconnect-notify|am-disable)|ikev[12] (?:policy|am-disable|limit|cookie))/;

/** Which lines say who comes through a tunnel, in an order of their own, without names of keys. */
function tunnelContent(config: Config, acls: ReadonlyMap<string, RuleList>): readonly string[] {
  const linesOf = (line: Line, above: string): readonly string[] => {
    if (isComment(line.text)) return [];
    const own = `${above}${line.words.join(' ').replace(keyWords, '')}`;
    return [own, ...line.children.flatMap((child) => linesOf(child, `${own} > `))];
  };
  const lists = new Set(config.vpn.flatMap((line) => referred(line)));
  // A list by what it asks, so that a changed object is a changed list.
  const entries = [...lists].sort().map((list) => `access-list ${list} ${contentOf(acls.get(list))}`);
  const all = config.vpn.filter(({ text }) => !means.test(text)).flatMap((line) => linesOf(line, ''));
  return [...new Set([...all.sort(), ...entries])];
}

/** What a list asks and does, without its places. */
export function contentOf(list: RuleList | undefined): string {
  const rules = list?.rules.map(({ steps, disabled }) => [steps, disabled === true]);
  return JSON.stringify(rules, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)) ?? 'absent';
}

function referred(line: Line): readonly string[] {
  const found =
    /(?:vpn-filter value|ipv6-vpn-filter value|match address|split-tunnel-network-list value) (?<name>\S+)/.exec(
      line.text,
    );
  return [...(found ? [found.groups!.name!] : []), ...line.children.flatMap(referred)];
}

/** Interfaces on which tunnels end, with the line that says so. */
export function ends(config: Config): readonly { readonly name: string; readonly line: Line }[] {
  return config.vpn.flatMap((line) => {
    const name = /^crypto map \S+ interface (?<name>\S+)|^crypto (?:isakmp|ikev1|ikev2) enable (?<other>\S+)/.exec(
      line.text,
    )?.groups;
    if (name) return [{ name: (name.name ?? name.other)!, line }];
    if (line.words[0] !== 'webvpn') return [];
    return line.children.flatMap((child) => {
      const enabled = /^enable (?<name>\S+)/.exec(child.text)?.groups?.name;
      return enabled === undefined ? [] : [{ name: enabled, line: child }];
    });
  });
}

/**
 * What comes out of a tunnel comes in by an interface of its own in the model: a plain packet on the same wire never
 * passes as one of a tunnel, and the access list decides it for certain.
 */
export function tunnelOf(name: string): string {
  return `${name}:tunnel`;
}

export function isTunnel(name: string): boolean {
  return name.endsWith(':tunnel');
}

/**
 * What comes out of a tunnel passes the interface's access list unasked, unless `no sysopt connection permit-vpn`;
 * filters of the group policy may stop it.
 */
export function tunnelRules(config: Config, acls: ReadonlyMap<string, RuleList>): readonly Rule[] {
  if (config.tunnelsFiltered) return [];
  const seen = new Set<string>();
  const unknown: Unknown = {
    kind: 'unknown',
    id: `asa tunnel ${tunnelContent(config, acls).join('\n')}`,
    text: 'the VPN and its filters let it pass',
  };
  const found = ends(config);
  // A part of a configuration need not say where the tunnels end that it speaks of.
  const [some] = config.version || found.length > 0 ? [] : config.vpn.filter(({ text }) => !means.test(text));
  return [...found, ...(some ? [{ name: 'some', line: some }] : [])].flatMap(({ name, line }) => {
    if (seen.has(name)) return [];
    seen.add(name);
    const origin = {
      file: config.file,
      line: line.number,
      rule: 'sysopt connection permit-vpn',
      text: `${line.text} (sysopt connection permit-vpn${config.tunnelsSeen ? '' : ', the default'})`,
    };
    const names = [config.prefix + tunnelOf(name)];
    return [
      // Routes lead to interfaces; what goes into a tunnel goes out by the interface that the tunnel ends on.
      { origin, steps: [{ kind: 'match', condition: { kind: 'outInterface', names } }, { kind: 'drop' }] },
      {
        origin,
        steps: [
          { kind: 'match', condition: { kind: 'inInterface', names } },
          {
            kind: 'dispatch',
            cases: [
              { condition: unknown, actions: [{ kind: 'accept' }] },
              { condition: { kind: 'not', of: unknown }, actions: [{ kind: 'drop' }] },
            ],
          },
        ],
      },
    ] satisfies readonly Rule[];
  });
}
