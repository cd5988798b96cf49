import { describe, expect, test } from '@jest/globals';
import { addressesOf, egressRisk, type JudgeContext, riskOf, sourceOf } from '../../agent/judge/index.js';
import { parseAddressSet, usualTrust, type ZoneKind, type ZoneTrust } from '../../agent/model/index.js';
import { contextOf, guardOf, minute, type SubjectText, subject } from '../support/guard.js';

type Zone = NonNullable<JudgeContext['zones']>[string];

function zone(kind: ZoneKind, network?: string, trust: ZoneTrust = usualTrust(kind)): Zone {
  return { kind, trust, ...(network !== undefined && { networks: parseAddressSet(network)! }) };
}

const zones = {
  imagerie: zone('imaging', '10.20.0.0/16'),
  soins: zone('clinical', '10.10.0.0/16'),
  annuaire: zone('directory', '10.1.1.0/24'),
  publication: zone('dmz', '198.51.100.0/24'),
  invites: zone('guest', '10.66.0.0/16'),
  prestataire: zone('vendor', '10.99.0.0/24'),
  bureau: zone('office', '10.30.0.0/16'),
  lab: zone('office', '10.40.0.0/16'),
} as const;
const context = contextOf({ zones });
const without = contextOf();

const risk = (text: SubjectText, around = context): string => riskOf(subject(text), around).severity;

describe('what lives in a declared zone decides, found by name or by address', () => {
  // HTTPS from the internet is medium, and one step worse where patients' data live.
  test.each<[SubjectText, string, string]>([
    [{ dst: 'imagerie', ports: '443' }, 'high', 'medium'],
    [{ dst: '10.20.3.4', ports: '443' }, 'high', 'medium'],
    [{ dst: '10.20.0.0/16', ports: '443' }, 'high', 'medium'],
    [{ dst: '10.30.0.9', ports: '443' }, 'medium', 'medium'],
    [{ dst: 'publication', ports: '443' }, 'medium', 'medium'],
    // From inside: one step less towards what matters, two towards the rest.
    [{ src: '10.30.0.1', dst: '10.1.1.5', ports: '3389' }, 'high', 'medium'],
    [{ src: '10.30.0.1', dst: '10.20.0.5', ports: '3389' }, 'high', 'medium'],
    [{ src: '10.30.0.1', dst: '10.30.0.5', ports: '3389' }, 'medium', 'medium'],
    // What is called like a kind is what was declared under that name.
    [{ dst: 'lab', ports: '443' }, 'medium', 'high'],
  ])('%j is %s, undeclared %s', (text, declared, undeclared) => {
    expect([risk(text), risk(text, without)]).toEqual([declared, undeclared]);
  });
});

describe('who sits in a declared zone decides', () => {
  test.each<[SubjectText, string, string]>([
    [{ src: 'invites' }, 'internet', 'internal'],
    [{ src: 'any', srcZone: 'invites' }, 'internet', 'internal'],
    [{ src: '10.66.0.0/16' }, 'internet', 'internal'],
    [{ src: '10.66.1.2' }, 'publicHost', 'internal'],
    [{ src: '10.0.0.0/8' }, 'internet', 'internal'],
    [{ src: '10.30.0.0/16' }, 'internal', 'internal'],
    [{ src: '10.66.0.0/16', srcZone: 'bureau' }, 'internal', 'internal'],
    [{ src: 'prestataire' }, 'vendorTunnel', 'internal'],
    [{ src: '10.99.0.7' }, 'vendorTunnel', 'internal'],
    [{ src: 'any', srcZone: 'prestataire' }, 'vendorTunnel', 'internal'],
    // The hospital's own public addresses.
    [{ src: '198.51.100.0/24' }, 'internal', 'internet'],
    [{ src: 'internet' }, 'internet', 'internet'],
  ])('%j is judged as %s, undeclared as %s', (text, declared, undeclared) => {
    expect([sourceOf(subject(text), context).class, sourceOf(subject(text), without).class]).toEqual([
      declared,
      undeclared,
    ]);
  });

  // One stranger's address among everybody's: it is everybody all the same.
  test.each<[SubjectText, string, boolean]>([
    [{ src: '10.66.0.9' }, 'publicHost', false],
    [{ src: '0.0.0.0/0' }, 'internet', true],
    [{ src: '0.0.0.0/0', srcZone: 'wan' }, 'internet', true],
    [{ src: '203.0.113.0/24', srcZone: 'wan' }, 'internet', false],
    [{ src: '203.0.113.7', srcZone: 'wan' }, 'publicHost', false],
    [{ src: '10.66.0.8/31' }, 'publicHost', true],
  ])('beside a kiosk of one address %j is %s', (text, of, inside) => {
    const kiosk = contextOf({ zones: { kiosk: zone('guest', '10.66.0.9') } });
    const source = sourceOf(subject(text), kiosk);
    expect(source.class).toBe(of);
    if (text.srcZone === undefined) expect(source.inside).toBe(inside);
  });

  test('a guest who reaches the imaging zone is a stranger who does', () => {
    expect(risk({ src: '10.66.0.0/16', dst: '10.20.0.5', ports: '443' })).toBe('high');
    expect(risk({ src: '10.66.0.0/16', dst: '10.20.0.5', ports: '443' }, without)).toBe('low');
  });
});

