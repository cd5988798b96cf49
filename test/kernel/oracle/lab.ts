import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AddressSet, Family } from '../../../agent/model/index.js';
import { parseAddressSet, parseIp4, parseIp6 } from '../../../agent/model/index.js';
import { type Namespace, tempDir, withNamespaces } from '../../support/machine.js';
import { type Arrived, arrival, type WirePacket, wire } from './wire.js';
import { WORKER } from './worker.js';

/**
 * A firewall with four TUN devices and nothing else: what is written into one goes through the real kernel, and comes
 * out of another, or on a raw socket where it was for the firewall itself, or nowhere.
 */
export const interfaces = ['wan0', 'lan0', 'lan1', 'dmz0'] as const;
export type InterfaceName = (typeof interfaces)[number];

/** What the four are called on this firewall. */
export type Names = Readonly<Record<InterfaceName, string>>;
export const ownNames: Names = { wan0: 'wan0', lan0: 'lan0', lan1: 'lan1', dmz0: 'dmz0' };

export const gateways: Readonly<Record<InterfaceName, Readonly<Record<Family, string>>>> = {
  wan0: { ip4: '203.0.113.1/24', ip6: '2001:db8:a::1/64' },
  lan0: { ip4: '10.0.0.1/16', ip6: '2001:db8:b::1/64' },
  lan1: { ip4: '192.0.2.1/24', ip6: '2001:db8:d::1/64' },
  dmz0: { ip4: '198.51.100.1/24', ip6: '2001:db8:c::1/64' },
};

export const PROTOCOLS: Readonly<Record<Family, readonly number[]>> = {
  ip4: [6, 17, 1, 47, 50, 253],
  ip6: [6, 17, 58, 47, 50, 253],
};

export function addressOf(text: string): number | bigint {
  const plain = text.split('/')[0]!;
  return parseIp4(plain) ?? parseIp6(plain)!;
}

export const ownAddresses: Readonly<Record<Family, readonly (number | bigint)[]>> = {
  ip4: interfaces.map((name) => addressOf(gateways[name].ip4)),
  ip6: interfaces.map((name) => addressOf(gateways[name].ip6)),
};

export const localAddresses: AddressSet = {
  ip4: [...[...(ownAddresses.ip4 as readonly number[]), 0x7f00_0000].sort((a, b) => a - b)].flatMap((one) => [
    one,
    one === 0x7f00_0000 ? 0x7fff_ffff : one,
  ]),
  ip6: [1n, ...(ownAddresses.ip6 as readonly bigint[])].sort((a, b) => (a < b ? -1 : 1)).flatMap((one) => [one, one]),
};

/** As the kernel puts them into its table of local routes. */
export const broadcastAddresses: AddressSet = {
  ip4: [...interfaces.map((name) => networkOf(name, 'ip4')[2] as number), 0x7fff_ffff]
    .sort((a, b) => a - b)
    .flatMap((one) => [one, one]),
  ip6: [],
};

const networks: Readonly<Record<Family, readonly (readonly [InterfaceName, number | bigint, number | bigint])[]>> = {
  ip4: interfaces.map((name) => networkOf(name, 'ip4')),
  ip6: interfaces.map((name) => networkOf(name, 'ip6')),
};

function networkOf(name: InterfaceName, family: Family): readonly [InterfaceName, number | bigint, number | bigint] {
  const [first, last] = parseAddressSet(gateways[name][family])![family];
  return [name, first!, last!];
}

/** Where the routing table of the firewall sends an address. */
export function routeOf(address: number | bigint): InterfaceName | 'local' {
  const family = typeof address === 'bigint' ? 'ip6' : 'ip4';
  if (ownAddresses[family].includes(address)) return 'local';
  if (typeof address === 'number' && address >= 0x7f00_0000 && address <= 0x7fff_ffff) return 'local';
  if (address === 1n) return 'local';
  const found = networks[family].find(([, first, last]) => address >= first && address <= last);
  return found?.[0] ?? 'wan0';
}

/** Where a packet begins: it arrives by an interface, or the firewall sends it. */
export interface Shot {
  readonly packet: WirePacket;
  readonly from: InterfaceName | 'self';
}

/** What the kernel did with a packet. */
export interface Fate {
  readonly kind: 'forwarded' | 'delivered' | 'stopped';
  readonly out?: InterfaceName;
  readonly arrived?: Arrived;
  /** Something else came back: a reset, an ICMP error, an answer. */
  readonly answered: boolean;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Lab {
  readonly names: Names;
  run(argv: readonly string[], input?: string): Promise<Ran>;
  must(argv: readonly string[], input?: string): Promise<string>;
  /** The kernel's word on each packet. Its memory of connections is emptied before every `fresh` packets. */
  shoot(shots: readonly Shot[], fresh: number): Promise<readonly Fate[]>;
}

const FLUSH = Buffer.from([253, 0, 0]);

function worker(child: ChildProcess): (kind: string, payload: Buffer) => Promise<Buffer> {
  let buffered: Buffer = Buffer.alloc(0);
  let waiting: ((bytes: Buffer) => void) | undefined;
  let failed: ((error: Error) => void) | undefined;
  let said = '';
  const deliver = (): void => {
    if (!waiting || buffered.length < 4) return;
    const length = buffered.readUInt32BE(0);
    if (buffered.length < 4 + length) return;
    const message = buffered.subarray(4, 4 + length);
    buffered = buffered.subarray(4 + length);
    const resolve = waiting;
    waiting = undefined;
    resolve(message);
  };
  child.stdout!.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    deliver();
  });
  child.stderr!.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.on('exit', () => failed?.(new Error(`the program in the namespace ended: ${said}`)));
  return (kind, payload) =>
    new Promise((resolve, reject) => {
      waiting = resolve;
      failed = reject;
      if (kind !== '') {
        const head = Buffer.alloc(5);
        head.write(kind, 0);
        head.writeUInt32BE(payload.length, 1);
        child.stdin!.write(Buffer.concat([head, payload]));
      }
      deliver();
    });
}

