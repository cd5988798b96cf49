import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ExposureRule,
  parseExposureRule,
  parseServices,
  type ReadBefore,
  type Rules,
  type ServiceTable,
} from '../judge/index.js';
import { failure, type Problem, type Result, success, together } from '../lib/result.js';
import { SERVICES, SHIPPED } from './shipped.js';

export { failingExamples } from '../judge/index.js';

/** A folder of rules as it is shown to people, and where it lies. */
interface Folder {
  readonly path: string;
  readonly shown: string;
  readonly own: boolean;
  readonly before?: ReadBefore;
}

/** What the shipped files say, as `npm run generate` read them: reading YAML takes its time, at every command. */
export const READ_BEFORE = 'read.json';

function shipped(): Folder {
  const file = join(SHIPPED, READ_BEFORE);
  const before = existsSync(file)
    ? new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>))
    : undefined;
  return { path: SHIPPED, shown: 'rules', own: false, ...(before && { before }) };
}

/**
 * What is judged by: the rules that come with Écluse, and those of the hospital's folder, which stand in the place of
 * ours where they have the same id. `FOLDER/services.yaml` adds and replaces services likewise; every other `.yaml` in
 * the folder is one exposure rule, named as its id.
 */
export function loadRules(folder?: string): Result<Rules> {
  const ours = readFolder(shipped(), { services: { services: [] }, exposures: [] });
  if (!ours.ok || folder === undefined) return ours;
  return readFolder({ path: folder, shown: folder, own: true }, ours.value);
}

function readFolder(folder: Folder, before: Rules): Result<Rules> {
  const services = readServices(folder, before.services);
  if (!services.ok) return services;
  // Ours lie beside the services in a folder of their own; a hospital's folder holds both.
  const place = folder.own
    ? folder
    : { ...folder, path: join(folder.path, 'exposure'), shown: `${folder.shown}/exposure` };
  const names = listYaml(place);
  if (!names.ok) return names;
  const read: ExposureRule[] = [];
  const wrong: Problem[] = [];
  for (const name of names.value) {
    if (folder.own && name === SERVICES) continue;
    const text = readText(place, name);
    if (!text.ok) {
      wrong.push(text.error);
      continue;
    }
    const rule = parseExposureRule(text.value, {
      file: join(place.shown, name),
      name: name.slice(0, -'.yaml'.length),
      own: folder.own,
      services: services.value,
      ...(folder.before && { before: folder.before }),
    });
    if (rule.ok) read.push(rule.value);
    else wrong.push(rule.error);
  }
  const first = together(wrong);
  if (first) return failure(first);
  return success({ services: services.value, exposures: merged(before.exposures, read) });
}

/** What answers on which port, as Écluse knows it by itself. */
export function shippedServices(): Result<ServiceTable> {
  return readServices(shipped(), { services: [] });
}

function readServices(folder: Folder, before: ServiceTable): Result<ServiceTable> {
  const names = listYaml(folder);
  if (!names.ok) return names;
  if (!names.value.includes(SERVICES)) return success(before);
  const text = readText(folder, SERVICES);
  if (!text.ok) return text;
  const table = parseServices(text.value, join(folder.shown, SERVICES), folder.before);
  return table.ok ? success({ services: merged(before.services, table.value.services) }) : table;
}

/** Those of before that nobody replaces stay where they are; what replaces one takes its place. */
function merged<T extends { readonly id: string }>(before: readonly T[], added: readonly T[]): readonly T[] {
  const byId = new Map([...before, ...added].map((one) => [one.id, one]));
  return [...byId.values()];
}

function listYaml({ path, shown }: Folder): Result<readonly string[]> {
  try {
    const all = readdirSync(path, { withFileTypes: true });
    return success(
      all.flatMap((entry) => (!entry.isDirectory() && entry.name.endsWith('.yaml') ? [entry.name] : [])).sort(),
    );
  } catch (error) {
    return failure(unreadable(shown, error, 'a folder of rules'));
  }
}

function readText({ path, shown }: Folder, name: string): Result<string> {
  try {
    return success(readFileSync(join(path, name), 'utf8'));
  } catch (error) {
    return failure(unreadable(join(shown, name), error, 'a file of rules'));
  }
}

function unreadable(file: string, error: unknown, expected: string): Problem {
  const message = `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
  return { code: 'RULES_UNREADABLE', file, message, expected };
}
