import { existsSync } from 'node:fs';
import { type SecretReference, type Settings, type SshServer, siteOf } from '../config/index.js';
import { systemClock } from '../lib/clock.js';
import type { Problem } from '../lib/result.js';
import { approvedText } from './guard/judge-context.js';
import { windowsOf } from './guard/planned.js';

const DAY_MS = 86_400_000;
const ENDING_DAYS = 30;

/** What is right by the grammar, and will not do what was meant: nothing of it stands in the way of using it. */
export function configRemarks(
  settings: Settings,
  clock = systemClock,
  env: Readonly<Record<string, string | undefined>> = process.env,
): readonly Problem[] {
  const now = clock.now();
  const approvals = settings.approvedHosts.flatMap((host): readonly Problem[] => {
    if (host.until === undefined || host.until - now > ENDING_DAYS * DAY_MS) return [];
    const [text, until] = [approvedText(host), new Date(host.until).toISOString()];
    return host.until <= now
      ? [{ code: 'APPROVAL_ENDED', message: `${text}: not approved since ${until}`, remedy: 'renew it, or remove it' }]
      : [{ code: 'APPROVAL_ENDING', message: `${text}: approved until ${until} only`, remedy: 'renew it before' }];
  });
  const windows = (settings.windows ?? []).flatMap((window): readonly Problem[] => {
    if (windowsOf(window, now).some(({ end }) => end > now)) return [];
    const message = `window ${window.id}: ${window.recurs ? 'none of its series lies ahead' : 'it is over'}`;
    const remedy = window.recurs ? 'give it a later start, or take it out' : 'take it out of the configuration';
    return [{ code: 'WINDOW_PAST', message, remedy }];
  });
  const sites = Object.keys(settings.sites ?? {}).flatMap((id): readonly Problem[] => {
    if (settings.devices.some((device) => siteOf(settings, device.id) === id)) return [];
    const remedy = 'say `site` on its devices, or take it out';
    return [{ code: 'SITE_EMPTY', message: `site ${id}: no device stands in it`, remedy }];
  });
  const missing = secretsOf(settings).flatMap(({ of, kind, place }): readonly Problem[] => {
    if (kind === 'env' ? env[place] : existsSync(place)) return [];
    const message = `${of}: ${kind === 'env' ? `the variable ${place} is not set here` : `there is no file ${place}`}`;
    const remedy = kind === 'env' ? 'set it where Écluse is started' : 'put it there, with chmod 600';
    return [{ code: 'SECRET_MISSING', message, remedy }];
  });
  const once = new Map(missing.map((one) => [one.message, one]));
  return [...approvals, ...windows, ...sites, ...once.values()];
}

interface NamedSecret extends SecretReference {
  readonly of: string;
}

function secretsOf({ devices, sinks }: Settings): readonly NamedSecret[] {
  return [
    ...devices.flatMap(({ id, source }) =>
      source.kind === 'ssh'
        ? [source, ...(source.jump ? [source.jump] : [])].flatMap((one) => loginOf(id, one))
        : source.kind === 'https'
          ? [{ ...source.password, of: `device ${id}` }]
          : [],
    ),
    ...sinks.flatMap((sink) => {
      const own = [
        ...('url' in sink && typeof sink.url !== 'string' ? [sink.url] : []),
        ...('secret' in sink && sink.secret ? [sink.secret] : []),
        ...('password' in sink && sink.password ? [sink.password] : []),
      ];
      return own.map((one) => ({ ...one, of: `sink ${sink.id}` }));
    }),
  ];
}

function loginOf(device: string, { keyFile, passphrase, agent, password }: SshServer): readonly NamedSecret[] {
  const key = keyFile === undefined ? [] : [{ kind: 'file' as const, place: keyFile }];
  const held = [...key, ...[passphrase, agent, password].filter((one) => one !== undefined)];
  return held.map((one) => ({ ...one, of: `device ${device}` }));
}
