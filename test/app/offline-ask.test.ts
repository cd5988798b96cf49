import { expect, test } from '@jest/globals';
import { askLine } from '../../agent/app/index.js';
import { combineDevices } from '../../agent/exposure/index.js';
import { always, type Device, emptyCoverage, parseAddressSet, type Step } from '../../agent/model/index.js';

const origin = { file: 'capture', line: 1, rule: 'policy 1', text: 'inside → outside' };

/** A device whose one rule lets `port1` and `port2` go to `wan`. */
const device: Device = {
  id: 'fw',
  pipeline: {
    lists: [
      {
        id: 'policy',
        families: ['ip4', 'ip6'],
        origin,
        rules: [
          {
            origin,
            steps: [
              { kind: 'match', condition: { kind: 'inInterface', names: ['port1', 'port2'] } },
              { kind: 'match', condition: { kind: 'outInterface', names: ['wan'] } },
              { kind: 'match', condition: always },
              { kind: 'accept' } satisfies Step,
            ],
          },
        ],
      },
    ],
    bases: [{ list: 'policy', hook: 'forward', priority: 0, type: 'filter', policy: 'drop', policyOrigin: origin }],
    speaksOf: [{ family: 'ip4', direction: 'forward' }],
    objects: [
      { kind: 'address', name: 'web', condition: { kind: 'source', addresses: parseAddressSet('192.0.2.10')! } },
      {
        kind: 'service',
        name: 'dns',
        within: 'vsys1',
        condition: {
          kind: 'all',
          of: [
            { kind: 'protocol', protocols: [17, 17] },
            { kind: 'destinationPort', ports: [53, 53] },
          ],
        },
      },
    ],
    zones: { inside: ['port1', 'port2'], mixed: ['port2', 'port3'], outside: ['wan'], empty: [] },
  },
  listeners: [],
  facts: [],
  coverage: emptyCoverage,
};

function answer(packet: object, asked: Device = device, at: object = {}) {
  return askLine(asked, JSON.stringify({ id: 1, at, packet }), { file: 'cases', line: 7 }, false);
}

test.each([
  [{ fromZone: 'inside', toZone: 'outside' }, 'allow', []],
  [{ fromZone: 'outside', toZone: 'inside' }, 'deny', []],
  [{ fromZone: 'mixed', toZone: 'outside' }, 'maybe', ['the interface in the zone']],
  [{ fromZone: 'mixed', iif: 'port2', toZone: 'outside' }, 'allow', []],
  [{ fromZone: 'mixed', iif: 'port3', toZone: 'outside' }, 'deny', []],
  [{ fromZone: 'empty', toZone: 'outside' }, 'deny', []],
  [{ fromZone: 'port1', toZone: 'wan' }, 'allow', []],
])('%j is answered for every interface of the zone', (zones, verdict, unknowns) => {
  const packet = { ...zones, src: '192.0.2.1', dst: '198.51.100.1', proto: 'udp', sport: 1, dport: 53 };
  expect(answer(packet)).toMatchObject({ ok: true, value: { verdict, unknowns } });
  const combined = combineDevices('fw', [{ driver: 'fortios', device }]);
  expect(answer(packet, combined)).toMatchObject({ ok: true, value: { verdict, unknowns } });
});

test('an interface that is not in the zone is a mistake in the question', () => {
  expect(answer({ fromZone: 'inside', iif: 'wan' })).toEqual({
    ok: false,
    error: {
      code: 'BAD_QUESTION',
      message: 'wan is not in the zone inside',
      expected: 'port1, port2',
      file: 'cases',
      line: 7,
    },
  });
});

test.each([
  [{ object: { kind: 'address', name: 'web' } }, { src: '192.0.2.10' }, 'allow'],
  [{ object: { kind: 'address', name: 'web' } }, { dst: '192.0.2.10' }, 'allow'],
  [{ object: { kind: 'address', name: 'web' } }, { src: '192.0.2.11' }, 'no-match'],
  [{ object: { kind: 'service', name: 'dns', vsys: 'vsys1' } }, { proto: 'udp', dport: 53 }, 'allow'],
  [{ object: { kind: 'service', name: 'dns' } }, { proto: 'tcp', dport: 53 }, 'no-match'],
  [{ object: { kind: 'service', name: 'dns' } }, { proto: 'udp' }, 'maybe'],
  [{ acl: 'policy' }, { iif: 'port1', oif: 'wan' }, 'allow'],
])('%j holds %j: %s', (at, packet, verdict) => {
  expect(answer(packet, device, at)).toMatchObject({ ok: true, value: { verdict } });
});

test.each([
  [{ object: { kind: 'service', name: 'dns', vsys: 'vsys2' } }, 'there is no service dns in vsys2', 'dns'],
  [{ acl: 'inside_in' }, 'there is no list of rules inside_in', 'policy'],
  [{ acl: 'policy', chain: 'policy' }, 'at: one of chain, acl, filter, object', 'the fields of the ask contract'],
])('%j is not there', (at, message, expected) => {
  expect(answer({}, device, at)).toMatchObject({ ok: false, error: { code: 'BAD_QUESTION', message, expected } });
});

