import { describe, expect, test } from '@jest/globals';
import { combineDevices } from '../../agent/exposure/index.js';
import type { AccessFact, Availability, Device, LaterKind } from '../../agent/model/index.js';
import { compose, firewall, watch } from './devices.js';

/** What a device says of its own state: what holds later, and the pair it is of. */

const web = 'iifname "wan0" oifname "dmz0" tcp dport 443 accept';
const left = 'iifname "wan0" oifname "dmz0" tcp dport 3389 accept';

function later(now: Device, kind: LaterKind, then: Device): Device {
  return { ...now, later: [...(now.later ?? []), { kind, pipeline: then.pipeline, returnsWhen: `by ${kind}` }] };
}

const shut = firewall([web]);
const open = firewall([web, left]);
const kinds = ['saved', 'candidate', 'standby'] as const;

describe('rules that lie ready', () => {
  test.each(kinds)('%s: what they let through and does not pass now comes back', (kind) => {
    const guard = watch(shut);
    guard.read(0, shut);
    const seen = guard.read(5, later(shut, kind, open));
    expect(seen.undeclared.map(({ latent, summary }) => [summary, latent?.returnsWhen])).toEqual([
      [expect.stringContaining('3389'), `by ${kind}`],
    ]);
    guard.read(10, { ...shut, laterUnknown: [kind] });
    guard.read(15, shut);
    expect(guard.rows().map((row) => row.split(' ').slice(0, 2).join(' '))).toEqual([
      '5 LATENT_OPENING',
      '15 RESOLVED',
    ]);
  });

  test('each kind is a finding of its own, and what was approved with them is none', () => {
    const both = later(later(shut, 'saved', open), 'candidate', open);
    expect(new Set(compose(both, { approved: shut }).undeclared.map(({ id }) => id)).size).toBe(2);
    expect(compose(both, { approved: both }).undeclared).toEqual([]);
    const candidate = compose(both, { approved: later(shut, 'saved', open) }).undeclared;
    expect(candidate.map(({ latent }) => latent?.returnsWhen)).toEqual(['by candidate']);
  });

  test('what holds already is told as that, and not once more as what comes back', () => {
    const seen = compose(later(open, 'saved', open), { approved: shut }).undeclared;
    expect(seen.map(({ latent }) => latent)).toEqual([undefined]);
  });
});

const origin = { file: 'ha', line: 1, rule: 'ha', text: 'ha' };
function pair(member: string, more: Partial<Availability> = {}): Availability {
  const other = member === 'fw-a' ? 'fw-b' : 'fw-a';
  const members = [
    { name: member, role: 'active' as const },
    { name: other, role: 'standby' as const },
  ];
  return { member, members, origin, ...more };
}

describe('a pair', () => {
  const fact = (subject: string, value: string, more: Partial<AccessFact> = {}): AccessFact => ({
    kind: 'manager',
    subject,
    value,
    origin,
    ...more,
  });
  const of = (member: string, priority: string, mode = 'active-passive'): Device => ({
    ...shut,
    availability: pair(member),
    facts: [fact('ha mode', mode), fact('ha priority', priority, { ofMember: true })],
  });

  test('a failover is no drift; the work of somebody on either member is', () => {
    expect(compose(of('fw-b', '50'), { approved: of('fw-a', '200') }).undeclared).toEqual([]);
    const told = (now: Device) =>
      compose(now, { approved: of('fw-a', '200') }).undeclared.map(({ summary }) => summary);
    expect(told(of('fw-a', '10'))).toEqual(['ha priority on fw: 200 → 10']);
    expect(told(of('fw-b', '50', 'active-active'))).toEqual(['ha mode on fw: active-passive → active-active']);
  });

  const remarks = (availability: Availability): readonly string[] =>
    combineDevices('fw', [{ driver: 'nftables', device: { ...shut, availability } }]).coverage.notCovered;

  test('a member that was not read is said, and that the two do not agree', () => {
    expect(remarks(pair('fw-a'))).toContain(
      'Read was the member fw-a, and not fw-b (standby): the members say that they hold the same configuration, and that is not checked.',
    );
    expect(remarks(pair('fw-a', { outOfStep: 'Config Mismatch' })).join()).toContain(
      'do not hold the same configuration (Config Mismatch): what would pass after a failover is not known',
    );
  });

  test('a member that was read or has failed is not called unread', () => {
    const [active, standby] = pair('fw-a').members as [Availability['members'][0], Availability['members'][0]];
    const none = (one: object): void =>
      expect(remarks(pair('fw-a', { members: [active, { ...standby, ...one }] })).join()).not.toContain('Read was');
    none({ read: true });
    none({ role: 'failed' });
  });
});

test('what one driver says of the state is what the device says', () => {
  const stated: Device = {
    ...later(shut, 'candidate', open),
    version: '7.4.7',
    availability: pair('fw-a'),
    laterUnknown: ['saved'],
    pipeline: { ...shut.pipeline, reach: {}, applications: [{ name: 'dicom', id: 'app dicom' }] },
  };
  const device = combineDevices('fw', [{ driver: 'fortios', device: stated }]);
  const { coverage, ...rest } = device;
  const { coverage: _, ...wanted } = stated;
  expect(rest).toEqual(wanted);
  expect(coverage.notCovered.join(' ')).toContain('saved for the next start could not be read whole');
});
