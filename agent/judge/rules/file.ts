import { z } from 'zod';
import { nearest } from '../../lib/nearest.js';
import { parsePorts } from '../../lib/ports.js';
import { failure, type Problem, type Result, success, together } from '../../lib/result.js';
import type { ServiceTable } from '../services.js';
import type { Severity } from '../types.js';
import { type ReadBefore, readRulesYaml } from '../yaml.js';
import { BREADTHS, DOORS, type ExposureRule, type SeverityRule, TRUSTS, ZONE_KINDS } from './types.js';

/** One rule a file; the text beside each part is what was expected, in the words of who writes the file. */

const SEVERITY = '`risk`, a severity such as high, `at least high` or `at most low`';
const LEVELS = ['critical', 'high', 'medium', 'low', 'info'] as const;

const text = (expected: string) => z.string({ error: expected }).trim().min(1, expected);
const Words = z.strictObject(
  { en: text('the text in English'), fr: text('the text in French') },
  { error: 'both languages: {en: …, fr: …}' },
);

function oneOf<T extends string>(values: readonly T[]) {
  return z.enum(values as readonly [T, ...T[]], { error: `one of ${values.join(', ')}` });
}

function listOf<T extends z.ZodType>(member: T, expected: string) {
  return z.array(member, { error: expected }).min(1, expected);
}

const YesNo = z
  .enum(['true', 'false', 'yes', 'no'], { error: '`true` or `false`' })
  .transform((word) => word === 'true' || word === 'yes');
const Names = listOf(text('a name'), 'a list of names such as [dmz]');
const Kind = oneOf(['rule', 'listener', 'engine', 'fact']);
const Direction = oneOf(['forward', 'input', 'output']);
const PORTS = '`any`, or ports and ranges such as "80,8000-8010"';
const Ports = z.string({ error: PORTS }).refine((ports) => parsePorts(ports) !== undefined, PORTS);

const Party = z.strictObject(
  {
    trust: listOf(oneOf(TRUSTS), `a list of ${TRUSTS.join(', ')}`).optional(),
    zones: Names.optional(),
    notZones: Names.optional(),
    kinds: listOf(oneOf(ZONE_KINDS), `a list of ${ZONE_KINDS.join(', ')}`).optional(),
    breadth: listOf(oneOf(BREADTHS), `a list of ${BREADTHS.join(', ')}`).optional(),
  },
  { error: 'what the end must be, such as {zones: [dmz]}' },
);

const WhenPart = z.strictObject(
  {
    kind: listOf(Kind, 'a list of rule, listener, engine, fact'),
    direction: listOf(Direction, 'a list of forward, input, output').optional(),
    from: Party.optional(),
    to: Party.optional(),
    door: listOf(oneOf(DOORS), `a list of ${DOORS.join(', ')}`).optional(),
    services: Names.optional(),
    categories: Names.optional(),
    protocols: Names.optional(),
    ports: Ports.transform((ports) => parsePorts(ports)!).optional(),
    anyPort: YesNo.optional(),
    portRisk: oneOf(LEVELS).optional(),
    reached: YesNo.optional(),
    remoteTool: YesNo.optional(),
    unapprovedHost: YesNo.optional(),
    endless: YesNo.optional(),
    access: Names.optional(),
  },
  { error: 'what the rule speaks of: {kind: [rule], …}' },
);

const ExampleEntry = z.strictObject(
  {
    kind: Kind.optional(),
    direction: Direction.optional(),
    src: text('an address, a zone or `internet`').optional(),
    srcZone: text('a zone').optional(),
    dst: text('an address, a zone or a device').optional(),
    dstZone: text('a zone').optional(),
    proto: text('a protocol such as tcp').optional(),
    ports: Ports.optional(),
    access: text('a code such as ADMIN_ADDED').optional(),
    conditions: Names.optional(),
    beside: z
      .strictObject({
        src: text('an address, a zone or `internet`').optional(),
        dst: text('an address, a zone or a device').optional(),
        proto: text('a protocol such as tcp').optional(),
        ports: Ports.optional(),
      })
      .optional(),
  },
  { error: 'an opening such as {src: internet, dst: imaging, proto: tcp, ports: "104"}' },
);
const Examples = listOf(
  ExampleEntry,
  'at least one opening such as {src: internet, dst: imaging, proto: tcp, ports: "104"}',
);

