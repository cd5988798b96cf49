import { describe, expect, test } from '@jest/globals';
import { egressRisk, riskOf, type Subject, unapprovedDestination } from '../../agent/judge/index.js';
import { parseAddressSet } from '../../agent/model/index.js';
import { contextOf, hospital, type SubjectText, subject } from '../support/guard.js';

const context = contextOf({
  devices: {
    ...hospital,
    dc1: { kind: 'host', zone: 'directory' },
    nas: { kind: 'host', zone: 'backup' },
    app: { kind: 'host', zone: 'srv-clinical', networks: parseAddressSet('10.9.0.0/24')! },
    portal: { kind: 'host', zone: 'dmz', networks: parseAddressSet('203.0.113.10')! },
    plain: { kind: 'host' },
  },
});
const rate = (text: SubjectText): string => riskOf(subject(text), context).because;

describe('risk of an opening', () => {
  const table: readonly (readonly [SubjectText, string])[] = [
    // The port alone, from the internet to a DMZ.
    [{ ports: '80' }, 'high: HTTP 80 high, from the internet'],
    [{ ports: '443' }, 'medium: HTTPS 443 medium, from the internet'],
    [{ ports: '80,443' }, 'high: HTTP 80 high, from the internet'],
    [{ ports: '49999' }, 'medium: port 49999 in no service list medium, from the internet'],
    [{ ports: '25' }, 'low: SMTP 25 low, from the internet'],
    [{ ports: '25,49999' }, 'medium: port 25,49999 in no service list medium, from the internet'],
    [{ proto: 'udp', ports: '53' }, 'medium: DNS 53 medium, from the internet'],
    [{ proto: 'any', ports: '5060' }, 'high: SIP 5060 high, from the internet'],
    [{ ports: '5900-5903' }, 'critical: VNC 5900-5903 critical, from the internet'],
    [{ proto: 'icmp', ports: 'any' }, 'low: icmp low, from the internet'],
    [{ proto: 'esp', ports: 'any' }, 'medium: esp medium, from the internet'],
    [{ proto: 'tcp', ports: '6514' }, 'info: Syslog over TLS 6514 info, from the internet'],
    // Who may come: `any` and every public prefix are the internet, RFC 5737 and 3849 count as public.
    [{ src: 'any', ports: '80' }, 'high: HTTP 80 high, from the internet'],
    [{ src: '0.0.0.0/0', ports: '80' }, 'high: HTTP 80 high, from the internet'],
    [{ src: '198.51.100.0/31', ports: '80' }, 'high: HTTP 80 high, from the internet'],
    [{ src: '2001:db8::/127', ports: '80' }, 'high: HTTP 80 high, from the internet'],
    [{ src: '198.51.100.7', ports: '80' }, 'medium: HTTP 80 high, one public host −1'],
    [{ src: '2001:db8::7', ports: '80' }, 'medium: HTTP 80 high, one public host −1'],
    [{ src: 'vendor-vpn', ports: '80' }, 'medium: HTTP 80 high, vendor VPN −1'],
    [{ src: '10.1.2.0/24', ports: '104' }, 'medium: DICOM upper layer 104 critical, internal source −2'],
    [{ src: '100.64.0.1', ports: '80' }, 'low: HTTP 80 high, internal source −2'],
    [{ src: 'fd00::/8', ports: '80' }, 'low: HTTP 80 high, internal source −2'],
    [{ src: 'fe80::1', ports: '80' }, 'low: HTTP 80 high, internal source −2'],
    [{ src: '169.254.1.1', ports: '80' }, 'low: HTTP 80 high, internal source −2'],
    [{ src: '224.0.0.5', ports: '80' }, 'low: HTTP 80 high, internal source −2'],
    [{ src: '203.0.113.10', ports: '80' }, 'low: HTTP 80 high, internal source −2'],
    [{ src: 'modalities', ports: '80' }, 'low: HTTP 80 high, internal source −2'],
    [{ src: 'modalities', ports: '443' }, 'low: HTTPS 443 medium, internal source −2'],
    [{ src: 'any', srcZone: 'guests', ports: '80' }, 'low: HTTP 80 high, internal source −2'],
    [{ src: 'any', srcZone: 'wan', ports: '80' }, 'high: HTTP 80 high, from the internet'],
    [{ src: '198.51.100.7', srcZone: 'wan', ports: '80' }, 'medium: HTTP 80 high, one public host −1'],
    [{ src: 'wan', ports: '80' }, 'low: HTTP 80 high, internal source −2'],
    // What stands behind it.
    [{ dst: 'app', ports: '443' }, 'high: HTTPS 443 medium, internet to clinical zone srv-clinical +1'],
    [{ dst: 'pacs', ports: '104' }, 'critical: DICOM upper layer 104 critical, internet to clinical zone imaging +1'],
    [{ dst: 'lab', ports: '443' }, 'high: HTTPS 443 medium, internet to clinical zone lab +1'],
    [{ dst: '10.9.0.5', ports: '443' }, 'high: HTTPS 443 medium, internet to clinical zone srv-clinical +1'],
    [{ dst: 'plain', ports: '443' }, 'medium: HTTPS 443 medium, from the internet'],
    [
      { src: 'staff', dst: 'pacs', ports: '104' },
      'high: DICOM upper layer 104 critical, internal source to imaging −1',
    ],
    [{ src: 'staff', dst: 'dc1', ports: '389' }, 'medium: LDAP 389 high, internal source to directory −1'],
    [{ src: 'staff', dst: 'nas', ports: '445' }, 'high: SMB 445 critical, internal source to backup −1'],
    // Nothing is filtered at all.
    [{ dst: 'any', proto: 'any', ports: 'any' }, 'critical: any port critical'],
    [{ src: '198.51.100.7', proto: 'tcp', ports: 'any' }, 'critical: any tcp port critical'],
    [{ src: 'staff', ports: '1-65535' }, 'critical: any tcp port critical'],
    [{ kind: 'engine', dst: 'any', proto: 'any', ports: 'any' }, 'critical: filtering off critical'],
    // The firewall's own doors.
    [{ dst: 'fw', ports: '443' }, 'critical: administration 443 of the firewall itself critical, from the internet'],
    [
      { dst: 'fw', ports: '48123' },
      'critical: administration 48123 of the firewall itself critical, from the internet',
    ],
    [
      { dst: 'fw', ports: '22', src: '198.51.100.7' },
      'high: administration 22 of the firewall itself critical, one public host −1',
    ],
    [
      { dst: '192.0.2.1', direction: 'input', ports: '22' },
      'critical: administration 22 of the firewall itself critical, from the internet',
    ],
    [{ dst: 'fw', proto: 'udp', ports: '1194' }, 'high: VPN 1194 to the firewall itself high, from the internet'],
    [
      { dst: 'fw', proto: 'udp', ports: '500,4500' },
      'high: VPN 500,4500 to the firewall itself high, from the internet',
    ],
    [{ dst: 'fw', proto: 'udp', ports: '53' }, 'medium: DNS 53 medium, from the internet'],
    [{ dst: 'fw', proto: 'esp', ports: 'any' }, 'high: VPN (esp) to the firewall itself high, from the internet'],
    [{ dst: 'fw', proto: 'icmp', ports: 'any' }, 'low: icmp low, from the internet'],
    [{ dst: 'fw', src: 'staff', ports: '443' }, 'low: HTTPS 443 medium, internal source −2'],
  ];
  test.each(table)('%j', (text, because) => expect(rate(text)).toBe(because));
});

