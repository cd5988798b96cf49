import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { captureHash, readTwice, redactCapture } from '../../../agent/collect/index.js';
import type { Section } from '../../../agent/drivers/contract.js';
import { containerOf } from '../../../agent/drivers/linux-listeners/convert.js';
import { driver } from '../../../agent/drivers/linux-listeners/index.js';
import { captureOf, deviceOf, sessionOf, shown } from './sessions.js';

function ss(text: string): readonly Section[] {
  return [{ name: 'ss', source: 'ss -Hlntupe', text }];
}

function one(line: string) {
  const { listeners, coverage } = deviceOf(ss(`${line}\n`));
  expect(listeners).toHaveLength(1);
  return { ...listeners[0]!, blind: coverage.blind };
}

describe('what a socket is bound to', () => {
  test.each([
    ['0.0.0.0:80', '0.0.0.0:*', '', ['0.0.0.0/0'], false],
    ['*:80', '*:*', 'v6only:0', ['0.0.0.0/0', '::/0'], false],
    ['[::]:80', '[::]:*', 'v6only:1', ['::/0'], false],
    ['127.0.0.1:80', '0.0.0.0:*', '', ['127.0.0.1'], true],
    ['[::1]:80', '[::]:*', 'v6only:0', ['::1'], true],
    ['[::ffff:127.0.0.2]:80', '*:*', 'v6only:0', ['127.0.0.2'], true],
    ['[::ffff:192.0.2.1]:80', '*:*', 'v6only:0', ['192.0.2.1'], false],
    ['[::ffff:0.0.0.0]:80', '*:*', 'v6only:0', ['0.0.0.0/0'], false],
    ['*%lo:80', '*:*', 'v6only:0', ['0.0.0.0/0', '::/0'], true],
    ['0.0.0.0%eth1:80', '0.0.0.0:*', '', ['0.0.0.0/0'], false],
    ['[fe80::1]%eth0:80', '[::]:*', 'v6only:0', ['fe80::1'], false],
    ['[fe80::1%eth0]:80', '[::]:*', 'v6only:0', ['fe80::1'], false],
    ['128.0.0.1:80', '0.0.0.0:*', '', ['128.0.0.1'], false],
  ])('%s', (local, peer, v6only, addresses, loopback) => {
    const found = one(`tcp LISTEN 0 128 ${local} ${peer} users:(("x",pid=5,fd=3)) ino:9 sk:a cgroup:/ ${v6only} <->`);
    expect(shown(found.addresses)).toEqual(addresses);
    expect(found.loopback).toBe(loopback);
    expect(found.blind).toEqual([]);
  });
});

describe('identity', () => {
  const line = (rest: string): string => `tcp LISTEN 0 128 0.0.0.0:80 0.0.0.0:* ${rest} ino:9 sk:a cgroup:/ <->`;

  test('does not hold pid, descriptor, inode, user or number of workers', () => {
    const ids = ['users:(("nginx",pid=5,fd=3))', 'users:(("nginx",pid=99,fd=8),("nginx",pid=98,fd=8)) uid:33'].map(
      (rest) => one(line(rest)).id,
    );
    expect(new Set(ids)).toEqual(new Set(['tcp 0.0.0.0:80 nginx']));
  });

  test('changes with the program: another one on the port is another listener', () => {
    expect(one(line('users:(("nc",pid=5,fd=3))')).id).toBe('tcp 0.0.0.0:80 nc');
  });

  test('is that of systemd for its sockets and of a master for its workers, also when pids have wrapped', () => {
    expect(one(line('users:(("rpcbind",pid=480,fd=4),("systemd",pid=1,fd=3))')).process).toBe('systemd');
    expect(one(line('users:(("worker",pid=20,fd=6),("worker",pid=21,fd=6),("boss",pid=900,fd=13))')).process).toBe(
      'boss',
    );
    expect(one(line('users:(("child",pid=21,fd=6),("parent",pid=20,fd=6))')).process).toBe('parent');
  });

  test('is one for several sockets of SO_REUSEPORT', () => {
    const text = `${line('users:(("nginx",pid=5,fd=3))')}\n${line('users:(("nginx",pid=5,fd=4))')}\n`;
    expect(deviceOf(ss(text)).listeners).toHaveLength(1);
  });

  test('survives the making anew of a container', () => {
    const inContainer = (hex: string): string =>
      `tcp LISTEN 0 1 *:80 *:* users:(("x",pid=5,fd=3)) ino:9 sk:a cgroup:/docker/${hex.repeat(64)} v6only:0 <->`;
    const [a, b] = [one(inContainer('a')), one(inContainer('b'))];
    expect(a.id).toBe(b.id);
    expect([a.namespace, b.namespace]).toEqual(['docker aaaaaaaaaaaa', 'docker bbbbbbbbbbbb']);
  });
});

