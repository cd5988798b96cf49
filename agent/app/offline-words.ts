import {
  type Edit,
  exampleText,
  type GroupPart,
  groupOpenings,
  memberOf,
  type Names,
  natText,
  type Opening,
  type OpeningGroup,
  openingText,
} from '../exposure/index.js';
import type { Origin, Pipeline } from '../model/index.js';
import type { Undo } from './opening-json.js';

/** What one edit did, for people: a sentence, and what stands below it. */
export interface Told {
  readonly sentence: string;
  readonly below: readonly string[];
  /** Where the edit is. */
  readonly list?: string;
}

export interface Telling {
  readonly names: Names;
  readonly undo: Undo;
  readonly order: 'opened' | 'closed' | 'exposed';
  /** What was closed beside what was opened, and the other way: a packet of both passes as it did, but goes elsewhere. */
  readonly beside?: readonly Opening[];
}

/** Zones by their interfaces, services by their ports. */
export async function namesFor(...pipelines: readonly Pipeline[]): Promise<Names> {
  const zones = new Map<string, string>();
  for (const pipeline of pipelines) {
    for (const [zone, members] of Object.entries(pipeline.zones ?? {})) zones.set([...members].sort().join('\n'), zone);
  }
  // Which port is whose is a file of its own, read only where a person reads the answer.
  const { portNames } = await import('./port-names.js');
  const services = await portNames();
  return {
    zone: (interfaces) => zones.get([...interfaces].sort().join('\n')),
    service: (protocol, port) => services.get(`${protocol} ${port}`),
  };
}

/** So many rules that let through what one edit freed are told one by one. */
const PARTS_MAX = 4;

/** One sentence for each edit, the one that did most first. */
export function tell(openings: readonly Opening[], telling: Telling): readonly Told[] {
  return groupOpenings(openings).map((group) => toldGroup(group, telling));
}

function toldGroup({ edit, parts }: OpeningGroup, telling: Telling): Told {
  const { names, undo, order } = telling;
  const [first, ...others] = parts as readonly [GroupPart, ...GroupPart[]];
  const { permittedBy, witness, complete, reason } = first.opening;
  const remedy = order === 'opened' && edit ? undo(edit) : undefined;
  const lets = order === 'closed' ? 'was let through by' : 'let through by';
  const own = edit !== undefined && isSame(edit, permittedBy.origin);
  const shown = others.slice(0, PARTS_MAX - 1);
  const more = others.length - shown.length;
  return {
    sentence: sentenceOf(first, names),
    ...(edit && { list: edit.list }),
    below: [
      ...(edit ? [editText(edit)] : []),
      ...(own ? [] : [`${lets} ${placeText(permittedBy.origin)}`]),
      ...shown.map((part) => {
        const by = isSame(edit, part.opening.permittedBy.origin)
          ? ''
          : `, by ${placeText(part.opening.permittedBy.origin)}`;
        return `and ${sentenceOf(part, names)}${by}`;
      }),
      ...(more > 0 ? [`and what ${more} more ${more === 1 ? 'rule lets' : 'rules let'} through (--json has all)`] : []),
      `for example ${exampleText(witness)}${elsewhereText(first.opening, telling)}`,
      ...(remedy === undefined ? [] : remedyLines(remedy)),
      ...(complete ? [] : [`not complete: ${reason}`]),
    ],
  };
}

function sentenceOf({ opening, exact }: GroupPart, names: Names): string {
  const { certainty, conditions } = opening;
  const text = openingText({ ...opening, certainty: 'certain' }, names);
  const only = certainty === 'possible' ? `, only if ${conditions.join(' and ') || 'a condition holds'}` : '';
  return `${text}${exact ? '' : ', in part'}${only}`;
}

function elsewhereText({ direction, witness }: Opening, { order, beside = [] }: Telling): string {
  const other = beside.find((one) => one.direction === direction && memberOf(one, witness) === 'yes');
  if (!other) return '';
  const passes = order === 'closed' ? 'passes still' : 'passed before';
  const perhaps = other.certainty === 'possible' ? 'perhaps ' : '';
  return ` (it ${perhaps}${passes}${natText(other.nat) || ', not translated'})`;
}

function isSame(edit: Edit | undefined, origin: Origin): boolean {
  if (!edit) return false;
  const same = (one: Origin | undefined): boolean =>
    one?.file === origin.file && one.line === origin.line && one.text === origin.text;
  return same(edit.rule) || same(edit.former);
}

const EDIT_WORDS: Readonly<Record<Edit['edit'], string>> = {
  added: 'added',
  removed: 'removed',
  moved: 'moved',
  changed: 'changed',
  object: 'its set was changed:',
  policy: 'policy changed:',
  flushed: 'emptied or gone:',
};

function editText({ edit, rule, former, list }: Edit): string {
  if (edit === 'flushed') return `${EDIT_WORDS.flushed} ${list}`;
  const was = former && former.text !== rule.text ? `, ${formerText(rule.text, former.text)}` : '';
  return `${EDIT_WORDS[edit]} ${placeText(rule)}${was}`;
}

/** Of a rule that is written setting by setting, only the settings that differ. */
function formerText(now: string, before: string): string {
  const [is, was] = [now.split('; '), before.split('; ')];
  if (is.length === 1 || was.length === 1) return `before: ${before}`;
  const gone = was.filter((part) => !is.includes(part));
  const came = is.filter((part) => !was.includes(part));
  if (gone.length > 0) return `before: ${gone.join('; ')}`;
  return came.length > 0 ? `before without: ${came.join('; ')}` : `before: ${before}`;
}

/** A command of several lines stands below each other, to be copied as it is. */
function remedyLines(remedy: string): readonly string[] {
  const [first = '', ...others] = remedy.split('\n');
  return others.length === 0 ? [`to undo: ${first}`] : ['to undo:', ...[first, ...others].map((line) => `    ${line}`)];
}

function placeText({ file, line, rule, text }: Origin): string {
  return file === '' ? text : `${file}:${line} ${rule}: ${text}`;
}
