import type { Section } from '../contract.js';

/** The units and scripts that load saved rules when the machine starts. */
export const LOADERS = {
  nftables: 'nftables',
  'netfilter-persistent': 'netfilter-persistent',
  iptables: 'iptables',
  ip6tables: 'ip6tables',
  ufw: 'ufw',
  firewalld: 'firewalld',
} as const;
export type Loader = keyof typeof LOADERS;

const NAMES = Object.keys(LOADERS) as readonly Loader[];

/** Those that are started; `known` is false where nothing tells what is. */
export function enabledLoaders(sections: readonly Section[]): {
  readonly known: boolean;
  readonly loaders: ReadonlySet<Loader>;
} {
  const text = (name: string): string | undefined => {
    const section = sections.find((one) => one.name === name);
    return section && (!section.failure || section.text !== '') ? section.text : undefined;
  };
  const loaders = new Set<Loader>();
  const systemd = text('systemd');
  // A unit is enabled by a link in the folder of what wants it; `ls -R` says the folder and then what is in it.
  let wanted = false;
  for (const line of systemd?.split('\n') ?? []) {
    if (line.endsWith(':')) wanted = /\.(?:wants|requires):$/.test(line);
    const unit = /^(?<name>[\w-]+)\.service$/.exec(line)?.groups?.name;
    if (wanted && unit !== undefined && isLoader(unit)) loaders.add(unit);
  }
  const openrc = text('openrc');
  for (const line of openrc?.split('\n') ?? []) if (isLoader(line)) loaders.add(line);
  const sysv = text('sysv');
  for (const line of sysv?.split('\n') ?? []) {
    const script = /^S\d\d(?<name>[\w-]+)$/.exec(line)?.groups?.name;
    if (script !== undefined && isLoader(script)) loaders.add(script);
  }
  return { known: systemd !== undefined || openrc !== undefined || sysv !== undefined, loaders };
}

function isLoader(name: string): name is Loader {
  return NAMES.some((one) => one === name);
}
