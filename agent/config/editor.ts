import { z } from 'zod';

/** The grammar of one kind of file as JSON Schema: what editors complete and check with, and what the reference is made of. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly additionalProperties?: boolean | SchemaNode;
  /** What may be written there, in words. */
  readonly 'x-type'?: string;
  /** It may be a secret, or hold one. */
  readonly 'x-secret'?: boolean;
}

/** Draft 7 is what the editors' YAML servers speak best. */
export function schemaOf(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override({ jsonSchema }) {
      // zod leaves `examples` out where what is written is not what is read.
      const { 'x-example': example, ...rest } = jsonSchema;
      if (example === undefined) return;
      for (const name of Object.keys(jsonSchema)) delete jsonSchema[name];
      Object.assign(jsonSchema, rest, { examples: [example] });
    },
  }) as SchemaNode;
}

/** What may stand where a path of the file leads; several where the grammar has several forms. */
export function nodesAt(root: SchemaNode, path: readonly PropertyKey[]): readonly SchemaNode[] {
  return path.reduce<readonly SchemaNode[]>(
    (nodes, part) => nodes.flatMap((node) => forms(node).flatMap((form) => memberOf(form, part))),
    [root],
  );
}

export function forms(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf ? node.anyOf.flatMap(forms) : [node];
}

function memberOf(node: SchemaNode, part: PropertyKey): readonly SchemaNode[] {
  if (typeof part === 'number') return node.items ? [node.items] : [];
  const named = node.properties && Object.hasOwn(node.properties, part) ? node.properties[String(part)] : undefined;
  if (named) return [named];
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}

/** Settings that exist where a path leads, to tell a misspelt one what it may have meant. */
export function keysAt(root: SchemaNode, path: readonly PropertyKey[]): readonly string[] {
  const nodes = nodesAt(root, path).flatMap(forms);
  return [...new Set(nodes.flatMap(({ properties = {} }) => Object.keys(properties)))];
}

/** Whether what was written there may be a secret. */
export function isSecretAt(root: SchemaNode, path: readonly PropertyKey[]): boolean {
  return nodesAt(root, path)
    .flatMap(forms)
    .some((node) => node['x-secret'] === true);
}
