import type { Fixture, FixtureEvent, FixtureOpening, FixtureWindow } from '../../agent/app/fixture.js';

/** Numbers that look random and repeat with their seed (mulberry32). */
export function dice(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number): number => Math.floor(next() * count);
  return { next, below, one: <T>(list: readonly T[]): T => list[below(list.length)]! };
}

type Dice = ReturnType<typeof dice>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SOURCES = [
  'internet',
  'vendor-vpn',
  '198.51.100.7',
  '198.51.100.0/24',
  '2001:db8::7',
  'research',
  'modalities',
  'any',
];
const PORTS = ['443', '80', '22', '3389', '104', '5938', '8042', '445', '4444', '80,443', '443,5938', 'any'];
const ZONES = ['dmz', 'imaging', 'srv-clinical', 'management', 'voice', undefined];
/** Nights on which clocks change, midnights, and days of no interest. */
const SHIFTS = [0, 7 * HOUR, 13 * HOUR, 14.5 * HOUR, 24 * HOUR, 40 * 24 * HOUR, 229 * 24 * HOUR];

const at = (time: number) => ({ at: Math.round(time / MINUTE) * MINUTE, offsetMinutes: 60 });

function shifted(fixture: Fixture, by: number): Fixture {
  const move = <T extends { readonly at: number }>(time: T): T => ({ ...time, at: time.at + by });
  return {
    ...fixture,
    exceptions: fixture.exceptions.map((one) => ({ ...one, expires: move(one.expires) })),
    windows: fixture.windows.map((one) => ({
      ...one,
      start: move(one.start),
      end: move(one.end),
      extend: one.extend && move(one.extend),
    })),
    events: fixture.events.map((one) => ({ ...one, t: move(one.t) })),
  };
}

/** The moments that matter, and those beside them. */
function moments({ windows, events, exceptions }: Fixture): readonly number[] {
  const edges = windows.flatMap(({ start, end, extend }) => [start.at, end.at, ...(extend ? [extend.at] : [])]);
  const marks = [...edges, ...events.map(({ t }) => t.at), ...exceptions.map(({ expires }) => expires.at)];
  return marks.flatMap((mark) => [
    mark,
    mark - MINUTE,
    mark + MINUTE,
    mark + 14 * MINUTE,
    mark + 15 * MINUTE,
    mark + 31 * MINUTE,
  ]);
}

function placed(fixture: Fixture, ...more: readonly FixtureEvent[]): Fixture {
  const events = [...fixture.events, ...more].map((event, index) => ({ event, index }));
  events.sort((a, b) => a.event.t.at - b.event.t.at || a.index - b.index);
  return { ...fixture, events: events.map(({ event }) => event) };
}

function openingsOf(fixture: Fixture): readonly FixtureOpening[] {
  const added = fixture.events.flatMap((event) => (event.do === 'add' ? [event.o] : []));
  return [...fixture.openings, ...fixture.listeners, ...added];
}

function anOpening(fixture: Fixture, roll: Dice, id: string): FixtureOpening {
  const hosts = Object.entries(fixture.devices).flatMap(([name, { kind }]) => (kind === 'host' ? [name] : []));
  const walls = Object.entries(fixture.devices).flatMap(([name, { kind }]) => (kind === 'fw' ? [name] : []));
  const kind = roll.one(['rule', 'rule', 'rule', 'listener', 'engine'] as const);
  if (kind === 'listener' && hosts.length > 0) {
    const host = roll.one(hosts);
    return { id, device: host, kind, dst: roll.one([host, host, '127.0.0.1']), proto: 'tcp', ports: roll.one(PORTS) };
  }
  const device = roll.one(walls.length > 0 ? walls : hosts);
  if (kind === 'engine') return { id, device, kind, src: 'internet', dst: 'any', proto: 'any', ports: 'any' };
  const src = roll.one(SOURCES);
  const outside = src === 'research' || src === 'modalities' ? ['198.51.100.80', '203.0.113.50'] : [];
  const dst = roll.one([...hosts, 'any', 'dmz', device, ...outside]);
  return { id, device, kind: 'rule', src, dst, proto: 'tcp', ports: roll.one(PORTS) };
}

function scopeOf(o: FixtureOpening, roll: Dice): FixtureWindow['scope'] {
  const { kind, src, dst, proto, ports } = o;
  if (kind === 'engine') return [{ kind }];
  return roll.one([
    [{ kind, ...(src !== undefined && { src }), dst, proto, ports }],
    [{ kind, dst, proto, ports }],
    [{ dst }],
    [{ kind, ports: roll.one(PORTS) }],
    [{ kind, src: roll.one(SOURCES), dst }],
    [],
  ]);
}

type Change = (fixture: Fixture, roll: Dice, id: string) => Fixture;

