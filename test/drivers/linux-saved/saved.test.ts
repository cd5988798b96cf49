import { describe, expect, test } from '@jest/globals';
import { drivers, readingOf } from '../../../agent/app/index.js';
import type { Capture, Section } from '../../../agent/drivers/contract.js';
import { composeObservation, type Observation } from '../../../agent/judge/index.js';
import type { Device } from '../../../agent/model/index.js';

const closed = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    tcp dport 22 accept
  }
}
`;
const open = closed.replace('tcp dport 22 accept\n', 'tcp dport 22 accept\n    tcp dport 8080 accept\n');
const enabled = (...units: readonly string[]): string =>
  `/etc/systemd/system:\nmulti-user.target.wants\n\n/etc/systemd/system/multi-user.target.wants:\n${units.map((unit) => `${unit}.service\n`).join('')}`;

type Files = Readonly<Record<string, string>>;

function sectionsOf(files: Files): readonly Section[] {
  return Object.entries(files).map(([name, text]) => ({ name, source: name, text }));
}

/** A host with these rules in its kernel and these files on its disk. */
function host(live: string, files: Files): Device {
  const listeners = ['addr', 'ss'].map((name) => ({ name, source: name, text: name === 'addr' ? '[]' : '' }));
  const captures: readonly Capture[] = [
    { driver: 'nftables', device: 'fw', sections: [{ name: 'nft-text', source: 'nft list ruleset', text: live }] },
    { driver: 'linux-saved', device: 'fw', sections: sectionsOf(files) },
    { driver: 'linux-listeners', device: 'fw', sections: listeners },
  ];
  const { model, blind } = readingOf(captures, 'fw', drivers, 0);
  if (!model) throw new Error(blind.join('\n'));
  return model;
}

function composed(now: Device, approved?: Device): Observation {
  return composeObservation({
    device: 'fw',
    at: 0,
    now,
    ...(approved && { approved }),
    declared: { flows: [], listeners: [] },
    earlier: [],
    interfaceZones: {},
  });
}

const latent = ({ undeclared }: Observation) =>
  undeclared.flatMap((one) =>
    one.latent ? [`${one.summary} | ${one.latent.returnsWhen} | ${one.place?.file}:${one.place?.line}`] : [],
  );

const shut = host(closed, { systemd: enabled('nftables'), nftables: closed });
const RETURNS = 'at the next start, when nftables loads /etc/nftables.conf';

describe('rules that come back at the next start', () => {
  test('are told where the running ones are shut and the saved ones are not', () => {
    const now = host(closed, { systemd: enabled('nftables'), nftables: `flush ruleset\n${open}` });
    expect(latent(composed(now, shut))).toEqual([`any → fw tcp 8080 | ${RETURNS} | /etc/nftables.conf:6`]);
  });

  test('are not told while both are open: the opening itself is', () => {
    const now = host(open, { systemd: enabled('nftables'), nftables: open });
    const { undeclared } = composed(now, shut);
    expect(undeclared.map(({ summary, latent: later }) => [summary, later])).toEqual([
      ['any → fw tcp 8080', undefined],
    ]);
  });

  test('were approved with the snapshot in which they stood', () => {
    const now = host(closed, { systemd: enabled('nftables'), nftables: open });
    expect(latent(composed(now, now))).toEqual([]);
  });

  test('without an approved state are compared with what holds', () => {
    const now = host(closed, { systemd: enabled('nftables'), nftables: open });
    expect(latent(composed(now))).toHaveLength(1);
  });

  test('are none where nothing loads the file, and that is said', () => {
    const now = host(closed, { systemd: enabled('ssh'), nftables: open });
    expect(latent(composed(now, shut))).toEqual([]);
    expect(now.later).toBeUndefined();
    expect(now.coverage.notCovered).toEqual(
      expect.arrayContaining([
        '/etc/nftables.conf: nothing loads it at the start (nftables is not enabled).',
        'Nothing known here loads rules at the start of this machine: what holds after one is not known.',
      ]),
    );
  });

  test('an emptied file opens everything', () => {
    const now = host(closed, { systemd: enabled('nftables'), nftables: 'flush ruleset\n' });
    expect(latent(composed(now, shut)).join()).toContain('any → fw any service (no filter)');
  });

  test('that are not understood are said, and nothing is guessed from them', () => {
    const now = host(closed, { systemd: enabled('nftables'), nftables: `${open}frobnicate everything\n` });
    expect(latent(composed(now, shut))).toEqual([]);
    expect(now.coverage.notCovered.join('\n')).toMatch(
      /\/etc\/nftables\.conf: what it would let through after the next start is not known: .*frobnicate/,
    );
  });

  test('follow what a file of nft includes, and point at the line of the file it stands in', () => {
    const main = 'flush ruleset\ninclude "/etc/nftables.d/*.nft"\n';
    const parts = open
      .split('\n')
      .slice(0, -1)
      .map((line) => `/etc/nftables.d/10-filter.nft:${line}\n`)
      .join('');
    const files = { systemd: enabled('nftables'), nftables: main, 'nftables-d': parts };
    expect(latent(composed(host(closed, files), shut))).toEqual([
      `any → fw tcp 8080 | ${RETURNS} | /etc/nftables.d/10-filter.nft:5`,
    ]);
    const lost = host(closed, { systemd: enabled('nftables'), nftables: 'include "/opt/vendor.nft"\n' });
    expect(latent(composed(lost, shut))).toEqual([]);
    expect(lost.coverage.notCovered).toContain('/etc/nftables.conf:1: includes /opt/vendor.nft, which is not read');
  });

  test('of netfilter-persistent are read as iptables reads them', () => {
    const v4 =
      '*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -p tcp --dport 3389 -j ACCEPT\nCOMMIT\n';
    const v6 = '*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';
    const now = host(closed, { systemd: enabled('netfilter-persistent'), 'rules-v4': v4, 'rules-v6': v6 });
    expect(latent(composed(now, shut))).toEqual([
      '0.0.0.0/0 → fw tcp 3389 | at the next start, when netfilter-persistent loads /etc/iptables/rules.v4; at the next start, when netfilter-persistent loads /etc/iptables/rules.v6 | /etc/iptables/rules.v4:6',
    ]);
  });

  const before = (six: string): string =>
    `*filter\n:ufw${six}-before-input - [0:0]\n:ufw${six}-before-output - [0:0]\n:ufw${six}-before-forward - [0:0]\n:ufw${six}-user-input - [0:0]\n-A ufw${six}-before-input -i lo -j ACCEPT\n-A ufw${six}-before-input -j ufw${six}-user-input\nCOMMIT\n`;
  const user = (six: string, rules: string): string =>
    `*filter\n:ufw${six}-user-input - [0:0]\n### RULES ###\n\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n-A ufw${six}-user-input -p tcp --dport 22 -j ACCEPT\n${rules}### END RULES ###\nCOMMIT\n`;
  const after = (six: string): string => `*filter\n:ufw${six}-after-input - [0:0]\nCOMMIT\n`;
  const ufw = (rules: string, more: Files = {}): Files => ({
    systemd: enabled('ufw'),
    ufw: 'ENABLED=yes\nLOGLEVEL=low\n',
    'ufw-defaults':
      'IPV6=yes\nDEFAULT_INPUT_POLICY="DROP"\nDEFAULT_OUTPUT_POLICY="ACCEPT"\nDEFAULT_FORWARD_POLICY="DROP"\n',
    'ufw-before': before(''),
    'ufw-before6': before('6'),
    'ufw-user': user('', rules),
    'ufw-user6': user('6', ''),
    'ufw-after': after(''),
    'ufw-after6': after('6'),
    ...more,
  });

  test('of ufw are put together as ufw puts them together', () => {
    const now = host(closed, ufw('-A ufw-user-input -p tcp --dport 5900 -j ACCEPT\n'));
    expect(latent(composed(now, shut)).map((line) => line.replace(/ \| .* \| /, ' | '))).toEqual([
      '0.0.0.0/0 → fw tcp 5900 (in not lo) | /etc/ufw/user.rules:7',
    ]);
    const wide = host(closed, ufw('', { 'ufw-defaults': 'IPV6=no\nDEFAULT_INPUT_POLICY="ACCEPT"\n' }));
    expect(latent(composed(wide, shut)).join()).toMatch(
      /any service \(in not lo\) \(by policy\) .*\/etc\/default\/ufw:1$/,
    );
    expect(host(closed, ufw('')).later).toBeDefined();
  });

  test('of ufw that is switched off come back never, and that is said', () => {
    const now = host(closed, ufw('-A ufw-user-input -p tcp --dport 5900 -j ACCEPT\n', { ufw: 'ENABLED=no\n' }));
    expect(now.later).toBeUndefined();
    expect(now.coverage.notCovered.join('\n')).toContain('ufw is not enabled there');
  });

  test('that may not be read are said', () => {
    const denied = {
      name: 'rules-v4',
      source: '/etc/iptables/rules.v4',
      text: '',
      failure: {
        kind: 'missing-right' as const,
        problem: { code: 'MISSING_RIGHT', message: 'fw: /etc/iptables/rules.v4: Permission denied' },
      },
    };
    const captures: readonly Capture[] = [
      { driver: 'nftables', device: 'fw', sections: [{ name: 'nft-text', source: 'nft', text: closed }] },
      {
        driver: 'linux-saved',
        device: 'fw',
        sections: [...sectionsOf({ systemd: enabled('netfilter-persistent') }), denied],
      },
    ];
    const { model, complete } = readingOf(captures, 'fw', drivers, 0);
    expect(complete).toBe(true);
    expect(model?.coverage.notCovered.join('\n')).toContain(
      'come back at the next start: fw: /etc/iptables/rules.v4: Permission denied',
    );
  });
});

