import { stringify } from 'yaml';
import { forms, type SchemaNode } from './editor.js';

/** docs/configuration.md, made of the grammar: every setting with what may be written, what holds without it, and why. */

interface Section {
  /** `devices[].source`; empty for the top level. */
  readonly path: string;
  readonly about: string;
  readonly rows: readonly Row[];
}

interface Row {
  readonly name: string;
  readonly kind: string;
  readonly leftOut: string;
  readonly about: string;
  readonly example: string;
}

/** One kind of file: its heading, what it is, its grammar. */
export interface Chapter {
  readonly title: string;
  readonly about: string;
  readonly schema: SchemaNode;
}

export function referenceText(chapters: readonly Chapter[]): string {
  return [
    '<!-- Made by `npm run generate` from the grammar in agent/config: do not edit. -->',
    '',
    '# Settings',
    '',
    '[config.example.yaml](../config.example.yaml) shows all of them at work; `ecluse check` says everything that is wrong',
    'with a file, by line. An editor with a YAML server completes and checks while you type, where the file begins with',
    '`# yaml-language-server: $schema=docs/config.schema.json` (the path or address of that file).',
    '',
    'A duration is a number with its unit: `90s`, `5m`, `2h`, `400d`. Addresses are written in full and strictly: four',
    'decimal numbers without leading zeros, prefixes as `192.0.2.0/24` without host bits. A secret never stands in the file:',
    '`file:PATH` (a file that is its owner’s alone) or `env:NAME` says where it is. Relative paths start at the folder of the',
    'file. YAML aliases are not followed.',
    ...chapters.flatMap(chapterLines),
    '',
  ].join('\n');
}

function chapterLines({ title, about, schema }: Chapter): readonly string[] {
  return ['', `## ${title}`, '', about, ...sectionsOf(schema, '', '').flatMap(sectionLines)];
}

function sectionLines({ path, about, rows }: Section): readonly string[] {
  return [
    ...(path === '' ? [] : ['', `### \`${path}\``, '', about]),
    '',
    '| Setting | Written as | Left out | Meaning | Example |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map((row) => {
      const cells = [`\`${row.name}\``, row.kind, row.leftOut, row.about, row.example];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    }),
  ];
}

/** The settings of a map, then those of what stands in it, in the order of the grammar. */
function sectionsOf(node: SchemaNode, path: string, about: string): readonly Section[] {
  const properties = Object.entries(node.properties ?? {});
  const rows = properties.map(([name, one]) => rowOf(name, one, node.required?.includes(name) === true));
  const deeper = properties.flatMap(([name, one]) =>
    mapsIn(one, path === '' ? name : `${path}.${name}`).flatMap(({ place, map }) =>
      sectionsOf(map, place, one.description ?? ''),
    ),
  );
  return [{ path, about, rows }, ...deeper];
}

/** The maps of settings that may stand there: as they are, in a list, or under names that people choose. */
function mapsIn(node: SchemaNode, place: string): readonly { readonly place: string; readonly map: SchemaNode }[] {
  return forms(node).flatMap((form) => {
    if (form.properties) return [{ place, map: form }];
    if (form.items) return mapsIn(form.items, `${place}[]`);
    return typeof form.additionalProperties === 'object' ? mapsIn(form.additionalProperties, `${place}.NAME`) : [];
  });
}

function rowOf(name: string, node: SchemaNode, isRequired: boolean): Row {
  const example = node.examples?.[0];
  return {
    name,
    kind: kindOf(node),
    leftOut: isRequired ? 'must be there' : node.default === undefined ? '–' : code(node.default),
    about: node.description ?? '',
    example: example === undefined ? '' : `\`${name}: ${written(example)}\``,
  };
}

export function kindOf(node: SchemaNode): string {
  if (node['x-type'] !== undefined) return node['x-type'];
  if (node.anyOf) return [...new Set(node.anyOf.map(kindOf))].join(' or ');
  if (node.const !== undefined) return code(node.const);
  if (node.enum) return node.enum.map(code).join(', ');
  if (node.items) return `list of ${kindOf(node.items)}`;
  if (node.properties) return 'settings';
  if (typeof node.additionalProperties === 'object') return `names with ${kindOf(node.additionalProperties)}`;
  return 'text';
}

function code(value: unknown): string {
  return `\`${written(value)}\``;
}

/** As it is written in the file, on one line. */
export function written(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim();
}
