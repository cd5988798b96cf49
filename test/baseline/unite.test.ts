import { describe, expect, test } from '@jest/globals';
import { type Baseline, lintBaseline, parseBaseline, uniteBaselines } from '../../agent/baseline/index.js';
import { problemLines, problemText } from '../../agent/lib/result.js';

function baseline(file: string, text: string): Baseline {
  const parsed = parseBaseline(`version: 1\n${text}`, file);
  if (!parsed.ok) throw new Error(problemText(parsed.error));
  return parsed.value;
}

const web = '{to: 192.0.2.10, service: tcp/443, why: portal, owner: web}';

describe('baselines in several files', () => {
  test('are one, in their order', () => {
    const united = uniteBaselines([
      baseline('a.yaml', `flows: [${web}]\nlisteners: [{listen: tcp/22}]`),
      baseline('b.yaml', 'flows: [{to: 192.0.2.11, service: tcp/443}]\nlisteners: [{listen: tcp/80}]'),
    ]);
    expect(united.ok && united.value.flows.map(({ at }) => `${at.file}:${at.line}`)).toEqual(['a.yaml:2', 'b.yaml:2']);
    expect(united.ok && united.value.listeners.map(({ text }) => text)).toEqual(['tcp any:22', 'tcp any:80']);
  });

  test('may say the same twice, and it is told where', () => {
    const united = uniteBaselines([baseline('a.yaml', `flows: [${web}]`), baseline('b.yaml', `flows: [${web}]`)]);
    if (!united.ok) throw new Error(problemText(united.error));
    const [one, other] = united.value.flows;
    expect(other!.id).toBe(`${one!.id}-2`);
    expect(lintBaseline(united.value, 0).map(problemText).join()).toContain('the same as the flow at a.yaml line 2');
  });

  test('may not use one id for two things', () => {
    const united = uniteBaselines([
      baseline('a.yaml', 'flows: [{id: F1, to: 192.0.2.10}]\nlisteners: [{id: L1, listen: tcp/22}]'),
      baseline('b.yaml', 'flows: [{id: F1, to: 192.0.2.11}]\nlisteners: [{id: L1, listen: tcp/23}]'),
    ]);
    expect(united.ok ? [] : problemLines(united.error).map((line) => line.replace(/ \(.*/, ''))).toEqual([
      'b.yaml:2: F1 is used twice: any → 192.0.2.10 any at a.yaml:2 is called so as well',
      'b.yaml:3: L1 is used twice: tcp any:22 at a.yaml:3 is called so as well',
    ]);
  });
});

test('everything that is wrong with a baseline is told at once', () => {
  const wrong = (text: string): readonly string[] => {
    const parsed = parseBaseline(text, 'b.yaml');
    return parsed.ok ? [] : problemLines(parsed.error).map((line) => line.replace(/ \(.*/, ''));
  };
  expect(wrong('version: 2\nflow: []\nlisteners: [{port: 22}]\n')).toEqual([
    'b.yaml:1:10: version: not as it should be',
    'b.yaml:2:7: flow: this key is not known',
    'b.yaml:3:13: listeners.0.listen: not as it should be',
    'b.yaml:3:20: listeners.0.port: this key is not known',
  ]);
  const values =
    'version: 1\nflows:\n  - {to: 10.1, service: tcp/443}\n  - {to: web, service: tcp/0x10}\nlisteners: [{listen: tcp}]\n';
  expect(wrong(values).map((line) => line.split(':').slice(0, 2).join(':'))).toEqual([
    'b.yaml:3',
    'b.yaml:4',
    'b.yaml:5',
  ]);
});
