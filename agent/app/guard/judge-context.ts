import type { ApprovedHost, Settings } from '../../config/index.js';
import type { HostApproval, JudgeContext, Rules } from '../../judge/index.js';
import { windowMachine } from '../../windows/index.js';

import { wayTo } from './way.js';

/** What the judge is told of the hospital: the settings, in its own words. */
export function judgeContextOf(settings: Settings, rules: Rules): JudgeContext {
  const { devices, approvedHosts, zones, sites = {}, graceMinutes, sinks } = settings;
  const siteNetworks = Object.entries(sites).flatMap(([id, { networks }]) =>
    networks ? [[id, networks] as const] : [],
  );
  return {
    devices: Object.fromEntries(
      devices.map((device) => {
        const { id, kind, zone, networks, onboardingUntil } = device;
        return [
          id,
          {
            ...{ kind, way: wayTo(device, sites) },
            ...(zone !== undefined && { zone }),
            ...(networks && { networks }),
            ...(onboardingUntil !== undefined && { onboardingUntil }),
          },
        ];
      }),
    ),
    approvedHosts: approvedHosts.flatMap(({ hosts, until }) => (until === undefined ? hosts : [])),
    approvals: approvedHosts.flatMap(approvalOf),
    ...(zones && { zones }),
    ...(siteNetworks.length > 0 && { siteNetworks: Object.fromEntries(siteNetworks) }),
    ...rules,
    graceMinutes,
    ...(settings.approvalPeople !== undefined && { approvalPeople: settings.approvalPeople }),
    escalations: sinks.flatMap(({ id, escalation }) => (escalation ? [{ to: id, afterMinutes: escalation }] : [])),
    windows: windowMachine,
  };
}

function approvalOf({ until, ...approved }: ApprovedHost): readonly HostApproval[] {
  return until === undefined ? [] : [{ hosts: approved.hosts, about: approvedText(approved), until }];
}

/** `Hébergeur HDS, HDS 2024-0117 (203.0.113.20)`. */
export function approvedText({ hosts, name, certificate }: ApprovedHost): string {
  const words = [name, certificate].filter((word) => word !== undefined).join(', ');
  return words === '' ? hosts.join(', ') : `${words} (${hosts.join(', ')})`;
}

/** Declared zones in which strangers sit: their interfaces are tried first for a packet that gets in. */
export function outerZonesOf({ zones = {} }: Settings): readonly string[] {
  return Object.entries(zones).flatMap(([name, { trust }]) => (trust === 'outside' ? [name] : []));
}
