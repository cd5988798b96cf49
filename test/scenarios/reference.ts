import type { Fixture, FixtureOpening, FixtureWindow } from '../../agent/app/fixture.js';
import type { Service } from '../../agent/judge/index.js';

/**
 * The reference semantics of the scenarios as one plain loop over time, for a comparison with the judge: it shares the
 * grammar of the fixtures and the table of services with it, and not one line of judgement. What it does not know:
 * reminders, floods, updates of a severity, coverage, and everything that no fixture can write.
 */
export interface Row {
  readonly t: number;
  readonly code: string;
  readonly id: string;
  readonly sev: string;
}

const GRACE_MS = 15 * 60_000;
const LEVELS = ['info', 'low', 'medium', 'high', 'critical'];
const CLINICAL = ['srv-clinical', 'lan-clinical', 'imaging', 'biomed', 'lab'];
const KEY = ['directory', 'backup', 'management'];
const DATA = ['research', 'srv-clinical', 'lan-clinical'];

const level = (name: string): number => LEVELS.indexOf(name);
const named = (at: number): string => LEVELS[Math.max(1, Math.min(4, at))]!;

type Span = readonly [bigint, bigint];

function quad(text: string): bigint {
  return text.split('.').reduce((all, part) => all * 256n + BigInt(part), 0n);
}

/** IPv4 as it is, IPv6 far above it; only what the variants write. */
function span(text: string): Span | undefined {
  const [address = '', bits] = text.split('/');
  if (/^\d+\.\d+\.\d+\.\d+$/.test(address)) {
    const size = 1n << BigInt(32 - Number(bits ?? 32));
    const first = (quad(address) / size) * size;
    return [first, first + size - 1n];
  }
  if (!/^[0-9a-f:]+$/.test(address) || !address.includes('::')) return undefined;
  const [head = '', tail = ''] = address.split('::').map((half) => half.split(':').filter((one) => one !== ''));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const value = groups.reduce((all, group) => all * 65_536n + BigInt(`0x${group}`), 0n);
  const size = 1n << BigInt(128 - Number(bits ?? 128));
  const first = (value / size) * size + (1n << 200n);
  return [first, first + size - 1n];
}

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8'].map((text) => span(text)!);
const isPublic = ([first]: Span): boolean => !PRIVATE.some(([a, b]) => a <= first && first <= b);
const within = ([a, b]: Span, [c, d]: Span): boolean => c <= a && b <= d;

/** `any`, or every port by itself. */
function portsOf(text: string): ReadonlySet<number> | 'any' {
  if (text === 'any') return 'any';
  const out = new Set<number>();
  for (const part of text.split(',')) {
    const [first, last = first] = part.split('-').map(Number);
    for (let port = first!; port <= last!; port++) out.add(port);
  }
  return out;
}

function isPortsWithin(inner: string, outer: string): boolean {
  const [a, b] = [portsOf(inner), portsOf(outer)];
  return b === 'any' || (a !== 'any' && [...a].every((port) => b.has(port)));
}

function meet(a: string, b: string): boolean {
  const [one, two] = [portsOf(a), portsOf(b)];
  return one === 'any' || two === 'any' || [...one].some((port) => two.has(port));
}

type Reach = 'internet' | 'narrow' | 'internal';

function reachOf(src: string): Reach {
  if (src === 'internet' || src === 'any') return 'internet';
  if (src === 'vendor-vpn') return 'narrow';
  const addresses = span(src);
  if (!addresses || !isPublic(addresses)) return 'internal';
  return addresses[0] === addresses[1] ? 'narrow' : 'internet';
}

interface There {
  readonly o: FixtureOpening;
  readonly firstSeen: number;
}

interface Told {
  readonly code: string;
}

class Evaluator {
  readonly rows: Row[] = [];
  private readonly there = new Map<string, There>();
  private readonly told = new Map<string, Told>();
  /** When somebody said first that the work is over. */
  private readonly firstClose = new Map<string, number>();
  private readonly closed = new Set<string>();
  private readonly judged = new Set<string>();
  private readonly missing = new Set<string>();
  private readonly order: readonly string[];

  private readonly fixture: Fixture;
  private readonly services: readonly Service[];

  constructor(fixture: Fixture, services: readonly Service[]) {
    this.fixture = fixture;
    this.services = services;
    const baseline = [...fixture.openings, ...fixture.listeners];
    const added = fixture.events.flatMap((event) => (event.do === 'add' ? [event.o.id] : []));
    this.order = [...new Set([...baseline.map(({ id }) => id), ...added])];
  }