const changes: readonly Change[] = [
  /** The same on another day, over midnight, over a night on which clocks change. */
  (fixture, roll) => shifted(fixture, roll.one(SHIFTS)),
  /** Something happens at another moment. */
  (fixture, roll) => {
    const moved = roll.below(fixture.events.length);
    const t = at(roll.one(moments(fixture)));
    const events = fixture.events.map((event, index) => (index === moved ? { ...event, t } : event));
    return placed({ ...fixture, events });
  },
  /** Somebody forgets something. */
  (fixture, roll) => {
    const lost = roll.below(fixture.events.length);
    return { ...fixture, events: fixture.events.filter((_, index) => index !== lost) };
  },
  /** A close that nobody expected. */
  (fixture, roll) =>
    fixture.windows.length === 0
      ? fixture
      : placed(fixture, { t: at(roll.one(moments(fixture))), do: 'close', window: roll.one(fixture.windows).id }),
  /** Another opening, for a while or for good. */
  (fixture, roll, id) => {
    const o = anOpening(fixture, roll, id);
    const from = roll.one(moments(fixture));
    const more: FixtureEvent[] = [{ t: at(from), do: 'add', o }];
    if (roll.next() < 0.5) more.push({ t: at(from + roll.one([1, 20, 90, 600]) * MINUTE), do: 'del', id });
    return placed(fixture, ...more);
  },
  /** What was there is taken away, and comes back as it was, widened, or under another name. */
  (fixture, roll, id) => {
    const o = roll.one(openingsOf(fixture));
    if (!o) return fixture;
    const gone = roll.one(moments(fixture));
    const again = { ...o, id: roll.one([o.id, id]), ...(roll.next() < 0.3 && { ports: roll.one(PORTS) }) };
    const back = gone + roll.one([0, 1, 15, 45, 300]) * MINUTE;
    const more: FixtureEvent[] = [{ t: at(gone), do: 'del', id: o.id }];
    if (roll.next() < 0.7) more.push({ t: at(back), do: 'add', o: again });
    return placed(fixture, ...more);
  },
  /** A second vendor. */
  (fixture, roll, id) => {
    const start = roll.one(moments(fixture));
    const end = start + roll.one([10, 30, 120, 400, 2000]) * MINUTE;
    const names = Object.keys(fixture.devices);
    const devices = roll.next() < 0.5 ? names : [roll.one(names)];
    const openings = openingsOf(fixture);
    const scope = openings.length === 0 ? [] : scopeOf(roll.one(openings), roll);
    const window: FixtureWindow = { id, vendor: 'another', devices, start: at(start), end: at(end), scope };
    const more: FixtureEvent[] = [];
    if (roll.next() < 0.7) more.push({ t: at(start), do: 'open', window: id });
    if (roll.next() < 0.7) more.push({ t: at(end - roll.one([-20, -5, 0, 5]) * MINUTE), do: 'close', window: id });
    return placed({ ...fixture, windows: [...fixture.windows, window] }, ...more);
  },
  /** An extension that was granted. */
  (fixture, roll) => {
    if (fixture.windows.length === 0) return fixture;
    const longer = roll.one(fixture.windows);
    const extend = at(longer.end.at + roll.one([10, 30, 60, 180]) * MINUTE);
    return { ...fixture, windows: fixture.windows.map((one) => (one === longer ? { ...one, extend } : one)) };
  },
  /** The same host somewhere else. */
  (fixture, roll) => {
    const host = roll.one(Object.keys(fixture.devices));
    const { kind } = fixture.devices[host]!;
    if (kind === 'fw') return fixture;
    const zone = roll.one(ZONES);
    return { ...fixture, devices: { ...fixture.devices, [host]: { kind, ...(zone !== undefined && { zone }) } } };
  },
  /** Some of it is declared. */
  (fixture, roll, id) => {
    const o = { ...anOpening(fixture, roll, id), ...(roll.next() < 0.5 && roll.one(openingsOf(fixture))), id };
    if (o.kind === 'engine') return fixture;
    const expires = at(roll.one(moments(fixture)));
    const exceptions = roll.next() < 0.4 ? [{ opening: id, owner: 'RSSI', reason: 'pilot', expires }] : [];
    const place = o.kind === 'listener' ? 'listeners' : 'openings';
    return { ...fixture, [place]: [...fixture[place], o], exceptions: [...fixture.exceptions, ...exceptions] };
  },
  /** Nothing happens, and is looked at. */
  (fixture, roll) => placed(fixture, { t: at(roll.one(moments(fixture))), do: 'snapshot' }),
];

/** What no fixture could say: names that lead nowhere, and what is taken away without being there. */
function isPossible(fixture: Fixture): boolean {
  const there = new Set([...fixture.openings, ...fixture.listeners].map(({ id }) => id));
  for (const event of fixture.events) {
    if (event.do === 'add') {
      if (there.has(event.o.id)) return false;
      there.add(event.o.id);
    } else if (event.do === 'del' && !there.delete(event.id)) return false;
  }
  return (
    fixture.events.length > 0 &&
    fixture.windows.every(({ start, end, extend }) => start.at < end.at && (!extend || extend.at > end.at))
  );
}

/** A fixture changed in a few ways at once; the same seed makes the same one. */
export function variantOf(fixture: Fixture, seed: number): Fixture {
  const roll = dice(seed);
  let current = fixture;
  for (let step = 0, wanted = 1 + roll.below(6); step < wanted; step++) {
    const next = roll.one(changes)(current, roll, `v${step}`);
    if (isPossible(next)) current = next;
  }
  return { ...current, id: `${fixture.id} varied by ${seed}`, expect: [] };
}
