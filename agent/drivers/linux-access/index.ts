/**
 * drivers/linux-access: who may enter a Linux machine without meeting its packet filter: administrators, keys, tunnels,
 * sshd, router advertisements, and whether what happens is still logged. Facts to compare; keys and passwords stay there.
 */
import { failure, problemText, type Result, success } from '../../lib/result.js';
import type { AccessFact, Device } from '../../model/index.js';
import type { Capture, Driver, Section } from '../contract.js';
import { coverageBuilder } from '../shared/coverage.js';
import { dialogue, type StepId, secrets, volatile } from './dialogue.js';
import { identify } from './identify.js';
import { accountOf, keysIn } from './keys.js';
import { administrators, otherHomes, sudoRules } from './people.js';
import { logTargets, routerAdvertisements, runningUnits, sshdSettings } from './system.js';
import { filesOfTunnels, ipsecPolicies, openvpnPeers, wireguardFiles, wireguardPeers } from './tunnels.js';

const ids: ReadonlySet<string> = new Set(dialogue.steps.map(({ id }) => id));

interface Area {
  /** As it is said to people. */
  readonly title: string;
  readonly steps: readonly StepId[];
  /** With an empty section in the place of what is not there. */
  readonly facts: (...sections: readonly Section[]) => readonly AccessFact[];
}

/** Areas are compared one by one: what was not read at both times gives no difference. */
const areas: Readonly<Record<string, Area>> = {
  accounts: {
    title: 'administrators',
    steps: ['passwd', 'group'],
    facts: (passwd, group) => administrators(passwd!, group!),
  },
  sudo: { title: 'what sudo grants', steps: ['sudoers'], facts: (section) => sudoRules(section!) },
  keys: {
    title: 'authorized keys',
    steps: ['keys-root', 'keys-home', 'keys-elsewhere'],
    facts: (root, ...homes) => [...keysIn(root!, () => 'root'), ...homes.flatMap((one) => keysIn(one, accountOf))],
  },
  sshd: { title: 'what sshd lets in', steps: ['sshd'], facts: (section) => sshdSettings(section!) },
  wireguard: { title: 'WireGuard peers', steps: ['wireguard'], facts: (section) => wireguardPeers(section!) },
  'wireguard-files': {
    title: 'WireGuard files',
    steps: ['wireguard-files'],
    facts: (section) => wireguardFiles(section!),
  },
  openvpn: {
    title: 'OpenVPN files',
    steps: ['openvpn', 'openvpn-peers'],
    facts: (section, peers) => [...filesOfTunnels(section!, 'OpenVPN'), ...openvpnPeers(peers!)],
  },
  ipsec: { title: 'IPsec files', steps: ['ipsec'], facts: (section) => filesOfTunnels(section!, 'IPsec') },
  xfrm: { title: 'IPsec policies', steps: ['xfrm'], facts: (section) => ipsecPolicies(section!) },
  'accept-ra': {
    title: 'router advertisements',
    steps: ['accept-ra'],
    facts: (section) => routerAdvertisements(section!),
  },
  syslog: { title: 'where the log goes', steps: ['syslog'], facts: (section) => logTargets(section!) },
  units: { title: 'programs that log or manage', steps: ['units'], facts: (section) => runningUnits(section!) },
};

/** No file and no folder of that name, or no line that says anything of it: both are an answer. */
function isNothing({ failure: wrong }: Section): boolean {
  const message = wrong?.problem.message ?? '';
  const nothing = /No such file or directory/.test(message) || /exit code 1 and said nothing/.test(message);
  return wrong?.kind === 'exit-code' && nothing && !/Permission denied/i.test(message);
}

function read({ device, sections }: Capture): Result<Device> {
  const known = new Map(sections.filter(({ name }) => ids.has(name)).map((section) => [section.name, section]));
  if (known.size === 0) {
    const place = sections[0] && { file: sections[0].source };
    const expected = 'the answers to the steps of this driver';
    return failure({
      code: 'NOT_THIS_PLATFORM',
      message: 'nothing about access is in this capture',
      ...place,
      expected,
    });
  }
  const coverage = coverageBuilder();
  for (const section of sections) {
    if (!ids.has(section.name)) coverage.notCovered(`${section.source} is not read by this driver.`);
    const lines = coverage.source(section.name, section.text, section.source);
    for (const index of lines.keys()) coverage.mark(section.name, index + 1, 'modelled');
  }
  const facts: AccessFact[] = [];
  const read: string[] = [];
  for (const [name, area] of Object.entries(areas)) {
    const parts = area.steps.map((id) => known.get(id) ?? empty(id));
    const wrong = parts.filter((part) => part.failure && !isNothing(part) && part.failure.kind !== 'missing-program');
    for (const { failure: why } of wrong) {
      // A right that is missing is said; a step that broke off may say more the next time.
      if (why!.kind !== 'missing-right' && why!.kind !== 'exit-code') coverage.blind(problemText(why!.problem));
    }
    if (wrong.length === 0) read.push(name);
    else
      coverage.notCovered(
        `Access (${area.title}): ${wrong.map((part) => problemText(part.failure!.problem)).join('; ')}.`,
      );
    facts.push(...area.facts(...parts));
  }
  for (const sentence of [...otherKeys(facts), ...otherHomes(known.get('passwd'))]) coverage.notCovered(sentence);
  return success({
    id: device,
    pipeline: { lists: [], bases: [], speaksOf: [] },
    listeners: [],
    facts,
    areas: read,
    coverage: coverage.build(),
  });
}

/** A program that is not installed has nothing to say, and its step no section. */
function empty(id: StepId): Section {
  return { name: id, source: id, text: '' };
}

/** Keys that sshd takes from elsewhere are not among those that were read. */
function otherKeys(facts: readonly AccessFact[]): readonly string[] {
  return facts.flatMap(({ subject, value }) => {
    if (/^sshd authorizedkeyscommand\b/.test(subject) && value !== 'none')
      return [`Keys that sshd asks of a program: ${value}.`];
    const files = /^sshd authorizedkeysfile\b/.test(subject) ? value.split(' ') : [];
    const others = files.filter((one) => !/^(?:%h\/)?\.ssh\/authorized_keys2?$/.test(one) && one !== 'none');
    return others.length > 0 ? [`Keys that sshd takes from ${others.join(', ')}.`] : [];
  });
}

export const driver: Driver = {
  id: 'linux-access',
  title: 'who may enter (Linux)',
  platform: 'linux',
  versions: 'Debian 10–12 and what is like it; WireGuard, OpenVPN, strongSwan, OpenSSH, rsyslog',
  models: [
    'accounts that are root or may become it, sudo, authorized keys by fingerprint, what sshd lets in',
    'WireGuard peers, OpenVPN and IPsec tunnels, router advertisements',
    'where the log goes, and whether the programs that log or manage the machine run',
  ],
  identify,
  dialogue,
  secrets,
  volatile,
  read,
};
