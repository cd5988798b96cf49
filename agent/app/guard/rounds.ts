import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeSeen, Reading } from './ports.js';

/** How the readings of one device follow each other: two never overlap. */
export interface Rounds<Seen> {
  /** A whole reading. A request made while one is under way shares the next one, which begins after it. */
  read(): Promise<Seen>;
  /** Something has changed: it is looked at as soon as can be, and everything is read after that. */
  changed(): void;
  /** A reading that came from elsewhere: `make` gives it once no other is under way, so that two are judged in their order. */
  given(make: () => Reading): Promise<Seen>;
  busy(): boolean;
  /** Resolves once no reading is under way or waiting. */
  idle(): Promise<void>;
}

export interface RoundsOptions<Seen> {
  /** Never rejects. `known` is the last complete reading. */
  readonly whole: (signal: AbortSignal, known: Reading | undefined) => Promise<Reading>;
  /** Never rejects. Absent: changes are seen by whole readings alone. */
  readonly change?: (base: Reading, signal: AbortSignal) => Promise<ChangeSeen>;
  /** Judges a reading; never throws or rejects. */
  readonly take: (reading: Reading) => Seen | Promise<Seen>;
  readonly signal: AbortSignal;
  readonly after: () => void;
  /** Resolves once what was seen has had its time to go out. */
  readonly goesOut?: () => Promise<unknown>;
}

/**
 * A change that comes while everything is being read makes that reading worthless: it is cut short, the change is looked
 * at, and the reading begins again. So many times in a row at most, so that a device that never holds still is read.
 */
const CUTS_MAX = 3;
/**
 * What was just seen goes out to its receivers before the programs of a whole reading take the processor. A change
 * that comes meanwhile is looked at without waiting for the end of it.
 */
const OUT_MS = 20;
/** How long a service may take to load its rules anew before what is missing is called gone. */
const TORN_MS = 200;

export function rounds<Seen>({ whole, change, take, signal, after, ...given }: RoundsOptions<Seen>): Rounds<Seen> {
  const goesOut = given.goesOut ?? ((): Promise<unknown> => sleep(OUT_MS, undefined, { signal }));
  let underWay: Promise<Seen> | undefined;
  let waiting: Promise<Seen> | undefined;
  /** A change that was not looked at yet. */
  let noticed = false;
  let looking = false;
  /** What two readings agreed on last, or what was seen since to be as good. */
  let agreed: Reading | undefined;
  /** Ends the moment in which what was seen goes out. */
  let goOn = (): void => {};
  /** Cuts the whole reading under way short; absent where it may not be. */
  let cut: AbortController | undefined;

  const look = async (): Promise<void> => {
    if (!agreed || !change) return;
    const seen = await change(agreed, signal);
    if (signal.aborted) return;
    // In real time: what is waited for is a program of the device.
    if (seen.kind === 'torn') await sleep(TORN_MS, undefined, { signal }).catch(() => {});
    if (seen.kind !== 'seen') return;
    agreed = seen.reading;
    await take(seen.reading);
    if (noticed) return;
    await new Promise<void>((resolve) => {
      goOn = resolve;
      void goesOut().then(
        () => resolve(),
        () => resolve(),
      );
    });
  };

  const perform = async (): Promise<Seen> => {
    for (let cuts = 0; ; cuts++) {
      looking = true;
      for (let looks = 0; noticed && looks < CUTS_MAX && !signal.aborted; looks++) {
        noticed = false;
        await look();
      }
      looking = false;
      noticed = false;
      const own = new AbortController();
      if (cuts < CUTS_MAX) cut = own;
      const reading = await whole(AbortSignal.any([signal, own.signal]), agreed);
      cut = undefined;
      if (own.signal.aborted && !signal.aborted) continue;
      agreed = reading.complete ? reading : undefined;
      return take(reading);
    }
  };

  const begin = (work: () => Promise<Seen> = perform): Promise<Seen> => {
    const mine = work().finally(() => {
      if (underWay === mine) underWay = undefined;
      after();
    });
    underWay = mine;
    return mine;
  };

  const read = (): Promise<Seen> => {
    if (!underWay) return begin();
    waiting ??= underWay.then(() => {
      waiting = undefined;
      return begin();
    });
    return waiting;
  };

  const idle = async (): Promise<void> => {
    while (underWay || waiting) await (waiting ?? underWay);
  };

  return {
    read,
    async given(make) {
      await idle();
      return begin(async () => take(make()));
    },
    changed() {
      noticed = agreed !== undefined && change !== undefined;
      if (!underWay) void begin();
      // Whatever is looked at, everything is read after that.
      else if (noticed && looking) goOn();
      else if (noticed && cut) cut.abort();
      else void read();
    },
    busy: () => underWay !== undefined,
    idle,
  };
}
