import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { installPackages } from '../support/install.js';
import { type Namespace, waitFor, withNamespaces } from '../support/machine.js';
import { findProgram, isRoot } from '../support/needs.js';
import { BASE, buildImage, ensureBase, IMAGE, mustPodman, podman, podmanArgv } from './engine.js';

/**
 * `npm run test:image`: builds the container image for real and lets it guard a network namespace as docs/install.md
 * says. Its last line is `N passed, N failed, N skipped`. Not among the ordinary tests, because it takes minutes;
 * `.ci/run` runs it after them. Exit code 3: this machine runs no containers at all, and why was said.
 */
const PACKAGES = {
  ...{ buildah: 'buildah', podman: 'podman', runc: 'runc', mmdebstrap: 'mmdebstrap' },
  ...{ nft: 'nftables', ip: 'iproute2' },
};

/** Generous: the machine may be busy, and nothing here is about speed. */
const WAIT = { timeoutMs: 120_000, intervalMs: 100 };

const NAME = `ecluse-test-${process.pid}`;
const VOLUME = `${NAME}-state`;
/** As docs/install.md writes it, but for the network: there the host's own, here a namespace. */
const HARDENING = ['--cap-drop=all', '--cap-add=NET_ADMIN', '--read-only', '--security-opt=no-new-privileges'];
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];

const RULESET = `
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ct state established,related accept
		tcp dport 22 accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}
`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const tally = { passed: 0, failed: 0 };

