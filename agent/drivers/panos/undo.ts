import type { Origin } from '../../model/index.js';
import type { UndoRequest } from '../contract.js';
import { plainWord } from './origin.js';

/** What is typed in configuration mode; it holds after the commit, and on the firewalls of a manager after the push. */
export function undo(request: UndoRequest): string | undefined {
  const { edit, rule, former, next, table } = request;
  if (table) return undefined;
  const place = placeOf(rule);
  if (!place) return undoSetting(request);
  if (place.from === 'pushed') return edit === 'added' ? onManager(place) : undefined;
  const id = `${place.path} ${place.word}`;
  switch (edit) {
    case 'added':
      return committed(place, `delete ${id}`);
    case 'removed': {
      const settings = settingsOf(rule);
      const before = moveBefore(place, next);
      return settings && committed(place, ...settings.map((one) => `set ${id} ${one}`), ...before);
    }
    case 'changed':
      return former && changed(place, rule, former);
    case 'moved':
      return committed(place, ...(isBehind(place, next) ? moveBefore(place, next) : [`move ${id} bottom`]));
    default:
      return undefined;
  }
}

interface Place {
  /** `rulebase security rules`, with what goes before it. */
  readonly path: string;
  readonly from: string;
  readonly name: string;
  /** The name as it is typed. */
  readonly word: string;
  /** The device group whose firewalls have to be given the change; of the shared rules all of them. */
  readonly group?: string;
}

const head =
  /^(?:(?<single>vsys\d+)|vsys (?<system>[\w-]+)|device-group\/(?<group>[^/]+)|(?<shared>shared))\/(?:(?<kind>nat|pbf|dos) )?(?:(?<from>pushed|pre|post) )?$/;

function placeOf({ rule, text }: Origin): Place | undefined {
  const end = text.indexOf('; ');
  const name = end < 0 ? '' : text.slice(0, end);
  const word = plainWord(name);
  const found = name !== '' && rule.endsWith(name) ? head.exec(rule.slice(0, -name.length))?.groups : undefined;
  if (!found || word === undefined) return undefined;
  const { single, system, group, shared, from = 'own', kind = 'security' } = found;
  const ofManager = group !== undefined || shared !== undefined;
  if (ofManager !== (from === 'pre' || from === 'post')) return undefined;
  const owner = group === undefined ? '' : plainWord(group);
  if (owner === undefined) return undefined;
  const above = ofManager ? (shared ?? `device-group ${owner}`) : system === undefined ? '' : `vsys ${system}`;
  const base = ofManager ? `${from}-rulebase` : 'rulebase';
  const path = `${above === '' || single !== undefined ? '' : `${above} `}${base} ${kind} rules`;
  return { path, from, name, word, ...(ofManager && { group: owner }) };
}

function committed({ group }: Pick<Place, 'group'>, ...lines: readonly string[]): string | undefined {
  if (lines.length === 0) return undefined;
  // What is shared goes to all groups: which those are is not in the rule.
  const push =
    group === undefined
      ? []
      : [group === '' ? 'then push to all device groups' : `then push to the device group ${group}`];
  return [...lines, 'commit', ...push].join('\n');
}

function onManager({ word }: Place): string {
  return `on Panorama, which pushed it: delete the rule ${word} from the rules of this firewall’s device group, commit, and push`;
}

/** The rule behind is of another rulebase, or one of the defaults, where a rule is the last of its own. */
function isBehind({ path }: Place, next: Origin | undefined): boolean {
  return next !== undefined && placeOf(next)?.path === path;
}

function moveBefore(place: Place, next: Origin | undefined): readonly string[] {
  return isBehind(place, next) ? [`move ${place.path} ${place.word} before ${placeOf(next!)!.word}`] : [];
}

/** Words and lists in brackets; every word is one that breaks out of nothing. */
const setting = /^(?<key>[a-z-]+)(?: (?:[\w.:/@,=+*%-]+|"[\w .:/@,=+*%-]+"|[[\]]))+$/;

const single = new Set(['action', 'disabled', 'negate-source', 'negate-destination', 'rule-type', 'schedule']);

function partsOf({ text }: Origin): ReadonlyMap<string, string> {
  const [, ...parts] = text.split('; ');
  return new Map(parts.map((part) => [part.split(' ', 1)[0]!, part]));
}

function settingsOf(rule: Origin): readonly string[] | undefined {
  const parts = [...partsOf(rule).values()];
  return parts.length > 0 && parts.every((part) => setting.test(part)) ? parts : undefined;
}

function changed(place: Place, rule: Origin, former: Origin): string | undefined {
  const was = placeOf(former);
  if (was?.path !== place.path) return undefined;
  const rename = was.name === place.name ? [] : [`rename ${place.path} ${place.word} to ${was.word}`];
  const [before, now] = [partsOf(former), partsOf(rule)];
  const lines: string[] = [...rename];
  for (const key of new Set([...now.keys(), ...before.keys()])) {
    const [old, fresh] = [before.get(key), now.get(key)];
    if (old === fresh) continue;
    if ((old !== undefined && !setting.test(old)) || !/^[a-z-]+$/.test(key)) return undefined;
    // A list takes what is set besides what it has; a setting of one value takes the new one.
    if (fresh !== undefined && !(old !== undefined && single.has(key)))
      lines.push(`delete ${place.path} ${was.word} ${key}`);
    if (old !== undefined) lines.push(`set ${place.path} ${was.word} ${old}`);
  }
  return committed(place, ...lines);
}

const profile = /^management profile (?<name>.+)$/;
const defaultRule = /^(?:vsys\d+|vsys (?<system>[\w-]+))\/(?<name>(?:intra|inter)zone-default)$/;

/** Services of the device itself, and what holds where no rule does. */
function undoSetting({ edit, rule, former }: UndoRequest): string | undefined {
  const service = /^(?<service>[a-z-]+) on /.exec(rule.text)?.groups?.service;
  if (edit === 'added' && service !== undefined) {
    const word = plainWord(profile.exec(rule.rule)?.groups?.name ?? '');
    if (word !== undefined)
      return committed({}, `set network profiles interface-management-profile ${word} ${service} no`);
    if (rule.rule === 'management port') return committed({}, `set deviceconfig system service disable-${service} yes`);
  }
  const found = defaultRule.exec(rule.rule)?.groups;
  const action = /^(?:intra|inter)zone-default(?::| action) (?<action>allow|deny|drop|reset-\w+)$/.exec(
    former?.text ?? '',
  )?.groups?.action;
  if (edit !== 'changed' || !found || action === undefined) return undefined;
  const above = found.system === undefined ? '' : `vsys ${found.system} `;
  return committed({}, `set ${above}rulebase default-security-rules rules ${found.name} action ${action}`);
}
