import { describe, expect, test } from '@jest/globals';
import { parseSettings, placeOf, type Settings, zoneOf } from '../../agent/config/index.js';
import { problemLines, problemText } from '../../agent/lib/result.js';
import { parseAddressSet } from '../../agent/model/index.js';

const here = { env: {}, host: 'pacs-1', home: '/home', isRoot: false };

function read(text: string): Settings {
  const settings = parseSettings(text, 'config.yaml', { surroundings: here });
  if (!settings.ok) throw new Error(problemText(settings.error));
  return settings.value;
}

function complaints(text: string): readonly string[] {
  const settings = parseSettings(text, 'config.yaml', { surroundings: here });
  return settings.ok ? [] : problemLines(settings.error);
}

const GROUP = `timeZone: Europe/Paris
site: nord
sites:
  nord: {name: Hôpital Nord}
  sud: {name: Hôpital Sud, timeZone: Indian/Reunion, contact: poste 4242, networks: [203.0.113.64/27]}
devices:
  - {id: fw1, kind: fw}
  - {id: fw2, kind: fw, site: sud, onboarding: {until: 2026-12-31}}
  - {id: pacs2, kind: host, site: sud}
`;

describe('sites', () => {
  test('have a name, a clock, somebody to call and networks', () => {
    expect(read(GROUP)).toMatchObject({
      site: 'nord',
      sites: {
        nord: { name: 'Hôpital Nord' },
        sud: {
          name: 'Hôpital Sud',
          timeZone: 'Indian/Reunion',
          contact: 'poste 4242',
          networks: parseAddressSet('203.0.113.64/27')!,
        },
      },
    });
    expect(read('sites: {nord: {}}').sites).toEqual({ nord: { name: 'nord' } });
  });

  test('give what is about their devices its place', () => {
    const settings = read(GROUP);
    const sud = { site: 'sud', siteName: 'Hôpital Sud', contact: 'poste 4242', timeZone: 'Indian/Reunion' };
    const nord = { site: 'nord', siteName: 'Hôpital Nord', timeZone: 'Europe/Paris' };
    expect(placeOf(settings, ['fw2', 'pacs2'])).toEqual(sud);
    expect(placeOf(settings, ['fw1'])).toEqual(nord);
    // Of several sites, of none, and of a device that was removed.
    for (const devices of [['fw1', 'fw2'], [], ['gone']]) expect(placeOf(settings, devices)).toEqual(nord);
  });

  test('that nobody declares are names, as they are written', () => {
    const settings = read('site: CH Nord\ndevices: [{id: a, kind: fw}, {id: b, kind: fw, site: constructor}]');
    expect(settings.sites).toBeUndefined();
    expect(placeOf(settings, ['a'])).toEqual({ site: 'CH Nord', siteName: 'CH Nord' });
    expect(placeOf(settings, ['b'])).toEqual({ site: 'constructor', siteName: 'constructor' });
    expect(zoneOf(read('timeZone: Asia/Tokyo'), ['pacs-1'])).toBe('Asia/Tokyo');
  });

  test('say in which zone the times of their devices are written', () => {
    const at = (devices: string): string =>
      `{id: W, vendor: V, devices: ${devices}, start: 2026-12-01T20:00, for: 1h, rrule: FREQ=DAILY, scope: [{dst: sud, keep: {owner: A, review: 2027-01-31}}]}`;
    const { windows, schedules, devices } = read(
      `${GROUP}windows: [${at('[fw2, pacs2]')}, ${at('[fw1, fw2]').replace('id: W', 'id: X')}]
schedules: [{id: a, do: read, at: "0 5 * * *", devices: [fw2]}, {id: b, do: read, at: "0 5 * * *"}]
`,
    );
    expect(windows!.map(({ start, recurs }) => [new Date(start).toISOString(), recurs!.timeZone])).toEqual([
      ['2026-12-01T16:00:00.000Z', 'Indian/Reunion'],
      ['2026-12-01T19:00:00.000Z', 'Europe/Paris'],
    ]);
    expect(windows![0]!.scope[0]!.keep!.review).toBe(Date.parse('2027-01-31T00:00+04:00'));
    expect(schedules!.map((one) => one.timeZone)).toEqual(['Indian/Reunion', 'Europe/Paris']);
    expect(devices[1]!.onboardingUntil).toBe(Date.parse('2026-12-31T23:59:59+04:00'));
  });

  test.each<[string, string, string]>([
    ['an unknown one at the top', 'site: nrod\nsites: {nord: {}}', '1:7: there is no site `nrod` (expected one under'],
    ['with what it may have meant', 'site: norde\nsites: {nord: {}}', 'did you mean `nord`?'],
    [
      'an unknown one of a device',
      'sites: {nord: {}}\ndevices: [{id: a, kind: fw, site: est}]',
      '2:35: there is no site `est` (expected one under `sites`: nord; declare it under `sites`)',
    ],
    ['a misspelt setting', 'sites: {nord: {nam: N}}', 'did you mean `name`?'],
    ['no zone of a clock', 'sites: {nord: {timeZone: Europe/Lutece}}', 'an IANA time zone such as Europe/Paris'],
    ['host bits', 'sites: {nord: {networks: [192.0.2.1/24]}}', 'write 192.0.2.0/24 for the network'],
    ['an id that is none', 'sites: {"CH Nord": {}}', '`CH Nord` is no name for this'],
    ['a text', 'sites: {nord: N}', 'a site: {name, timeZone, contact, networks}'],
    ['a list', 'sites: [nord]', 'sites by their ids, such as'],
    ['called like a zone', 'sites: {lan: {}}\nzones: {lan: {kind: office}}', 'a zone is called `lan` too'],
    ['called like a device', 'sites: {fw: {}}\ndevices: [{id: fw, kind: fw}]', 'a device is called `fw` too'],
    [
      'named in a scope, without networks',
      `sites: {nord: {}}
zones: {lan: {kind: office}}
windows: [{id: W, vendor: V, devices: [pacs-1], start: 2026-12-01, for: 1h, scope: [{src: nord}]}]`,
      '`nord` is neither an address nor a zone',
    ],
  ])('%s is wrong', (_case, text, words) => {
    expect(complaints(text).join('\n')).toContain(words);
  });
});
