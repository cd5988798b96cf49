import { z } from 'zod';
import { parsePorts } from '../lib/ports.js';
import { contradiction, duration, Id, Moment, named, path, setting, together } from './parts.js';

/** Interventions that are planned: in the configuration, or in files of their own. */

const PORTS = '`any`, or ports and ranges such as 443,8000-8010';

const ScopeEntry = z.strictObject(
  {
    device: setting(Id.optional(), 'On this device alone; left out, on all of the window.', 'gateway'),
    kind: setting(
      z
        .enum(['rule', 'listener', 'engine', 'fact'], {
          error: '`rule`, `listener`, `engine` (filtering is lifted) or `fact` (an administrator, a route …)',
        })
        .optional(),
      'What is opened: a `rule`, a `listener`, the filter itself (`engine`) or an access `fact` such as an administrator. The last two are never meant unless they are said.',
      'rule',
    ),
    src: setting(
      named('an address, a prefix or a zone').optional(),
      'From where: an address, a prefix, a zone.',
      'vendor-vpn',
    ),
    dst: setting(
      named('an address, a prefix or a zone').optional(),
      'Where to: an address, a prefix, a zone.',
      '192.0.2.10',
    ),
    proto: setting(named('a protocol such as tcp').optional(), 'By which protocols.', 'tcp'),
    ports: setting(
      z
        .string({ error: PORTS })
        .refine((text) => parsePorts(text) !== undefined, PORTS)
        .meta({ type: ['string', 'integer'] })
        .optional(),
      'On which ports.',
      '443,8000-8010',
    ),
    service: setting(
      named('a service such as https').optional(),
      'In place of `proto` and `ports`: services by their names or ids in rules/services.yaml, or in that of `rules`.',
      'dicom',
    ),
    keep: setting(
      z
        .strictObject(
          {
            owner: setting(named('a name'), 'Who answers for it.', 'Service imagerie'),
            review: setting(Moment, 'When it is looked at again, at the latest.', '2027-01-31'),
          },
          { error: '{owner: NAME, review: DAY}' },
        )
        .optional(),
      'It is meant to stay: not left open at the end, but waiting to be accepted until that day.',
      { owner: 'Service imagerie', review: '2027-01-31' },
    ),
  },
  { error: 'what is opened, such as {src: vendor-vpn, dst: 192.0.2.10, proto: tcp, ports: 443}' },
);

const WINDOW = 'the path of a file of windows, or a window: {id, vendor, devices, start, end}';

export const WindowEntry = z
  .strictObject(
    {
      id: setting(
        Id,
        'What it is called: a ticket number will do. Keep it: what happened in it is kept under it.',
        'CHG-2041',
      ),
      vendor: setting(named('who comes, or self'), 'Who comes; `self` is the hospital’s own staff.', 'Imagerie SA'),
      devices: setting(
        z.array(Id, { error: 'a list of devices' }).min(1, 'at least one device'),
        'The devices that are worked on. What changes on others is nobody’s plan.',
        ['gateway'],
      ),
      start: setting(Moment, 'When it begins, as the clock on the wall shows it.', '2026-12-01T20:00'),
      end: setting(
        Moment.optional(),
        'When it is over: after that and `grace` everything is shut again. This, or `for`.',
        '2026-12-01T23:00',
      ),
      for: setting(duration('1m', '31d').optional(), 'How long it lasts, in place of `end`.', '3h'),
      rrule: setting(
        named('days by RFC 5545, such as FREQ=WEEKLY;BYDAY=TU').optional(),
        'It recurs on these days (RFC 5545), at the hours of the first one by the clock on the wall, for a year from `start` at most. Each is a window of its own: its id has the day behind it.',
        'FREQ=WEEKLY;BYDAY=TU;UNTIL=20271130',
      ),
      owner: setting(
        named('a name').optional(),
        'Who answers for it in the hospital; needed for `self`.',
        'Équipe réseau',
      ),
      technician: setting(named('a name').optional(), 'Who does the work.', 'Technician 12'),
      ticket: setting(named('a number or a link').optional(), 'Where it was asked for.', 'CHG-2041'),
      scope: setting(
        z.array(ScopeEntry, { error: 'a list of what is opened' }).prefault([]),
        'What will be opened. What is opened outside it is told at once; left out, that is everything.',
        [{ src: 'vendor-vpn', dst: '192.0.2.10', proto: 'tcp', ports: '443' }],
      ),
    },
    { error: WINDOW },
  )
  .superRefine((window, context) => {
    if ((window.end === undefined) === (window.for === undefined))
      contradiction(context, ['start'], '`end` or `for` beside it', 'write one of them');
    if (window.vendor === 'self' && window.owner === undefined)
      contradiction(
        context,
        ['vendor'],
        '`owner` beside it: somebody of the hospital answers for it',
        'name the person',
      );
  }, together);
export type WindowEntry = z.infer<typeof WindowEntry>;

const list = { error: 'a list of windows, or of paths of files of windows' };

export const Windows = z.array(z.union([path(WINDOW), WindowEntry], { error: WINDOW }), list).prefault([]);

export const WindowsFile = z.strictObject(
  {
    windows: setting(z.array(WindowEntry, list), 'Planned interventions, as under `windows` in the configuration.', [
      { id: 'CHG-2041', vendor: 'Imagerie SA', devices: ['gateway'], start: '2026-12-01T20:00', for: '3h' },
    ]),
  },
  { error: 'windows: a list of windows' },
);
