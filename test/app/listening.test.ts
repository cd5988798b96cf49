import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { GuardStatus } from '../../agent/app/guard/contract.js';
import { drivers } from '../../agent/drivers/registry.js';
import { parseAddressSet } from '../../agent/model/index.js';
import { freePort, rsyslog } from '../support/rsyslog.js';
import { systemTest, tempDir, waitFor } from '../support/system.js';
import { type FakeWorld, fakeWorld, must, type RunningGuard, startGuard } from './fakes.js';

const ASA = "<166>Nov 22 2026 10:00:00 fw : %ASA-5-111010: User 'x', running 'CLI' from IP 10.1.1.1, executed 'no acl'";
const PLACE = { host: '127.0.0.1', port: 0 };

function listeningWorld(from: Readonly<Record<string, string>>): FakeWorld {
  const world = fakeWorld(Object.keys(from));
  const sets = Object.entries(from).map(([id, text]) => [id, parseAddressSet(text)!] as const);
  const listen = { syslog: { udp: PLACE, tcp: PLACE, from: Object.fromEntries(sets) } };
  const devices = world.settings.devices.map((device) => ({ ...device, drivers: ['asa'] }));
  const { parts } = world.tools;
  const tools = { ...world.tools, parts: (place: Parameters<typeof parts>[0]) => ({ ...parts(place), drivers }) };
  return { ...world, tools, settings: { ...world.settings, devices, listen } };
}

type Heard = NonNullable<GuardStatus['listening']>;

async function heardBy({ guard }: RunningGuard): Promise<Heard> {
  return must(await guard.status()).listening!;
}

async function portsOf(running: RunningGuard): Promise<{ readonly udp: number; readonly tcp: number }> {
  const places = (await waitFor(
    async () => {
      const heard = await heardBy(running);
      return heard.udp !== undefined && heard.tcp !== undefined && heard;
    },
    { what: 'both to be listened at' },
  )) as Heard;
  const portOf = (place: string): number => Number(place.slice(place.lastIndexOf(':') + 1));
  return { udp: portOf(places.udp!), tcp: portOf(places.tcp!) };
}

async function sends(port: number, text: string, from = '127.0.0.1'): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, from, resolve));
  await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
  socket.close();
}

async function messagesOf(running: RunningGuard, count: number): Promise<Heard> {
  const seen = async (): Promise<Heard | undefined> => {
    const heard = await heardBy(running);
    const all = [...heard.devices, ...heard.unknown].reduce((sum, { messages }) => sum + messages, 0);
    return all >= count ? heard : undefined;
  };
  return (await waitFor(seen, { what: `${count} messages to be counted` })) as Heard;
}

