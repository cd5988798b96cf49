import {
  type BaseList,
  type Coverage,
  type Device,
  type Doubt,
  type LineCoverage,
  mergeCoverage,
  type Origin,
  type Rule,
  type RuleList,
  type Scope,
  type Step,
  withStateRemarks,
} from '../model/index.js';
import { withPorts } from './ports.js';
import { ending, hasExtension, hasUnrecognized, isOfIptables, lacksAction, sameRule } from './same-rule.js';

/** What one driver read of a host. */
export interface DevicePart {
  readonly driver: string;
  readonly device: Device;
}

function areasOf(parts: readonly DevicePart[]): Pick<Device, 'areas'> {
  const areas = parts.flatMap(({ device }) => device.areas ?? []);
  return areas.length > 0 ? { areas } : {};
}

type Stated = Pick<Device, 'version' | 'availability' | 'later' | 'laterUnknown'>;

/** What a device says of its own state; an appliance is read by one driver alone. */
function statedBy(parts: readonly DevicePart[]): Stated {
  const version = parts.find(({ device }) => device.version !== undefined)?.device.version;
  const availability = parts.find(({ device }) => device.availability)?.device.availability;
  const later = parts.flatMap(({ device }) => device.later ?? []);
  const laterUnknown = parts.flatMap(({ device }) => device.laterUnknown ?? []);
  return {
    ...(version !== undefined && { version }),
    ...(availability && { availability }),
    ...(later.length > 0 && { later }),
    ...(laterUnknown.length > 0 && { laterUnknown }),
  };
}

/** The two drivers that list the same store of the kernel: what one cannot say, the other may. */
const KERNEL = 'nftables';
const SAVE = 'iptables';

/**
 * One host, read by several drivers, as one device: a packet meets everything that any of them read.
 *
 * The tables of iptables-nft are listed twice. nft prints every rule of the kernel, but extensions of iptables without
 * their parameters; iptables-save prints those, but of a rule that nft put into its table only what it can express
 * (`ip saddr @trusted accept` becomes `-j ACCEPT`). Both print the rules of a chain in order, one for one. So rule by
 * rule: one with an extension is taken from iptables-save, whatever nft makes of it, one that both say alike too (in
 * the words its owner uses), and every other one from nft.
 */
export function combineDevices(id: string, parts: readonly DevicePart[]): Device {
  const kernel = parts.find(({ driver }) => driver === KERNEL)?.device;
  const save = parts.find(({ driver }) => driver === SAVE)?.device;
  const merge = kernel && mergeTables(kernel, save);
  const lists: RuleList[] = [];
  const bases: BaseList[] = [];
  for (const { driver, device } of parts) {
    if (merge && device === kernel) {
      lists.push(...merge.lists);
      bases.push(...merge.bases);
      continue;
    }
    const shared = merge && device === save ? sharedLists(device) : new Set<string>();
    const own = device.pipeline.lists.filter((list) => !shared.has(list.id));
    const names = freeNames(own, new Set([...lists.map((list) => list.id), ...shared]), driver);
    lists.push(...own.map((list) => renamed(list, names)));
    bases.push(
      ...device.pipeline.bases
        .filter((base) => !shared.has(base.list))
        .map((base) => ({ ...base, list: names.get(base.list) ?? base.list })),
    );
  }
  const settled = (doubt: Doubt): boolean =>
    merge !== undefined &&
    ![...merge.open].some((table) =>
      doubt.table === undefined ? table.startsWith(`${doubt.family} `) : table === `${doubt.family} ${doubt.table}`,
    );
  const coverage = mergeCoverage(parts.map(({ device }) => settle(device.coverage, settled, merge)));
  const forwarding = parts.find(({ device }) => device.pipeline.forwarding)?.device.pipeline.forwarding;
  const localAddresses = parts.find(({ device }) => device.pipeline.localAddresses)?.device.pipeline.localAddresses;
  const broadcastAddresses = parts.find(({ device }) => device.pipeline.broadcastAddresses)?.device.pipeline
    .broadcastAddresses;
  const interfaces = parts.find(({ device }) => device.pipeline.interfaces)?.device.pipeline.interfaces;
  const objects = parts.flatMap(({ device }) => device.pipeline.objects ?? []);
  const zones = parts.find(({ device }) => device.pipeline.zones)?.device.pipeline.zones;
  const reach = parts.find(({ device }) => device.pipeline.reach)?.device.pipeline.reach;
  const applications = parts.flatMap(({ device }) => device.pipeline.applications ?? []);
  return withStateRemarks({
    id,
    pipeline: {
      lists: interfaces ? withPorts(lists, interfaces) : lists,
      bases,
      speaksOf: unionOfScopes(parts.flatMap(({ device }) => device.pipeline.speaksOf)),
      ...(forwarding && { forwarding }),
      ...(localAddresses && { localAddresses }),
      ...(broadcastAddresses && { broadcastAddresses }),
      ...(interfaces && { interfaces }),
      ...(zones && { zones }),
      ...(objects.length > 0 && { objects }),
      ...(reach && { reach }),
      ...(applications.length > 0 && { applications }),
    },
    listeners: parts.flatMap(({ device }) => device.listeners),
    facts: parts.flatMap(({ device }) => device.facts),
    ...areasOf(parts),
    ...statedBy(parts),
    coverage: {
      ...coverage,
      notCovered: [...new Set([...coverage.notCovered, ...translationOrder(lists, bases)])],
      blind: [...new Set([...coverage.blind, ...(merge?.blind ?? [])])],
    },
  });
}

