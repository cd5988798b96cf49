import { basename } from 'node:path';
import type { Section } from '../contract.js';
import type { Answer, Part } from './answer.js';
import { topicOf } from './facts.js';
import { interfaceOf, isObjectFile } from './objects.js';
import { NotUnderstood } from './understood.js';

/** What a section is, by what stands in it; the file's name only tells groups from each other. */
export type Role =
  | 'policy'
  | 'objects'
  | 'objectFile'
  | 'groups'
  | 'interfaces'
  | 'switches'
  | 'slots'
  | 'version'
  | 'implicit'
  | 'in-force'
  | 'topic'
  | 'beside';

export function roleOf({ name, source }: Section, { parts }: Answer): Role {
  const titles = new Set(parts.map(({ title }) => title.toLowerCase()));
  const file = basename(source || name).toLowerCase();
  if (topicOf(name) !== undefined) return 'topic';
  if (name === 'implicit' || name === 'in-force') return name;
  if (titles.has('filter') || titles.has('nat')) return 'policy';
  if (titles.has('object')) return 'objects';
  if (titles.has('config') && titles.has('services')) return 'switches';
  if (titles.has('global') && parts.some(({ entries }) => entries.some(({ text }) => /^active=/.test(text))))
    return 'slots';
  if (titles.has('result') && parts.some(({ entries }) => entries.some(({ text }) => /^version=/i.test(text))))
    return 'version';
  if (/(?:object|service)group/.test(file) || parts.every(isMembers)) return parts.length > 0 ? 'groups' : 'beside';
  if (isObjectFile(parts)) return 'objectFile';
  return parts.some((part) => safely(() => interfaceOf(part)) !== undefined) ? 'interfaces' : 'beside';
}

/** `[group1]` with nothing but `name=host1`: an answer of `CONFIG OBJECT GROUP SHOW`. */
function isMembers({ title, entries }: Part): boolean {
  return title !== '' && entries.length > 0 && entries.every(({ text }) => /^name=/.test(text));
}

function safely<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

export interface Reading {
  readonly section: Section;
  readonly answer: Answer;
  readonly role: Role;
}
