import { createHash } from 'node:crypto';
import type { AccessFact } from '../../model/index.js';
import type { Section } from '../contract.js';
import { fact, linesIn } from './lines.js';

const TYPE = /(?:^|[\s,"])(?<type>(?:sk-)?(?:ssh|ecdsa)-[\w@.-]+)\s+(?<blob>[A-Za-z0-9+/]{20,}={0,2})(?=\s|$)/;

/**
 * One public key that opens an account: its kind, its fingerprint as `ssh-keygen -lf` prints it, and what restricts it.
 * The comment behind it is not part of it: anybody may write anything there.
 */
export function keysIn(section: Section, account: (path: string) => string): readonly AccessFact[] {
  return linesIn(section).flatMap((line): readonly AccessFact[] => {
    if (line.text === '' || line.text.startsWith('#')) return [];
    const whose = account(line.path);
    const at = { ...line, section };
    const match = TYPE.exec(line.text);
    if (!match?.groups)
      return [fact('keys', 'key', `a line of ${whose} that is not understood`, line.text.slice(0, 60), at)];
    const { type = '', blob = '' } = match.groups;
    const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '');
    const options = line.text.slice(0, line.text.indexOf(type, match.index)).trim();
    const value = options === '' ? 'without restrictions' : options;
    // The line itself holds the key, which is public, and is not needed to find it again.
    const shown = { ...at, text: `${options === '' ? '' : `${options} `}${type} SHA256:${digest}` };
    return [fact('keys', 'key', `${type} SHA256:${digest} of ${whose}`, value, shown)];
  });
}

/** Whose account the keys of a file open: that of the home it lies in. */
export function accountOf(path: string): string {
  return /^\/home\/(?<name>[^/]+)\//.exec(path)?.groups?.name ?? path;
}
