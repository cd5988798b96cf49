import { type SyslogOptions, syslogSink } from '../../agent/alarms/index.js';
import type { Sink } from '../../agent/alarms/sink.js';
import { secret } from '../../agent/lib/secret.js';
import { type Certificates, certificates, pem } from '../support/certificates.js';
import type { Need } from '../support/needs.js';
import { freePort, type Rsyslog, type RsyslogInput, rsyslog } from '../support/rsyslog.js';

/** One way to a real rsyslog: how rsyslog listens, and how the sink is told to speak. */
export interface Way {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly input: (port: number, made: Certificates) => RsyslogInput;
  readonly sink: (made: Certificates) => Omit<SyslogOptions, 'id' | 'host' | 'port'>;
  readonly usesTls?: boolean;
}

const HERE = 'address="127.0.0.1" ruleset="out"';

function gtls({ ca, server }: Certificates): string {
  return `global(defaultNetstreamDriverCAFile="${ca}" defaultNetstreamDriverCertFile="${server.cert}" defaultNetstreamDriverKeyFile="${server.key}")`;
}

function relpTls({ ca, server }: Certificates): string {
  const files = `tls.caCert="${ca}" tls.myCert="${server.cert}" tls.myPrivKey="${server.key}"`;
  return `tls="on" ${files} tls.authMode="name" tls.permittedPeer=["ecluse.example.org"]`;
}

const withCertificate = ({ ca, client }: Certificates) => ({
  ca: pem(ca),
  cert: pem(client.cert),
  key: secret(pem(client.key)),
});

const tlsNeeds: readonly Need[] = ['rsyslogd', 'rsyslog-gnutls', 'openssl'];

export const ways: readonly Way[] = [
  {
    name: 'UDP',
    needs: ['rsyslogd'],
    input: (port) => ({
      before: 'module(load="imudp")',
      input: `input(type="imudp" port="${port}" ${HERE})`,
      isUdp: true,
    }),
    sink: () => ({ transport: 'udp' }),
  },
  {
    name: 'TLS',
    needs: tlsNeeds,
    usesTls: true,
    input: (port, made) => ({
      before: `${gtls(made)}\nmodule(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")`,
      input: `input(type="imtcp" port="${port}" ${HERE})`,
    }),
    sink: ({ ca, serverPin }) => ({ tls: { ca: pem(ca), serverName: 'siem.example.org', pins: [serverPin] } }),
  },
  {
    name: 'mutual TLS',
    needs: tlsNeeds,
    usesTls: true,
    input: (port, made) => ({
      before: `${gtls(made)}\nmodule(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/name" permittedPeer=["ecluse.example.org"])`,
      input: `input(type="imtcp" port="${port}" ${HERE})`,
    }),
    sink: (made) => ({ tls: { ...withCertificate(made), serverName: 'siem.example.org' } }),
  },
  {
    name: 'RELP',
    needs: ['rsyslogd', 'rsyslog-relp'],
    input: (port) => ({ before: 'module(load="imrelp")', input: `input(type="imrelp" port="${port}" ${HERE})` }),
    sink: () => ({ transport: 'relp' }),
  },
  {
    name: 'RELP over TLS',
    needs: ['rsyslogd', 'rsyslog-relp', 'openssl'],
    usesTls: true,
    input: (port, made) => ({
      before: 'module(load="imrelp")',
      input: `input(type="imrelp" port="${port}" ${HERE} ${relpTls(made)})`,
    }),
    sink: (made) => ({ transport: 'relp', tls: withCertificate(made) }),
  },
];

export interface Prepared {
  readonly server: Rsyslog;
  readonly sink: Sink;
  readonly made: Certificates | undefined;
}

const none: Certificates = {
  ca: '',
  server: { cert: '', key: '' },
  client: { cert: '', key: '' },
  serverPin: '',
};

/** Both ends, the receiver not started yet. */
export async function prepare(way: Way, folder: string): Promise<Prepared> {
  const made = way.usesTls ? certificates(folder) : none;
  const port = await freePort();
  const server = rsyslog(folder, port, way.input(port, made));
  const sink = syslogSink({ id: 'siem', host: '127.0.0.1', port, hostname: 'garde.example', ...way.sink(made) });
  return { server, sink, made };
}
