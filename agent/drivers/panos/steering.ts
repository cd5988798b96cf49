/**
 * Steering: what is asked of the first packet of a connection besides the security rules. Policy-based forwarding
 * chooses the way out before them, or discards; rules against denial of service refuse, or allow up to a rate (PAN-OS
 * Administrator's Guide, "Policy-Based Forwarding" and "DoS Protection Policy Rules").
 */
import { all, any, type Condition, type Rule, type Step, type Unknown } from '../../model/index.js';
import { originOf } from './origin.js';
import { addresses, hasUnknown, isDisabled, otherConditions, service } from './rules.js';
import { type Reader, type Scope, unknown } from './scope.js';
import { serviceNamed } from './services.js';
import { inZones, readerOf, ruleName, type System } from './system.js';
import { at, membersOf, type Node } from './tree.js';

type Lost = (part: Node, reason: string) => Unknown;

interface Asked {
  readonly condition: Condition;
  readonly action: Step | undefined;
}

interface Kind {
  /** Words that are read here and not as those of every rule. */
  readonly own: ReadonlySet<string>;
  /** Words of the rule as they are told to people. */
  readonly told: readonly string[];
  read(node: Node, system: System, reader: Reader, lost: Lost): Asked;
}

/** Zones or interfaces on one side; a rule of these kinds may speak of either. */
function side(node: Node, word: 'from' | 'to', system: System, lost: Lost): Condition {
  const place = at(node, word);
  const kind = word === 'from' ? 'inInterface' : 'outInterface';
  const interfaces = membersOf(at(place, 'interface'));
  if (interfaces.length > 0) return { kind, names: interfaces.map((name) => system.network.prefix + name) };
  const zones = membersOf(at(place, 'zone'));
  if (zones.length > 0) return inZones(kind, system, zones);
  // DoS rules of old versions name zones without the word.
  const bare = membersOf(place);
  return bare.length > 0 && !bare.some((name) => name === 'zone' || name === 'interface')
    ? inZones(kind, system, bare)
    : lost(place ?? node, `the rule does not say “${word}”`);
}

function flow(node: Node, reader: Reader, lost: Lost): readonly Condition[] {
  return (['source', 'destination'] as const).map((one) =>
    membersOf(at(node, one)).length > 0 ? addresses(node, one, reader) : lost(node, `the rule does not say “${one}”`),
  );
}

const usual = ['source', 'destination', 'application', 'service', 'schedule', 'disabled'] as const;

const forwarding: Kind = {
  own: new Set(['from', 'action', 'enforce-symmetric-return', 'active-active-device-binding']),
  told: ['from', ...usual, 'action'],
  read(node, system, reader, lost) {
    const action = at(node, 'action')?.children[0]?.name;
    return {
      condition: all(side(node, 'from', system, lost), ...flow(node, reader, lost), service(node, system, reader)),
      action:
        action === 'discard'
          ? { kind: 'drop' }
          : action === 'forward' || action === 'no-pbf'
            ? { kind: 'accept' }
            : action === 'forward-to-vsys'
              ? { kind: 'opaque', unknown: unknown(`${node.name}: what another virtual system decides`) }
              : undefined,
    };
  },
};

const protection: Kind = {
  own: new Set(['from', 'to', 'action', 'protection']),
  told: ['from', 'to', ...usual, 'action'],
  read(node, system, reader, lost) {
    const services = membersOf(at(node, 'service'));
    const ports = services.includes('any') ? all() : any(...services.map((name) => serviceNamed(name, reader, true)));
    const action = at(node, 'action')?.children[0]?.name;
    const tooMuch: Unknown = { ...unknown(`${node.name}: more than its profiles allow`), stateful: true };
    const condition = all(
      side(node, 'from', system, lost),
      side(node, 'to', system, lost),
      ...flow(node, reader, lost),
      services.length > 0 ? ports : lost(node, 'the rule does not say “service”'),
      ...(action === 'protect' ? [tooMuch] : []),
    );
    const stops = action === 'deny' || action === 'protect';
    return { condition, action: stops ? { kind: 'drop' } : action === 'allow' ? { kind: 'accept' } : undefined };
  },
};

function ruleOf(node: Node, kind: Kind, name: string, system: System, scopes: readonly Scope[]): Rule {
  const disabled = isDisabled(node);
  const own = readerOf(system, scopes);
  // What a rule that is switched off refers to need not be there.
  const reader = disabled ? { ...own, missing: new Set<string>() } : { ...own, holder: node };
  const { ledger } = reader;
  ledger.used(node);
  const lost: Lost = (part, reason) => {
    ledger.lost(part, `${node.name}: ${reason}`);
    return { ...unknown(`${node.name}: ${reason}`), unrecognized: true };
  };
  for (const child of node.children) if (kind.own.has(child.name)) ledger.all(child);
  const others = otherConditions(
    { ...node, children: node.children.filter((child) => !kind.own.has(child.name)) },
    reader,
    lost,
  );
  const { condition, action } = kind.read(node, system, reader, lost);
  return {
    origin: originOf(node, name, kind.told),
    steps: [
      { kind: 'match', condition: all(condition, ...others) },
      action ?? { kind: 'opaque', unknown: lost(at(node, 'action') ?? node, 'this action is not known') },
    ],
    ...(disabled && { disabled: true }),
  };
}

/** The rules of one such rulebase of a virtual system, in the order in which they are asked. */
export function steeringRules(what: 'pbf' | 'dos', system: System): readonly Rule[] {
  return system.bases.flatMap((base) =>
    (at(base.node, what, 'rules')?.children ?? []).map((node) => {
      const kind = what === 'pbf' ? forwarding : protection;
      const rule = ruleOf(node, kind, ruleName(base, what, node), system, base.scopes);
      const isExact = rule.steps.every(
        (step) => step.kind !== 'opaque' && !(step.kind === 'match' && hasUnknown(step.condition)),
      );
      system.count(node, isExact ? 'exact' : 'bounded');
      return rule;
    }),
  );
}
