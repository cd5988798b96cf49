import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseSettings } from '../../agent/config/index.js';
import { drivers } from '../../agent/drivers/registry.js';
import { problemText } from '../../agent/lib/result.js';
import { parseAddressSet } from '../../agent/model/index.js';

function read(text: string) {
  const surroundings = { env: {}, host: 'pacs-1', home: '/home', isRoot: false };
  const settings = parseSettings(text, 'config.yaml', { surroundings, drivers: drivers.map(({ id }) => id) });
  if (!settings.ok) throw new Error(problemText(settings.error));
  return settings.value;
}

test('the example says everything, and this is what is understood', () => {
  const settings = read(readFileSync('config.example.yaml', 'utf8'));
  expect(settings).toEqual({
    site: 'hopital-nord',
    timeZone: 'Europe/Paris',
    stateFolder: resolve('state'),
    devices: [
      {
        id: 'gateway',
        kind: 'fw',
        zone: 'dmz',
        networks: {
          ip4: parseAddressSet('192.0.2.0/24')!.ip4,
          ip6: parseAddressSet('2001:db8:1::/48')!.ip6,
        },
        interfaceZones: { wan0: 'internet', dmz0: 'dmz', lan0: 'lan-clinical' },
        source: { kind: 'local' },
        drivers: ['nftables', 'iptables', 'linux-listeners', 'linux-saved', 'linux-access'],
      },
      {
        id: 'lab',
        kind: 'host',
        interfaceZones: {},
        source: { kind: 'local', prefix: ['ip', 'netns', 'exec', 'lab'] },
        drivers: ['nftables', 'linux-listeners'],
      },
      {
        id: 'portal',
        kind: 'host',
        zone: 'dmz',
        interfaceZones: {},
        source: {
          kind: 'ssh',
          user: 'ecluse',
          host: 'portal.example.org',
          port: 22,
          keyFile: resolve('keys/portal'),
          hostKeys: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
          legacyAlgorithms: [],
          jump: {
            user: 'ecluse',
            host: '192.0.2.10',
            port: 2222,
            keyFile: resolve('keys/portal'),
            hostKeys: [],
            legacyAlgorithms: [],
          },
        },
        drivers: ['nftables', 'iptables', 'linux-listeners', 'linux-saved', 'linux-access'],
      },
    ],
    pollSeconds: 300,
    wholeReadingSeconds: 3600,
    graceMinutes: 15,
    retentionDays: 400,
    log: { path: resolve('ecluse.log'), bytesMax: 10 * 2 ** 20, keep: 5 },
    approvedHosts: ['203.0.113.20', '2001:db8:20::/48'],
    sinks: [
      { kind: 'jsonl', id: 'file', to: resolve('alarms.jsonl') },
      {
        kind: 'syslog',
        id: 'siem',
        host: 'siem.example.org',
        port: 6514,
        framing: 'octet-counting',
        facility: 20,
        streams: ['alert', 'reminder'],
      },
      {
        kind: 'syslog',
        id: 'soc',
        host: 'collector.example.org',
        port: 2514,
        transport: 'relp-tls',
        tls: {
          ca: resolve('tls/ca.pem'),
          cert: resolve('tls/ecluse.pem'),
          key: resolve('tls/ecluse.key'),
          serverName: 'collector.example.org',
        },
        format: 'cef',
        streams: ['alert', 'heartbeat'],
      },
      {
        kind: 'webhook',
        id: 'duty',
        url: 'https://hooks.example.org/ecluse',
        secret: { kind: 'env', place: 'ECLUSE_HOOK_SECRET' },
        style: 'standard',
        language: 'fr',
      },
      {
        kind: 'mail',
        id: 'wards',
        to: ['astreinte@hopital.example.org'],
        from: 'ecluse@hopital.example.org',
        host: 'smtp.example.org',
        port: 587,
        security: 'starttls',
        user: 'ecluse',
        password: { kind: 'file', place: resolve('secrets/smtp') },
        language: 'fr',
      },
      {
        kind: 'mail',
        id: 'on-call',
        to: ['rssi@hopital.example.org'],
        from: 'ecluse@hopital.example.org',
        host: 'smtp.example.org',
        port: 587,
        security: 'starttls',
        language: 'fr',
        escalation: { critical: 15, high: 60, medium: 480, low: 7200 },
      },
    ],
  });
});
