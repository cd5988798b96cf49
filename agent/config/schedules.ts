import { validateDetailed } from 'node-cron';
import { z } from 'zod';
import { contradiction, Id, path, setting, TimeZone, together } from './parts.js';

/** What is done by the clock, besides the polls. */

const CRON = 'five fields as in crontab: minute, hour, day, month, weekday, such as `0 7 * * MON`';

/** Five fields: a sixth, of seconds, has no place in a guard that is told of changes as they happen. */
const Cron = z
  .string({ error: CRON })
  .superRefine((text, context) => {
    const { valid, errors } = validateDetailed(text);
    if (valid && text.trim().split(/\s+/).length === 5) return;
    const why = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
    context.addIssue({ code: 'custom', message: CRON, params: { remedy: why || 'write five fields' } });
  })
  .meta({ 'x-type': 'cron expression' });

const FIELDS = 'a schedule: {id, do: read, at: "0 5 * * *"} or {id, do: report, at: "0 7 * * MON", sinks: […]}';

export const ScheduleEntry = z
  .strictObject(
    {
      id: setting(Id, 'What it is called in the log and in the report.', 'monday'),
      do: setting(
        z.enum(['read', 'report'], { error: '`read` or `report`' }),
        '`read`: read devices fully, whatever the polls found. `report`: tell how things stand: what is open, what cannot be seen, what comes.',
        'report',
      ),
      at: setting(
        Cron,
        'When, as in crontab (minute, hour, day, month, weekday). In spring a time between two and three has no run on the day the clocks go forward: choose another.',
        '0 7 * * MON',
      ),
      timeZone: setting(
        TimeZone.optional(),
        'The zone of `at`. Left out, that of the site in which all of its devices stand, else `timeZone` of the file.',
        'Europe/Paris',
      ),
      devices: setting(
        z.array(Id, { error: 'a list of devices' }).min(1, 'at least one device').optional(),
        'Which devices are read, or reported on. Left out: all.',
        ['gateway'],
      ),
      sinks: setting(
        z.array(Id, { error: 'a list of sinks' }).min(1, 'at least one sink').optional(),
        'Who is given the report, whatever else they are told. It waits for them like an alarm.',
        ['wards'],
      ),
      folder: setting(
        path('a folder').optional(),
        'Where the whole report is written, one file each time.',
        './reports',
      ),
      language: setting(
        z.enum(['fr', 'en'], { error: '`fr` or `en`' }).optional(),
        'The language of the report; `fr` when left out.',
        'fr',
      ),
    },
    { error: FIELDS },
  )
  .superRefine((one, context) => {
    const isReport = one.do === 'report';
    for (const key of ['sinks', 'folder', 'language'] as const)
      if (!isReport && one[key] !== undefined) contradiction(context, [key], '`do: report` beside it');
    if (isReport && one.sinks === undefined && one.folder === undefined)
      contradiction(context, ['do'], '`sinks` or `folder` beside it', 'say whom it is for');
  }, together);
export type ScheduleEntry = z.infer<typeof ScheduleEntry>;
