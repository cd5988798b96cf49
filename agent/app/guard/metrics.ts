import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Gauge, Registry } from 'prom-client';
import type { Delivery, Sink } from '../../alarms/index.js';
import { isOpenFinding } from './bench.js';
import type { Room } from './room.js';
import { version } from './version.js';

/** Figures about the guard itself, for as long as it runs: so that somebody notices when it falls silent. */
export interface Metrics {
  /** Where they are found; undefined while the port is not ours. */
  port(): number | undefined;
  stop(): void;
}

export interface MetricsOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly sinks: readonly Pick<Sink, 'id'>[];
  readonly delivery: () => Delivery | undefined;
  readonly startedAt: number;
}

const PATH = '/metrics';
const RETRY_MS = 30_000;
const REQUEST_MS_MAX = 5_000;
const CONNECTIONS_MAX = 20;
const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
const STATES = ['planned', 'open', 'closed', 'refused', 'overdue', 'cancelled'] as const;

/** Listens until it is stopped. A port that is taken is tried for again: the guard guards without figures as well. */
export function startMetrics(room: Room, options: MetricsOptions): Metrics {
  const { clock, log } = room;
  const { host, port } = options.listen;
  let registry: Promise<Registry> | undefined;
  let server: Server | undefined;
  let cancel = (): void => {};
  let stopped = false;
  let told = false;

  const answer = async ({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
    if (url?.split('?')[0] !== PATH) return void response.writeHead(404).end();
    registry ??= figures(room, options);
    const known = await registry;
    const text = await known.metrics();
    response.writeHead(200, { 'content-type': known.contentType }).end(method === 'HEAD' ? undefined : text);
  };

  const begin = (): void => {
    const one = createServer(
      { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX },
      (request, response) => {
        answer(request, response).catch((error: unknown) => {
          log.error('figures could not be given', { error });
          if (!response.headersSent) response.writeHead(500);
          response.end();
        });
      },
    );
    one.maxConnections = CONNECTIONS_MAX;
    one.on('error', (error) => {
      if (!told) log.error('figures are not served; it is tried again', { host, port, error });
      told = true;
      if (!stopped) cancel = clock.at(clock.now() + RETRY_MS, begin);
    });
    one.listen({ host, port }, () => {
      if (stopped) return void one.close();
      server = one;
      told = false;
      log.info('figures are served', { host, port: portOf(one), path: PATH });
    });
  };
  begin();

  return {
    port: () => portOf(server),
    stop() {
      stopped = true;
      cancel();
      server?.close();
      server?.closeAllConnections();
    },
  };
}

function portOf(server: Server | undefined): number | undefined {
  const address = server?.address();
  return typeof address === 'object' && address ? address.port : undefined;
}

/** Loaded with the first question: a guard without figures does without the library. */
async function figures(room: Room, { sinks, delivery, startedAt }: MetricsOptions): Promise<Registry> {
  const { Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: readonly string[], collect: (gauge: Gauge) => void): void => {
    new Gauge({
      name: `ecluse_${name}`,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        collect(this);
      },
    });
  };
  const { bench, devices, store } = room;
  const watched = () => bench.state().devices.filter(({ device }) => devices.has(device));
  const states = () => delivery()?.states() ?? [];

  gauge('info', 'Always 1; the version is a label', ['version'], (one) => one.set({ version: version() }, 1));
  gauge('start_time_seconds', 'When the guard was started, or its configuration read again', [], (one) =>
    one.set(startedAt / 1000),
  );
  gauge('last_judgement_timestamp_seconds', 'The latest instant that was judged', [], (one) =>
    one.set(bench.state().judgedUpTo / 1000),
  );
  gauge('store_refusing', '1 while judgements cannot be stored; nothing is told that was not stored', [], (one) =>
    one.set(bench.refused() === undefined ? 0 : 1),
  );
  gauge('devices', 'Devices that are watched', [], (one) => one.set(devices.size));
  gauge('device_blind', '1 while a device cannot be read completely', ['device'], (one) => {
    for (const { device, blindReasons } of watched()) one.set({ device }, blindReasons.length > 0 ? 1 : 0);
  });
  gauge('device_last_complete_timestamp_seconds', 'The last complete reading of a device', ['device'], (one) => {
    for (const { device, lastCompleteAt } of watched())
      if (lastCompleteAt !== undefined) one.set({ device }, lastCompleteAt / 1000);
  });
  gauge('findings_open', 'Open findings by severity', ['severity'], (one) => {
    const open = bench.state().findings.filter(isOpenFinding);
    for (const severity of SEVERITIES)
      one.set({ severity }, open.filter((finding) => finding.severity === severity).length);
  });
  gauge('windows', 'Change windows by state', ['state'], (one) => {
    const { windows } = bench.state();
    for (const state of STATES) one.set({ state }, windows.filter((window) => window.state === state).length);
  });
  gauge('sink_waiting', 'Records that a sink has not taken yet', ['sink'], (one) => {
    for (const { id } of sinks) one.set({ sink: id }, store.outbox.waiting(id));
  });
  gauge('sink_failing', '1 while a sink does not take what it is sent', ['sink'], (one) => {
    for (const { sink, failingSince } of states()) one.set({ sink }, failingSince === undefined ? 0 : 1);
  });
  gauge('sink_last_delivered_timestamp_seconds', 'When a sink took a record last', ['sink'], (one) => {
    for (const { sink, lastDeliveredAt } of states())
      if (lastDeliveredAt !== undefined) one.set({ sink }, lastDeliveredAt / 1000);
  });
  return registry;
}
