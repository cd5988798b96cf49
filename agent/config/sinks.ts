import { z } from 'zod';
import { Id, named, parseHostPort } from './parts.js';

const STREAMS = 'a list of `alert`, `reminder`, `notice` and `heartbeat`';
const FACILITY = 'a syslog facility: 0 to 23, or local0 to local7';

/** RFC 5424 numbers the facilities that sites may use as they like from 16 (local0) to 23 (local7). */
function parseFacility(text: string): number | undefined {
  const groups = /^(?:(?<number>\d{1,2})|local(?<local>[0-7]))$/.exec(text)?.groups;
  const facility = groups?.local === undefined ? Number(groups?.number) : 16 + Number(groups.local);
  return facility <= 23 ? facility : undefined;
}

const FORMAT = '`cef`, `leef`, `ecs` or `ocsf`';
const YES_NO = '`yes` or `no`';

export const SinkEntry = z
  .strictObject(
    {
      id: Id,
      jsonl: named('a path, or - for standard output').optional(),
      syslog: z
        .string({ error: 'a receiver such as siem.example.org:6514' })
        .refine((text) => parseHostPort(text) !== undefined, 'HOST:PORT, such as siem.example.org:514')
        .optional(),
      framing: z.enum(['octet-counting', 'newline'], { error: '`octet-counting` or `newline`' }).optional(),
      facility: z
        .string({ error: FACILITY })
        .refine((text) => parseFacility(text) !== undefined, FACILITY)
        .transform((text) => parseFacility(text)!)
        .optional(),
      format: z.enum(['cef', 'leef', 'ecs', 'ocsf'], { error: FORMAT }).optional(),
      attack: z
        .enum(['yes', 'no', 'true', 'false'], { error: YES_NO })
        .transform((text) => text === 'yes' || text === 'true')
        .optional(),
      streams: z
        .array(z.enum(['alert', 'reminder', 'notice', 'heartbeat'], { error: STREAMS }), { error: STREAMS })
        .min(1, STREAMS)
        .optional(),
    },
    { error: 'a sink: {id, jsonl: PATH} or {id, syslog: HOST:PORT}' },
  )
  .superRefine((sink, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if ((sink.jsonl === undefined) === (sink.syslog === undefined))
      issue('id', 'one of `jsonl: PATH` and `syslog: HOST:PORT` beside it');
    if (sink.syslog !== undefined) return;
    for (const key of ['framing', 'facility'] as const)
      if (sink[key] !== undefined) issue(key, '`syslog` beside it: a file has neither');
  });
