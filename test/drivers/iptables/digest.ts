import { type Intervals, ranges } from '../../../agent/lib/intervals.js';
import type { Action, Condition, Device, Step } from '../../../agent/model/index.js';
import { type AddressSet, formatRange } from '../../../agent/model/index.js';

/** A model as a person would write it down: what a recording expects. */
export function digest(device: Device): object {
  const { pipeline, coverage } = device;
  const states: Record<string, number> = {};
  for (const { state } of coverage.lines) states[state] = (states[state] ?? 0) + 1;
  return {
    speaksOf: pipeline.speaksOf.map(({ family, direction }) => `${family} ${direction}`),
    bases: pipeline.bases.map(
      ({ list, hook, priority, type, policy, policyOrigin }) =>
        `${list}: ${type} at ${hook} ${priority}, policy ${policy} (${policyOrigin.file}:${policyOrigin.line})`,
    ),
    lists: Object.fromEntries(
      pipeline.lists.map(({ id, rules, table }) => [
        `${id} (${table?.store}${table?.managedByIptables ? ', managed by iptables' : ''})`,
        rules.map(({ origin, steps, comment }) => {
          const note = comment === undefined ? '' : ` # ${comment}`;
          return `${origin.line}: ${steps.map(stepText).join(' → ') || 'nothing'}${note}`;
        }),
      ]),
    ),
    coverage: {
      sources: coverage.sources,
      states,
      rules: coverage.rules,
      reasons: coverage.lines
        .filter(({ reason }) => reason !== undefined)
        .map(({ file, line, state, reason }) => `${file}:${line} ${state}: ${reason}`),
      notCovered: coverage.notCovered,
      blind: coverage.blind,
    },
  };
}

export function stepText(step: Step): string {
  if (step.kind === 'match') return `if ${conditionText(step.condition)}`;
  if (step.kind === 'dispatch') return 'dispatch';
  return actionText(step);
}

const hex = (value: number): string => `0x${value.toString(16)}`;

function actionText(action: Action): string {
  switch (action.kind) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'notrack':
      return action.kind;
    case 'reject':
      return `reject with ${action.answer}`;
    case 'jump':
    case 'goto':
      return `${action.kind} ${action.list}`;
    case 'setMark':
    case 'setConnectionMark':
      return `${action.kind} and ${hex(action.and)} xor ${hex(action.xor)}`;
    case 'restoreMark':
    case 'saveMark':
      return `${action.kind} connection ${hex(action.connectionMask)} mark ${hex(action.markMask)}`;
    case 'nat': {
      const to =
        action.to === 'device'
          ? 'the device'
          : action.to && `${addressText(action.to.addresses)}${action.to.prefix ? ' (prefix)' : ''}`;
      return `translate ${action.translate}${to ? ` to ${to}` : ''}${action.ports ? ` port ${intervalText(action.ports)}` : ''}`;
    }
    case 'queue':
      return `queue${action.bypass ? ' or accept' : ''} (${action.text})`;
    case 'opaque':
      return `perhaps ${conditionText(action.unknown)}`;
    case 'sideEffect':
      return action.text;
  }
}

export function conditionText(condition: Condition): string {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.length === 0
        ? condition.kind === 'all'
          ? 'always'
          : 'never'
        : `(${condition.of.map(conditionText).join(condition.kind === 'all' ? ' and ' : ' or ')})`;
    case 'not':
      return `not ${conditionText(condition.of)}`;
    case 'family':
      return condition.family;
    case 'source':
    case 'destination':
      return `${condition.original ? 'original ' : ''}${condition.kind} ${addressText(condition.addresses)}`;
    case 'protocol':
      return `protocol ${intervalText(condition.protocols)}`;
    case 'sourcePort':
    case 'destinationPort':
      return `${condition.original ? 'original ' : ''}${condition.kind} ${intervalText(condition.ports)}`;
    case 'icmp':
      return `icmp ${intervalText(condition.typeCodes)}`;
    case 'tcpFlags':
      return `flags ${intervalText(condition.flags)}`;
    case 'inInterface':
    case 'outInterface':
      return `${condition.kind === 'inInterface' ? 'in' : 'out'} ${condition.names.join(',')}`;
    case 'sourceMac':
      return `hardware address ${intervalText(condition.addresses)}`;
    case 'connectionState':
      return condition.states.join('|');
    case 'connectionDirection':
      return `direction ${condition.direction}`;
    case 'connectionStatus':
      return `status ${condition.status.join('|')}`;
    case 'mark':
    case 'connectionMark':
      return `${condition.kind} & ${hex(condition.mask)} = ${intervalText(condition.values)}`;
    case 'addressType':
      return `${condition.of} is ${condition.type}`;
    case 'unknown': {
      const notes = [condition.stateful ? 'stateful' : '', condition.unrecognized ? 'unrecognized' : ''].filter(
        (note) => note !== '',
      );
      return `«${condition.id}»${notes.length > 0 ? ` [${notes.join(', ')}]` : ''}`;
    }
  }
}

function intervalText(set: Intervals): string {
  return (
    [...ranges(set)].map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',') || 'none'
  );
}

function addressText({ ip4, ip6 }: AddressSet): string {
  const parts = [
    ...[...ranges(ip4)].map(([first, last]) => formatRange(first, last)),
    ...[...ranges(ip6)].map(([first, last]) => formatRange(first, last)),
  ];
  return parts.length > 6 ? `${parts.slice(0, 6).join(',')},… (${parts.length} ranges)` : parts.join(',') || 'none';
}
