import { describe, expect, test } from '@jest/globals';
import { allTokens, files, isText, read, sources, tokens } from './files.js';
import { type Token, tokenize } from './tokens.js';

/**
 * What the code must not do or contain. A rule over code sees tokens, so a comment or a text that speaks of a banned
 * call breaks no rule; a rule over text sees every file that is committed.
 */
interface CodeRule {
  readonly title: string;
  readonly because: string;
  /** Folders it holds in. */
  readonly folders: readonly string[];
  readonly except?: RegExp;
  /** Whether the token at `at` begins something banned. */
  readonly banned: (tokens: readonly Token[], at: number) => boolean;
  /** Code that must be found, and code that must not: a rule that catches nothing is no rule. */
  readonly catches: readonly string[];
  readonly passes: readonly string[];
}

/** Whether the tokens from `at` on are these names and signs, and the first is not a property of something else. */
function reads(tokens: readonly Token[], at: number, ...texts: readonly string[]): boolean {
  const isCode = (token: Token | undefined): boolean => token?.kind === 'name' || token?.kind === 'punctuation';
  const before = tokens[at - 1]?.text;
  return (
    before !== '.' &&
    before !== '?.' &&
    texts.every((text, i) => isCode(tokens[at + i]) && tokens[at + i]?.text === text)
  );
}

function unnamedGroup(pattern: string): boolean {
  let inClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at++;
    else if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    else if (character === '(' && !inClass && pattern[at + 1] !== '?') return true;
  }
  return false;
}

const codeRules: readonly CodeRule[] = [
  {
    title: 'process.exit only in agent/main.ts',
    because: 'it cuts off lines of the log and of an answer that are not written yet; set process.exitCode or return',
    folders: ['agent', 'test', 'bench'],
    except: /^agent\/main\.ts$/,
    banned: (all, at) => reads(all, at, 'process', '.', 'exit') || reads(all, at, 'process', '.', 'abort'),
    catches: ['process.exit(1)', 'const f = process.exit;'],
    passes: ['process.exitCode = 1', 'child.process.exit()', "'process.exit(1)'", '// process.exit(1)'],
  },
  {
    title: 'no console outside agent/cli and agent/main.ts',
    because: 'answers go through the command line, everything else through the log',
    folders: ['agent'],
    except: /^agent\/(?:cli\/|main\.ts$)/,
    banned: (all, at) => reads(all, at, 'console', '.'),
    catches: ["console.log('x')", 'console.error(x)'],
    passes: ['device.console.port', "log.info('console.log')"],
  },
  {
    title: 'the time of day only from lib/clock',
    because: 'time is injected, so that a replay and the simulator can set it',
    folders: ['agent'],
    except: /^agent\/lib\/clock\.ts$/,
    banned: (all, at) =>
      reads(all, at, 'Date', '.', 'now') || reads(all, at, 'new', 'Date', '(', ')') || reads(all, at, 'Date', '(', ')'),
    catches: ['Date.now()', 'const now = Date.now;', 'new Date()', 'const text = Date();'],
    passes: ['new Date(clock.now())', 'Date.UTC(2016, 1, 16)', 'Date.parse(text)'],
  },
  {
    title: 'no Math.random outside lib',
    because: 'randomness is injected, so that a seed repeats a run',
    folders: ['agent', 'test', 'bench'],
    except: /^agent\/lib\//,
    banned: (all, at) => reads(all, at, 'Math', '.', 'random'),
    catches: ['Math.random()'],
    passes: ['Math.round(x)'],
  },
  {
    title: 'no any',
    because: 'it switches the types off for everything it touches; say unknown and look',
    folders: ['agent', 'test', 'bench'],
    banned: (all, at) => {
      if (all[at]?.kind !== 'name' || all[at]?.text !== 'any') return false;
      const [before, after] = [all[at - 1]?.text ?? '', all[at + 1]?.text ?? ''];
      const isProperty = [':', '(', '.', '?.'].includes(after) || before === '.';
      // `{ any: any }` may be a value: an object's member is told from a type by what stands two tokens before.
      const isValue = before === ':' && [',', '{'].includes(all[at - 3]?.text ?? '') && [',', '}'].includes(after);
      return (
        !isProperty && !isValue && (['as', ':', '<', '|', '&', '=>'].includes(before) || ['>', '['].includes(after))
      );
    },
    catches: [
      'x as any',
      'let x: any;',
      'f(x: any, y: any)',
      'Array<any>',
      'const a: any[] = b',
      '(): any => 1',
      'Map<string, any>',
    ],
    passes: [
      'fc.any()',
      'const any = 1;',
      '{ any: true }',
      'return any;',
      '{ cidr: any, x }',
      'expect.any(String)',
      "'any'",
      'some((any) => any.rules)',
    ],
  },
  {
    title: 'no skipped or chosen tests',
    because: 'a test that does not run looks like one that passes; where the machine lacks something say systemTest',
    folders: ['test'],
    except: /^test\/support\/(?:system|shared)\.ts$/,
    banned: (all, at) =>
      ['test', 'it', 'describe'].some((base) =>
        ['skip', 'only', 'todo', 'failing'].some((how) => reads(all, at, base, '.', how)),
      ) || ['xtest', 'xit', 'xdescribe', 'fit', 'fdescribe'].some((name) => reads(all, at, name, '(')),
    catches: [
      "test.skip('x', f)",
      "describe.only('x', f)",
      "test.only.each([1])('x', f)",
      "xit('x')",
      "test.todo('x')",
    ],
    passes: ['reader.skip()', 'test.each([])', "fits('x')"],
  },
  {
    title: 'groups of a regular expression are named or do not capture',
    because: 'a number says nothing, and moves when another group comes before it',
    folders: ['agent', 'test', 'bench'],
    banned: (all, at) => {
      const token = all[at]!;
      if (token.kind === 'regex') return unnamedGroup(token.text);
      const fromText = ['string', 'template'].includes(token.kind) && reads(all, at - 2, 'RegExp', '(');
      return fromText && unnamedGroup(token.text.replaceAll('\\\\', '\\'));
    },
    catches: ['/a(b)/', '/(?:a)(b)/u', "new RegExp('(a)')", 'new RegExp(`${x}(a)`)'],
    passes: ['/(?<name>a)(?:b)(?=c)(?<!d)/', '/\\(a\\)/', '/[(]/', "new RegExp('\\\\(')", 'f(a)'],
  },
];

