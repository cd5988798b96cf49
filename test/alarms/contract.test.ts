import { PassThrough, Writable } from 'node:stream';
import { type Format, formats, jsonlSink, syslogSink } from '../../agent/alarms/index.js';
import { type Received, sinkContract } from '../contract/sinks.js';
import { fileReceiver, type MessageReceiver, relpReceiver, tcpReceiver, udpReceiver } from './receivers.js';

interface Ocsf {
  readonly metadata: { readonly uid: string };
}

interface Ecs {
  readonly event: { readonly id: string };
}

const idIn: Readonly<Record<Format, (line: string) => string>> = {
  cef: (line) => / externalId=(?<id>\S+)/.exec(line)?.groups?.id ?? '',
  leef: (line) => /\^externalId=(?<id>[^^]+)/.exec(line)?.groups?.id ?? '',
  ecs: (line) => (JSON.parse(line) as Ecs).event.id,
  ocsf: (line) => (JSON.parse(line) as Ocsf).metadata.uid,
};

function linesOf(data: Buffer, format?: Format): readonly Received[] {
  const lines = data.toString('utf8').split('\n').slice(0, -1);
  const id = (line: string): string =>
    format === undefined ? (JSON.parse(line) as { id: string }).id : idIn[format](line);
  return lines.map((line) => ({ id: id(line), raw: Buffer.from(line) }));
}

sinkContract({
  name: 'jsonl into a file',
  open: async () => fileReceiver((to) => jsonlSink({ id: 'file', to }), linesOf),
});

for (const format of formats) {
  sinkContract({
    name: `${format} into a file`,
    open: async () =>
      fileReceiver(
        (to) => jsonlSink({ id: 'file', to, format, version: '0.1.0', attack: true }),
        (data) => linesOf(data, format),
      ),
  });
}

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

/** Syslog to a receiver in this process; one that hangs answers nothing. */
interface Way {
  readonly name: string;
  readonly receiver: () => Promise<MessageReceiver>;
  readonly hung?: () => Promise<MessageReceiver>;
  readonly choices: { readonly transport?: 'udp' | 'relp'; readonly framing?: 'octet' | 'lf' };
}

const ways: readonly Way[] = [
  ...(['octet', 'lf'] as const).map((framing) => ({
    name: `TCP, ${framing} framing`,
    receiver: () => tcpReceiver(framing),
    hung: () => tcpReceiver(framing, false),
    choices: { framing },
  })),
  { name: 'UDP', receiver: udpReceiver, choices: { transport: 'udp' } },
  {
    name: 'RELP',
    receiver: () => relpReceiver(),
    hung: () => relpReceiver({ answer: () => undefined }),
    choices: { transport: 'relp' },
  },
];

for (const { name, receiver: listen, hung, choices } of ways) {
  const sinkTo = (port: number, settleMs: number) =>
    syslogSink({ id: 'siem', host: '127.0.0.1', port, settleMs, ...choices });
  sinkContract({
    name: `syslog over ${name}`,
    open: async () => {
      const receiver = await listen();
      return {
        sink: sinkTo(receiver.port, 10),
        received: async () => receiver.messages,
        stop: receiver.stop,
        start: receiver.start,
        close: receiver.stop,
      };
    },
    ...(hung && {
      openHung: async () => {
        const receiver = await hung();
        return { sink: sinkTo(receiver.port, 0), close: receiver.stop };
      },
    }),
  });
}
