import type { AccessFact } from '../../model/index.js';
import type { Section } from '../contract.js';
import { SERVICE_HOMES } from './dialogue.js';
import { fact, linesIn } from './lines.js';

/** Groups whose members are root, or can be within a command: sudo and wheel by custom, the others by what they hold. */
const ADMIN_GROUPS: readonly string[] = [
  'sudo',
  'wheel',
  'admin',
  'root',
  'docker',
  'lxd',
  'libvirt',
  'disk',
  'shadow',
];

/** Who administers the machine: accounts with the number of root, and members of the groups that may become it. */
export function administrators(passwd: Section, group: Section): readonly AccessFact[] {
  const accounts = linesIn(passwd).flatMap((line) => {
    const [name, , uid, gid] = line.text.split(':');
    return name && uid !== undefined && gid !== undefined ? [{ line, name, uid, gid }] : [];
  });
  const facts = accounts
    .filter(({ uid }) => uid === '0')
    .map(({ line, name }) =>
      fact('accounts', 'administrator', `account ${name}`, 'is root (uid 0)', { ...line, section: passwd }),
    );
  for (const line of linesIn(group)) {
    const [name, , gid, members = ''] = line.text.split(':');
    if (!name || !ADMIN_GROUPS.includes(name)) continue;
    const listed = members.split(',').filter(Boolean);
    const primary = accounts
      .filter((account) => account.gid === gid && account.name !== 'root')
      .map((account) => account.name);
    for (const member of new Set([...listed, ...primary])) {
      facts.push(
        fact('accounts', 'administrator', `account ${member} in group ${name}`, 'member', { ...line, section: group }),
      );
    }
  }
  return facts;
}

const CLOSED = /\/(?:nologin|false|sync|shutdown|halt)$/;
const NO_HOME: readonly string[] = ['', '/', '/nonexistent'];

/** Accounts that may log in and whose homes, and so their keys, are not looked into. */
export function otherHomes(passwd: Section | undefined): readonly string[] {
  if (!passwd || passwd.failure) return [];
  const homes = linesIn(passwd).flatMap(({ text }) => {
    const [name, , , , , home = '', shell = ''] = text.split(':');
    const isRead = home === '/root' || /^\/home\/[^/]+\/?$/.test(home) || isServiceHome(home);
    return CLOSED.test(shell) || NO_HOME.includes(home) || isRead || !name ? [] : [`${name} (${home})`];
  });
  return homes.length === 0 ? [] : [`Keys of accounts whose homes are elsewhere: ${homes.join(', ')}.`];
}

function isServiceHome(home: string): boolean {
  return SERVICE_HOMES.some((folder) => home.startsWith(`${folder}/`) && !home.slice(folder.length + 1).includes('/'));
}

/** What sudo grants, line by line; a line that goes on on the next one is one. */
export function sudoRules(section: Section): readonly AccessFact[] {
  const facts: AccessFact[] = [];
  let begun = '';
  for (const line of linesIn(section)) {
    const text = `${begun}${line.text}`;
    if (text.endsWith('\\')) {
      begun = `${text.slice(0, -1)} `;
      continue;
    }
    begun = '';
    // Defaults and aliases give nothing by themselves, but what they change is in every line that uses them.
    if (/^(?:Defaults\b(?!.*!?(?:authenticate|tty_tickets))|[@#]include)/.test(text)) continue;
    facts.push(fact('sudo', 'administrator', `sudo: ${text.replace(/\s+/g, ' ')}`, line.path, { ...line, section }));
  }
  return facts;
}
