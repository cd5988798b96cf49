/** What lives in a zone of the hospital's network, in the words of its documents. */
export const zoneKinds = [
  'clinical',
  'imaging',
  'biomed',
  'lab',
  'research',
  'dmz',
  'directory',
  'backup',
  'management',
  'office',
  'guest',
  'vendor',
  'internet',
  'other',
] as const;
export type ZoneKind = (typeof zoneKinds)[number];

/**
 * `inside`: the hospital's own. `partner`: known others, such as the vendors' tunnel. `outside`: strangers, as the
 * internet is.
 */
export const zoneTrusts = ['inside', 'partner', 'outside'] as const;
export type ZoneTrust = (typeof zoneTrusts)[number];

/** How far a zone of a kind is trusted where nobody says otherwise. */
export function usualTrust(kind: ZoneKind): ZoneTrust {
  if (kind === 'internet' || kind === 'guest') return 'outside';
  return kind === 'vendor' ? 'partner' : 'inside';
}
