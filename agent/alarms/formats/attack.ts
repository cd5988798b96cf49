import type { AlarmRecord } from '../record.js';

export interface Technique {
  readonly id: string;
  readonly name: string;
  /** Releases of ATT&CK in which the technique has this number. */
  readonly versions: string;
}

/** The number of one idea has changed between releases: both are told, each with its own. */
const firewall: readonly Technique[] = [
  { id: 'T1562.004', name: 'Disable or Modify System Firewall', versions: '16-18' },
  { id: 'T1686.002', name: 'Network Device Firewall', versions: '19' },
];
const remoteServices: Technique = { id: 'T1133', name: 'External Remote Services', versions: '16-19' };
const trusted: Technique = { id: 'T1199', name: 'Trusted Relationship', versions: '16-19' };
const remoteTools: Technique = { id: 'T1219', name: 'Remote Access Tools', versions: '16-19' };

const byCode: Readonly<Record<string, readonly Technique[]>> = {
  FILTERING_OFF: firewall,
  LEFT_OPEN: [...firewall, remoteServices],
  UNPLANNED_OPENING: [...firewall, remoteServices],
  OUT_OF_SCOPE_OPENING: [...firewall, remoteServices],
  REMOTE_TOOL_LEFT: [remoteTools],
  VPN_LEFT: [remoteServices, trusted],
};

export function techniquesOf(code: string): readonly Technique[] {
  return byCode[code] ?? [];
}

/**
 * Says which techniques the opening would serve. A rule that was left open is no attack, and a tag starts incident
 * playbooks: only a sink that asks for it gets it, and it says `enables`.
 */
export function withAttack(record: AlarmRecord): AlarmRecord {
  const ids = techniquesOf(record.code).map(({ id, versions }) => `${id} (attack_version ${versions})`);
  return ids.length === 0 ? record : { ...record, attack: `enables ${ids.join(', ')}` };
}