test.each([
  [`/system.slice/docker-${'a'.repeat(64)}.scope`, 'docker'],
  [`/machine.slice/libpod-${'a'.repeat(64)}.scope/container`, 'podman'],
  [`/kubepods.slice/kubepods-pod1.slice/cri-containerd-${'a'.repeat(64)}.scope`, 'containerd'],
  [`/kubepods/burstable/pod1/${'a'.repeat(64)}`, 'kubernetes'],
  ['/lxc.payload.web/system.slice/ssh.service', 'lxc'],
  ['/machine.slice/machine-web.scope', 'machine'],
  ['/system.slice/docker.service', undefined],
  ['/user.slice/user-1000.slice/session-3.scope', undefined],
])('the control group %s is of %s', (cgroup, kind) => expect(containerOf(cgroup)?.kind).toBe(kind));

test('a datagram socket in the range of clients is perhaps a client; a stream socket is not', () => {
  const text =
    'udp UNCONN 0 0 0.0.0.0:33000 0.0.0.0:*\nudp UNCONN 0 0 0.0.0.0:20500 0.0.0.0:*\ntcp LISTEN 0 1 0.0.0.0:33000 0.0.0.0:*\n';
  const flags = (sections: readonly Section[]): readonly boolean[] =>
    deviceOf(sections).listeners.map((listener) => listener.perhapsClient === true);
  expect(flags(ss(text))).toEqual([true, false, false]);
  const range = { name: 'port-range', source: 'ip_local_port_range', text: '20000\t21000\n' };
  expect(flags([...ss(text), range])).toEqual([false, true, false]);
});

describe('what failed', () => {
  const problem = { code: 'TIMEOUT', message: 'host-01: ss: no end after 10000 ms' };
  const failed = (name: string, kind: 'timeout' | 'missing-program' | 'exit-code', message: string): Section => ({
    name,
    source: name,
    text: '',
    failure: { kind, problem: { ...problem, message } },
  });

  test('is blind', () => {
    const { coverage } = deviceOf([failed('ss', 'timeout', 'host-01: ss: no end')]);
    expect(coverage.blind).toEqual(['host-01: ss: no end']);
    expect(deviceOf([...ss(''), failed('route4', 'timeout', 'no routes')]).coverage.blind).toEqual(['no routes']);
  });

  test('is not blind where /proc/net stands in for ss', () => {
    const missing = failed('ss', 'missing-program', 'host-01: ss: ss is not installed');
    expect(deviceOf([missing]).coverage.blind).toHaveLength(1);
    const { coverage, listeners } = deviceOf([missing, ...sessionOf('proc-net')]);
    expect(listeners).toHaveLength(7);
    expect(coverage.blind).toEqual([]);
    expect(coverage.notCovered.join('\n')).toContain('apt-get install iproute2');
  });

  test('is nothing where a kernel has no routing rules at all', () => {
    const none = failed('rule6', 'exit-code', 'host-01: ip -6 rule show: RTNETLINK answers: Operation not supported');
    expect(deviceOf([...ss(''), none]).coverage.blind).toEqual([]);
  });
});

test('an empty listing is no listener, a capture without a listing is no answer', () => {
  expect(deviceOf(ss('')).listeners).toEqual([]);
  const result = driver.read(captureOf([{ name: 'x', source: 'x', text: 'table inet filter {\n}\n' }]), {
    device: 'h',
  });
  expect(result).toMatchObject({ ok: false, error: { code: 'NOT_THIS_PLATFORM' } });
});

test('every line ends in one state, whatever is cut or garbled, and nothing is thrown', () => {
  const whole = sessionOf('application-server');
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.string({ unit: 'binary', maxLength: 6 }), (which, where, garbage) => {
      const index = which % whole.length;
      const sections = whole.map((section, at) => {
        if (at !== index) return section;
        const cut = where % (section.text.length + 1);
        return {
          ...section,
          text: section.text.slice(0, cut) + garbage + section.text.slice(cut + garbage.length * 2),
        };
      });
      const { coverage } = deviceOf(sections);
      const lines = sections.reduce((total, { text }) => total + text.replace(/\n$/, '').split('\n').length, 0);
      const empty = sections.filter(({ text }) => text === '' || text === '\n').length;
      expect(Math.abs(coverage.lines.length - lines)).toBeLessThanOrEqual(empty);
    }),
    { seed: 20260103, numRuns: 300 },
  );
});

test('a listing that is cut anywhere within a line is blind', () => {
  const { text } = sessionOf('application-server').find(({ name }) => name === 'ss')!;
  for (let end = 1; end < text.length; end += 3) {
    const cut = text.slice(0, end);
    if (cut.endsWith('\n') || /<->$/.test(cut)) continue;
    expect(deviceOf(ss(cut)).coverage.blind).not.toEqual([]);
  }
});

