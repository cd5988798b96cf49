import type { Writable } from 'node:stream';
import { facilities, jsonlSink, type Sink, syslogSink } from '../../alarms/index.js';
import type { SinkSettings } from '../../config/index.js';
import { version } from './version.js';

/** The sinks a configuration names; `output` is where `-` writes. */
export function sinksOf(settings: readonly SinkSettings[], output: Writable): readonly Sink[] {
  return settings.map((one) => sinkOf(one, output));
}

function sinkOf(one: SinkSettings, output: Writable): Sink {
  const told = {
    id: one.id,
    version: version(),
    ...(one.streams && { takes: one.streams }),
    ...(one.format && { format: one.format }),
    ...(one.attack !== undefined && { attack: one.attack }),
  };
  if (one.kind === 'jsonl') return jsonlSink({ ...told, to: one.to === '-' ? output : one.to });
  const { host, port } = one;
  const facility = one.facility === undefined ? undefined : facilities[one.facility];
  return syslogSink({
    ...told,
    host,
    port,
    framing: one.framing === 'newline' ? 'lf' : 'octet',
    ...(facility !== undefined && { facility }),
  });
}