function offences(rule: CodeRule, all: readonly Token[]): readonly Token[] {
  return all.filter((_token, at) => rule.banned(all, at));
}

describe.each(codeRules)('$title', (rule) => {
  test('holds', () => {
    const wrong = sources(...rule.folders)
      .filter((path) => !rule.except?.test(path))
      .flatMap((path) =>
        offences(rule, tokens(path)).map((token) => `${path}:${token.line}: ${token.text}: ${rule.because}`),
      );
    expect(wrong).toEqual([]);
  });

  test('catches what it should and nothing else', () => {
    const caught = (code: string): boolean => {
      return (
        offences(
          rule,
          tokenize(code).filter((token) => token.kind !== 'comment'),
        ).length > 0
      );
    };
    expect(rule.catches.filter((code) => !caught(code))).toEqual([]);
    expect(rule.passes.filter(caught)).toEqual([]);
  });
});

interface TextRule {
  readonly title: string;
  readonly because: string;
  readonly pattern: RegExp;
  readonly except?: RegExp;
  readonly catches: readonly string[];
  readonly passes: readonly string[];
}

/** Written in two halves here, so that this file does not break its own rules. */
const halves = (a: string, b: string): string => a + b;

const textRules: readonly TextRule[] = [
  {
    title: 'no path of one machine',
    because: 'it exists nowhere else',
    pattern: new RegExp(halves('(?:^|[^\\w.~-])/(?:wo', 'rk|home/\\w+|Users/\\w+)/'), 'm'),
    catches: [halves("'/wo", "rk/main'"), halves('cd /home', '/alice/x')],
    passes: ['docs/work/x', 'https://example.org/work/', './work/', '/home'],
  },
  {
    title: 'no registry or package host',
    because: 'where packages come from is decided where it is installed',
    pattern: new RegExp(
      [
        halves('\\bregis', 'try\\.(?![jt]s\\b)[a-z]'),
        '\\bhttps?://(?:[\\w-]+\\.)*(?:npmjs|yarnpkg|npmmirror|pypi|pythonhosted|golang|crates)\\.(?:com|org|io)\\b',
        '\\bhttps?://(?:[\\w-]+\\.)*(?:(?:deb|security)\\.debian|archive\\.ubuntu|docker|quay|ghcr|gcr)\\.(?:com|org|io)\\b',
      ].join('|'),
    ),
    catches: [halves('"https://regis', 'try.npmjs.org/x.tgz"'), halves('http://deb.deb', 'ian.org/debian')],
    passes: ['registry.ts', "'./registry.js'", 'https://www.debian.org/doc', 'the registry. All of it'],
  },
  {
    title: 'no secret',
    because: 'what is committed is published; a test that needs a key makes one',
    pattern: new RegExp(
      [
        halves('-----BEGIN [A-Z ]*PRIV', 'ATE KEY-----'),
        halves('\\bAK', 'IA[0-9A-Z]{16}\\b'),
        halves('\\b(?:gh[pousr]_|github_', 'pat_)\\w{20,}'),
        halves('\\bxo', 'x[abprs]-\\w{8,}'),
        halves('\\b(?:sk|rk)_', 'live_\\w{8,}'),
        halves('\\bey', 'J[\\w-]{10,}\\.[\\w-]{10,}\\.[\\w-]{10,}'),
        halves('\\bnpm', '_[A-Za-z0-9]{36}\\b'),
        // A link with a user and a password; `user:@` and placeholders in angle brackets or braces are none.
        '\\b[a-z][a-z0-9+]*://[^\\s/:@<>{}$\'"`]+:[^\\s/@<>{}$\'"`]{4,}@',
      ].join('|'),
    ),
    catches: [
      halves('-----BEGIN OPENSSH PRIV', 'ATE KEY-----'),
      halves('AK', 'IAABCDEFGHIJKLMNOP'),
      halves('postgres://ecluse:hun', 'ter2@db/x'),
    ],
    passes: [
      '-----BEGIN CERTIFICATE-----',
      'https://example.org:443/x@y',
      'postgres://ecluse:${password}@db',
      'ssh://user@host',
    ],
  },
  {
    title: 'no mark of an unfinished merge',
    because: 'it is an accident',
    pattern: /^(?:<{7} |>{7} |={7}$)/m,
    catches: ['<<<<<<< HEAD', '=======\n'],
    passes: ['====', 'a ======= b'],
  },
];