test('a zone stands for its networks in the scope of a window', () => {
  expect(addressesOf('prestataire', context)).toEqual(parseAddressSet('10.99.0.0/24'));
  const guard = guardOf({ zones });
  guard.plan({ scope: [{ src: 'prestataire', dst: 'imagerie', proto: 'tcp', ports: '443' }] });
  guard.open(0);
  guard.read(
    5,
    'fw',
    subject({ id: 'in', src: '10.99.0.7', dst: '10.20.0.5', ports: '443' }),
    subject({ id: 'out', src: '10.99.0.7', dst: '10.30.0.5', ports: '443' }),
  );
  expect(guard.rows().map((row) => row.split(' ').slice(1, 3).join(' '))).toEqual([
    'IN_WINDOW_CHANGE in',
    'OUT_OF_SCOPE_OPENING out',
  ]);
});

test('data that leaves a clinical zone for a host that is not approved is high', () => {
  const egress = (src: string, around: JudgeContext) =>
    egressRisk(subject({ src, dst: '203.0.113.9' }), around).severity;
  expect([egress('10.10.4.0/24', context), egress('soins', context), egress('10.30.0.0/16', context)]).toEqual([
    ...['high', 'high', 'medium'],
  ]);
  expect(egress('10.10.4.0/24', without)).toBe('medium');
});

describe('an approval that ends', () => {
  const approvals = [{ hosts: ['203.0.113.9', '2001:db8::/64'], about: 'Hébergeur, HDS 1', until: minute(60) }];
  const leaving = (dst: string) => subject({ id: dst, src: '10.10.4.0/24', dst, ports: '443' });

  test('is told at its end, whether anything is read then or not, and again with what was approved', () => {
    const guard = guardOf({ approvals });
    guard.plan({ start: 0, end: 500, scope: [{}] });
    guard.open(0);
    guard.read(5, 'fw', leaving('203.0.113.9'), leaving('203.0.113.10'));
    expect(guard.rows()).toEqual([
      '5 IN_WINDOW_CHANGE 203.0.113.9 info',
      '5 EGRESS_UNAPPROVED_HOST 203.0.113.10 medium',
    ]);
    guard.tick(90);
    expect(guard.rows().slice(2)).toEqual(['60 EGRESS_UNAPPROVED_HOST 203.0.113.9 medium']);
    expect(guard.finding('fw/203.0.113.9')?.details).toEqual([
      `Hébergeur, HDS 1: approved until ${new Date(minute(60)).toISOString()}`,
    ]);
    expect(guard.finding('fw/203.0.113.10')).not.toHaveProperty('details');
  });

  test('that is renewed is shut again', () => {
    const first = guardOf({ approvals });
    first.read(5, 'fw', leaving('2001:db8::5'));
    first.tick(61);
    expect(first.rows().at(-1)).toBe('60 EGRESS_UNAPPROVED_HOST 2001:db8::5 medium');
    const renewed = guardOf({ approvals: [{ ...approvals[0]!, until: minute(900) }] });
    renewed.read(5, 'fw', leaving('2001:db8::5'));
    renewed.tick(61);
    expect(renewed.rows()).toEqual(['5 UNPLANNED_OPENING 2001:db8::5 low']);
  });
});
