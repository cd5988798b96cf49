import { all, type Condition, type Rule, type RuleList } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import type { Config } from './config.js';
import { unknown } from './library.js';
import { type Line, withDescendants } from './parse.js';
import { numberOf, portNumbers } from './tables.js';
import { contentOf } from './vpn.js';

const modules: Readonly<Record<string, string>> = {
  sfr: 'the FirePOWER module',
  ips: 'the IPS module',
  cxsc: 'the CX module',
};

/** What is let through by rules, and may be stopped by a module or an inspection that looks into it. */
export function inspectionRules(
  config: Config,
  acls: ReadonlyMap<string, RuleList>,
  coverage: CoverageBuilder,
): readonly Rule[] {
  const applied = new Set(config.policies.flatMap(({ words }) => (words[0] === 'service-policy' ? [words[1]!] : [])));
  const maps = new Map(
    config.policies.flatMap((line) =>
      line.words[0] === 'policy-map' && line.words[1] === 'type' ? [[line.words.at(-1)!, line] as const] : [],
    ),
  );
  return config.policies.flatMap((policy) => {
    if (policy.words[0] !== 'policy-map' || !applied.has(policy.words[1]!)) return [];
    return policy.children.flatMap((part) =>
      part.children.flatMap((action) => {
        const rule = actionRule(config, acls, part, action, maps);
        if (rule) coverage.mark(config.file, action.number, 'approximated', 'what it stops is not in a packet');
        if (action.text.includes('tcp-state-bypass')) {
          coverage.mark(config.file, action.number, 'approximated', 'connections are not followed');
          coverage.notCovered(
            `${config.file}:${action.number}: tcp-state-bypass: what belongs to no connection may pass as well`,
          );
        }
        return rule ? [rule] : [];
      }),
    );
  });
}

function actionRule(
  config: Config,
  acls: ReadonlyMap<string, RuleList>,
  part: Line,
  action: Line,
  maps: ReadonlyMap<string, Line>,
): Rule | undefined {
  const [verb, protocol, ...more] = action.words;
  const rule = (text: string, content: string, conditions: readonly Condition[]): Rule => ({
    origin: { file: config.file, line: action.number, rule: part.text, text: action.text },
    steps: [
      { kind: 'match', condition: all(...conditions, { ...unknown(text), id: `asa ${text}: ${content}` }) },
      { kind: 'drop' },
    ],
  });
  if (verb !== undefined && Object.hasOwn(modules, verb)) {
    return rule(`${modules[verb]} stops it`, classContent(config, acls, part), []);
  }
  const map = verb === 'inspect' ? maps.get(more.at(-1) ?? '') : undefined;
  if (!map || !stops(map)) return undefined;
  const content = [...withDescendants(map)].map(({ text }) => text).join('\n');
  const port = numberOf(protocol!, portNumbers, 65535);
  const where: readonly Condition[] = port === undefined ? [] : [{ kind: 'destinationPort', ports: [port, port] }];
  return rule(`the inspection of ${protocol} stops it`, content, where);
}

/** Limits of length that every device has are no rules of somebody's own. */
function stops(map: Line): boolean {
  return [...withDescendants(map)].some(({ words }) => /^(?:drop|reset|drop-connection)$/.test(words[0] ?? ''));
}

/** Which packets a class is of: the content of its class map and of the lists in it. */
function classContent(config: Config, acls: ReadonlyMap<string, RuleList>, part: Line): string {
  const map = config.policies.find(({ words }) => words[0] === 'class-map' && words.at(-1) === part.words[1]);
  const lines = map ? [...withDescendants(map)].map(({ text }) => text) : [part.text];
  const lists = lines.flatMap((text) => /access-list (?<name>\S+)/.exec(text)?.groups?.name ?? []);
  const entries = lists.map((list) => contentOf(acls.get(list)));
  return [...lines, ...entries].join('\n');
}
