import type { FindingView } from './contract.js';

/**
 * Open for certain and nobody's accepted risk: what takes the words "no drift" away. Blindness and a strange host key
 * are reasons not to know.
 */
export function countsAsOpen({ code, severity, resolvedAt, waivedUntil, certainty, details }: FindingView): boolean {
  // What the report lists is open and not declared, though nobody is called for it yet.
  if (code === 'ONBOARDING_REPORT') return resolvedAt === undefined && details !== undefined && details.length > 0;
  const isOpen = resolvedAt === undefined && waivedUntil === undefined && severity !== 'info';
  return isOpen && certainty !== 'possible' && code !== 'GUARD_BLIND' && code !== 'HOST_KEY_CHANGED';
}