describe('risk of a listener', () => {
  const listener = subject({ id: 'l', kind: 'listener', device: 'pacs', src: 'any', dst: 'pacs', ports: '8042' });
  const beside = (...alongside: Subject[]): string => riskOf(listener, context, alongside).severity;

  test('is one level lower while nothing from the internet reaches it', () => {
    expect(riskOf(listener, context).because).toBe(
      'high: Orthanc REST API / Explorer 8042 critical, no opening from the internet reaches it −1',
    );
  });

  test.each<[SubjectText, string]>([
    [{ dst: 'pacs', ports: '8042' }, 'critical'],
    [{ dst: 'any', proto: 'any', ports: 'any' }, 'critical'],
    [{ dst: 'imaging', ports: '8000-8100' }, 'critical'],
    [{ dst: 'any', kind: 'engine', proto: 'any', ports: 'any' }, 'critical'],
    [{ dst: 'pacs', ports: '8043' }, 'high'],
    [{ dst: 'pacs', ports: '8042', proto: 'udp' }, 'high'],
    [{ dst: 'web', ports: '8042' }, 'high'],
    [{ dst: 'pacs', ports: '8042', src: '198.51.100.7' }, 'high'],
    [{ dst: 'pacs', ports: '8042', src: 'modalities' }, 'high'],
    [{ dst: 'pacs', ports: '8042', latent: { returnsWhen: 'after a reboot' } }, 'high'],
    [{ device: 'pacs', dst: '10.0.0.1', direction: 'input', ports: '8042' }, 'critical'],
  ])('beside %j it is %s', (opening, severity) => expect(beside(subject(opening))).toBe(severity));

  test('a wildcard bind is at its host’s declared addresses', () => {
    const wide = subject({ kind: 'listener', device: 'app', src: 'any', dst: '0.0.0.0/0', ports: '8042' });
    expect(riskOf(wide, context, [subject({ dst: '10.9.0.0/16', ports: '8042' })]).severity).toBe('critical');
    expect(riskOf(wide, context, [subject({ dst: '10.8.0.0/16', ports: '8042' })]).severity).toBe('high');
  });
});

