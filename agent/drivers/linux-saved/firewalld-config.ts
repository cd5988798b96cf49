import { type Element, parseElement } from './firewalld-xml.js';
import type { Files } from './nft.js';
import { settingsOf } from './ufw.js';

/** A file of firewalld, as it was read. */
export interface FirewalldFile {
  readonly path: string;
  readonly root: Element;
}

export interface Firewalld {
  readonly settings: ReadonlyMap<string, string>;
  readonly zones: ReadonlyMap<string, FirewalldFile>;
  readonly policies: ReadonlyMap<string, FirewalldFile>;
  readonly services: ReadonlyMap<string, FirewalldFile>;
  readonly ipsets: ReadonlyMap<string, FirewalldFile>;
  readonly direct?: FirewalldFile;
  /** Files that are none of firewalld's: it would not start with them as they are. */
  readonly broken: readonly string[];
}

const CONF = '/etc/firewalld/firewalld.conf';
const KINDS = { zones: 'zone', policies: 'policy', services: 'service', ipsets: 'ipset' } as const;
type Kind = keyof typeof KINDS;

/** What lies in /etc/firewalld takes the place of what the package brought under the same name (firewalld(1)). */
export function firewalldOf(own: Files, stock: Files): Firewalld {
  const broken: string[] = [];
  const filesOf = (kind: Kind): ReadonlyMap<string, FirewalldFile> => {
    const found = new Map<string, FirewalldFile>();
    for (const files of [stock, own]) {
      for (const [path, lines] of files) {
        const name = new RegExp(`/${kind}/(?<name>[^/]+)\\.xml$`).exec(path)?.groups?.name;
        if (name === undefined) {
          // Zones may be pieced together from a folder of their own name.
          if (files === own && path.includes(`/${kind}/`) && path.endsWith('.xml')) broken.push(path);
          continue;
        }
        const root = parseElement(lines.join('\n'));
        if (root?.name === KINDS[kind]) found.set(name, { path, root });
        else broken.push(path);
      }
    }
    return found;
  };
  const path = '/etc/firewalld/direct.xml';
  const lines = own.get(path);
  const root = lines && parseElement(lines.join('\n'));
  if (lines && root?.name !== 'direct') broken.push(path);
  return {
    settings: settingsOf(
      (own.get(CONF) ?? []).map((line) => line.replace(/^\s*(?<name>\w+)\s*=\s*/, upper)).join('\n'),
    ),
    zones: filesOf('zones'),
    policies: filesOf('policies'),
    services: filesOf('services'),
    ipsets: filesOf('ipsets'),
    ...(root?.name === 'direct' && { direct: { path, root } }),
    broken: [...new Set(broken)],
  };
}

/** Settings are read in capitals, whatever their spelling: `DefaultZone` as DEFAULTZONE. */
function upper(whole: string): string {
  return whole.replace(/\s/g, '').toUpperCase();
}

/** What the element of this name says of itself. */
export function valuesOf({ children }: Element, name: string, attribute: string): readonly string[] {
  return children.flatMap((one) => (one.name === name ? (one.attributes.get(attribute) ?? []) : []));
}
