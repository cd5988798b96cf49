import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { jsonlSink, syslogSink } from '../../agent/alarms/index.js';
import { type Received, sinkContract } from '../contract/sinks.js';
import { tempDir } from '../support/system.js';
import { tcpReceiver } from './receivers.js';

function linesOf(data: Buffer): readonly Received[] {
  const text = data.toString('utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => ({ id: (JSON.parse(line) as { id: string }).id, raw: Buffer.from(line) }));
}

sinkContract({
  name: 'jsonl into a file',
  open: async () => {
    const folder = tempDir();
    const inner = join(folder, 'log');
    const away = join(folder, 'away');
    mkdirSync(inner);
    const path = join(inner, 'alarms.jsonl');
    let here = true;
    return {
      sink: jsonlSink({ id: 'file', to: path }),
      received: async () => {
        try {
          return linesOf(readFileSync(here ? path : join(away, 'alarms.jsonl')));
        } catch {
          return [];
        }
      },
      stop: async () => {
        renameSync(inner, away);
        here = false;
      },
      start: async () => {
        renameSync(away, inner);
        here = true;
      },
      close: async () => {},
    };
  },
});

sinkContract({
  name: 'jsonl to a stream',
  open: async () => {
    const chunks: Buffer[] = [];
    let away = false;
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        // As a terminal that is stopped: the write is held back until it goes on.
        const take = (): void => {
          if (away) setTimeout(take, 5).unref();
          else {
            chunks.push(chunk);
            done();
          }
        };
        take();
      },
    });
    return {
      sink: jsonlSink({ id: 'stdout', to: stream }),
      received: async () => linesOf(Buffer.concat(chunks)),
      stop: async () => {
        away = true;
      },
      start: async () => {
        away = false;
      },
      close: async () => {
        away = false;
        stream.destroy();
      },
    };
  },
  openHung: async () => {
    const stream = new PassThrough({ highWaterMark: 1024 });
    return {
      sink: jsonlSink({ id: 'stdout', to: stream }),
      close: async () => {
        stream.destroy();
      },
    };
  },
});

for (const framing of ['octet', 'lf'] as const) {
  sinkContract({
    name: `syslog over TCP, ${framing} framing`,
    open: async () => {
      const receiver = await tcpReceiver(framing);
      const sink = syslogSink({ id: 'siem', host: '127.0.0.1', port: receiver.port, framing, settleMs: 10 });
      return {
        sink,
        received: async () => receiver.messages,
        stop: receiver.stop,
        start: receiver.start,
        close: receiver.stop,
      };
    },
    openHung: async () => {
      const receiver = await tcpReceiver(framing, false);
      const sink = syslogSink({ id: 'siem', host: '127.0.0.1', port: receiver.port, framing, settleMs: 0 });
      return { sink, close: receiver.stop };
    },
  });
}
