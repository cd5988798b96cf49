import { expect } from '@jest/globals';
import { localRunner, readTwice, runDialogue } from '../../../agent/collect/index.js';
import { driver } from '../../../agent/drivers/linux-listeners/index.js';
import type { Device } from '../../../agent/model/index.js';
import { type Namespace, systemTest, waitFor, withNamespaces } from '../../support/system.js';
import { deviceOf, shown } from './sessions.js';

/** Opens what its arguments say (`PROTOCOL ADDRESS PORT [v6only|dual]`), says so, and waits to be ended. */
const opener = `
const net = require('node:net');
const dgram = require('node:dgram');
const all = process.argv.slice(1).map((text) => text.split(' '));
Promise.all(all.map(([protocol, host, port, mode]) => new Promise((resolve, reject) => {
  if (protocol === 'tcp') {
    net.createServer().on('error', reject).listen({ host, port: Number(port), ipv6Only: mode === 'v6only' }, resolve);
  } else {
    const type = host.includes(':') ? 'udp6' : 'udp4';
    const socket = dgram.createSocket({ type, ipv6Only: mode === 'v6only' }).on('error', reject);
    socket.bind({ address: host, port: Number(port) }, resolve);
  }
}))).then(() => console.log('open'), (error) => { console.error(error); process.exit(1); });
`;

async function open(space: Namespace, ...sockets: readonly string[]): Promise<() => Promise<void>> {
  const child = space.start([process.execPath, '-e', opener, ...sockets]);
  let out = '';
  child.stdout!.on('data', (chunk) => {
    out += chunk;
  });
  await waitFor(() => out.includes('open'), { what: sockets.join(', ') });
  return async () => {
    child.kill('SIGKILL');
    await waitFor(() => child.signalCode !== null);
  };
}

async function readDevice(prefix: readonly string[]): Promise<Device> {
  const runner = localRunner({ prefix });
  const [capture] = await readTwice(async () => [await runDialogue(driver, runner, 'host-01')], [driver]);
  return deviceOf(capture!.sections);
}

