import { syslogSink } from '../../agent/alarms/index.js';
import { sinkContract } from '../contract/sinks.js';
import { type MessageReceiver, relpReceiver, udpReceiver } from './receivers-more.js';

const receivers: Readonly<Record<'udp' | 'relp', () => Promise<MessageReceiver>>> = {
  udp: udpReceiver,
  relp: () => relpReceiver(),
};

for (const transport of ['udp', 'relp'] as const) {
  sinkContract({
    name: `syslog over ${transport.toUpperCase()}`,
    open: async () => {
      const receiver = await receivers[transport]();
      const sink = syslogSink({ id: 'siem', host: '127.0.0.1', port: receiver.port, transport, settleMs: 10 });
      return {
        sink,
        received: async () => receiver.messages,
        stop: receiver.stop,
        start: receiver.start,
        close: receiver.stop,
      };
    },
    ...(transport === 'relp' && {
      openHung: async () => {
        const receiver = await relpReceiver({ answer: () => undefined });
        const sink = syslogSink({ id: 'siem', host: '127.0.0.1', port: receiver.port, transport });
        return { sink, close: receiver.stop };
      },
    }),
  });
}
