import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  captureHash,
  displayMessage,
  parseCapture,
  redactCapture,
  redactText,
  serialiseCapture,
} from '../../agent/collect/index.js';
import { decodeUtf8 } from '../../agent/collect/utf8.js';
import type { Capture, SecretPattern } from '../../agent/drivers/contract.js';
import { displayText } from '../../agent/lib/display.js';

const key = new TextEncoder().encode('a key of sixteen bytes or more');
const password: SecretPattern = { title: 'password', pattern: /password (?<value>\S+)/ };

function capture(text: string, name = 'rules'): Capture {
  return { driver: 'fake', device: 'web-01', sections: [{ name, source: 'show', text }] };
}

describe('a hash', () => {
  const volatile = [{ title: 'counters', pattern: /packets \d+/, replacement: 'packets N' }];
  const hash = (value: Capture): string => captureHash(value, volatile);

  test('is the same while nothing changed', () => {
    expect(hash(capture('accept packets 5\n'))).toBe(hash(capture('accept packets 77\n')));
    const two = { ...capture(''), sections: [capture('a', 'x').sections[0]!, capture('b', 'y').sections[0]!] };
    expect(hash({ ...two, sections: two.sections.toReversed() })).toBe(hash(two));
    expect(hash({ ...two, device: 'web-02' })).toBe(hash(two));
  });

  test('differs when a byte, a section or a failure does', () => {
    const problem = { code: 'TIMEOUT', message: 'no end' };
    const base = capture('a');
    const failed = { ...base, sections: [{ ...base.sections[0]!, failure: { kind: 'timeout' as const, problem } }] };
    const all = [base, capture('b'), capture('a', 'other'), failed, { ...base, sections: [] }, capture('a ')];
    expect(new Set(all.map(hash)).size).toBe(all.length);
  });

  test('cannot be led astray by text that looks like a border between sections', () => {
    const make = (...parts: readonly [string, string][]): Capture => ({
      ...capture(''),
      sections: parts.map(([name, text]) => ({ name, source: 'x', text })),
    });
    expect(hash(make(['a', 'b'], ['c', 'd']))).not.toBe(hash(make(['a', 'b1:c0:1:d'])));
    expect(hash(make(['a', '']))).not.toBe(hash(make(['', 'a'])));
  });
});

describe('a stored capture', () => {
  const failure = {
    kind: 'exit-code' as const,
    problem: { remedy: 'mend it', message: 'broken', code: 'COMMAND_FAILED' },
  };
  const whole: Capture = {
    ...capture('é \u0000 "quoted"\n'),
    sections: [
      { name: 'z', source: 's', text: 't' },
      { name: 'a', source: 's', text: '\u001b[0m', failure },
    ],
  };

  test('is read back as it was, sections by name', () => {
    const text = serialiseCapture(whole);
    const read = parseCapture(text);
    expect(read).toEqual({ ok: true, value: { ...whole, sections: whole.sections.toReversed() } });
    expect(read.ok && serialiseCapture(read.value)).toBe(text);
  });

  test('is refused when it is cut or not one', () => {
    const text = serialiseCapture(whole);
    for (const bad of [text.slice(0, -10), '', '[]', '{"ecluseCapture":2}', '{"ecluseCapture":1,"driver":"x"}']) {
      expect(parseCapture(bad, 'c.json')).toMatchObject({ ok: false, error: { code: 'BAD_CAPTURE', file: 'c.json' } });
    }
    expect(parseCapture(text.replace('exit-code', 'other')).ok).toBe(false);
  });
});