interface Merge {
  readonly lists: readonly RuleList[];
  readonly bases: readonly BaseList[];
  /** Tables (`ip filter`) with a rule whose parameters nobody read. */
  readonly open: ReadonlySet<string>;
  /** Where the two listings contradict each other. */
  readonly blind: readonly string[];
  /** Lines (`file:line`) that the other listing said better, with the place where. */
  readonly superseded: ReadonlyMap<string, string>;
}

const tableOf = ({ table }: RuleList): string => `${table?.family} ${table?.name}`;
const lineKey = (file: string, line: number): string => `${file}:${line}`;

/** The lists of iptables-save that are in the store of nftables too. */
function sharedLists(save: Device): ReadonlySet<string> {
  return new Set(save.pipeline.lists.filter(({ table }) => table?.store === 'nftables').map(({ id }) => id));
}

function mergeTables(kernel: Device, save: Device | undefined): Merge {
  const shared = save ? sharedLists(save) : new Set<string>();
  const savedLists = new Map(save?.pipeline.lists.filter(({ id }) => shared.has(id)).map((list) => [list.id, list]));
  const savedBases = new Map(save?.pipeline.bases.map((base) => [base.list, base]));
  const open = new Set<string>();
  const blind: string[] = [];
  const superseded = new Map<string, string>();
  const supersede = (loser: Origin, winner: Origin): void => {
    for (let line = loser.line; line <= (loser.lastLine ?? loser.line); line++)
      superseded.set(lineKey(loser.file, line), lineKey(winner.file, winner.line));
  };
  const mergeRules = (list: RuleList, saved: RuleList): readonly Rule[] => {
    const family = list.families[0]!;
    if (list.rules.length !== saved.rules.length) {
      blind.push(`${list.id}: nft lists ${list.rules.length} rules and iptables-save ${saved.rules.length}`);
      if (list.rules.some(hasExtension)) open.add(tableOf(list));
      return list.rules;
    }
    return list.rules.map((rule, index) => {
      const twin = saved.rules[index]!;
      const [one, other] = [ending(rule), ending(twin)];
      if (one !== undefined && other !== undefined && one !== other && hasExtension(rule)) {
        blind.push(`${list.id} rule ${index + 1}: nft says ${one} and iptables-save ${other}`);
      }
      if (hasUnrecognized(rule)) {
        if (hasExtension(rule)) open.add(tableOf(list));
        return rule;
      }
      const saysMore = hasExtension(rule) || lacksAction(rule, twin) || isOfIptables(twin);
      if (saysMore || sameRule(rule, twin, family)) {
        supersede(rule.origin, twin.origin);
        return twin;
      }
      supersede(twin.origin, rule.origin);
      return rule;
    });
  };
  const lists = kernel.pipeline.lists.map((list) => {
    const saved = list.table?.store === 'nftables' ? savedLists.get(list.id) : undefined;
    savedLists.delete(list.id);
    if (!saved) {
      if (list.rules.some(hasExtension)) open.add(tableOf(list));
      return list;
    }
    return {
      ...list,
      rules: mergeRules(list, saved),
      origin: saved.origin,
      table: { ...list.table!, managedByIptables: true as const },
    };
  });
  for (const { id, rules, origin } of savedLists.values()) {
    // iptables-save prints a table's built-in chains also where the kernel has none yet.
    if (rules.length === 0 && savedBases.get(id)?.policy !== 'drop') continue;
    blind.push(`${id}: in iptables-save (line ${origin.line}) and not in the listing of nft`);
  }
  const bases = kernel.pipeline.bases.map((base) => {
    const saved = shared.has(base.list) ? savedBases.get(base.list) : undefined;
    const alike = saved && (['hook', 'priority', 'type', 'policy'] as const).every((key) => saved[key] === base[key]);
    return alike ? { ...base, policyOrigin: saved.policyOrigin } : base;
  });
  return { lists, bases, open, blind, superseded };
}

