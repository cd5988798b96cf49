import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { must, type Outcome, type RunOptions, run } from '../support/machine.js';

/**
 * Builds and runs containers with buildah and podman in a storage of their own, without any registry of images: the
 * base image that the Dockerfile names is made here from Debian's packages and a Node from npm's.
 */
export const BASE = 'docker.io/library/node:24-bookworm-slim';
export const IMAGE = 'localhost/ecluse:test';

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ecluse-image');
const STORAGE = [
  ...['--root', join(cache, 'storage'), '--runroot', '/run/ecluse-image'],
  ...['--storage-driver', 'overlay'],
];
const BUILD_MS_MAX = 10 * 60_000;

export function buildah(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  return must(['buildah', ...STORAGE, ...argv], { timeoutMs: BUILD_MS_MAX, ...options });
}

/** The argv of a podman command; cgroups are left to whoever runs this, because a container may have none to give. */
export function podmanArgv(argv: readonly string[]): readonly string[] {
  return ['podman', ...STORAGE, '--cgroup-manager', 'cgroupfs', '--runtime', 'runc', ...argv];
}

export function podman(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return run(podmanArgv(argv), { timeoutMs: 120_000, ...options });
}

export async function mustPodman(argv: readonly string[]): Promise<string> {
  const outcome = await podman(argv);
  if (outcome.code === 0) return outcome.stdout;
  throw new Error(`podman ${argv.join(' ')}: exit code ${outcome.code}\n${outcome.stderr}`);
}

function npm(argv: readonly string[]): Promise<string> {
  return must(['npm', ...argv], { cwd: cache, timeoutMs: BUILD_MS_MAX });
}

/** Unpacks an npm package below the cache; a package that is there already is not asked for again. */
async function unpacked(name: string, folder: string): Promise<string> {
  const place = join(cache, folder);
  if (existsSync(join(place, 'package.json'))) return place;
  rmSync(place, { recursive: true, force: true });
  const [{ filename }] = JSON.parse(await npm(['pack', '--json', name])) as [{ readonly filename: string }];
  mkdirSync(place, { recursive: true });
  await must(['tar', '--extract', '--strip-components=1', '--file', join(cache, filename), '--directory', place]);
  rmSync(join(cache, filename));
  return place;
}

/** Certificates that this machine trusts, so that a build behind a private authority can fetch its packages. */
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

async function settle(root: string, node: string, npmFolder: string): Promise<void> {
  copyFileSync(join(node, 'bin/node'), join(root, 'usr/local/bin/node'));
  await must(['chmod', '0755', join(root, 'usr/local/bin/node')]);
  const modules = join(root, 'usr/local/lib/node_modules');
  mkdirSync(modules, { recursive: true });
  await must(['cp', '-a', npmFolder, join(modules, 'npm')]);
  await must(['ln', '-sf', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')]);
  await must(['chmod', '0755', join(modules, 'npm/bin/npm-cli.js')]);
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  copyFileSync(extra !== undefined && existsSync(extra) ? extra : CERTIFICATES, join(root, CERTIFICATES));
  // Where this machine gets its packages from; npm reads the file from beside its own installation.
  mkdirSync(join(root, 'usr/local/etc'), { recursive: true });
  const source = (await npm(['config', 'get', 'registry'])).trim();
  writeFileSync(join(root, 'usr/local/etc/npmrc'), `${['registry', source].join('=')}\n`);
}

/** Where this machine gets Debian's packages from, if it is a bookworm itself; else mmdebstrap knows where they are. */
function packageSource(): readonly string[] {
  const own = '/etc/apt/sources.list.d/debian.sources';
  const isBookworm = /^VERSION_CODENAME=bookworm$/m.test(readFileSync('/etc/os-release', 'utf8'));
  return isBookworm && existsSync(own) ? [own] : [];
}

/** The stand-in for the base image, made once and kept: about two minutes. */
export async function ensureBase(say: (text: string) => void): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const known = spawnSync('buildah', [...STORAGE, 'inspect', '--type', 'image', BASE], { stdio: 'ignore' });
  if (known.status === 0) return;
  say(`making a stand-in for ${BASE} (once; kept in ${cache})`);
  const rootfs = join(cache, 'bookworm.tar');
  if (!existsSync(rootfs)) {
    const unfinished = join(cache, 'unfinished.tar');
    const variant = ['--variant=minbase', '--include=ca-certificates,libstdc++6'];
    await must(['mmdebstrap', ...variant, 'bookworm', unfinished, ...packageSource()], { timeoutMs: BUILD_MS_MAX });
    await must(['mv', unfinished, rootfs]);
  }
  const node = await unpacked(`node-linux-${process.arch}@24`, 'node');
  const npmFolder = await unpacked('npm@11', 'npm');
  const container = (await buildah(['from', 'scratch'])).trim();
  try {
    const root = (await buildah(['mount', container])).trim();
    await must(['tar', '--extract', '--file', rootfs, '--directory', root, '--exclude', './dev/*']);
    await settle(root, node, npmFolder);
    await buildah(['umount', container]);
    const environment = ['--env', `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`, '--env', `PATH=${SEARCH}`];
    await buildah(['config', ...environment, '--cmd', 'node', container]);
    await buildah(['commit', '--quiet', '--format', 'docker', container, BASE]);
  } finally {
    await buildah(['rm', container]);
  }
}

const SEARCH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Builds the Dockerfile as it stands. */
export function buildImage(): Promise<string> {
  const how = ['--isolation', 'chroot', '--pull-never', '--format', 'docker', '--layers'];
  return buildah(['bud', ...how, '--build-arg', 'REVISION=test', '--tag', IMAGE, '.']);
}
