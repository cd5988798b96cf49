import type { Ledger } from './ledger.js';
import type { Places } from './places.js';
import { objectKinds } from './scope.js';

const plain = new Set([
  'application-status',
  'application-tag',
  'tag',
  'botnet',
  'report',
  'reports',
  'report-group',
  'profiles',
  'profile-group',
  'log-settings',
  'certificate',
  'certificate-profile',
  'ssl-tls-service-profile',
  'ssl-decrypt',
  'local-user-database',
  'authentication-profile',
  'authentication-sequence',
  'authentication-object',
  'server-profile',
  'admin-role',
  'content-preview',
  'alg-override',
  'email-scheduler',
  'pdf-summary-report',
  'override',
  'setting',
  'import',
  'display-name',
  'user-id-collector',
  'user-id-agent',
  'user-id-agent-sequence',
  'user-id-ssl-auth',
  'ts-agent',
  'group-mapping',
  'global-protect',
  'captive-portal',
  'dns-proxy',
  'response-page',
  'scep',
  'ocsp-responder',
  'description',
  'devices',
  'parent-dg',
  'reference-templates',
  'threats',
  'url-admin-override',
  'url-content-types',
  'vm-info-source',
  'redistribution-agent',
  'dynamic-user-group',
  'device-object',
  'gp-auth-override',
  'access-domain',
  'sdwan-path-quality-profile',
  'sdwan-traffic-distribution-profile',
  'to-sw-version',
  'custom-url-category',
  'pkcs-certificate',
  'master-device',
  'log-forwarding',
  'schedules',
  'last-address',
  'user-group',
  'syslog',
]);
const readElsewhere = new Set<string>(['zone', 'rulebase', 'pre-rulebase', 'post-rulebase', ...objectKinds]);

/** What of a system, of the shared part or of a pushed one has no entry yet is irrelevant only where it is known to be. */
export function accountOf(places: Places, ledger: Ledger): void {
  for (const node of [
    ...places.shared,
    ...places.pushed,
    ...[...places.pushedTo.values()].flat(),
    ...[...places.systems.values(), ...places.groups.values()].flat(),
  ]) {
    ledger.used(node);
    for (const child of node.children) {
      if (plain.has(child.name)) ledger.irrelevant(child);
      else if (readElsewhere.has(child.name)) {
        ledger.used(child);
        if (
          ['region', 'external-list', 'schedule', 'application', 'application-group', 'application-filter'].includes(
            child.name,
          )
        )
          ledger.all(child);
      }
    }
  }
  for (const node of places.users) ledger.irrelevant(node);
}
