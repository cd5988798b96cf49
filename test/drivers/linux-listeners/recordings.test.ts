import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { driver } from '../../../agent/drivers/linux-listeners/index.js';
import { describeShared } from '../../support/shared.js';
import { deviceOf, recordings, sessionOf, summary } from './sessions.js';

describe('a recording reads as it should', () => {
  const names = readdirSync(recordings);

  test('there are some', () => expect(names.length).toBeGreaterThanOrEqual(5));

  test.each(names)('%s', (name) => {
    const expected: unknown = JSON.parse(readFileSync(join(recordings, name, 'expected.json'), 'utf8'));
    expect(summary(deviceOf(sessionOf(name)))).toEqual(expected);
  });
});

/** Real listings of others, test data only: how many listeners each holds, and which are refused as foreign. */
const corpus: Readonly<Record<string, { listeners: number; doubtful: number } | string>> = {
  'jdstrand-ufw__netstat.enlp': { listeners: 15, doubtful: 4 },
  'kellyjonbrazil-jc__centos-7.7_netstat-l.out': { listeners: 8, doubtful: 2 },
  'kellyjonbrazil-jc__centos-7.7_netstat-sudo-lnp.out': { listeners: 8, doubtful: 2 },
  'kellyjonbrazil-jc__centos-7.7_ss-sudo-a.out': { listeners: 7, doubtful: 4 },
  'kellyjonbrazil-jc__freebsd12_netstat-an.out': 'this is netstat of BSD or macOS',
  'kellyjonbrazil-jc__generic_ss-wide.out': { listeners: 155, doubtful: 0 },
  'kellyjonbrazil-jc__ubuntu-18.04_netstat-sudo-lnp-space.out': { listeners: 23, doubtful: 7 },
  'kellyjonbrazil-jc__ubuntu-18.04_netstat-sudo-lnp.out': { listeners: 7, doubtful: 2 },
  'kellyjonbrazil-jc__ubuntu-18.04_ss-sudo-a.out': { listeners: 7, doubtful: 0 },
  'kellyjonbrazil-jc__ubuntu-18.04_ss-sudo-tulpen.json': 'no listing of sockets is in this capture',
  'kellyjonbrazil-jc__ubuntu-18.04_ss-sudo-tulpen.out': { listeners: 72, doubtful: 0 },
  'kellyjonbrazil-jc__windows_windows-10_netstat-an.out': 'this is netstat of Windows',
  'kellyjonbrazil-jc__windows_windows-10_netstat-aon.out': 'this is netstat of Windows',
  'kellyjonbrazil-jc__windows_windows-10_netstat-aonb.out': 'this is netstat of Windows',
};

describeShared('corpus/listeners', 'the corpus of listings', (shared) => {
  test('is whole', () => expect(readdirSync(shared).sort()).toEqual(Object.keys(corpus).sort()));

  test.each(Object.entries(corpus))('%s', (file, expected) => {
    const section = { name: 'listing', source: file, text: readFileSync(join(shared, file), 'utf8') };
    const capture = { driver: driver.id, device: 'host-01', sections: [section] };
    const result = driver.read(capture, { device: 'host-01' });
    if (typeof expected === 'string') {
      expect(driver.identify([section])).toBe('no');
      expect(result).toMatchObject({ ok: false, error: { code: 'NOT_THIS_PLATFORM', message: expected } });
      return;
    }
    expect(driver.identify([section])).toBe('certain');
    if (!result.ok) throw new Error(result.error.message);
    const { listeners, coverage } = result.value;
    const doubtful = coverage.lines.filter(({ state }) => state === 'approximated').length;
    expect({ listeners: listeners.length, doubtful }).toEqual(expected);
    expect(coverage.blind).toEqual([]);
    expect(coverage.lines.filter(({ state }) => state === 'unrecognized')).toEqual([]);
  });
});
