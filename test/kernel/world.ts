import { fileURLToPath } from 'node:url';
import { must, type Namespace, waitFor, withNamespaces } from '../support/machine.js';
import type { Visit } from './visitor.js';

/**
 * A hospital's edge on the real kernel: someone on the internet, a firewall between wan0 and dmz0, and a web service
 * in the dmz. Three namespaces, two cables, documentation addresses, and no link to anything outside.
 */
export interface World {
  readonly internet: Namespace;
  readonly firewall: Namespace;
  readonly dmz: Namespace;
  /** A real connection from someone on the internet to the web service: what the kernel says. */
  visit(port: number, options: VisitOptions): Promise<Visit>;
}

export interface VisitOptions {
  readonly family?: 4 | 6;
  /** What is thought: an open door answers when it can on a busy machine, silence is believed sooner. */
  readonly expected: Visit['kind'];
}

/** The published portal, behind a rule of its own. */
export const PORTAL = 443;
/** The results page: meant for the inside, and kept from the internet by the firewall alone. */
export const RESULTS = 8080;

export const someone = { 4: '203.0.113.10', 6: '2001:db8:a::10' } as const;
export const web = { 4: '198.51.100.80', 6: '2001:db8:b::80' } as const;
/** The hospital's inner networks, behind the dmz. */
const INSIDE = { 4: '10.0.0.0/8', 6: 'fd00::/8' } as const;
/** The contractor's office. */
export const VENDOR = '203.0.113.77';

const gates = {
  wan0: { 4: '203.0.113.1', 6: '2001:db8:a::1' },
  dmz0: { 4: '198.51.100.1', 6: '2001:db8:b::1' },
} as const;

const FORWARDING = { 'ipv4/ip_forward': '1', 'ipv6/conf/all/forwarding': '1' };

const PATIENCE_MS: Readonly<Record<Visit['kind'], number>> = { reached: 5_000, shut: 300 };

const program = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));

function ip(namespace: Namespace, lines: readonly string[]): Promise<string> {
  return must(['ip', '-n', namespace.name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Before any link is made: an IPv6 address that first looks for its double would sleep for two seconds. */
async function configure(namespace: Namespace, settings: Readonly<Record<string, string>>): Promise<void> {
  const all = { 'ipv6/conf/default/accept_dad': '0', 'ipv6/conf/all/accept_dad': '0', ...settings };
  const lines = Object.entries(all).map(([name, value]) => `echo ${value} > /proc/sys/net/${name}`);
  await namespace.must(['sh', '-ec', lines.join('\n')]);
}

/** Both ends of the cable from the firewall's `gate` to a host. */
async function plug(firewall: Namespace, gate: keyof typeof gates, host: Namespace, at: typeof someone | typeof web) {
  await ip(firewall, [
    `link add ${gate} type veth peer name eth0 netns ${host.name}`,
    `address add ${gates[gate][4]}/24 dev ${gate}`,
    `address add ${gates[gate][6]}/64 dev ${gate}`,
    `link set ${gate} up`,
  ]);
  await ip(host, [
    `address add ${at[4]}/24 dev eth0`,
    `address add ${at[6]}/64 dev eth0`,
    'link set eth0 up',
    `route add default via ${gates[gate][4]}`,
    `route add default via ${gates[gate][6]}`,
  ]);
}

/** Starts the web service on these ports, and waits until it answers on all of them. */
export async function serve(dmz: Namespace, ...ports: readonly number[]): Promise<void> {
  const service = dmz.start([process.execPath, program('web-service'), ...ports.map(String)]);
  let said = '';
  service.stdout!.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  service.stderr!.resume();
  await waitFor(() => said.split('listening').length > ports.length, { timeoutMs: 30_000, what: 'the web service' });
}

/** A namespace that would pass packets on, if it had cables. */
export function forwards(namespace: Namespace): Promise<void> {
  return configure(namespace, FORWARDING);
}

/** The other member of a pair takes over: both cables and all addresses of the firewall are its own from now on. */
export async function failOver({ firewall }: World, standby: Namespace): Promise<void> {
  for (const [gate, at] of Object.entries(gates)) {
    await ip(firewall, [`link set ${gate} netns ${standby.name}`]);
    await ip(standby, [
      `address add ${at[4]}/24 dev ${gate}`,
      `address add ${at[6]}/64 dev ${gate}`,
      `link set ${gate} up`,
    ]);
  }
}

/** Makes the world, gives it to `action`, and takes it away with every program in it. Its firewall has no rule yet. */
export function withWorld<T>(action: (world: World) => Promise<T>): Promise<T> {
  return withNamespaces(['net', 'fw', 'dmz'], async ({ net, fw, dmz }) => {
    await Promise.all([configure(net, {}), configure(fw, FORWARDING), configure(dmz, {})]);
    await Promise.all([plug(fw, 'wan0', net, someone), plug(fw, 'dmz0', dmz, web)]);
    await ip(fw, [
      `route add default via ${someone[4]}`,
      `route add default via ${someone[6]}`,
      `route add ${INSIDE[4]} via ${web[4]}`,
      `route add ${INSIDE[6]} via ${web[6]}`,
    ]);
    await serve(dmz, PORTAL, RESULTS);
    return action({
      internet: net,
      firewall: fw,
      dmz,
      visit: async (port, { family = 4, expected }) => {
        const argv = [process.execPath, program('visitor'), web[family], String(port), String(PATIENCE_MS[expected])];
        return JSON.parse(await net.must(argv)) as Visit;
      },
    });
  });
}