describe('a device that says that it was changed', () => {
  test('is read at once, and what is open on it is told long before the next poll', async () => {
    const world = listeningWorld({ fw: '127.0.0.1' });
    const running = await startGuard(world);
    const { udp } = await portsOf(running);
    world.devices.fw!.open = [{ id: 'rdp', ports: '3389' }];
    const before = world.devices.fw!.readings;
    await sends(udp, '<166>Nov 22 2026 10:00:00 fw : %ASA-6-302013: Built inbound TCP connection 7');
    await messagesOf(running, 1);
    expect(world.devices.fw!.readings).toBe(before);
    await sends(udp, ASA);
    const heard = await messagesOf(running, 2);
    await running.settled();
    expect(running.rows()).toEqual(['0 UNPLANNED_OPENING rdp']);
    expect(heard.devices).toMatchObject([{ id: 'fw', messages: 2, reports: 1, readings: 1 }]);
    await running.guard.close();
  });

  test('a thousand times is read a few times; a stranger’s messages are counted and wake nothing', async () => {
    const world = listeningWorld({ fw: '127.0.0.1' });
    const running = await startGuard(world);
    const { tcp, udp } = await portsOf(running);
    const before = world.devices.fw!.readings;
    for (let index = 0; index < 20; index++) await sends(udp, ASA, '127.0.0.9');
    await messagesOf(running, 20);
    expect(world.devices.fw!.readings).toBe(before);
    const socket = connect({ host: '127.0.0.1', port: tcp });
    socket.end(`${ASA}\n`.repeat(1000));
    await once(socket, 'close');
    const heard = await messagesOf(running, 1020);
    await running.settled();
    expect(heard).toMatchObject({
      devices: [{ messages: 1000, reports: 1000, readings: 1 }],
      unknown: [{ address: '127.0.0.9', messages: 20 }],
    });
    await running.until(1);
    expect((await heardBy(running)).devices).toMatchObject([{ readings: 2 }]);
    await running.guard.close();
  });

  test('by a relay: the host in the message says which; a host that is nobody’s, all of the relay', async () => {
    const world = listeningWorld({ fw: '127.0.0.1', pacs: '127.0.0.1', web: '127.0.0.5' });
    const running = await startGuard(world);
    const { udp } = await portsOf(running);
    const readings = async () => (await heardBy(running)).devices.map((one) => one.readings);
    await sends(udp, ASA.replace(' fw :', ' pacs.example.org :'));
    await messagesOf(running, 1);
    expect(await readings()).toEqual([0, 1, 0]);
    await sends(udp, ASA.replace(' fw :', ' other :'));
    await messagesOf(running, 3);
    expect((await heardBy(running)).devices.map(({ reports }) => reports)).toEqual([1, 2, 0]);
    await running.guard.close();
  });

  test('cannot be heard where the port is taken: that is said, and tried again', async () => {
    const first = await startGuard(listeningWorld({ fw: '127.0.0.1' }));
    const { tcp } = await portsOf(first);
    const world = listeningWorld({ fw: '127.0.0.1' });
    const syslog = { ...world.settings.listen!.syslog, tcp: { host: '127.0.0.1', port: tcp } };
    const second = await startGuard({ ...world, settings: { ...world.settings, listen: { syslog } } });
    await waitFor(async () => (await heardBy(second)).problem, { what: 'the problem to be told' });
    expect((await heardBy(second)).problem).toContain(
      `tcp 127.0.0.1:${tcp}: syslog cannot be listened for: EADDRINUSE`,
    );
    expect(world.logged.filter((line) => line.includes('LISTEN_REFUSED'))).toHaveLength(1);
    await first.guard.close();
    await waitFor(
      async () => {
        world.clock.advanceTo(world.clock.now() + 31_000);
        return (await heardBy(second)).tcp !== undefined;
      },
      { what: 'the port to be had' },
    );
    expect((await heardBy(second)).problem).toBeUndefined();
    await second.guard.close();
  });
});

systemTest(
  ['rsyslogd'],
  'a real rsyslog relays the report of a device over UDP and TCP, and each wakes a reading',
  async () => {
    const world = listeningWorld({ fw: '127.0.0.1' });
    const running = await startGuard(world);
    const ports = await portsOf(running);
    const port = await freePort();
    const forward = (protocol: 'udp' | 'tcp', more = ''): string =>
      `action(type="omfwd" target="127.0.0.1" port="${ports[protocol]}" protocol="${protocol}" ${more})`;
    const server = rsyslog(tempDir(), port, {
      before: `module(load="imtcp")
ruleset(name="relay") {
  if $msg contains "udp" then ${forward('udp', 'template="RSYSLOG_TraditionalForwardFormat"')}
  if $msg contains "counted" then ${forward('tcp', 'template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted"')}
  if $msg contains "lines" then ${forward('tcp', 'template="RSYSLOG_ForwardFormat"')}
}`,
      input: `input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="relay")`,
    });
    await server.start();
    try {
      let expected = 0;
      for (const way of ['udp', 'counted', 'lines']) {
        const socket = connect({ host: '127.0.0.1', port });
        socket.end(`${ASA} ${way}\n`);
        await once(socket, 'close');
        expected++;
        const heard = await messagesOf(running, expected);
        expect(heard.devices).toMatchObject([{ messages: expected, reports: expected, readings: expected }]);
        await running.until(expected);
      }
    } finally {
      await server.stop();
      await running.guard.close();
    }
  },
  120_000,
);