describe.each(textRules)('$title', (rule) => {
  test('holds in everything that is committed', () => {
    const wrong = files
      .filter((path) => isText(path) && !rule.except?.test(path))
      .flatMap((path) => {
        const found = rule.pattern.exec(read(path));
        if (found === null) return [];
        return [
          `${path}:${
            read(path)
              .slice(0, found.index + 1)
              .split('\n').length
          }: ${rule.because}`,
        ];
      });
    expect(wrong).toEqual([]);
  });

  test('catches what it should and nothing else', () => {
    expect(rule.catches.filter((text) => !rule.pattern.test(text))).toEqual([]);
    expect(rule.passes.filter((text) => rule.pattern.test(text))).toEqual([]);
  });
});

test('the compiler and the linter are never told to look away without a reason', () => {
  const wrong = sources('agent', 'test', 'bench').flatMap((path) =>
    allTokens(path).flatMap((token) => {
      if (token.kind !== 'comment') return [];
      const silenced =
        /@ts-(?:ignore|nocheck|expect-error)|biome-ignore[\w-]*(?! lint\/[\w/]+: .{10,}| format: .{10,})/.exec(
          token.text,
        );
      return silenced === null ? [] : [`${path}:${token.line}: ${silenced[0]}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test('messages of the log are fixed texts: what varies goes in the fields', () => {
  const wrong = sources('agent').flatMap((path) => {
    const all = tokens(path);
    return all.flatMap((token, at) => {
      const isCall = ['error', 'warn', 'info', 'debug'].includes(token.text) && all[at + 1]?.text === '(';
      if (!isCall || all[at - 1]?.text !== '.' || !/^log(?:ger)?$/i.test(all[at - 2]?.text ?? '')) return [];
      const message = all[at + 2];
      const isFixed = (message?.kind === 'string' || message?.kind === 'template') && !message.text.includes('${}');
      return isFixed && [',', ')'].includes(all[at + 3]?.text ?? '') ? [] : [`${path}:${token.line}: ${token.text}`];
    });
  });
  expect(wrong).toEqual([]);
});
