import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseSettings, type Settings, type ZoneSettings } from '../../agent/config/index.js';
import { drivers } from '../../agent/drivers/registry.js';
import { problemText } from '../../agent/lib/result.js';
import { parseAddressSet } from '../../agent/model/index.js';

function example(): Settings {
  const text = readFileSync('config.example.yaml', 'utf8');
  const settings = parseSettings(text, 'config.yaml', { drivers: drivers.map(({ id }) => id) });
  if (!settings.ok) throw new Error(problemText(settings.error));
  return settings.value;
}

function zone(kind: ZoneSettings['kind'], trust: ZoneSettings['trust'], ...prefixes: readonly string[]): ZoneSettings {
  const sets = prefixes.map((prefix) => parseAddressSet(prefix)!);
  return { kind, trust, networks: { ip4: sets.flatMap(({ ip4 }) => ip4), ip6: sets.flatMap(({ ip6 }) => ip6) } };
}

describe('config.example.yaml', () => {
  test('says what is read, and who is told', () => {
    const { approvedHosts: _, zones: __, windows: ___, schedules: ____, sites: _____, ...settings } = example();
    expect(settings).toEqual({
      site: 'hopital-nord',
      timeZone: 'Europe/Paris',
      stateFolder: resolve('state'),
      devices: [
        {
          id: 'gateway',
          kind: 'fw',
          zone: 'publication',
          networks: {
            ip4: parseAddressSet('192.0.2.0/24')!.ip4,
            ip6: parseAddressSet('2001:db8:1::/48')!.ip6,
          },
          interfaceZones: { wan0: 'internet', dmz0: 'publication', lan0: 'lan-clinical' },
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
          site: 'hopital-sud',
          zone: 'publication',
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

  test('says which sites there are, and who is called there', () => {
    expect(example().sites).toEqual({
      'hopital-nord': { name: 'Hôpital Nord', contact: 'Astreinte réseau, poste 4100' },
      'hopital-sud': {
        name: 'Hôpital Sud',
        contact: 'Astreinte réseau, poste 4242',
        timeZone: 'Indian/Reunion',
        networks: {
          ip4: ['10.40.0.0/16', '203.0.113.64/27'].flatMap((prefix) => parseAddressSet(prefix)!.ip4),
          ip6: [],
        },
      },
    });
  });

  test('says who is trusted, what is planned, and what is done by the clock', () => {
    const { approvedHosts, zones, windows, schedules } = example();
    expect({ approvedHosts, zones, windows, schedules }).toEqual({
      approvedHosts: [
        { hosts: ['198.51.100.0/24'] },
        {
          hosts: ['203.0.113.20', '2001:db8:20::/48'],
          name: 'Hébergeur HDS',
          certificate: 'HDS 2024-0117',
          until: Date.parse('2027-06-30T23:59:59+02:00'),
        },
      ],
      zones: {
        imagerie: zone('imaging', 'inside', '10.20.0.0/16', '2001:db8:20::/48'),
        'lan-clinical': zone('clinical', 'inside', '10.10.0.0/16'),
        publication: zone('dmz', 'inside', '192.0.2.0/24'),
        annuaire: zone('directory', 'inside', '10.1.1.0/24'),
        sauvegarde: zone('backup', 'inside', '10.1.2.0/24'),
        administration: zone('management', 'inside', '10.1.0.0/24'),
        'wifi-patients': zone('guest', 'outside', '10.66.0.0/16'),
        telemaintenance: zone('vendor', 'partner', '10.99.0.0/24'),
      },
      windows: [
        {
          id: 'CHG-2041',
          vendor: 'Imagerie SA',
          owner: 'Équipe réseau',
          technician: 'Technician 12',
          ticket: 'CHG-2041',
          devices: ['gateway', 'portal'],
          start: Date.parse('2026-12-01T20:00+01:00'),
          end: Date.parse('2026-12-01T23:00+01:00'),
          scope: [
            {
              device: 'gateway',
              kind: 'rule',
              src: 'telemaintenance',
              dst: '192.0.2.10',
              proto: 'tcp',
              ports: '443,8443',
            },
            {
              src: 'internet',
              dst: '192.0.2.20',
              proto: 'tcp',
              ports: '443',
              keep: { owner: 'Service imagerie', review: Date.parse('2027-01-31T00:00+01:00') },
            },
          ],
        },
        {
          id: 'CHG-2050',
          vendor: 'Scanner SARL',
          devices: ['gateway'],
          start: Date.parse('2026-12-03T22:00+01:00'),
          end: Date.parse('2026-12-04T02:00+01:00'),
          recurs: { rule: 'FREQ=MONTHLY;BYDAY=1TH', timeZone: 'Europe/Paris' },
          scope: [{ src: 'telemaintenance', dst: 'imagerie', proto: 'tcp', ports: '22' }],
        },
        {
          id: 'CHG-2042',
          vendor: 'self',
          owner: 'Responsable A',
          devices: ['lab'],
          start: Date.parse('2026-12-03T07:00+01:00'),
          end: Date.parse('2026-12-03T08:30+01:00'),
          scope: [],
        },
      ],
      schedules: [
        { id: 'morning', do: 'read', cron: '30 6 * * MON-FRI', timeZone: 'Europe/Paris', devices: ['gateway'] },
        {
          id: 'monday',
          do: 'report',
          cron: '0 7 * * MON',
          timeZone: 'Europe/Paris',
          sinks: ['wards'],
          folder: resolve('reports'),
          language: 'fr',
        },
      ],
    });
  });
});
