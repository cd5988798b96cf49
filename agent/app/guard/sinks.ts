import type { Writable } from 'node:stream';
import { facilities, jsonlSink, type Sink, type Stream, streams, syslogSink } from '../../alarms/index.js';
import type { SinkSettings } from '../../config/index.js';

/** The sinks a configuration names; `output` is where `-` writes. */
export function sinksOf(settings: readonly SinkSettings[], output: Writable): readonly Sink[] {
  return settings.map((one) => sinkOf(one, output));
}

function sinkOf(one: SinkSettings, output: Writable): Sink {
  if (one.kind === 'jsonl') return jsonlSink({ id: one.id, to: one.to === '-' ? output : one.to });
  const { id, host, port } = one;
  const facility = one.facility === undefined ? undefined : facilities[one.facility];
  return syslogSink({
    id,
    host,
    port,
    framing: one.framing === 'newline' ? 'lf' : 'octet',
    ...(facility !== undefined && { facility }),
    ...(one.streams && { takes: one.streams.filter(isStream) }),
  });
}

function isStream(name: string): name is Stream {
  return (streams as readonly string[]).includes(name);
}
