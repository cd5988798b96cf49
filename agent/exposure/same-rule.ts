import { complement } from '../lib/intervals.js';
import { type Condition, type Family, LAST_IP4, LAST_IP6, type Rule, type Step } from '../model/index.js';

/**
 * Whether two listings of one rule say the same to every packet, as far as that is plain from their form. `false`
 * may also mean that they only look different, so whoever asks must have a reading that is right in both cases.
 */
export function sameRule(a: Rule, b: Rule, family: Family): boolean {
  return canonical(a, family) === canonical(b, family);
}

/** Side effects (counters, logs) and a rule's repetitions of one test have no influence on a packet. */
function canonical(rule: Rule, family: Family): string {
  const parts: string[] = [];
  let matches = new Set<string>();
  const close = (): void => {
    parts.push([...matches].sort().join(' & '));
    matches = new Set();
  };
  for (const step of rule.steps) {
    if (step.kind === 'sideEffect') continue;
    if (step.kind === 'match') {
      for (const condition of flat(step.condition)) matches.add(text(canonicalCondition(condition, family)));
    } else {
      close();
      // The answer to a rejected packet is spelled in each platform's own way.
      parts.push(step.kind === 'reject' ? 'reject' : text(step));
    }
  }
  close();
  return parts.join(' ; ');
}

function flat(condition: Condition): readonly Condition[] {
  return condition.kind === 'all' ? condition.of.flatMap(flat) : [condition];
}

function canonicalCondition(condition: Condition, family: Family): unknown {
  if (condition.kind === 'connectionState') return { ...condition, states: [...condition.states].sort() };
  // Such a condition answers anew each time it is asked: its words are not its identity.
  if (condition.kind === 'unknown' && condition.stateful && !condition.unrecognized) return 'stateful';
  if (condition.kind === 'not' && (condition.of.kind === 'source' || condition.of.kind === 'destination')) {
    const { ip4, ip6 } = condition.of.addresses;
    const addresses =
      family === 'ip4'
        ? { ip4: complement(ip4, [0, LAST_IP4]), ip6: [] }
        : { ip4: [], ip6: complement(ip6, [0n, LAST_IP6]) };
    return { ...condition.of, addresses };
  }
  return condition;
}

function text(value: unknown): string {
  const sorted = (_: string, inner: unknown): unknown =>
    typeof inner === 'bigint'
      ? `${inner}n`
      : typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner;
  return JSON.stringify(value, sorted);
}

/** nft prints an extension of iptables as `xt match NAME` or `xt target NAME`, without its parameters. */
export function hasExtension(rule: Rule): boolean {
  return anyWords(rule.steps, (words) => /^xt (?:match|target) /.test(words));
}

/**
 * nft 1.0.6 prints some targets as nothing at all (`-j REDIRECT` of IPv6). iptables-save leaves out what it cannot
 * express and invents nothing, so an action that only it lists is there.
 */
export function lacksAction(rule: Rule, twin: Rule): boolean {
  const acts = ({ steps }: Rule): boolean => steps.some(({ kind }) => kind !== 'match' && kind !== 'sideEffect');
  return !acts(rule) && acts(twin);
}

/** What iptables-nft keeps in nftables' own words, and iptables-save therefore also reads out of rules that nft made. */
const common =
  /^(?:tcp|udp|icmp6?|mark|limit|comment|ACCEPT|DROP|QUEUE|RETURN|REJECT|LOG|NFLOG|MASQUERADE|SNAT|DNAT|REDIRECT)$/;

/**
 * Whether a rule, as iptables-save prints it, holds an extension that only iptables can have put there. Then all of
 * the rule is from iptables, and what nft prints of it is a translation, which is wrong for some of them: of
 * `-m multiport ! --ports 80,443:445` nft 1.0.6 prints neither the negation nor the range.
 */
export function isOfIptables(saved: Rule): boolean {
  const words = saved.origin.text.split(/\s+/);
  return words.some((word, index) => {
    const option = words[index - 1];
    if (option === '-m') return !common.test(word);
    // nft has no word for "any type", and prints the negation of it as nothing.
    if (option === '--icmp-type' && word === 'any') return true;
    // Chains are called in upper case too, but of extensions only targets have options.
    return option === '-j' && (words[index + 1] ?? '').startsWith('--') && !common.test(word);
  });
}

/** Words that the reader of the platform could not place: what the rule does is not known at all. */
export function hasUnrecognized(rule: Rule): boolean {
  return JSON.stringify(rule.steps, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)).includes(
    '"unrecognized":true',
  );
}

function anyWords(steps: readonly Step[], test: (words: string) => boolean): boolean {
  const inCondition = (condition: Condition): boolean => {
    if (condition.kind === 'unknown') return test(condition.text);
    if (condition.kind === 'not') return inCondition(condition.of);
    return (condition.kind === 'all' || condition.kind === 'any') && condition.of.some(inCondition);
  };
  return steps.some((step) => {
    if (step.kind === 'match') return inCondition(step.condition);
    if (step.kind === 'opaque') return test(step.unknown.text);
    return step.kind === 'sideEffect' && test(step.text);
  });
}

/** What the rule ends with, where both listings can be expected to say it. */
export function ending(rule: Rule): string | undefined {
  if (rule.steps.some(({ kind }) => kind === 'opaque' || kind === 'dispatch')) return undefined;
  return rule.steps.find(({ kind }) => endings.has(kind))?.kind;
}

const endings: ReadonlySet<string> = new Set(['accept', 'drop', 'reject', 'jump', 'goto', 'return', 'queue']);
