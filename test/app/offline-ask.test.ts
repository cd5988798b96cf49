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