describe('what changes while nothing does', () => {
  const hash = (sections: readonly Section[]): string => captureHash(captureOf(sections), driver.volatile);
  const base = sessionOf('application-server');
  const edited = (name: string, edit: (text: string) => string): readonly Section[] => {
    const sections = base.map((section) =>
      section.name === name ? { ...section, text: edit(section.text) } : section,
    );
    expect(sections).not.toEqual(base);
    return sections;
  };

  test.each([
    [
      'ss',
      (text: string) =>
        text
          .replace(/pid=\d+/g, 'pid=31000')
          .replace(/ino:1/g, 'ino:7')
          .replace(/sk:/g, 'sk:1f'),
    ],
    ['ss', (text: string) => text.replace('("nginx",pid=931,fd=6),', '').replace('LISTEN 3 ', 'LISTEN 0 ')],
    ['ss', (text: string) => text.replace(/ {3,}/g, '      ')],
    ['addr', (text: string) => text.replace('3412', '3000').replace('14000', '13999')],
    ['route6', (text: string) => text.replace('expires 86011sec', 'expires 12sec')],
    ['route4', (text: string) => text.replaceAll(' linkdown', '')],
    ['link', (text: string) => text.replaceAll('"id":97', '"id":98').replaceAll('4802594165435', '5')],
    ['namespaces', (text: string) => text.replace('13881', '20000')],
  ])('%s', (name, edit) => expect(hash(edited(name, edit))).toBe(hash(base)));

  test.each([
    ['ss', (text: string) => text.replace('0.0.0.0:41234', '0.0.0.0:41235')],
    ['ss', (text: string) => text.replace('"sshd"', '"nc"')],
    ['ss', (text: string) => text.replace('127.0.0.53%lo', '0.0.0.0')],
    ['route4', (text: string) => text.replace('via 192.0.2.5', 'via 192.0.2.6')],
    ['link', (text: string) => text.replaceAll('614b434cd8324ecc', '614b434cd8324ecd')],
    ['forward4', () => '1\n'],
  ])('but a change in %s is one', (name, edit) => expect(hash(edited(name, edit))).not.toBe(hash(base)));
});

test('sockets of clients come and go between two readings, and yet change the hash', async () => {
  const fixed = 'tcp LISTEN 0 128  0.0.0.0:22    0.0.0.0:*\nudp   UNCONN 0 0   0.0.0.0:123   0.0.0.0:*\n';
  const texts = [1, 2].map(
    (at) => `${fixed}udp   UNCONN ${at}  0    0.0.0.0:4000${at} 0.0.0.0:*   ino:${at} sk:${at} <->\n`,
  );
  const captures = texts.map((text) => captureOf(ss(text)));
  let at = 0;
  const [settled] = await readTwice(async () => [captures[at++]!], [driver], { readingsMax: 2 });
  expect(settled!.sections[0]!.failure).toBeUndefined();
  expect(captureHash(captures[0]!, driver.volatile)).not.toBe(captureHash(captures[1]!, driver.volatile));
});

test('names of persons and old password hashes do not leave collect', () => {
  const text = 'root:x:0:0:root:/root:/bin/bash\ntech:$6$salt$hash:1000:1000:Given Family,Ward 3:/home/tech:/bin/sh\n';
  const sections = [
    ...ss('tcp LISTEN 0 1 0.0.0.0:80 0.0.0.0:* uid:1000 ino:5 sk:1 <->\n'),
    { name: 'passwd', source: 'p', text },
  ];
  const clean = redactCapture(captureOf(sections), driver.secrets, new Uint8Array(32));
  const stored = JSON.stringify(clean);
  for (const secret of ['$6$', 'hash:', 'Given', 'Ward']) expect(stored).not.toContain(secret);
  expect(deviceOf(clean.sections).listeners[0]!.user).toBe('tech');
});

test('a listing of namespaces that failed is said, and that one of those with a name may be the one that was read', () => {
  const ended = { code: 'COMMAND_FAILED', message: 'host-01: lsns: ended with exit code 1 and said nothing' };
  const { coverage } = deviceOf([
    ...ss('tcp LISTEN 0 1 0.0.0.0:80 0.0.0.0:* uid:0 ino:5 sk:1 <->\n'),
    { name: 'namespaces', source: 'lsns', text: '', failure: { kind: 'exit-code', problem: ended } },
    { name: 'named-namespaces', source: 'ip netns list', text: 'dmz (id: 0)\nguest\n' },
    { name: 'own-namespace', source: 'readlink', text: 'net:[4026531840]\n' },
  ]);
  expect(coverage.blind).toEqual([]);
  const said = coverage.notCovered.filter((text) => /namespaces/.test(text));
  expect(said).toHaveLength(2);
  expect(said.join('\n')).toContain('could not be listed this time: host-01: lsns: ended with exit code 1');
  expect(said.join('\n')).toContain('not read: dmz, guest (one of them may be the one that was read). ');
});
