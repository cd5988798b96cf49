import { z } from 'zod';
import { Id, Networks, named, setting, TimeZone } from './parts.js';
import type { SiteSettings } from './settings.js';

/** The hospitals or sites of a group that one Écluse guards. */

const SiteEntry = z.strictObject(
  {
    name: setting(
      named('what people call it').optional(),
      'What people call it: in alarms, letters and reports. It may change; the id stays. Left out, the id.',
      'Hôpital Sud',
    ),
    timeZone: setting(
      TimeZone.optional(),
      'The zone of its clocks: in it the alarms about its devices show their times, and times are understood where a window, a schedule or the end of an onboarding names devices of this site alone. Left out, `timeZone` above.',
      'Indian/Reunion',
    ),
    contact: setting(
      named('who is called there').optional(),
      'Who is called there, at any hour. It stands in the alarms and letters about its devices.',
      'Astreinte réseau, poste 4242',
    ),
    networks: setting(
      Networks.optional(),
      'Its networks: public addresses among them are the hospital’s own on every device. In the scope of a window the id of the site stands for them.',
      ['10.40.0.0/16', '203.0.113.64/27'],
    ),
  },
  { error: 'a site: {name, timeZone, contact, networks}' },
);

export const Sites = z
  .record(Id, SiteEntry, { error: 'sites by their ids, such as {hopital-sud: {name: Hôpital Sud}}' })
  .prefault({});

export function siteSettings(sites: z.infer<typeof Sites>): Readonly<Record<string, SiteSettings>> {
  return Object.fromEntries(
    Object.entries(sites).map(([id, { name = id, timeZone, contact, networks }]) => [
      id,
      {
        name,
        ...(timeZone !== undefined && { timeZone }),
        ...(contact !== undefined && { contact }),
        ...(networks && { networks }),
      },
    ]),
  );
}
