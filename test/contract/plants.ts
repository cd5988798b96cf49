import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Driver, Section } from '../../agent/drivers/contract.js';
import { recordingsOf } from '../drivers/recorded.js';
import {
  asa,
  fortios,
  grown,
  iptables,
  nftables,
  panosSet,
  panosWords,
  panosXml,
  remarks,
  type Secret,
  type Shape,
  stormshield,
  type Templates,
  values,
} from './plant-lines.js';

/** Secrets planted where each platform's configurations have them: 200 in each. */

export const SECRETS = 200;

export interface Planted {
  readonly sections: readonly Section[];
  /** What is unmistakable in each secret, and is looked for. */
  readonly cores: readonly string[];
}

/** In two parts, because nothing that looks like a key is committed. */
const KEY = `ENCRYPTED ${'PRIVATE'} KEY`;

const shapes: Readonly<Record<Shape, (core: string) => string>> = {
  word: (core) => `Zq${core}`,
  base64: (core) => `kR7+${core}/wA==`,
  hex: (core) => `00ff${core}`,
  signs: (core) => `!x#${core}%^&*_-+~.`,
  quoted: (core) => `"two words, a \\"sign and ${core}"`,
  pem: (core) => `-----BEGIN ${KEY}-----\nMIIE${core}AA\nBB${core}==\n-----END ${KEY}-----`,
  hash: (core) => `$6$salt$${core}abcdefghij.klmnop/QRSTUV`,
};

/** Sixteen hexadecimal digits that nothing else has; another round has others. */
function coreOf(driver: string, round: number, index: number): string {
  let sum = 0x9e3779b1 ^ (round * 0x85ebca6b);
  for (const letter of `${driver} ${index}`) sum = Math.imul(sum ^ letter.charCodeAt(0), 0x01000193);
  const high = (sum >>> 0).toString(16).padStart(8, '0');
  return `${high}${(Math.imul(sum, 0x27d4eb2f) >>> 0).toString(16).padStart(8, '0')}`;
}

interface Plot {
  readonly recording: string;
  /** Puts into the sections what `grow` gives for these templates. */
  readonly plant: (sections: readonly Section[], grow: Grow) => readonly Section[];
}

type Grow = (templates: Templates | ((secret: Secret, enough: () => boolean) => string), share?: number) => string;

/** Changes the section of this name; one that the recording lacks is made. */
function within(name: string, change: (text: string, grow: Grow) => string): Plot['plant'] {
  return (sections, grow) => {
    const known = sections.find((section) => section.name === name || section.name.startsWith(`${name}.`));
    const base = known ?? { name, source: name, text: '' };
    const section = { ...base, text: change(base.text, grow) };
    return known ? sections.map((one) => (one === known ? section : one)) : [...sections, section];
  };
}

const inTurn = (...plants: readonly Plot['plant'][]): Plot['plant'] => {
  return (sections, grow) => plants.reduce((all, plant) => plant(all, grow), sections);
};

const beforeLast = (text: string, mark: string, more: string): string => {
  const at = text.lastIndexOf(mark);
  return text.slice(0, at) + more + text.slice(at);
};

