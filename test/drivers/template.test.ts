import { cpSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { run, tempDir } from '../support/system.js';

/**
 * docs/drivers.md, carried out: the template is copied under another name into a tree of its own, the registry is
 * generated, and what every driver has to keep is run there. Beside the folder, its recordings and what is generated
 * nothing differs from the tree it came from.
 */

const NAME = 'gatehouse';
const page = readFileSync('docs/drivers.md', 'utf8');

function textFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

function renamed(folder: string): void {
  for (const path of textFiles(folder))
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replaceAll("'example'", `'${NAME}'`).replaceAll('drivers/example', `drivers/${NAME}`),
    );
}

async function must(argv: readonly string[], cwd: string, timeoutMs: number): Promise<string> {
  const { code, stdout, stderr } = await run(argv, { cwd, timeoutMs });
  expect({ argv, code, said: code === 0 ? '' : `${stdout}${stderr}`.slice(-4_000) }).toEqual({
    argv,
    code: 0,
    said: '',
  });
  return `${stdout}${stderr}`;
}

test('the page names what there is', () => {
  for (const [, file] of page.matchAll(/^\| `(?<file>[a-z]+\.ts)` \|/gm))
    expect([file, existsSync(join('agent/drivers/example', file!))]).toEqual([file, true]);
  const listed = [...page.matchAll(/^\| `(?<file>[a-z]+\.ts)` \|/gm)].map(([, file]) => file);
  expect(listed.sort()).toEqual(readdirSync('agent/drivers/example').sort());
  const contract = readFileSync('agent/drivers/contract.ts', 'utf8');
  for (const [, word] of page.matchAll(
    /`(?<word>required|ifPresent|crossCheck|later|greetings|prepare|virtual|volatile|defaultsOf)`/g,
  ))
    expect([word, contract.includes(word!)]).toEqual([word, true]);
});

test('a copy of the template under another name is a driver, and no other file is edited by hand', async () => {
  const root = tempDir();
  const from = (path: string): void => cpSync(path, join(root, path), { recursive: true });
  // What the suite of drivers needs, and no other test.
  for (const path of ['agent', 'rules', 'package.json', 'tsconfig.json', 'jest.config.js']) from(path);
  for (const path of [
    'recordings',
    'support',
    'contract/canary.test.ts',
    'contract/plants.ts',
    'contract/plant-lines.ts',
  ])
    from(join('test', path));
  for (const name of ['contract', 'registry']) from(join('test/drivers', `${name}.test.ts`));
  from('test/drivers/recorded.ts');
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  const before = new Map(textFiles(join(root, 'agent')).map((path) => [path, readFileSync(path, 'utf8')]));

  cpSync(join(root, 'agent/drivers/example'), join(root, 'agent/drivers', NAME), { recursive: true });
  cpSync(join(root, 'test/recordings/example'), join(root, 'test/recordings', NAME), { recursive: true });
  renamed(join(root, 'agent/drivers', NAME));
  await must([process.execPath, join(process.cwd(), 'build/agent/drivers/generate.js')], root, 60_000);

  const edited = textFiles(join(root, 'agent')).filter((path) => before.get(path) !== readFileSync(path, 'utf8'));
  const places = edited.map((path) =>
    path.slice(root.length + 1).replace(new RegExp(`^agent/drivers/${NAME}/.*`), NAME),
  );
  expect([...new Set(places)].sort()).toEqual(['agent/drivers/catalogue.ts', 'agent/drivers/registry.ts', NAME].sort());

  await must([process.execPath, 'node_modules/typescript/bin/tsc', '--project', 'tsconfig.json'], root, 240_000);
  const said = await must(
    [
      ...[process.execPath, '--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--runInBand', '--verbose'],
      // That it does not take the template's recordings for its own cannot be: they are its own.
      ...['build/test/drivers', 'build/test/contract', '-t', `${NAME} (?!does not take)|registry`],
    ],
    root,
    600_000,
  );
  for (const words of [`driver ${NAME}`, '✓ knows its own recordings', '✓ the secrets are there before'])
    expect(said).toContain(words);
}, 900_000);