function lengthed(bytes: Buffer): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(bytes.length);
  return Buffer.concat([head, bytes]);
}

const SETTINGS: readonly (readonly [string, number])[] = [
  ['ipv4/ip_forward', 1],
  ['ipv6/conf/all/forwarding', 1],
  ['ipv6/conf/default/accept_dad', 0],
  ['ipv6/conf/all/accept_dad', 0],
  ['ipv6/conf/default/addr_gen_mode', 1],
  ['ipv6/conf/all/addr_gen_mode', 1],
  ['ipv4/conf/all/rp_filter', 0],
  ['ipv4/conf/default/rp_filter', 0],
  ['ipv4/conf/all/send_redirects', 0],
  ['ipv4/conf/default/send_redirects', 0],
  ['ipv4/icmp_ratelimit', 0],
  ['ipv6/icmp/ratelimit', 0],
];

async function furnish(lab: Lab): Promise<void> {
  const lines = interfaces.flatMap((name) => [
    `address add ${gateways[name].ip4} dev ${lab.names[name]}`,
    `address add ${gateways[name].ip6} dev ${lab.names[name]} nodad`,
    `link set ${lab.names[name]} up`,
  ]);
  const out = lab.names.wan0;
  await lab.must(
    ['ip', '-batch', '-'],
    `${lines.join('\n')}\nroute add default dev ${out}\nroute add ::/0 dev ${out}\n`,
  );
}

/** Makes the firewall, gives it to `action`, and takes it away. */
export function withLab<T>(action: (lab: Lab) => Promise<T>, names: Names = ownNames): Promise<T> {
  return withNamespaces(['fw'], async ({ fw }) => action(await labIn(fw, names)));
}

async function labIn(fw: Namespace, names: Names): Promise<Lab> {
  await fw.must(['sh', '-ec', SETTINGS.map(([name, value]) => `echo ${value} > /proc/sys/net/${name}`).join('\n')]);
  const protocols = [...PROTOCOLS.ip4.map((one) => `4:${one}`), ...PROTOCOLS.ip6.map((one) => `6:${one}`)];
  const tuns = interfaces.map((name) => names[name]);
  const child = fw.start(['perl', '-e', WORKER, tempDir(), tuns.join(','), protocols.join(',')]);
  const say = worker(child);
  await once(child, 'spawn');
  await say('', Buffer.alloc(0));
  let ident = 0;
  const lab: Lab = {
    names,
    run: async (argv, input = '') => {
      const count = Buffer.alloc(2);
      count.writeUInt16BE(argv.length);
      const parts = argv.map((one) => lengthed(Buffer.from(one)));
      const answer = await say('X', Buffer.concat([count, ...parts, Buffer.from(input)]));
      const outLength = answer.readUInt32BE(4);
      const stdout = answer.toString('utf8', 8, 8 + outLength);
      return { code: answer.readUInt32BE(0), stdout, stderr: answer.toString('utf8', 12 + outLength) };
    },
    must: async (argv, input) => {
      const ran = await lab.run(argv, input);
      if (ran.code !== 0) throw new Error(`${argv.join(' ')}: exit code ${ran.code}\n${ran.stderr}`);
      return ran.stdout;
    },
    shoot: async (shots, fresh) => {
      const first = ident;
      ident = (ident + shots.length) % 0xffff_0000;
      const parts = shots.flatMap(({ packet, from }, index) => {
        const bytes = wire(packet, first + index);
        const where = from === 'self' ? (packet.family === 'ip4' ? 254 : 255) : interfaces.indexOf(from);
        const message = Buffer.concat([Buffer.from([where]), lengthed(bytes)]);
        return index % fresh === 0 ? [FLUSH, message] : [message];
      });
      const answer = await say('P', Buffer.concat(parts));
      let at = 0;
      return shots.map(({ packet }, index) => {
        const count = answer[at++]!;
        let fate: Fate = { kind: 'stopped', answered: false };
        let answered = false;
        for (let event = 0; event < count; event++) {
          const where = answer[at]!;
          const length = answer.readUInt16BE(at + 1);
          const bytes = answer.subarray(at + 3, at + 3 + length);
          at += 3 + length;
          const found = arrival(bytes, first + index, packet.protocol, where === 101);
          if (!found) answered = true;
          else if (where >= 100) fate = { kind: 'delivered', arrived: found, answered };
          else fate = { kind: 'forwarded', out: interfaces[where]!, arrived: found, answered };
        }
        return { ...fate, answered };
      });
    },
  };
  await furnish(lab);
  return lab;
}