const plots: Readonly<Record<string, readonly Plot[]>> = {
  fortios: [
    {
      recording: 'clinic-74',
      plant: within('configuration', (text, grow) => beforeLast(text, 'config router static', grow(fortios))),
    },
  ],
  asa: [
    {
      recording: 'edge',
      plant: inTurn(
        within('running-config', (text, grow) => beforeLast(text, 'Cryptochecksum:', grow(asa, 0.7))),
        within('startup-config', (text, grow) => beforeLast(text, 'Cryptochecksum:', grow(asa))),
      ),
    },
  ],
  panos: [
    {
      recording: 'ward-xml',
      plant: within('running-config', (text, grow) =>
        beforeLast(text, '</config>', `<canaries>\n${grow(panosXml)}</canaries>\n`),
      ),
    },
    { recording: 'branch-set', plant: within('branch', (text, grow) => text + grow(panosSet)) },
    {
      recording: 'lab-braces',
      plant: within(
        'lab',
        (text, grow) =>
          text +
          grow(
            panosWords.map(
              (word) => (s, n) => `canary${n} {\n  ${word} ${word.length % 2 === 0 ? s('quoted') : s('word')};\n}\n`,
            ),
          ),
      ),
    },
  ],
  stormshield: [
    { recording: 'console', plant: within('canaries', (_, grow) => grow(stormshield)) },
    { recording: 'slot-files', plant: within('canaries', (_, grow) => grow(stormshield)) },
  ],
  nftables: [
    {
      recording: 'router',
      plant: within('nft-text', (text, grow) =>
        text.replace(/^(?=\s*chain [\s\S]*?\n)/m, () => `  chain canaries {\n${grow(nftables)}  }\n`),
      ),
    },
    {
      recording: 'router',
      plant: within('nft-json', (text, grow) => {
        const rules = grow(
          remarks(
            (comment, n) =>
              `, {"rule": ${JSON.stringify({ family: 'inet', table: 't', chain: 'c', handle: 5000 + n, comment, expr: [{ accept: null }] })}}`,
          ),
        );
        return beforeLast(text, ']', rules);
      }),
    },
  ],
  iptables: [
    {
      recording: 'simple-server',
      plant: within('iptables-save', (text, grow) => beforeLast(text, 'COMMIT', grow(iptables))),
    },
    {
      recording: 'ipsets',
      plant: within(
        'ipset-save',
        (text, grow) => text + grow(remarks((comment, n) => `add allowed 192.0.2.${n} comment "${comment}"\n`)),
      ),
    },
  ],
  'linux-listeners': [
    {
      recording: 'application-server',
      plant: inTurn(
        within(
          'passwd',
          (text, grow) =>
            text + grow([(s, n) => `canary${n}:${s('hash')}:${2000 + n}:100:A Person:/home/c${n}:/bin/sh\n`], 0.5),
        ),
        within(
          'ss',
          (text, grow) =>
            text +
            grow(
              values(
                (comment, n) => `tcp LISTEN 0 128 0.0.0.0:${3000 + n} 0.0.0.0:* users:(("${comment}",pid=${n},fd=3))\n`,
              ),
            ),
        ),
      ),
    },
  ],
  'linux-access': [
    {
      recording: 'maintenance-left',
      plant: inTurn(
        within(
          'passwd',
          (text, grow) =>
            text + grow([(s, n) => `canary${n}:${s('hash')}:${2000 + n}:100::/home/c${n}:/bin/sh\n`], 0.2),
        ),
        within('group', (text, grow) => text + grow([(s, n) => `canaries${n}:${s('hash')}:${2000 + n}:root\n`], 0.3)),
        within(
          'sudoers',
          (text, grow) =>
            text +
            grow(
              values((comment) => `/etc/sudoers.d/x:Defaults env_file="${comment}"\n`),
              0.45,
            ),
        ),
        within(
          'keys-root',
          (text, grow) =>
            text +
            grow(
              [
                (s, n) =>
                  `environment="SECRET=${s('word')}",command="backup --token=${s('word')}" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ${String(n).padStart(41, 'A')} c${n}\n`,
              ],
              0.6,
            ),
        ),
        within(
          'wireguard-files',
          (text, grow) =>
            text +
            grow(
              [
                (s) =>
                  `/etc/wireguard/wg0.conf:PrivateKey = ${s('base64')}\n/etc/wireguard/wg0.conf:PresharedKey=${s('base64')}\n`,
              ],
              0.7,
            ),
        ),
        within(
          'openvpn',
          (text, grow) =>
            text +
            grow(
              [
                (s) =>
                  `/etc/openvpn/a.conf:http-proxy-user-pass password=${s('word')}\n/etc/openvpn/a.conf:${s('pem').replaceAll('\n', '\n/etc/openvpn/a.conf:')}\n`,
              ],
              0.8,
            ),
        ),
        within(
          'ipsec',
          (text, grow) =>
            text +
            grow([(s) => `/etc/ipsec.conf:  secret = "${s('word')}"\n/etc/ipsec.secrets:: PSK "${s('word')}"\n`], 0.9),
        ),
        within(
          'syslog',
          (text, grow) =>
            text +
            grow([
              (s) => `/etc/rsyslog.conf:action(type="omelasticsearch" target="10.0.0.9" uid="u" pwd="${s('word')}")\n`,
            ]),
        ),
      ),
    },
  ],
  'linux-saved': [
    {
      recording: '',
      plant: inTurn(
        within('nftables', (_, grow) => `table inet filter {\n  chain input {\n${grow(nftables, 0.5)}  }\n}\n`),
        within('rules-v4', (_, grow) => `*filter\n:INPUT ACCEPT [0:0]\n${grow(iptables, 0.8)}COMMIT\n`),
        within('ufw-rules', (_, grow) =>
          grow(remarks((comment) => `### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=${comment}\n`)),
        ),
      ),
    },
  ],
};

/**
 * A platform that needs no more than lines: `test/recordings/ID/canaries.txt` has them, with `{word}`, `{base64}` and the
 * like where a secret stands and `{n}` for a number; they go before the last line of its first recording.
 */
function fromLines(driver: Driver): readonly Plot[] {
  const path = join(process.cwd(), 'test', 'recordings', driver.id, 'canaries.txt');
  const [recording] = recordingsOf(driver);
  if (!existsSync(path) || !recording) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const templates = lines.map((line): Templates[number] => {
    return (secret, n) =>
      `${line.replace(/\{(?<what>\w+)\}/g, (_, what: string) => (what === 'n' ? `${n}` : secret(what as Shape)))}\n`;
  });
  const { name } = recording.sections.find(({ text }) => text.length > 0)!;
  return [
    {
      recording: recording.name,
      plant: within(name, (text, grow) => beforeLast(text.trimEnd(), '\n', `\n${grow(templates).trimEnd()}`)),
    },
  ];
}

function plotsOf(driver: Driver): readonly Plot[] {
  return Object.hasOwn(plots, driver.id) ? plots[driver.id]! : fromLines(driver);
}

/** The planted captures of a driver; `round` 2 is the same with every secret changed. */
export function plantedIn(driver: Driver, round = 1): readonly Planted[] {
  const recordings = recordingsOf(driver);
  return plotsOf(driver).map(({ recording, plant }, plot) => {
    const cores: string[] = [];
    const secret: Secret = (shape) => {
      cores.push(coreOf(`${driver.id} ${plot}`, round, cores.length));
      return shapes[shape](cores.at(-1)!);
    };
    const grow: Grow = (what, share = 1) => {
      const enough = (): boolean => cores.length >= SECRETS * share;
      return typeof what === 'function' ? what(secret, enough) : grown(what, secret, enough);
    };
    const base = recordings.find(({ name }) => name === recording)?.sections ?? [];
    return { sections: plant(base, grow), cores };
  });
}

/** Drivers that have no plants: a platform that was added and nobody has thought of its secrets. */
export function withoutPlants(drivers: readonly Driver[]): readonly string[] {
  return drivers.filter((driver) => plotsOf(driver).length === 0).map(({ id }) => id);
}
