import { any, type Condition, type NamedObject } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { unknownsOf } from './access-list.js';
import type { Config } from './config.js';
import { NotUnderstood } from './cursor.js';
import {
  groupAddresses,
  networkGroup,
  networkObject,
  objectAddresses,
  sideCondition,
  withoutAbsent,
} from './library.js';
import type { Line } from './parse.js';
import { icmpGroup, icmpMember, serviceGroup, serviceLine, serviceMember, serviceObject } from './services.js';

/** Lines that an object may have besides its content. */
const plain = /^(?:description(?: |$)|!)/;

/** Each object as a condition; every line of it is read, whether a rule refers to it or not. */
export function objectsOf(config: Config, coverage: CoverageBuilder): readonly NamedObject[] {
  const { library, file, prefix } = config;
  const out: NamedObject[] = [];
  const lines = (all: readonly Line[], member: (line: Line) => unknown): void => {
    for (const line of all) {
      try {
        if (plain.test(line.text)) continue;
        if (member(line) === undefined) coverage.lose(file, line.number, 'this line of an object is not known');
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error;
        coverage.lose(file, line.number, error.message);
      }
    }
  };
  const add = (kind: NamedObject['kind'], name: string, make: () => Condition): void => {
    try {
      // A rule with such a group may be for more: what the group itself holds is what its members are.
      out.push({ kind, name, condition: withoutAbsent(make()), ...(prefix !== '' && { within: prefix.slice(0, -1) }) });
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      out.push({
        kind,
        name,
        condition: any({
          kind: 'unknown',
          id: `asa object ${name}`,
          text: `${name}: ${error.message}`,
          unrecognized: true,
        }),
      });
    }
  };
  const markMissing = (all: readonly Line[], member: (line: Line) => Condition | undefined): void => {
    for (const line of all) {
      try {
        const condition = member(line);
        const missing = condition && unknownsOf(condition).find(({ unrecognized }) => unrecognized);
        if (missing) coverage.mark(file, line.number, 'unmodelled', missing.text);
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error;
      }
    }
  };
  for (const [name, object] of library.networks) {
    lines(object.lines, (line) => objectAddresses(line, library));
    add('address', name, () => sideCondition('source', networkObject(name, library)));
  }
  for (const [name, object] of library.services) {
    lines(object.lines, (line) => serviceLine(line, object.transport));
    add('service', name, () => serviceObject(name, library));
  }
  for (const group of library.groups.values()) {
    const { name } = group;
    if (group.kind === 'network') {
      lines(group.lines, (line) => groupAddresses(line, library, new Set([name])));
      markMissing(group.lines, (line) => {
        const addresses = groupAddresses(line, library, new Set([name]));
        return addresses && sideCondition('source', addresses);
      });
      add('address', name, () => sideCondition('source', networkGroup(name, library)));
    } else if (group.kind === 'icmp-type') {
      lines(group.lines, (line) => icmpMember(line, library, new Set([name])));
      markMissing(group.lines, (line) => icmpMember(line, library, new Set([name])));
      add('service', name, () => icmpGroup(name, library));
    } else if (group.kind === 'service' || group.kind === 'protocol') {
      lines(group.lines, (line) => serviceMember(line, group, library, new Set([name])));
      markMissing(group.lines, (line) => serviceMember(line, group, library, new Set([name])));
      add(group.kind, name, () => serviceGroup(name, library));
    }
  }
  return out;
}