/** A device of three interfaces with fixed routes, which sends what comes for a public address to one of two servers. */
function routed(translations: readonly Step[][]): Device {
  const rule = (line: number, steps: readonly Step[]) => ({ origin: { ...origin, line }, steps });
  const allowed: Step = { kind: 'match', condition: { kind: 'outInterface', names: ['dmz'] } };
  const list = (id: string, rules: readonly (readonly Step[])[]) => ({
    id,
    families: ['ip4'] as const,
    origin,
    rules: rules.map((steps, index) => rule(index + 1, steps)),
  });
  return {
    ...device,
    pipeline: {
      speaksOf: [{ family: 'ip4', direction: 'forward' }],
      lists: [list('nat', translations), list('policy', [[allowed, { kind: 'accept' }]])],
      bases: [
        { list: 'nat', hook: 'prerouting', priority: -100, type: 'nat', policy: 'accept', policyOrigin: origin },
        { list: 'policy', hook: 'forward', priority: 0, type: 'filter', policy: 'drop', policyOrigin: origin },
      ],
      reach: {
        dmz: parseAddressSet('10.30.0.0/24')!,
        lan: parseAddressSet('10.20.0.0/16')!,
        wan: parseAddressSet('198.51.100.0/24')!,
      },
    },
  };
}

const to = (text: string, prefix?: true): Step => ({
  kind: 'nat',
  translate: 'destination',
  to: { addresses: parseAddressSet(text)!, ...(prefix && { prefix }) },
});
const into = (text: string): Step => ({
  kind: 'match',
  condition: { kind: 'destination', addresses: parseAddressSet(text)! },
});

test.each([
  ['as it came', [], '10.30.0.10', 'allow', 'dmz'],
  ['as it came, elsewhere', [], '10.20.0.10', 'deny', 'lan'],
  ['where it is sent on to', [[to('10.30.0.10')]], '198.51.100.9', 'allow', 'dmz'],
  ['where it is sent on to, elsewhere', [[to('10.20.0.10')]], '10.30.0.10', 'deny', 'lan'],
  ['of two servers behind one interface', [[to('10.30.0.10-10.30.0.11')]], '198.51.100.9', 'allow', 'dmz'],
  ['of a network, the host that is meant', [[to('10.30.0.0/24', true)]], '198.51.100.9', 'allow', 'dmz'],
  ['one of two interfaces', [[to('10.29.255.255-10.30.0.1')]], '198.51.100.9', 'maybe', undefined],
  ['only some are sent on', [[into('198.51.100.8'), to('10.30.0.10')]], '198.51.100.9', 'deny', 'wan'],
  [
    'whether it is sent on is not known',
    [[{ kind: 'match', condition: { kind: 'unknown', id: 'u', text: 'u' } } as Step, to('10.30.0.10')]],
    '198.51.100.9',
    'maybe',
    undefined,
  ],
] as const)('routes decide how a packet leaves, %s', (_case, translations, dst, verdict, out) => {
  const packet = { iif: 'wan', src: '203.0.113.9', dst, proto: 'tcp', sport: 40000, dport: 443 };
  const assuming = out === undefined ? [] : [`the packet leaves by ${out}, as routes say`];
  expect(answer(packet, routed(translations as unknown as Step[][]))).toMatchObject({
    ok: true,
    value: { verdict, assuming },
  });
});

test.each([
  [{ icmpType: 3 }, [3 * 256, 3 * 256 + 255], 'allow', []],
  [{ icmpType: 3 }, [3 * 256 + 4, 3 * 256 + 4], 'maybe', ['icmpCode']],
  [{ icmpType: 3, icmpCode: 4 }, [3 * 256 + 4, 3 * 256 + 4], 'allow', []],
  [{ icmpType: 3, icmpCode: 1 }, [3 * 256 + 4, 3 * 256 + 4], 'no-match', []],
  [{ icmpType: 8 }, [8 * 256, 8 * 256], 'allow', []],
  [{ icmpType: 4 }, [3 * 256, 3 * 256 + 255], 'no-match', []],
] as const)('%j of a message that has the types %j: %s', (icmp, typeCodes, verdict, unknowns) => {
  const objects = [{ kind: 'service', name: 'm', condition: { kind: 'icmp', typeCodes } }] as const;
  const asked: Device = { ...device, pipeline: { ...device.pipeline, objects } };
  const packet = { proto: 'icmp', src: '192.0.2.1', ...icmp };
  expect(answer(packet, asked, { object: { kind: 'service', name: 'm' } })).toMatchObject({
    ok: true,
    value: { verdict, unknowns },
  });
});
