import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';

/** docs/diff.md: its files are written down, and each of its commands answers to the letter what stands there. */
const page = readFileSync('docs/diff.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'ecluse-page-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Block {
  readonly title: string;
  readonly body: string;
}

const blocks = [...page.matchAll(/^```(?<title>[^\n]+)\n(?<body>[\s\S]*?)^```$/gm)].map(({ groups }): Block => {
  return { title: groups!.title!, body: groups!.body! };
});
for (const { title, body } of blocks) {
  const file = /^\w+ (?<name>\S+)$/.exec(title)?.groups?.name;
  if (file) writeFileSync(join(folder, file), body);
}
const sessions = blocks.flatMap(({ title, body }) => (title === 'console' ? [body] : []));

function run(words: readonly string[]): Promise<string> {
  return new Promise((done) => {
    execFile(process.execPath, [resolve('build/agent/main.js'), ...words], { cwd: folder }, (_, stdout) => {
      done(stdout);
    });
  });
}

describe('the page about differences', () => {
  test('has sessions', () => expect(sessions.length).toBeGreaterThanOrEqual(3));

  test.each(sessions)(
    '%#',
    async (session) => {
      const [line = '', ...answer] = session.split('\n');
      const [dollar, program, ...words] = line.split(' ');
      expect([dollar, program]).toEqual(['$', 'ecluse']);
      expect(await run(words)).toBe(answer.join('\n'));
    },
    60_000,
  );
});
