import { askLine } from '../../../agent/app/index.js';
import { driver } from '../../../agent/drivers/panos/index.js';
import type { Device } from '../../../agent/model/index.js';

/** Three zones, a default route to the outside, and the addresses of the device in them. */
export const network = `set network interface ethernet ethernet1/1 layer3 ip 203.0.113.1/24
set network interface ethernet ethernet1/2 layer3 ip 10.0.0.1/24
set network interface ethernet ethernet1/3 layer3 ip 10.0.9.1/24
set network virtual-router default interface [ ethernet1/1 ethernet1/2 ethernet1/3 ]
set network virtual-router default routing-table ip static-route out destination 0.0.0.0/0
set network virtual-router default routing-table ip static-route out interface ethernet1/1
set network virtual-router default routing-table ip static-route out nexthop ip-address 203.0.113.254
set zone outside network layer3 ethernet1/1
set zone inside network layer3 ethernet1/2
set zone dmz network layer3 ethernet1/3
`;

export type Words = Readonly<Record<string, string>>;

/** A security rule by what differs from: any application and service from the inside to the outside, allowed. */
export function security(name: string, words: Words = {}): string {
  const all: Words = {
    from: 'inside',
    to: 'outside',
    source: 'any',
    destination: 'any',
    application: 'any',
    service: 'any',
    action: 'allow',
    ...words,
  };
  return linesOf(`set rulebase security rules ${name}`, all);
}

/** A translation by what differs from: none, of all that goes to the outside. */
export function nat(name: string, words: Words): string {
  const all: Words = { from: 'any', to: 'outside', source: 'any', destination: 'any', service: 'any', ...words };
  return linesOf(`set rulebase nat rules ${name}`, all);
}

function linesOf(start: string, words: Words): string {
  return Object.entries(words)
    .filter(([, value]) => value !== '')
    .map(([word, value]) => `${start} ${word} ${value}\n`)
    .join('');
}

export function readText(text: string): Device {
  const sections = [{ name: 'config', source: 'config', text }];
  const result = driver.read({ driver: 'panos', device: 'fw', sections }, { device: 'fw' });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** `allow (vsys1/web) to 10.0.9.10:8080`: the verdict, what decided, and what the packet becomes. */
export function answerOf(device: Device, packet: object): string {
  const asked = { proto: 'tcp', sport: 40_000, dport: 443, ...packet };
  const answer = askLine(device, JSON.stringify({ id: 1, packet: asked }), { file: 'cases', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  const { verdict, because, nat: becomes } = answer.value;
  const rule = because[0] ? ` (${because[0].rule.replace(/^vsys1\//, '')})` : '';
  const to = becomes?.to
    ? ` to ${becomes.to.join()}${becomes.ports ? `:${[...new Set(becomes.ports)].join('-')}` : ''}`
    : '';
  const from = becomes?.source?.to ? ` from ${becomes.source.to.join()}` : '';
  return `${verdict}${rule}${to}${from}`;
}

export const outward = { iif: 'ethernet1/2', oif: 'ethernet1/1', src: '10.0.0.7', dst: '198.51.100.9' } as const;
export const inward = { iif: 'ethernet1/1', oif: 'ethernet1/3', src: '198.51.100.9', dst: '203.0.113.10' } as const;
export const within = { iif: 'ethernet1/2', oif: 'ethernet1/2', src: '10.0.0.7', dst: '10.0.0.8' } as const;
