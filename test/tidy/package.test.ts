import { builtinModules } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { files, has, read, sources, tokens } from './files.js';
import { importsOf } from './graph.js';

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides?: Readonly<Record<string, string>>;
}

interface LockedPackage {
  readonly resolved?: string;
  readonly version?: string;
  readonly link?: boolean;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { readonly packages: Readonly<Record<string, LockedPackage>> };
const declared = { ...manifest.dependencies, ...manifest.devDependencies };

/** The package of an import: `@scope/name/file.js` is of `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function packagesUsedIn(...folders: readonly string[]): ReadonlySet<string> {
  const paths = sources(...folders);
  const imported = paths.flatMap(importsOf).filter(({ target }) => target === undefined);
  // createRequire and a path into node_modules are uses too.
  // The words of a platform's grammar are in its driver, and one of them may be some package's name.
  const named = paths
    .filter((path) => !path.startsWith('agent/drivers/'))
    .flatMap((path) => tokens(path).filter(({ kind }) => kind === 'string'))
    .map(({ text }) => text);
  const through = named
    .flatMap((text) => [text.replace(/^.*node_modules\//, '')])
    .filter((text) => Object.hasOwn(declared, packageOf(text)));
  return new Set([...imported.map(({ specifier }) => specifier), ...through].map(packageOf));
}

describe('dependencies', () => {
  test('are exact versions: what was tested is what is installed', () => {
    const all = Object.entries({ ...declared, ...manifest.overrides });
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
  });

  test('are locked at those versions, without the host they once came from', () => {
    const packages = Object.entries(lock.packages);
    expect(packages.filter(([, { resolved, link }]) => resolved !== undefined || link === true)).toEqual([]);
    const differing = Object.entries(declared).filter(
      ([name, version]) => lock.packages[`node_modules/${name}`]?.version !== version,
    );
    expect(differing).toEqual([]);
  });

  test('of the product are imported by it, and it imports no others', () => {
    const used = packagesUsedIn('agent');
    const undeclared = [...used].filter(
      (name) =>
        !name.startsWith('node:') && !builtinModules.includes(name) && !Object.hasOwn(manifest.dependencies, name),
    );
    expect({ undeclared, unused: Object.keys(manifest.dependencies).filter((name) => !used.has(name)) }).toEqual({
      undeclared: [],
      unused: [],
    });
  });

  test('of the workshop are used by the tests or by a script', () => {
    const used = packagesUsedIn('test', 'bench', 'agent');
    const scripts = Object.values(manifest.scripts).join(' ');
    const isUsed = (name: string): boolean => {
      if (used.has(name)) return true;
      // @types/x serves x; @types/node serves Node, in the oldest version that engines allows.
      const typed = /^@types\/(?<name>.+)$/.exec(name)?.groups?.name;
      if (typed !== undefined) return typed === 'node' || Object.hasOwn(declared, typed);
      const { bin } = JSON.parse(read(`node_modules/${name}/package.json`)) as {
        readonly bin?: string | Readonly<Record<string, string>>;
      };
      const programs = typeof bin === 'string' ? [packageOf(name)] : Object.keys(bin ?? {});
      return programs.some((program) => new RegExp(`(?:^|[\\s&])${program}(?:\\s|$)`).test(scripts));
    };
    expect(Object.keys(manifest.devDependencies).filter((name) => !isUsed(name))).toEqual([]);
    const undeclared = [...used].filter(
      (name) => !name.startsWith('node:') && !builtinModules.includes(name) && !Object.hasOwn(declared, name),
    );
    expect(undeclared).toEqual([]);
  });

  test('types of Node are those of the oldest version that engines allows', () => {
    const oldest = /\d+/.exec(manifest.engines.node ?? '')?.[0];
    expect(manifest.devDependencies['@types/node']).toMatch(new RegExp(`^${oldest}\\.`));
  });
});

describe('the package', () => {
  test('brings its licence, its introduction and its history', () => {
    expect(['LICENSE', 'README.md', 'CHANGELOG.md'].filter((path) => !has(path) || read(path).length < 200)).toEqual(
      [],
    );
  });

  test('has its version in the history', () => {
    expect(has('CHANGELOG.md') ? read('CHANGELOG.md') : '').toContain(manifest.version);
  });

  test('its program exists', () => {
    const programs = Object.values(manifest.bin).map((path) => path.replace(/^build\//, '').replace(/\.js$/, '.ts'));
    expect(programs.filter((path) => !has(path))).toEqual([]);
  });

  test('its top level is what the design says', () => {
    const allowed = new Set([
      ...['agent', 'rules', 'test', 'config.example.yaml', 'package.json', 'Dockerfile'],
      ...['README.md', 'README.fr.md', 'LICENSE', 'CHANGELOG.md', 'docs', 'bench', '.ci'],
      // Tool configuration.
      ...['package-lock.json', 'tsconfig.json', 'jest.config.js', 'biome.json'],
      ...['.editorconfig', '.gitignore', '.gitattributes', '.dockerignore', '.npmrc'],
    ]);
    const top = [...new Set(files.map((path) => path.split('/')[0]!))];
    expect(top.filter((entry) => !allowed.has(entry))).toEqual([]);
  });
});