const RuleFile = z.strictObject(
  {
    id: z
      .string({ error: 'the name of the file without .yaml' })
      .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'lower-case letters, digits and dashes'),
    title: Words,
    severity: z
      .string({ error: SEVERITY })
      .regex(/^(?:risk|(?:at (?:least|most) )?(?:critical|high|medium|low|info))$/, SEVERITY)
      .transform(severityOf),
    baseline: YesNo.default(false),
    when: WhenPart,
    why: Words,
    shut: Words,
    references: listOf(text('where it can be read'), 'at least one reference'),
    examples: z.strictObject(
      { match: Examples, not: Examples },
      { error: 'openings that the rule must speak of, and that it must not: {match: […], not: […]}' },
    ),
  },
  { error: 'one rule: id, title, severity, when, why, shut, references, examples' },
);

function severityOf(words: string): SeverityRule {
  if (words === 'risk') return { kind: 'risk' };
  const level = words.split(' ').at(-1) as Severity;
  return { kind: words.startsWith('at least') ? 'atLeast' : words.startsWith('at most') ? 'atMost' : 'is', level };
}

export interface RuleSource {
  /** As it is shown to people. */
  readonly file: string;
  /** Its name without folder and ending: the rule's id must be the same. */
  readonly name: string;
  readonly own: boolean;
  readonly services: ServiceTable;
  readonly before?: ReadBefore;
}

/** Reads one rule. The first thing wrong is answered with its place; nothing is dropped silently. */
export function parseExposureRule(text: string, source: RuleSource): Result<ExposureRule> {
  const { file, name, own, services, before } = source;
  const read = readRulesYaml(text, file, before);
  if (!read.ok) return read;
  const { problem, problemAtKey } = read.value;
  const parsed = RuleFile.safeParse(read.value.value);
  if (!parsed.success) {
    const wrong = parsed.error.issues.flatMap((issue): readonly Problem[] => {
      const path = issue.path.join('.');
      const where = path === '' ? '' : ` in \`${path}\``;
      if (issue.code !== 'unrecognized_keys') {
        const message = path === '' ? 'this is no rule' : `\`${path}\` is wrong or missing`;
        return [problem(issue.path, message, { expected: issue.message })];
      }
      const known = knownIn(issue.path);
      return issue.keys.map((key) => {
        const near = nearest(key, known);
        const remedy = near === undefined ? 'remove it' : `did you mean \`${near}\`?`;
        const message = `there is no \`${key}\`${where}`;
        return problemAtKey(issue.path, key, message, {
          expected: known.length === 0 ? 'only what docs/rules.md names' : `one of ${known.join(', ')}`,
          remedy,
        });
      });
    });
    return failure(together(wrong)!);
  }
  const { data } = parsed;
  const known = {
    services: services.services.map(({ id }) => id),
    categories: services.services.map(({ category }) => category),
  };
  const misnamed = [
    ...(data.id === name
      ? []
      : [problem(['id'], `the id \`${data.id}\` is not the name of the file`, { expected: name })]),
    ...(['services', 'categories'] as const).flatMap((part) =>
      (data.when[part] ?? []).flatMap((one, index) => {
        if (known[part].includes(one)) return [];
        const what = part === 'services' ? 'service' : 'category of services';
        const near = nearest(one, [...new Set(known[part])]);
        const remedy = near === undefined ? 'add it there, or remove it' : `did you mean \`${near}\`?`;
        return [
          problem(['when', part, index], `there is no ${what} \`${one}\``, {
            expected: 'one of services.yaml',
            remedy,
          }),
        ];
      }),
    ),
  ];
  const first = together(misnamed);
  if (first) return failure(first);
  const placed = (list: 'match' | 'not') =>
    data.examples[list].map((example, index) => ({
      ...example,
      place: () => problem(['examples', list, index], ''),
    }));
  return success({
    ...data,
    // Left out and undefined are the same to a reader of the rule.
    when: withoutUndefined(data.when) as ExposureRule['when'],
    examples: { match: placed('match'), not: placed('not') },
    file,
    own,
  });
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .map(([key, part]) => [key, key === 'from' || key === 'to' ? withoutUndefined(part as object) : part]),
  );
}

function knownIn(path: readonly PropertyKey[]): readonly string[] {
  const shape =
    path.length === 0
      ? RuleFile.shape
      : path[0] === 'when'
        ? path.length === 1
          ? WhenPart.shape
          : Party.shape
        : path[0] === 'examples' && path.length > 2
          ? ExampleEntry.shape
          : undefined;
  return Object.keys(shape ?? {});
}
