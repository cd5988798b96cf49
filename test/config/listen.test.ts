import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../agent/config/index.js';
import { problemText } from '../../agent/lib/result.js';
import { parseAddressSet } from '../../agent/model/index.js';

function read(listen: string) {
  return parseSettings(`devices: [{id: fw1, kind: fw}, {id: fw2, kind: fw}]\nlisten: ${listen}\n`, 'c.yaml');
}

describe('what is listened for', () => {
  test('is taken with its places and its senders', () => {
    const settings = read('{syslog: {udp: "0.0.0.0:5514", tcp: "[::]:5514", from: {fw1: [192.0.2.1, 2001:db8::/64]}}}');
    expect(settings.ok && settings.value.listen).toEqual({
      syslog: {
        udp: { host: '0.0.0.0', port: 5514 },
        tcp: { host: '::', port: 5514 },
        from: { fw1: { ip4: parseAddressSet('192.0.2.1')!.ip4, ip6: parseAddressSet('2001:db8::/64')!.ip6 } },
      },
    });
    expect(parseSettings('site: a\n', 'c.yaml')).toMatchObject({
      ok: true,
      value: expect.not.objectContaining({ listen: expect.anything() }),
    });
  });

  test.each([
    ['{syslog: {from: {fw1: [192.0.2.1]}}}', '`udp: HOST:PORT`, `tcp: HOST:PORT` or both'],
    ['{syslog: {udp: "0.0.0.0:5514"}}', '`listen.syslog.from` is missing'],
    ['{syslog: {udp: "0.0.0.0:5514", from: {}}}', 'name at least one device'],
    [
      '{syslog: {udp: "0.0.0.0:5514", from: {fw3: [192.0.2.1]}}}',
      'no device is called `fw3` (expected one of fw1, fw2; did you mean',
    ],
    ['{syslog: {udp: "0.0.0.0:5514", from: {fw1: [192.0.2.1/24]}}}', 'host bits'],
    ['{syslog: {udp: "5514", from: {fw1: [192.0.2.1]}}}', 'HOST:PORT'],
    ['{snmp: {}, syslog: {}}', 'there is no setting `snmp` in `listen`'],
  ])('%s is refused', (text, words) => {
    const answer = read(text);
    expect(answer.ok ? '' : problemText(answer.error)).toContain(words);
  });
});

test('an onboarding lasts until the end of its last day, on the clock of the site', () => {
  const settings = parseSettings(
    'timeZone: Europe/Paris\ndevices: [{id: a, kind: fw, onboarding: {until: 2026-12-31}}]',
    'c.yaml',
  );
  expect(settings.ok && settings.value.devices[0]?.onboardingUntil).toBe(Date.parse('2026-12-31T23:59:59+01:00'));
});
