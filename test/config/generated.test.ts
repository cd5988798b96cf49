import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { forms, type SchemaNode, schemaOf } from '../../agent/config/editor.js';
import { generated } from '../../agent/config/generate.js';
import { written } from '../../agent/config/reference.js';
import { ConfigFile } from '../../agent/config/schema.js';

const EXAMPLE = readFileSync('config.example.yaml', 'utf8');
const schema = schemaOf(ConfigFile);

/** As an editor's YAML server does: draft 7, its own keywords left alone. */
function validator(node: object) {
  return new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true })
    .addVocabulary(['x-type', 'x-secret'])
    .compile(node);
}

test.each(Object.entries(generated()))('%s is as `npm run generate` makes it', (path, text) => {
  expect(readFileSync(path, 'utf8')).toBe(text);
});

interface Documented {
  readonly path: string;
  readonly node: SchemaNode;
}

/** Every setting, at any depth: `devices[].source.ssh`. */
function settingsIn(node: SchemaNode, path = ''): readonly Documented[] {
  return forms(node).flatMap((form) => [
    ...Object.entries(form.properties ?? {}).flatMap(([name, one]) => {
      const place = path === '' ? name : `${path}.${name}`;
      return [{ path: place, node: one }, ...settingsIn(one, place)];
    }),
    ...(form.items ? settingsIn(form.items, `${path}[]`) : []),
    ...(typeof form.additionalProperties === 'object' ? settingsIn(form.additionalProperties, `${path}.NAME`) : []),
  ]);
}

const settings = settingsIn(schema);

describe('the schema', () => {
  test('explains every setting, and its examples and defaults are right by its own rules', () => {
    const silent = settings.filter(({ node }) => (node.description ?? '').length < 15 || node.examples?.length !== 1);
    expect(silent.map(({ path }) => path)).toEqual([]);
    const wrong = settings.flatMap(({ path, node }) => {
      const { examples = [], description: _, default: fallback, ...grammar } = node;
      const check = validator(grammar);
      const values = [...examples, ...(fallback === undefined ? [] : [fallback])];
      // Of a map that must hold more than the example shows, what is shown is looked at on its own.
      return values
        .filter((value) => !check(value) && typeof value !== 'object')
        .map((value) => `${path}: ${written(value)}`);
    });
    expect(wrong).toEqual([]);
  });

  test.each([
    'site: [a]',
    'pol: 5m',
    'devices: [{kind: fw}]',
    'devices: [{id: a, kind: router}]',
    'devices: [{id: a, kind: fw, source: {shs: a@b}}]',
    'sinks: [{id: a}]',
    'sinks: [{id: a, jsonl: x, syslog: "b:1"}]',
  ])('refuses %s', (text) => {
    expect(validator(schema)(parseDocument(text).toJS())).toBe(false);
  });
});

/** Where the example writes a setting, lists and names left open as in `settingsIn`. */
function pathsIn(node: unknown, nodes: readonly SchemaNode[], path = ''): readonly string[] {
  const shapes = nodes.flatMap(forms);
  if (isSeq(node)) {
    return node.items.flatMap((item) =>
      pathsIn(
        item,
        shapes.flatMap(({ items }) => items ?? []),
        `${path}[]`,
      ),
    );
  }
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : '';
    const known = shapes.flatMap(({ properties }) => properties?.[name] ?? []);
    const place = known.length === 0 ? `${path}.NAME` : path === '' ? name : `${path}.${name}`;
    const others = shapes.flatMap(({ additionalProperties: one }) => (typeof one === 'object' ? [one] : []));
    return [...(known.length === 0 ? [] : [place]), ...pathsIn(value, known.length === 0 ? others : known, place)];
  });
}

describe('config.example.yaml', () => {
  const document = parseDocument(EXAMPLE);

  test('is right by the schema that editors are given, and names it', () => {
    const check = validator(schema);
    check(document.toJS());
    expect(check.errors ?? []).toEqual([]);
    expect(EXAMPLE.split('\n')[0]).toBe('# yaml-language-server: $schema=docs/config.schema.json');
  });

  test('shows every setting there is, at work or put out by a `#` before it', () => {
    const names = new Set(settings.map(({ path }) => path.replace(/^.*\./, '')));
    const whole = EXAMPLE.replaceAll(/^(?<indent> *)# (?<name>\w+): /gm, (line, indent: string, name: string) =>
      names.has(name) ? `${indent}${name}: ` : line,
    );
    const shown = new Set(pathsIn(parseDocument(whole, { uniqueKeys: false }).contents, [schema]));
    expect(settings.map(({ path }) => path).filter((path) => !shown.has(path))).toEqual([]);
  });

  test('explains every setting where it is written for the first time', () => {
    const lines = EXAMPLE.split('\n');
    const silent = Object.keys(schema.properties ?? {}).filter((name) => {
      const at = lines.findIndex((line) => line.startsWith(`${name}:`) || line.startsWith(`# ${name}:`));
      return !/^#/.test(lines[at - 1] ?? '');
    });
    expect(silent).toEqual([]);
  });
});