/** A part's coverage without the doubts that are settled, and without what was said of superseded lines. */
function settle(coverage: Coverage, settled: (doubt: Doubt) => boolean, merge: Merge | undefined): Coverage {
  const { doubts = [], ...rest } = coverage;
  const gone = doubts.filter(settled);
  // One sentence may stand for several tables: it goes with the last of them.
  const left = new Set(doubts.filter((doubt) => !settled(doubt)).map(({ sentence }) => sentence));
  const sentences = new Set(gone.map(({ sentence }) => sentence).filter((sentence) => !left.has(sentence)));
  const places = new Map<string, string>(merge?.superseded);
  for (const { at, family, table } of gone) {
    if (at) places.set(lineKey(at.file, at.line), `table ${family} ${table}, as nft lists it`);
  }
  const rules = { ...rest.rules };
  const lines = rest.lines.map((line): LineCoverage => {
    const place = places.get(lineKey(line.file, line.line));
    if (place === undefined) return line;
    if (merge?.superseded.has(lineKey(line.file, line.line))) uncount(rules, line);
    if (line.reason !== undefined) sentences.add(`${line.file}:${line.line}: ${line.reason}`);
    return { file: line.file, line: line.line, state: 'irrelevant', reason: `read from ${place}` };
  });
  return {
    ...rest,
    rules,
    lines,
    notCovered: rest.notCovered.filter((sentence) => !sentences.has(sentence)),
    blind: rest.blind.filter((sentence) => !sentences.has(sentence)),
  };
}

/** A rule that two listings hold counts once, as well understood as the better of them has it. */
function uncount(rules: { exact: number; bounded: number; unread: number }, { state }: LineCoverage): void {
  const kind =
    state === 'modelled' || state === 'irrelevant'
      ? 'exact'
      : state === 'unrecognized' && rules.unread > 0
        ? 'unread'
        : 'bounded';
  rules[kind] = Math.max(0, rules[kind] - 1);
}

/** New names for lists whose own is taken: a table `filter` of iptables-legacy is another than nftables' `filter`. */
function freeNames(
  lists: readonly RuleList[],
  taken: ReadonlySet<string>,
  driver: string,
): ReadonlyMap<string, string> {
  const used = new Set([...taken, ...lists.map(({ id }) => id)]);
  const names = new Map<string, string>();
  for (const { id, table } of lists) {
    const apart = table?.store === 'xtables';
    // Always apart, so that a name does not depend on what other tables there are at the moment.
    if (!taken.has(id) && !(apart && !id.startsWith('legacy:'))) continue;
    const prefix = apart ? 'legacy' : driver;
    let name = `${prefix}:${id}`;
    for (let number = 2; used.has(name); number++) name = `${prefix}-${number}:${id}`;
    used.add(name);
    names.set(id, name);
  }
  return names;
}

function renamed(list: RuleList, names: ReadonlyMap<string, string>): RuleList {
  if (names.size === 0) return list;
  const inStep = <S extends Step>(step: S): S => {
    if (step.kind === 'jump' || step.kind === 'goto') return { ...step, list: names.get(step.list) ?? step.list };
    if (step.kind !== 'dispatch') return step;
    return { ...step, cases: step.cases.map((one) => ({ ...one, actions: one.actions.map(inStep) })) };
  };
  const rules = list.rules.map((rule) => ({ ...rule, steps: rule.steps.map(inStep) }));
  return { ...list, id: names.get(list.id) ?? list.id, rules };
}

function unionOfScopes(scopes: readonly Scope[]): readonly Scope[] {
  return [...new Map(scopes.map((scope) => [`${scope.family} ${scope.direction}`, scope])).values()];
}

/**
 * At one hook and priority the store that was registered first is called first, which no listing tells. A drop is
 * final and an accept goes on, so only the first translation of a connection, which wins, can depend on it.
 */
function translationOrder(lists: readonly RuleList[], bases: readonly BaseList[]): readonly string[] {
  const byId = new Map(lists.map((list) => [list.id, list]));
  const filled = bases.filter(({ type, list }) => type === 'nat' && (byId.get(list)?.rules.length ?? 0) > 0);
  return filled.flatMap((one, index) =>
    filled.slice(index + 1).flatMap((other) => {
      const [a, b] = [byId.get(one.list)!, byId.get(other.list)!];
      if (a.table?.store === b.table?.store || one.hook !== other.hook || one.priority !== other.priority) return [];
      if (!a.families.some((family) => b.families.includes(family))) return [];
      return [
        `${one.list} and ${other.list} both translate at ${one.hook}, priority ${one.priority}: which is asked first depends on which was made first, and is not read.`,
      ];
    }),
  );
}
