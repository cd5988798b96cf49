import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { parseSettings } from '../../agent/config/index.js';
import { run, systemTest, tempDir, withNamespaces } from '../support/system.js';

/** What the pages for whoever runs Écluse say must be so. */
const page = (name: string): string => readFileSync(`docs/${name}`, 'utf8');
const unit = page('ecluse.service');

function values(key: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(?<value>.*)$`, 'gm'))].map(({ groups }) => groups!.value!);
}

describe('the unit file', () => {
  test('waits for what the daemon tells, and lets its child tell it', () => {
    expect(values('Type')).toEqual(['notify']);
    expect(values('NotifyAccess')).toEqual(['all']);
    expect(values('WatchdogSec')).toEqual(['2min']);
  });

  test('gives the one right that reading the filter takes, to an account of its own', () => {
    expect(values('User')).toEqual(['ecluse']);
    expect(values('AmbientCapabilities')).toEqual(['CAP_NET_ADMIN']);
    expect(values('CapabilityBoundingSet')).toEqual(['CAP_NET_ADMIN']);
    expect(values('NoNewPrivileges')).toEqual(['yes']);
  });

  test('keeps the state where the commands look for it', () => {
    expect(values('StateDirectory')).toEqual(['ecluse']);
    expect(values('Environment').join(' ')).toContain('ECLUSE_STATE=/var/lib/ecluse');
  });

  interface Read {
    readonly rules: number;
    readonly complete: boolean;
    readonly blind: readonly string[];
  }

  /** A reading by an ordinary account that has these capabilities and no others, as systemd gives them. */
  async function readWith(
    rights: readonly string[],
    inside: (argv: readonly string[]) => readonly string[],
  ): Promise<Read> {
    const state = tempDir();
    chmodSync(state, 0o777);
    const set = ['-all', ...rights.map((right) => `+${right}`)].join(',');
    const account = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--no-new-privs'];
    const given = [`--inh-caps=${set}`, `--ambient-caps=${set}`, `--bounding-set=${set}`];
    const program = [process.execPath, join(process.cwd(), 'build/agent/main.js'), 'snapshot', '--json'];
    const answer = await run(inside([...account, ...given, ...program]), {
      cwd: state,
      env: { ECLUSE_STATE: join(state, 's') },
    });
    return (JSON.parse(answer.stdout) as [Read])[0];
  }

  systemTest(
    ['root', 'netns', 'nft', 'iptables', 'iptables-legacy', 'ipset', 'ss', 'setpriv'],
    'and its page grant what each reading takes',
    () =>
      withNamespaces(['fw'], async ({ fw }) => {
        await fw.must(['nft', 'add', 'table', 'inet', 'filter']);
        await fw.must(['nft', 'add chain inet filter input { type filter hook input priority 0; policy drop; }']);
        await fw.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '22', 'accept']);
        await fw.must(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '80', '-j', 'ACCEPT']);
        await fw.must(['iptables-legacy', '-A', 'INPUT', '-p', 'tcp', '--dport', '81', '-j', 'ACCEPT']);
        const one = await readWith(['net_admin'], fw.inside);
        expect(one.complete).toBe(false);
        expect(one.blind.filter((reason) => !reason.includes('legacy'))).toEqual([]);
        const three = await readWith(['net_admin', 'net_raw', 'dac_read_search'], fw.inside);
        expect(three).toMatchObject({ complete: true, blind: [], rules: one.rules + 1 });
      }),
    60_000,
  );
});

describe('the pages', () => {
  const pages = ['install.md', 'operate.md', 'security.md'];

  test('name commands that there are', async () => {
    const help = await run([process.execPath, 'build/agent/main.js', '--help']);
    const known = new Set([...help.stdout.matchAll(/^ {2}(?<name>[a-z]+)\b/gm)].map(({ groups }) => groups!.name!));
    const named = pages.flatMap((name) =>
      [...page(name).matchAll(/(?:^|[`&] ?|sudo |exec ecluse )ecluse (?<command>[a-z]+)/gm)].map(
        ({ groups }) => groups!.command!,
      ),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test('lead to files that there are', () => {
    for (const name of [...pages, '../README.fr.md']) {
      for (const { groups } of page(name).matchAll(/\]\((?<target>[^)#:]+)\)/g)) {
        expect(() => readFileSync(join('docs', name, '..', groups!.target!))).not.toThrow(/ENOENT/);
      }
    }
  });
});

describe('compose.yaml', () => {
  interface Compose {
    readonly services: { readonly ecluse: Readonly<Record<string, unknown>> };
    readonly configs: { readonly guard: { readonly content: string } };
  }
  const compose = parse(page('compose.yaml')) as Compose;

  test('runs the image with the rights that the page names', () => {
    expect(compose.services.ecluse).toMatchObject({
      network_mode: 'host',
      cap_drop: ['ALL'],
      cap_add: ['NET_ADMIN'],
      read_only: true,
      security_opt: ['no-new-privileges:true'],
    });
    for (const option of [
      '--network=host',
      '--cap-drop=all --cap-add=NET_ADMIN --read-only --security-opt no-new-privileges',
    ]) {
      expect(page('install.md')).toContain(option);
    }
  });

  test('brings a configuration that is good', () => {
    expect(parseSettings(compose.configs.guard.content, 'config.yaml')).toMatchObject({
      ok: true,
      value: { sinks: [{ kind: 'syslog', host: '127.0.0.1', port: 6514 }] },
    });
  });
});
