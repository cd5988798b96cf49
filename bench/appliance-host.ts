import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import ssh2, { type Connection } from 'ssh2';
import { type Appliance, talk } from '../test/ssh/talk.js';

/**
 * The other side of bench/appliances.ts, in a process of its own: one server for each platform, which speaks its
 * dialogue from a recording. Says where they listen as one line of JSON, and ends with its standard input.
 */
const recorded = (path: string): string => readFileSync(`test/recordings/${path}`, 'utf8').replaceAll('\r\n', '\n');

const texts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  asa: {
    'show version': recorded('asa/edge/session/show-version.txt'),
    'show running-config': recorded('asa/edge/session/running-config.txt'),
    'show running-config all sysopt': recorded('asa/edge/session/sysopt.txt'),
    'show startup-config': recorded('asa/edge/session/startup-config.txt'),
    'show failover': recorded('asa/edge/session/failover-state.txt'),
  },
  fortios: {
    'get system status': 'Version: FortiGate-60F v7.4.3,build2573,240201 (GA.F)\n',
    'show full-configuration': recorded('fortios/clinic-74/configuration.txt'),
  },
  panos: {
    'show config running': recorded('panos/ward-xml/running-config.xml'),
    'show config pushed-shared-policy': '',
    'show config pushed-shared-policy vsys vsys1': 'No shared policy pushed to device\n',
    'show config pushed-template': '',
    'show config candidate': recorded('panos/ward-xml/running-config.xml'),
    'show high-availability state': 'HA not enabled\n',
  },
};

const looks: Readonly<Record<string, Partial<Appliance> & Pick<Appliance, 'prompt'>>> = {
  asa: { prompt: 'edge# ', pageLines: 24, pager: '<--- More --->' },
  fortios: { prompt: 'clinic-edge # ', pageLines: 24 },
  panos: { prompt: 'reader@ward> ', greeting: 'Last login: today\n' },
};

/** ssh2 now and then writes an Ed25519 key that it cannot read itself. */
function hostKey(): string {
  for (;;) {
    const { private: key } = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(key) instanceof Error)) return key;
  }
}

function letIn(client: Connection, appliance: Appliance): void {
  client.on('error', () => {});
  client.on('authentication', (context) => {
    if (context.method === 'password') context.accept();
    else context.reject(['password']);
  });
  client.on('session', (accept) => {
    const session = accept();
    session.on('pty', (take) => take?.());
    session.on('shell', (take) => {
      const channel = take();
      channel.on('error', () => {});
      talk(channel, { ...appliance });
    });
  });
}

const key = hostKey();
const ports = await Promise.all(
  Object.entries(texts).map(async ([platform, answers]) => {
    const appliance: Appliance = {
      unknown: 'Unknown command\n',
      ...looks[platform]!,
      answer: (line) => answers[line],
    };
    const server = new ssh2.Server({ hostKeys: [key] }, (client) => letIn(client, appliance));
    const tcp = createServer((socket) => {
      socket.on('error', () => {});
      server.injectSocket(socket);
    });
    const port = await new Promise<number>((resolve) =>
      tcp.listen(0, '127.0.0.1', 1_024, () => resolve((tcp.address() as { readonly port: number }).port)),
    );
    return [platform, port] as const;
  }),
);
const parsed = ssh2.utils.parseKey(key);
if (parsed instanceof Error) throw parsed;
const blob = (Array.isArray(parsed) ? parsed[0]! : parsed).getPublicSSH().toString('base64');
process.stdout.write(`${JSON.stringify({ ports: Object.fromEntries(ports), blob })}\n`);
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume();
