import type { Dialogue, DialogueStep } from '../contract.js';

const MIB = 1024 * 1024;
const right = {
  capability: 'CAP_DAC_READ_SEARCH',
  command: 'run Écluse with CAP_DAC_READ_SEARCH, or as root: the files of saved rules are closed to others',
};
const refused = /Permission denied/i;

function file(id: string, path: string): DialogueStep {
  return {
    id,
    argv: ['cat', path],
    file: path,
    need: 'ifPresent',
    timeoutMsMax: 5_000,
    bytesMax: 16 * MIB,
    right,
    refused,
  };
}

/** Every line behind the path of its file; a folder that is not there is an exit code with words. */
function folder(id: string, path: string): DialogueStep {
  const argv = ['grep', '-r', '-H', '', path];
  return { id, argv, need: 'ifPresent', timeoutMsMax: 5_000, bytesMax: 16 * MIB, right, refused };
}

/** Files that no person writes: of each line that has an element the number, and what it says. */
function stock(id: string, path: string, ...parts: readonly string[]): DialogueStep {
  const argv = ['grep', '-r', '-H', '-n', '-v', '-E', STOCK_WORDS, ...parts.map((part) => `${path}/${part}`)];
  return { id, argv, need: 'ifPresent', timeoutMsMax: 5_000, bytesMax: 16 * MIB };
}

/** Lines of prose and of the beginning. */
const STOCK_WORDS = '^([^<]*|<[?].*|.*</?(short|description)>.*)$';

function list(id: string, ...argv: string[]): DialogueStep {
  return { id, argv: ['ls', ...argv], need: 'ifPresent', timeoutMsMax: 5_000, bytesMax: 4 * MIB };
}

/** What ufw loads, in the order in which its rules meet a packet; the six files twice, for both families. */
export const UFW_RULES = ['before', 'user', 'after'] as const;

export const dialogue: Dialogue = {
  steps: [
    // What is started with the machine: by systemd, by OpenRC, by the scripts of System V.
    list('systemd', '-1R', '/etc/systemd/system'),
    list('openrc', '-1R', '/etc/runlevels'),
    list('sysv', '-1', '/etc/rcS.d', '/etc/rc2.d'),
    file('nftables', '/etc/nftables.conf'),
    file('nftables-sysconfig', '/etc/sysconfig/nftables.conf'),
    folder('nftables-d', '/etc/nftables.d'),
    folder('nftables-folder', '/etc/nftables'),
    // Its permanent configuration, and what the package brought: of that only the lines with elements.
    folder('firewalld', '/etc/firewalld'),
    stock('firewalld-stock', '/usr/lib/firewalld', 'services', 'zones', 'policies'),
    file('rules-v4', '/etc/iptables/rules.v4'),
    file('rules-v6', '/etc/iptables/rules.v6'),
    file('ipsets', '/etc/iptables/ipsets'),
    file('sysconfig-v4', '/etc/sysconfig/iptables'),
    file('sysconfig-v6', '/etc/sysconfig/ip6tables'),
    file('ufw', '/etc/ufw/ufw.conf'),
    file('ufw-defaults', '/etc/default/ufw'),
    ...UFW_RULES.flatMap((name) => [
      file(`ufw-${name}`, `/etc/ufw/${name}.rules`),
      file(`ufw-${name}6`, `/etc/ufw/${name}6.rules`),
    ]),
  ],
};