describe('redaction', () => {
  test('replaces a secret by a digest that depends on the key and on the secret alone', () => {
    const one = redactText('user a password s3cret\nuser b password s3cret x\n', [password], key);
    expect(one).toMatch(/^user a password (?<d><secret-[0-9a-f]{24}>)\nuser b password \k<d> x\n$/);
    expect(redactText('password other', [password], key)).not.toBe(redactText('password s3cret', [password], key));
    const otherKey = key.map((byte) => byte ^ 1);
    expect(redactText('password s3cret', [password], otherKey)).not.toBe(
      redactText('password s3cret', [password], key),
    );
  });

  test('leaves no secret and keeps the number of lines', () => {
    const pem: SecretPattern = { title: 'key', pattern: /BEGIN\n(?<value>[^-]+)-/ };
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{4,9}$/), { minLength: 1 }), (lines) => {
        const text = `first\nBEGIN\n${lines.join('\n')}-END\npassword ${lines[0]!}\nlast\n`;
        const clean = redactText(text, [pem, password], key);
        expect(clean.split('\n')).toHaveLength(text.split('\n').length);
        expect(clean).not.toContain(`\n${lines.join('\n')}-`);
        expect(clean).not.toContain(`password ${lines[0]!}`);
        expect(redactText(clean, [pem, password], key)).toBe(clean);
      }),
      { seed: 20260101, numRuns: 100 },
    );
  });

  test('redacts a secret that goes beyond a digest', () => {
    const line: SecretPattern = { title: 'rest of the line', pattern: /user (?<value>.+)/ };
    const clean = redactText('user password s3cret and more', [password, line], key);
    expect(clean).toMatch(/^user <secret-[0-9a-f]{24}>$/);
  });

  test('also cleans the words of a failure', () => {
    const base = capture('ok');
    const problem = { code: 'COMMAND_FAILED', message: 'line 3: password s3cret is too short' };
    const failed = { ...base, sections: [{ ...base.sections[0]!, failure: { kind: 'exit-code' as const, problem } }] };
    expect(JSON.stringify(redactCapture(failed, [password], key))).not.toContain('s3cret');
  });

  test('refuses a short key and a pattern without its group', () => {
    expect(() => redactText('x', [password], key.subarray(0, 8))).toThrow('16 bytes');
    expect(() => redactText('x', [{ title: 'no group', pattern: /x/ }], key)).toThrow('no group');
  });
});

describe('display', () => {
  test.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007after', 'after'],
    ['\u001b]8;;http://192.0.2.1/\u001b\\link', 'link'],
    ['a\u0000b\u0007c', 'a\ufffdb\ufffdc'],
    ['overwritten\rshown', 'overwritten\ufffdshown'],
    ['\u202edeny\u202c', '\ufffddeny\ufffd'],
    ['tab\tand\nline\r\nend', 'tab\tand\nline\nend'],
    ['\u009b31m', '\ufffd31m'],
    ['\u001b', ''],
  ])('%j is shown as %j', (raw, shown) => expect(displayText(raw)).toBe(shown));

  test('a message is one line of a bounded length', () => {
    expect(displayMessage('  a \n\n b\n')).toBe('a / b');
    expect(displayMessage('x'.repeat(1000), 10)).toBe(`${'x'.repeat(9)}…`);
  });
});

/** The same by brute force: a prefix is good when some continuation makes it valid. */
function naiveOffset(bytes: Uint8Array): number | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const valid = (part: Uint8Array): boolean => {
    try {
      decoder.decode(part);
      return true;
    } catch {
      return false;
    }
  };
  if (valid(bytes)) return undefined;
  for (let end = bytes.length; end >= 0; end--) if (valid(bytes.subarray(0, end))) return end;
  return 0;
}

test('the first byte that is not UTF-8 is found', () => {
  const piece = fc.constantFrom('a', 'é', '€', '😀', '\u0000').map((text) => [...new TextEncoder().encode(text)]);
  const stray = fc.integer({ min: 0x80, max: 0xff }).map((byte) => [byte]);
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 12, arbitrary: piece }, stray), { maxLength: 40 }), (parts) => {
      const bytes = Uint8Array.from(parts.flat());
      const decoded = decodeUtf8(bytes);
      const expected = naiveOffset(bytes);
      expect('badOffset' in decoded ? decoded.badOffset : undefined).toBe(expected);
    }),
    { seed: 20260102, numRuns: 1000 },
  );
});