test('too many rules that open nothing are said', () => {
  const rule = (port: number): string => `    tcp dport ${port} ip saddr 10.0.0.1 accept\n`;
  const many = closed.replace(
    '    tcp dport 22 accept\n',
    `    tcp dport 22 accept\n    drop\n${Array.from({ length: 65 }, (_, index) => rule(1000 + index)).join('')}`,
  );
  const files = { systemd: enabled('nftables'), nftables: closed };
  const { limits } = composed(host(many, files), shut);
  expect(limits).toEqual(['65 new rules open nothing now: which of them others only hide was not looked at']);
});

test('what could not be read any more stays told, and goes when nothing loads the file', () => {
  const opened = host(closed, { systemd: enabled('nftables'), nftables: open });
  const earlier = composed(opened, shut).undeclared;
  const base = {
    device: 'fw',
    at: 0,
    approved: shut,
    declared: { flows: [], listeners: [] },
    earlier,
    interfaceZones: {},
  };
  const garbled = host(closed, { systemd: enabled('nftables'), nftables: `${open}frobnicate everything\n` });
  expect(latent(composeObservation({ ...base, now: garbled }))).toHaveLength(1);
  const unloaded = host(closed, { systemd: enabled('ssh'), nftables: open });
  expect(latent(composeObservation({ ...base, now: unloaded }))).toEqual([]);
});