systemTest(['root', 'netns', 'ip', 'ss'], 'the answer is what was opened, and a restart changes nothing', async () => {
  await withNamespaces(['host', 'other'], async ({ host, other }) => {
    await host.must(['ip', 'addr', 'add', '198.51.100.7/32', 'dev', 'lo']);
    await host.must(['ip', 'rule', 'add', 'from', '203.0.113.0/24', 'lookup', '100']);
    await host.must(['ip', 'route', 'add', 'unreachable', '203.0.113.0/24', 'table', '100']);
    await host.must(['sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding']);
    await host.must(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/lo/forwarding']);
    const sockets = [
      'tcp 0.0.0.0 1001',
      'tcp :: 1002 dual',
      'tcp :: 1003 v6only',
      'tcp 127.0.0.1 1004',
      'tcp ::ffff:198.51.100.7 1005',
      'tcp ::1 1006',
      'udp 0.0.0.0 1007',
      'udp 0.0.0.0 40007',
      'udp :: 1008 dual',
    ];
    const close = await open(host, ...sockets);
    // lsns of util-linux gives up where a process ends while it looks, and nothing but it tells which name is one's own.
    let device = await readDevice(host.inside([]));
    const isTorn = (): boolean => device.coverage.notCovered.some((text) => text.includes('could not be listed'));
    for (let tries = 0; isTorn() && tries < 50; tries++) device = await readDevice(host.inside([]));
    const node = device.listeners[0]!.process!;
    const found = device.listeners.map(({ protocol, port, addresses, loopback, perhapsClient, user }) =>
      [protocol, port, ...shown(addresses), loopback ? 'loopback' : '', perhapsClient ? 'client' : '', user].join(' '),
    );
    expect(found.sort()).toEqual([
      'tcp 1001 0.0.0.0/0   root',
      'tcp 1002 0.0.0.0/0 ::/0   root',
      'tcp 1003 ::/0   root',
      'tcp 1004 127.0.0.1 loopback  root',
      'tcp 1005 198.51.100.7   root',
      'tcp 1006 ::1 loopback  root',
      'udp 1007 0.0.0.0/0   root',
      'udp 1008 0.0.0.0/0 ::/0   root',
      'udp 40007 0.0.0.0/0  client root',
    ]);
    expect(node).toMatch(/node|MainThread/);
    expect(device.coverage.blind).toEqual([]);
    expect(device.pipeline.forwarding).toEqual({ ip4: true, ip6: true });
    expect(shown(device.pipeline.localAddresses!)).toEqual(['127.0.0.0/8', '198.51.100.7', '::1']);
    const facts = device.facts.map(({ kind, subject, value }) => `${kind}: ${subject}: ${value}`);
    expect(facts).toContain('forwarding: ip4 forwarding: 0');
    expect(facts).toContain('forwarding: ip4 forwarding on lo: on');
    expect(facts.join('\n')).toMatch(/^policyRoute: ip4 rule \d+ from 203\.0\.113\.0\/24: lookup 100$/m);
    expect(facts).toContain('route: ip4 route unreachable 203.0.113.0/24 table 100: unreachable');
    const apart = device.coverage.notCovered.find((text) => text.startsWith('Network namespaces')) ?? '';
    expect(apart.split(/[:,.] /)).toContain(other.name);
    expect(apart.split(/[:,.] /)).not.toContain(host.name);

    await close();
    expect((await readDevice(host.inside([]))).listeners).toEqual([]);
    await open(host, ...sockets.toReversed());
    const again = await readDevice(host.inside([]));
    expect(again.listeners.map(({ id }) => id).sort()).toEqual(device.listeners.map(({ id }) => id).sort());
  });
});

systemTest(
  ['root', 'netns', 'ip', 'ss', 'setpriv'],
  'without rights the socket is seen and the right is named',
  async () => {
    await withNamespaces(['host'], async ({ host }) => {
      await open(host, 'tcp 0.0.0.0 1001');
      const device = await readDevice(host.inside(['setpriv', '--reuid=65534', '--clear-groups', '--']));
      expect(device.listeners).toMatchObject([{ id: 'tcp 0.0.0.0:1001 ?', user: 'root', port: 1001 }]);
      expect(device.coverage.blind).toEqual([]);
      const said = device.coverage.notCovered.join('\n');
      expect(said).toContain('tcp 0.0.0.0:1001');
      expect(said).toContain('CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH');
      expect(said).toContain('setcap cap_sys_ptrace,cap_dac_read_search+ep');
    });
  },
);

systemTest(['root', 'netns', 'ip'], '/proc/net gives the same ports where ss is missing', async () => {
  await withNamespaces(['host'], async ({ host }) => {
    const sockets = [
      'tcp 0.0.0.0 1001',
      'tcp ::1 1002',
      'tcp ::ffff:127.0.0.1 1003',
      'udp 127.0.0.1 1004',
      'udp :: 1005',
    ];
    await open(host, ...sockets);
    const steps = driver.dialogue.steps.map((step) => (step.id === 'ss' ? { ...step, argv: ['ecluse-no-ss'] } : step));
    const runner = localRunner({ prefix: host.inside([]) });
    const capture = await runDialogue({ id: driver.id, dialogue: { steps } }, runner, 'host-01');
    const device = deviceOf(capture.sections);
    expect(device.listeners.map(({ id }) => id).sort()).toEqual([
      'tcp 0.0.0.0:1001 ?',
      'tcp 127.0.0.1:1003 ?',
      'tcp [::1]:1002 ?',
      'udp *:1005 ?',
      'udp 127.0.0.1:1004 ?',
    ]);
    expect(device.coverage.blind).toEqual([]);
    expect(device.coverage.notCovered.join('\n')).toContain('ss is not installed');
  });
});

systemTest(['root', 'netns', 'ip', 'ss'], 'a place for tc filters is a gate that is not covered', async () => {
  await withNamespaces(['host'], async ({ host }) => {
    expect((await readDevice(host.inside([]))).facts.filter(({ kind }) => kind === 'filterNotCovered')).toEqual([]);
    await host.must(['tc', 'qdisc', 'add', 'dev', 'lo', 'clsact']);
    const device = await readDevice(host.inside([]));
    expect(device.facts).toContainEqual(
      expect.objectContaining({ kind: 'filterNotCovered', subject: 'tc clsact on lo', value: 'handle ffff:' }),
    );
    expect(device.coverage.notCovered.join('\n')).toContain('tc clsact on lo');
  });
});
