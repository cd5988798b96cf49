import type { AccessFact } from '../../model/index.js';
import type { Section } from '../contract.js';
import { UNITS } from './dialogue.js';
import { fact, linesIn } from './lines.js';

/**
 * Interfaces that take routes from router advertisements although the machine forwards, or unlike the others: 2 means
 * always (ip-sysctl). An interface that is as `default` says is no news; containers bring many.
 */
export function routerAdvertisements(section: Section): readonly AccessFact[] {
  const all = linesIn(section).flatMap((line) => {
    const name = /\/conf\/(?<name>.+)\/accept_ra$/.exec(line.path)?.groups?.name;
    return name === undefined ? [] : [{ line, name }];
  });
  const usual = all.find(({ name }) => name === 'default')?.line.text;
  return all
    .filter(({ line, name }) => name === 'all' || name === 'default' || line.text !== usual)
    .map(({ line, name }) => fact('accept-ra', 'route', `accept_ra of ${name}`, line.text, { ...line, section }));
}

/** What sends the machine's log elsewhere, or keeps it. */
export function logTargets(section: Section): readonly AccessFact[] {
  return linesIn(section)
    .filter(({ text }) => text !== '' && !text.startsWith('#'))
    .map((line) =>
      fact('syslog', 'logging', `log: ${line.text.replace(/\s+/g, ' ')}`, line.path, { ...line, section }),
    );
}

/** The programs that log, and those that manage the machine from elsewhere, as far as they run. */
export function runningUnits(section: Section): readonly AccessFact[] {
  return linesIn(section).flatMap((line): readonly AccessFact[] => {
    const unit = /^invocation:(?<unit>.+)\.service$/.exec(line.text)?.groups?.unit;
    if (unit === undefined) return [];
    if (UNITS.logging.some((one) => one === unit))
      return [fact('units', 'logging', `program ${unit}`, 'runs', { ...line, section })];
    if (UNITS.manager.some((one) => one === unit))
      return [fact('units', 'manager', `program ${unit}`, 'runs', { ...line, section })];
    return [];
  });
}

/** What sshd lets in; a `Match` holds for the lines behind it in its file. */
export function sshdSettings(section: Section): readonly AccessFact[] {
  let within = '';
  let path = '';
  return linesIn(section).flatMap((line): readonly AccessFact[] => {
    if (line.path !== path) within = '';
    path = line.path;
    const groups = /^(?<name>\w+)[\s=]+(?<value>.*)$/.exec(line.text)?.groups;
    if (!groups) return [];
    const name = groups.name!.toLowerCase();
    if (name === 'include') return [];
    if (name === 'match') {
      within = groups.value!;
      return [];
    }
    const where = within === '' ? '' : ` for ${within}`;
    const value = groups.value!.replace(/\s+/g, ' ');
    const setting = fact('sshd', 'managementService', `sshd ${name}${where}`, value, { ...line, section });
    return [{ ...setting, guards: true }];
  });
}
