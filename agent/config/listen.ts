import { z } from 'zod';
import { contradiction, hostPort, Networks, setting, together } from './parts.js';

/** What Écluse waits for, from others. */

const SENDERS = 'devices with the addresses that their messages come from, such as {fw1: [192.0.2.1]}';

const SyslogListen = z
  .strictObject(
    {
      udp: setting(
        hostPort('0.0.0.0:5514').optional(),
        'Where syslog is listened for over UDP. A port below 1024 needs CAP_NET_BIND_SERVICE.',
        '0.0.0.0:5514',
      ),
      tcp: setting(
        hostPort('0.0.0.0:5514').optional(),
        'The same over TCP, with a length before each message or a line feed behind it.',
        '0.0.0.0:5514',
      ),
      from: setting(
        z.record(z.string(), Networks, { error: SENDERS }),
        'Whose messages are looked at: devices by their ids, with the addresses that the messages come from. An address may belong to several, as that of a relay does: then the host in the message decides, and where it names none of them, all are read. Messages from anybody else are counted in `ecluse status` and not read.',
        { gateway: ['192.0.2.1'] },
      ),
    },
    { error: '`udp`, `tcp` and `from`' },
  )
  .superRefine((value, context) => {
    if (value.udp === undefined && value.tcp === undefined)
      contradiction(context, [], '`udp: HOST:PORT`, `tcp: HOST:PORT` or both');
    if (Object.keys(value.from ?? {}).length === 0)
      contradiction(context, ['from'], SENDERS, 'name at least one device');
  }, together);

export const Listen = z.strictObject(
  {
    syslog: setting(
      SyslogListen,
      'The devices’ own logs: a message that the configuration was changed (ASA, FortiOS, PAN-OS, or the audit of a Linux host) wakes a reading of that device. It is a reason to look, never more: polling goes on, and a flood of messages causes few readings.',
      { udp: '0.0.0.0:5514', from: { gateway: ['192.0.2.1'] } },
    ),
  },
  { error: 'what is listened for, such as {syslog: {udp: 0.0.0.0:5514, from: {fw1: [192.0.2.1]}}}' },
);
export type Listen = z.infer<typeof Listen>;
