import {
  calmed,
  listenSyslog,
  parseSyslog,
  type SyslogListener,
  type SyslogMessage,
} from '../../collect/syslog/index.js';
import type { DeviceSettings, ListenSettings } from '../../config/index.js';
import type { Driver } from '../../drivers/index.js';
import { isSubset } from '../../lib/intervals.js';
import { problemText } from '../../lib/result.js';
import { type AddressSet, parseAddressSet } from '../../model/index.js';
import type { ListeningView } from './contract.js';
import type { Room } from './room.js';
import { iso } from './views.js';

export interface Listening {
  view(): ListeningView;
  stop(): void;
}

type Syslog = ListenSettings['syslog'];

/** So many addresses are remembered, of senders that are known and of those that are not. */
const ADDRESSES_MAX = 1_000;
/** Of unknown senders, so many are named; the others are counted together. */
const NAMED_MAX = 50;
const OTHERS = 'others';
const RETRY_MS = 30_000;

interface Heard {
  readonly settings: DeviceSettings;
  readonly patterns: readonly RegExp[];
  readonly calm: ReturnType<typeof calmed>;
  messages: number;
  reports: number;
  readings: number;
  lastReport?: number;
}

/** Listens to the devices' own logs for as long as the guard runs. A port that is taken is tried for again. */
export function startListening({ devices, parts, clock, log }: Room, syslog: Syslog): Listening {
  const heard = new Map<string, Heard>();
  for (const id of Object.keys(syslog.from)) {
    const device = devices.get(id);
    if (!device) continue;
    const one: Heard = {
      settings: device.settings,
      patterns: reportsOf(device.settings, parts.drivers),
      calm: calmed({
        clock,
        action: () => {
          one.readings++;
          log.info('a device says that it was changed: it is read now', { device: id });
          void device.read();
        },
      }),
      ...{ messages: 0, reports: 0, readings: 0 },
    };
    heard.set(id, one);
  }
  const senders = sendersOf(syslog.from);
  const unknown = new Map<string, number>();
  let listener: SyslogListener | undefined;
  let problem: string | undefined;
  let stopped = false;
  let cancel = (): void => {};

  const onMessage = (address: string, text: string): void => {
    const message = parseSyslog(text);
    for (const one of meant(senders(address), message, heard)) {
      one.messages++;
      if (!one.patterns.some((pattern) => pattern.test(message.text))) continue;
      one.reports++;
      one.lastReport = clock.now();
      one.calm.report();
    }
  };

  const begin = async (): Promise<void> => {
    const started = await listenSyslog({
      ...(syslog.udp && { udp: syslog.udp }),
      ...(syslog.tcp && { tcp: syslog.tcp }),
      isKnown: (address) => senders(address).length > 0,
      onMessage,
      onUnknown: (address) => {
        const name = unknown.has(address) || unknown.size < NAMED_MAX ? address : OTHERS;
        unknown.set(name, (unknown.get(name) ?? 0) + 1);
      },
      onTrouble: (error) => log.warn('a part of the syslog of devices was not received', { error }),
    });
    if (!started.ok) {
      if (problem === undefined)
        log.error('syslog of devices is not received; it is tried again', { ...started.error });
      problem = problemText(started.error);
      if (!stopped) cancel = clock.at(clock.now() + RETRY_MS, () => void begin());
      return;
    }
    if (stopped) return started.value.stop();
    problem = undefined;
    listener = started.value;
    log.info('syslog of devices is received', { udp: listener.udp, tcp: listener.tcp });
  };
  void begin();

  return {
    view: () => ({
      ...(listener?.udp !== undefined && { udp: listener.udp }),
      ...(listener?.tcp !== undefined && { tcp: listener.tcp }),
      ...(problem !== undefined && { problem }),
      devices: [...heard].map(([id, { messages, reports, readings, lastReport }]) => ({
        ...{ id, messages, reports, readings },
        ...(lastReport !== undefined && { lastReport: iso(lastReport) }),
      })),
      unknown: [...unknown].map(([address, messages]) => ({ address, messages })),
    }),
    stop() {
      stopped = true;
      cancel();
      listener?.stop();
      for (const { calm } of heard.values()) calm.stop();
    },
  };
}

function reportsOf({ drivers: ids }: DeviceSettings, drivers: readonly Driver[]): readonly RegExp[] {
  return drivers.filter(({ id }) => ids.includes(id)).flatMap(({ changeReports = [] }) => changeReports);
}

/** The devices that an address speaks for. */
function sendersOf(from: Readonly<Record<string, AddressSet>>): (address: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (address) => {
    const before = known.get(address);
    if (before) return before;
    const one = parseAddressSet(address);
    const ids = Object.entries(from)
      .filter(([, set]) => one && isSubset(one.ip4, set.ip4) && isSubset(one.ip6, set.ip6))
      .map(([id]) => id);
    if (known.size >= ADDRESSES_MAX) known.clear();
    known.set(address, ids);
    return ids;
  };
}

/** Where an address speaks for several, the host in the message decides; where that names none of them, all are meant. */
function meant(ids: readonly string[], { host }: SyslogMessage, heard: ReadonlyMap<string, Heard>): readonly Heard[] {
  const all = ids.flatMap((id) => heard.get(id) ?? []);
  if (all.length < 2 || host === undefined) return all;
  const named = all.filter(({ settings: { id, source } }) =>
    [id, ...(source.kind === 'local' ? [] : [source.host])].some((name) => isSameHost(name, host)),
  );
  return named.length > 0 ? named : all;
}

function isSameHost(name: string, host: string): boolean {
  const [a, b] = [name.toLowerCase(), host.toLowerCase()];
  const short = (text: string): string => (parseAddressSet(text) ? text : text.split('.', 1)[0]!);
  return a === b || short(a) === short(b);
}