async function check(name: string, action: () => Promise<void>): Promise<void> {
  const startMs = performance.now();
  const took = (): string => `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
  try {
    await action();
    tally.passed++;
    say(`  passed  ${name} (${took()})`);
  } catch (error) {
    tally.failed++;
    say(`  FAILED  ${name} (${took()})\n${String((error as Error).stack ?? error)}`);
  }
}

/** A container in the foreground: its output as it comes. */
interface Container {
  readonly child: ChildProcess;
  lines(): readonly string[];
  /** The first line of JSON for which `wanted` holds. */
  line(what: string, wanted: (value: Said) => boolean): Promise<Said>;
  ended(): Promise<number | undefined>;
}

interface Said {
  readonly kind: string;
  readonly text?: string;
  readonly event?: string;
  readonly finding?: { readonly subject?: { readonly summary?: string } };
}

interface Status {
  readonly daemon: boolean;
  readonly devices: readonly { readonly blind: readonly string[]; readonly approved?: string }[];
}

function started(argv: readonly string[]): Container {
  const [file, ...rest] = podmanArgv(['run', '--rm', '--name', NAME, ...LIMITS, ...argv]);
  const child = spawn(file!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  let code: number | undefined;
  const end = new Promise<number | undefined>((resolve) => {
    child.on('close', (exit) => {
      code = exit ?? -1;
      resolve(exit ?? undefined);
    });
  });
  const lines = (): readonly string[] => text.split('\n').slice(0, -1);
  return {
    child,
    lines,
    line: (what, wanted) =>
      waitFor(
        () => {
          const found = lines()
            .filter((line) => line.startsWith('{'))
            .map((line) => JSON.parse(line) as Said)
            .find(wanted);
          if (!found && code !== undefined) throw new Error(`ended (${code}) before ${what}\n${text}${errors}`);
          return found;
        },
        { ...WAIT, what: `${what} in\n${text}${errors}` },
      ),
    ended: () => end,
  };
}

async function inside(argv: readonly string[]): Promise<string> {
  return mustPodman(['exec', NAME, ...argv]);
}

async function stop(container: Container): Promise<void> {
  await mustPodman(['stop', '--time', '20', NAME]);
  assert.equal(await container.ended(), 0, 'it did not end by itself when it was told to');
}

function guardArgv(namespace: Namespace, more: readonly string[] = []): readonly string[] {
  const place = [`--network=ns:${namespace.path}`, '--hostname=gateway', '--volume', `${VOLUME}:/var/lib/ecluse`];
  return [...place, ...HARDENING, ...more, IMAGE, 'start', '--no-install', '--json'];
}

async function guardsNamespace(namespace: Namespace): Promise<void> {
  await namespace.must(['nft', '-f', '-'], { input: RULESET });
  const container = started(guardArgv(namespace));
  try {
    await check('guards the namespace: it says the device’s picture', async () => {
      const said = await container.line('the start', ({ kind }) => kind === 'start');
      assert.match(said.text ?? '', /guards gateway/);
      await container.line('the picture', ({ kind }) => kind === 'picture');
    });
    await check('is healthy, and answers its commands through the socket', async () => {
      const status = await waitFor(
        async () => {
          // lsns may stumble over a program that ends while it looks: that reading says so, and the next one is whole.
          await podman(['exec', NAME, 'ecluse', 'snapshot']);
          const seen = JSON.parse(await inside(['ecluse', 'status', '--json'])) as Status;
          return seen.devices[0]?.blind.length === 0 ? seen : undefined;
        },
        { ...WAIT, what: 'a complete reading' },
      );
      assert.equal(status.daemon, true);
      assert.ok(status.devices[0]?.approved, 'nothing was learned at the first start');
      assert.equal((await podman(['healthcheck', 'run', NAME])).code, 0);
    });
    await check('has NET_ADMIN and no other capability, and a file system that nobody can write', async () => {
      const effective = /^CapEff:\s*(?<set>[0-9a-f]+)$/m.exec(await inside(['cat', '/proc/1/status']))?.groups?.set;
      assert.equal(BigInt(`0x${effective}`), 1n << 12n);
      assert.notEqual((await podman(['exec', NAME, 'touch', '/opt/ecluse/x'])).code, 0);
    });
    await check('tells a rule that was added', async () => {
      await namespace.must(['nft', 'add', 'rule', 'inet', 'filter', 'input', 'tcp', 'dport', '8080', 'accept']);
      await container.line(
        'the finding',
        ({ kind, event, finding }) =>
          kind === 'finding' && event === 'raise' && /tcp 8080/.test(finding?.subject?.summary ?? ''),
      );
    });
    await check('ends in good order when it is stopped', () => stop(container));
  } finally {
    await podman(['rm', '--force', '--time', '0', NAME]);
  }
}

async function remembers(namespace: Namespace): Promise<void> {
  const container = started(guardArgv(namespace));
  try {
    await check('started again with the same volume, it still knows what is open', async () => {
      const standing = await container.line('what stands', ({ kind }) => kind === 'standing');
      assert.match(JSON.stringify(standing), /8080/);
      const learned = container.lines().filter((line) => line.includes('learned at the first start'));
      assert.deepEqual(learned, []);
      await stop(container);
    });
  } finally {
    await podman(['rm', '--force', '--time', '0', NAME]);
  }
}

async function withoutRights(namespace: Namespace): Promise<void> {
  await check('without the capability nothing is called clean', async () => {
    const place = [`--network=ns:${namespace.path}`, '--hostname=gateway', '--tmpfs', '/var/lib/ecluse'];
    const container = started([...place, '--cap-drop=all', '--read-only', IMAGE, 'start', '--no-install', '--json']);
    try {
      await container.line('the start', ({ kind }) => kind === 'start');
      const status = JSON.parse(await inside(['ecluse', 'status', '--json'])) as Status;
      assert.notDeepEqual(status.devices[0]?.blind, []);
      await stop(container);
    } finally {
      await podman(['rm', '--force', '--time', '0', NAME]);
    }
  });
}

interface Inspected {
  readonly Healthcheck?: { readonly Test: readonly string[] };
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Volumes: Readonly<Record<string, unknown>>;
  };
  readonly Size: number;
}

async function looksRight(): Promise<void> {
  const [image] = JSON.parse(await mustPodman(['image', 'inspect', IMAGE])) as [Inspected];
  say(`  the image has ${(image.Size / 1e6).toFixed(0)} MB`);
  await check('says in its labels what it is, and how its health is asked', async () => {
    const { Labels, Volumes } = image.Config;
    const { version } = JSON.parse(
      await mustPodman([
        'run',
        '--rm',
        ...LIMITS,
        '--network=none',
        '--entrypoint',
        'cat',
        IMAGE,
        '/opt/ecluse/package.json',
      ]),
    ) as { readonly version: string };
    assert.equal(Labels['org.opencontainers.image.version'], version);
    assert.equal(Labels['org.opencontainers.image.revision'], 'test');
    assert.deepEqual(image.Healthcheck?.Test, ['CMD', 'ecluse', 'status', '--json']);
    assert.deepEqual(Object.keys(Volumes), ['/var/lib/ecluse']);
  });
  await check('brings the packages it needs, listed, and none of the workshop', async () => {
    const argv = ['run', '--rm', ...LIMITS, '--network=none', '--entrypoint', 'sh', IMAGE, '-c'];
    const sbom = JSON.parse(await mustPodman([...argv, 'cat /opt/ecluse/sbom.cdx.json'])) as {
      readonly components: readonly { readonly name: string }[];
    };
    const names = sbom.components.map(({ name }) => name);
    for (const name of ['commander', 'fastify', 'zod']) assert.ok(names.includes(name), `${name} is not listed`);
    assert.ok(!names.includes('jest') && !names.includes('typescript'));
    const there = await mustPodman([...argv, 'ls /opt/ecluse/node_modules; ls /usr/local/bin']);
    assert.doesNotMatch(there, /^(?:jest|typescript|@biomejs|npm)$/m);
    const version = await mustPodman(['run', '--rm', ...LIMITS, '--network=none', IMAGE, '--version']);
    assert.match(version, /^\d+\.\d+\.\d+\n$/);
  });
}

/** The exit code that says that nothing was tried: not the image failed, the machine has no place for one. */
const NO_CONTAINERS = 3;

/** Why this machine cannot run even the base image, in the engine's own words. */
async function refusal(): Promise<string | undefined> {
  try {
    await ensureBase(say);
    await mustPodman(['run', '--rm', ...LIMITS, '--network=none', BASE, 'true']);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function main(): Promise<number> {
  if (!isRoot()) {
    say('skipped because it is not run as root');
    say('0 passed, 0 failed, 1 skipped');
    return process.env.ECLUSE_REQUIRE_SYSTEM === '1' ? 1 : 0;
  }
  const missing = Object.entries(PACKAGES).flatMap(([name, one]) => (findProgram(name) === undefined ? [one] : []));
  if (missing.length > 0) installPackages(missing, say);
  const refused = await refusal();
  if (refused !== undefined) {
    say(`This machine lets no container be made or run: ${refused}`);
    return NO_CONTAINERS;
  }
  await check('the Dockerfile builds', async () => void (await buildImage()));
  if (tally.failed === 0) {
    try {
      await looksRight();
      await withNamespaces(['guarded'], async ({ guarded }) => {
        await guardsNamespace(guarded);
        await remembers(guarded);
        await withoutRights(guarded);
      });
    } finally {
      await podman(['volume', 'rm', '--force', VOLUME]);
      // Layers of yesterday's sources; those of today make the next build short.
      await podman(['image', 'prune', '--force', '--filter', 'until=24h']);
    }
  }
  say(`${tally.passed} passed, ${tally.failed} failed, 0 skipped`);
  return tally.failed === 0 ? 0 : 1;
}

process.exitCode = await main();