  run(): readonly Row[] {
    const { events } = this.fixture;
    for (const o of this.baseline()) this.add(o, events[0]!.t.at);
    for (const event of events) {
      const { at } = event.t;
      for (let timer = this.nextTimer(at); timer !== undefined; timer = this.nextTimer(at)) this.judge(timer);
      if (event.do === 'add') this.add(event.o, at);
      if (event.do === 'del') this.there.delete(event.id);
      const answers: Row[] = [];
      if (event.do === 'close') {
        const answer = this.close(event.window, at);
        if (answer) answers.push(answer);
      }
      this.judge(at, answers);
    }
    const place = (id: string): number => (this.order.includes(id) ? this.order.indexOf(id) : this.order.length);
    return [...this.rows].sort((a, b) => a.t - b.t || place(a.id) - place(b.id));
  }

  /** What only the host itself reaches is nobody's business. */
  private add(o: FixtureOpening, firstSeen: number): void {
    if (!isLoopback(o)) this.there.set(o.id, { o, firstSeen });
  }

  private baseline(): readonly FixtureOpening[] {
    return [...this.fixture.openings, ...this.fixture.listeners];
  }

  private lastTimer = Number.NEGATIVE_INFINITY;

  private nextTimer(before: number): number | undefined {
    const all = [
      ...this.fixture.windows.filter(({ id }) => !this.judged.has(id)).map((window) => this.deadline(window)),
      // Before anything was read, nothing is known to be open.
      ...this.fixture.exceptions.map(({ expires }) => expires.at).filter((at) => this.isRead(at)),
    ].filter((at) => at < before && at > this.lastTimer);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  private isRead(at: number): boolean {
    return this.lastTimer !== Number.NEGATIVE_INFINITY || at >= this.fixture.events[0]!.t.at;
  }

  private plannedEnd({ end, extend }: FixtureWindow): number {
    return Math.max(end.at, extend?.at ?? 0);
  }

  private end(window: FixtureWindow): number {
    return Math.min(this.firstClose.get(window.id) ?? Number.POSITIVE_INFINITY, this.plannedEnd(window));
  }

  private deadline(window: FixtureWindow): number {
    return this.end(window) + GRACE_MS;
  }

  private close(id: string, at: number): Row | undefined {
    const window = this.fixture.windows.find((one) => one.id === id)!;
    if (at < window.start.at || this.closed.has(id)) return undefined;
    if (!this.firstClose.has(id)) this.firstClose.set(id, at);
    if (!this.openingsOf(window).length) {
      this.closed.add(id);
      return undefined;
    }
    return this.judged.has(id) ? undefined : { t: at, code: 'CLOSURE_REFUSED', id, sev: 'info' };
  }

  private openingsOf(window: FixtureWindow): readonly There[] {
    return [...this.there.values()].filter(
      (one) => !this.isDeclared(one.o) && this.owners(one).some(({ id }) => id === window.id),
    );
  }

  private owners(one: There): readonly FixtureWindow[] {
    const covering = this.fixture.windows.filter(
      (window) =>
        window.start.at <= one.firstSeen && one.firstSeen <= this.end(window) && window.devices.includes(one.o.device),
    );
    const matching = covering.filter((window) => this.isInScope(window, one.o));
    return matching.length > 0 ? matching : covering;
  }

  private isInScope({ scope }: FixtureWindow, o: FixtureOpening): boolean {
    return scope.some((entry) => this.holds(entry, o));
  }

  private holds(outer: FixtureWindow['scope'][number], o: FixtureOpening): boolean {
    if (o.kind === 'engine' ? outer.kind !== 'engine' : outer.kind !== undefined && outer.kind !== o.kind) return false;
    if (outer.device !== undefined && outer.device !== o.device) return false;
    const party = (inner: string, wide: string | undefined): boolean => {
      if (wide === undefined || wide === 'any' || wide === inner) return true;
      if (this.fixture.devices[inner]?.zone === wide) return true;
      const [a, b] = [span(inner), span(wide)];
      if (!a) return false;
      return wide === 'internet' ? isPublic(a) : b !== undefined && within(a, b);
    };
    const isProto = outer.proto === undefined || outer.proto === 'any' || outer.proto === o.proto;
    const isPorts = outer.ports === undefined || isPortsWithin(o.ports, outer.ports);
    return isProto && isPorts && party(o.src ?? 'any', outer.src) && party(o.dst, outer.dst);
  }

  private isDeclared(o: FixtureOpening): boolean {
    return this.isHeldBy(
      o,
      this.baseline().filter((one) => one.device === o.device),
    );
  }

  /** Nothing passes by the one that the others do not let through together. */
  private isHeldBy(o: FixtureOpening, others: readonly FixtureOpening[]): boolean {
    const wide = others.filter(
      ({ device, kind, src, dst, proto, nat }) =>
        o.nat === nat && this.holds({ device, kind, dst, proto, ...(src !== undefined && { src }) }, o),
    );
    if (wide.some(({ ports }) => ports === 'any')) return true;
    const ports = portsOf(o.ports);
    const all = new Set(wide.flatMap((one) => [...(portsOf(one.ports) as ReadonlySet<number>)]));
    return ports !== 'any' && [...ports].every((port) => all.has(port));
  }

  private zone(name: string): string {
    return this.fixture.devices[name]?.zone ?? name;
  }

  private portRisk({ proto, ports, kind }: FixtureOpening): number {
    if (kind === 'engine' || ports === 'any') return level('critical');
    let worst = 0;
    for (const port of portsOf(ports) as ReadonlySet<number>) {
      const known = this.services.filter(
        (one) => one.ports !== 'any' && (proto === 'any' || one.proto === proto) && isWithin(one.ports, port),
      );
      worst = Math.max(worst, known.length === 0 ? level('medium') : Math.max(...known.map(({ risk }) => level(risk))));
    }
    return worst;
  }

  private risk(o: FixtureOpening): number {
    const ports = this.portRisk(o);
    if (o.kind === 'listener') {
      if (!this.isReached(o)) return Math.max(Math.min(1, ports), ports - 1);
      return CLINICAL.includes(this.zone(o.device)) ? Math.min(4, ports + 1) : ports;
    }
    if (o.kind === 'engine' || o.ports === 'any') return 4;
    const zone = this.zone(o.dst);
    const down = (steps: number, from: number): number => Math.max(Math.min(1, from), from - steps);
    switch (reachOf(o.src ?? 'any')) {
      case 'internet':
        if (this.fixture.devices[o.dst]?.kind === 'fw') return 4;
        return CLINICAL.includes(zone) ? Math.min(4, ports + 1) : ports;
      case 'narrow':
        if (this.fixture.devices[o.dst]?.kind === 'fw' && o.src !== 'vendor-vpn') return 3;
        return down(1, ports);
      case 'internal':
        return down(CLINICAL.includes(zone) || KEY.includes(zone) ? 1 : 2, ports);
    }
  }

  private isReached(listener: FixtureOpening): boolean {
    return [...this.there.values()].some(({ o }) => {
      if (o.kind === 'listener' || reachOf(o.src ?? 'any') !== 'internet') return false;
      if (o.proto !== 'any' && o.proto !== listener.proto) return false;
      const hosts = [listener.device, listener.dst, this.zone(listener.device), 'any'];
      return meet(o.ports, listener.ports) && hosts.includes(o.dst);
    });
  }

  /** The level of data sent to a host outside that nobody approved; undefined: it is no such rule. */
  private egress({ kind, src = 'any', dst }: FixtureOpening): number | undefined {
    const target = span(dst);
    if (kind !== 'rule' || !target || !isPublic(target)) return undefined;
    if (src !== 'any' && reachOf(src) !== 'internal') return undefined;
    if (this.fixture.approvedHosts.some((host) => within(target, span(host)!))) return undefined;
    return level(DATA.includes(this.zone(src)) || src === 'any' ? 'high' : 'medium');
  }

  private isRemoteTool({ proto, ports }: FixtureOpening): boolean {
    if (ports === 'any') return false;
    const remote = this.services.filter(({ category }) => category === 'remote');
    return [...(portsOf(ports) as ReadonlySet<number>)].some(
      (port) =>
        port !== 443 &&
        remote.some(
          (one) => one.ports !== 'any' && (proto === 'any' || one.proto === proto) && isWithin(one.ports, port),
        ),
    );
  }

  private codeOf(one: There, at: number): { code: string; sev: string } {
    const { o } = one;
    const owners = this.owners(one);
    const isMeant = owners.some((window) => this.isInScope(window, o));
    const egress = this.egress(o);
    const risk = this.risk(o);
    if (owners.length > 0 && at >= Math.max(...owners.map((window) => this.deadline(window)))) {
      const tool = o.kind !== 'engine' && this.isRemoteTool(o);
      const code = tool ? 'REMOTE_TOOL_LEFT' : o.kind === 'listener' ? 'LISTENER_LEFT' : 'LEFT_OPEN';
      return { code, sev: named(Math.max(risk, egress ?? 0)) };
    }
    if (egress !== undefined) return { code: 'EGRESS_UNAPPROVED_HOST', sev: named(egress) };
    if (o.kind === 'engine' && isMeant) return { code: 'FILTERING_OFF', sev: 'high' };
    if (isMeant) return { code: 'IN_WINDOW_CHANGE', sev: 'info' };
    const what = o.kind === 'listener' ? 'LISTENER' : 'OPENING';
    return { code: `${owners.length > 0 ? 'OUT_OF_SCOPE' : 'UNPLANNED'}_${what}`, sev: named(risk) };
  }

  private isExposure(o: FixtureOpening): boolean {
    if (o.kind === 'listener' || reachOf(o.src ?? 'any') !== 'internet') return false;
    return this.fixture.devices[o.dst]?.kind === 'fw' || this.portRisk(o) >= level('high');
  }

  /** What was accepted is what the baseline says under that name, and nothing else that is called so. */
  private isExcepted(o: FixtureOpening, at: number): boolean {
    const accepted = this.baseline().find(({ id }) => id === o.id);
    const isSame = accepted !== undefined && this.isHeldBy(o, [accepted]) && this.isHeldBy(accepted, [o]);
    return isSame && this.fixture.exceptions.some(({ opening, expires }) => opening === o.id && at < expires.at);
  }

  private judge(at: number, answers: readonly Row[] = []): void {
    this.lastTimer = at;
    const tell = (id: string, code: string, sev: string): void => void this.rows.push({ t: at, code, id, sev });
    for (const id of this.order) {
      this.judgeMissing(id, at, tell);
      const one = this.there.get(id);
      const before = this.told.get(id);
      if (!one || (this.isDeclared(one.o) && !this.isExposure(one.o))) {
        if (before) tell(id, 'RESOLVED', 'info');
        this.told.delete(id);
        continue;
      }
      const isDeclared = this.isDeclared(one.o);
      if (isDeclared && this.isExcepted(one.o, at)) continue;
      const now = isDeclared ? { code: 'BASELINE_EXPOSURE', sev: named(this.risk(one.o)) } : this.codeOf(one, at);
      if (before?.code !== now.code) tell(id, now.code, now.sev);
      this.told.set(id, { code: now.code });
    }
    const due = this.fixture.windows.filter((window) => !this.judged.has(window.id) && this.deadline(window) <= at);
    for (const window of due) {
      this.judged.add(window.id);
      if (this.firstClose.has(window.id)) continue;
      const left = this.openingsOf(window).length > 0;
      tell(window.id, left ? 'WINDOW_NOT_CLOSED' : 'CLOSED_UNSIGNED', left ? 'medium' : 'info');
    }
    this.rows.push(...answers);
  }

  private judgeMissing(id: string, at: number, tell: (id: string, code: string, sev: string) => void): void {
    const declared = this.baseline().find((one) => one.id === id);
    if (!declared || isLoopback(declared)) return;
    const here = [...this.there.values()].map(({ o }) => o).filter(({ device }) => device === declared.device);
    const isCut = !this.isHeldBy(declared, here);
    const isMissed = isCut && !(this.isExposure(declared) && !this.isExcepted(declared, at));
    if (isMissed && !this.missing.has(id)) {
      this.missing.add(id);
      tell(id, 'MISSING_FLOW', 'low');
    } else if (!isMissed && this.missing.delete(id)) tell(id, 'RESOLVED', 'info');
  }
}

function isLoopback({ kind, dst }: FixtureOpening): boolean {
  return kind === 'listener' && /^(?:127\.|::1$|localhost$)/.test(dst);
}

function isWithin(ranges: readonly number[], port: number): boolean {
  return ranges.some((first, index) => index % 2 === 0 && first <= port && port <= ranges[index + 1]!);
}

/** What the reference semantics tell of a fixture. */
export function referenceRows(fixture: Fixture, services: readonly Service[]): readonly Row[] {
  return new Evaluator(fixture, services).run();
}
