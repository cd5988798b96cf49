import { expect, test } from '@jest/globals';
import { localRunner, runDialogue } from '../../../agent/collect/index.js';
import { driver } from '../../../agent/drivers/linux-listeners/index.js';
import type { AccessFact } from '../../../agent/model/index.js';
import { systemTest, withNamespaces } from '../../support/system.js';
import { deviceOf } from './sessions.js';

const tunnels = (facts: readonly AccessFact[]): readonly string[] =>
  facts.filter(({ kind }) => kind === 'vpn').map(({ subject, value }) => `${subject}: ${value}`);

test('tunnels that are up are facts, with both ends; wires of virtual machines and links that are down are not', () => {
  const up = ['POINTOPOINT', 'NOARP', 'UP'];
  const link = (ifname: string, info_kind: string, info_data: object = {}, more: object = {}) => ({
    ...{ ifname, flags: up, link_type: 'none', linkinfo: { info_kind, info_data } },
    ...more,
  });
  const text = JSON.stringify([
    { ifname: 'lo', flags: ['LOOPBACK', 'UP'], link_type: 'loopback' },
    link('wg0', 'wireguard'),
    link('wg1', 'wireguard', {}, { flags: ['NOARP'] }),
    link('tun0', 'tun', { type: 'tun' }),
    link('tap0', 'tun', { type: 'tap' }),
    link('vnet3', 'tun', { type: 'tap' }, { master: 'br0' }),
    link('gre1', 'gre', { local: '192.0.2.1', remote: '198.51.100.7' }),
    link('sit1', 'sit', { remote: '198.51.100.7' }),
    link('veth3', 'veth'),
    link('br0', 'bridge'),
    {},
  ]);
  const { facts, coverage } = deviceOf([
    { name: 'ss', source: 'ss', text: '' },
    { name: 'link', source: 'ip -d -j link show', text: `${text}\n` },
  ]);
  expect(tunnels(facts)).toEqual([
    'tunnel interface wg0: up, wireguard',
    'tunnel interface tun0: up, tun',
    'tunnel interface tap0: up, tap',
    'tunnel interface gre1: up, gre 192.0.2.1 → 198.51.100.7',
    'tunnel interface sit1: up, sit any → 198.51.100.7',
  ]);
  expect(coverage.blind).toEqual([]);
});

systemTest(['root', 'netns', 'ip', 'ss', 'tun'], 'a tunnel that is switched on and off again', () =>
  withNamespaces(['host'], async ({ host }) => {
    const read = async () => {
      const capture = await runDialogue(driver, localRunner({ prefix: host.inside([]) }), 'host-01');
      return tunnels(deviceOf(capture.sections).facts);
    };
    await host.must(['ip', 'tuntap', 'add', 'tun7', 'mode', 'tun']);
    expect(await read()).toEqual([]);
    await host.must(['ip', 'link', 'set', 'tun7', 'up']);
    expect(await read()).toEqual(['tunnel interface tun7: up, tun']);
    await host.must(['ip', 'link', 'set', 'tun7', 'down']);
    expect(await read()).toEqual([]);
  }),
);