describe('data sent out', () => {
  const approving = contextOf({ ...context, approvedHosts: ['203.0.113.50', '203.0.113.64/28'] });
  test.each<[SubjectText, boolean]>([
    [{ src: 'research', dst: '198.51.100.80' }, true],
    [{ src: '10.0.0.0/8', dst: '198.51.100.0/24' }, true],
    [{ src: 'any', dst: '198.51.100.80' }, true],
    [{ src: 'research', dst: '2001:db8::80' }, true],
    [{ src: 'research', dst: '203.0.113.50' }, false],
    [{ src: 'research', dst: '203.0.113.65' }, false],
    [{ src: 'research', dst: '203.0.113.64-203.0.113.80' }, true],
    [{ src: 'proxy', dst: 'internet' }, false],
    [{ src: 'proxy', dst: 'any' }, false],
    [{ src: 'proxy', dst: '0.0.0.0/1' }, false],
    [{ src: 'research', dst: 'web' }, false],
    [{ src: 'research', dst: '10.0.0.9' }, false],
    [{ src: 'research', dst: '203.0.113.10' }, false],
    [{ src: 'internet', dst: '198.51.100.80' }, false],
    [{ src: 'research', dst: '198.51.100.80', kind: 'listener' }, false],
    [{ src: 'research', dst: '198.51.100.80', direction: 'input' }, false],
    [{ src: 'any', dst: '198.51.100.80', direction: 'output' }, true],
  ])('%j to a host nobody approved: %s', (text, expected) => {
    expect(unapprovedDestination(subject(text), approving)).toBe(expected);
  });

  test.each([
    ['research', 'high'],
    ['srv-clinical', 'high'],
    ['lan-clinical', 'high'],
    ['app', 'high'],
    ['any', 'high'],
    ['voice', 'medium'],
    ['10.0.0.0/8', 'medium'],
  ])('from %s it is %s', (src, severity) => {
    expect(egressRisk(subject({ src, dst: '198.51.100.80' }), context).severity).toBe(severity);
  });
});
