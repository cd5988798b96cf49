import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An authority with a receiver's and a sender's certificate, made when they are needed: no key is kept in the tree. */
export interface Certificates {
  readonly ca: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
  /** SHA-256 of the server's certificate, in hexadecimal. */
  readonly serverPin: string;
}

/** Paths of PEM files. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

function openssl(folder: string, ...argv: readonly string[]): string {
  return execFileSync('openssl', argv, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** `names` are the server's: `DNS:siem.example.org,IP:127.0.0.1`. */
export function certificates(folder: string, names = 'DNS:siem.example.org,IP:127.0.0.1'): Certificates {
  const at = (name: string): string => join(folder, name);
  const authority = ['-subj', '/CN=Authority of a test', '-addext', 'basicConstraints=critical,CA:TRUE'];
  openssl(folder, 'req', '-x509', ...NEW_KEY, '-days', '2', ...authority, '-keyout', 'ca.key', '-out', 'ca.pem');
  const signed = (name: string, commonName: string, extensions: string): KeyPair => {
    writeFileSync(at(`${name}.ext`), extensions);
    openssl(folder, 'req', ...NEW_KEY, '-subj', `/CN=${commonName}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`];
    openssl(folder, 'x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.pem`);
    return { cert: at(`${name}.pem`), key: at(`${name}.key`) };
  };
  const server = signed('server', 'siem.example.org', `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
  const client = signed(
    'client',
    'ecluse.example.org',
    'subjectAltName=DNS:ecluse.example.org\nextendedKeyUsage=clientAuth\n',
  );
  const printed = openssl(folder, 'x509', '-in', 'server.pem', '-noout', '-fingerprint', '-sha256');
  return { ca: at('ca.pem'), server, client, serverPin: printed.split('=')[1]!.trim() };
}

export function pem(path: string): string {
  return readFileSync(path, 'utf8');
}
