/**
 * drivers/asa: configurations of Cisco ASA from 8.3 on, and of Firepower's LINA. Passes: parse.ts (lines and submodes),
 * config.ts (the vendor's nouns, and what became of each line), convert.ts (interfaces, access lists, translations and
 * management as lists of rules).
 */
import type { Driver } from '../contract.js';
import { dialogue, secrets, volatile } from './dialogue.js';
import { identify } from './identify.js';
import { read } from './read.js';
import { undo } from './undo.js';
import { anyMeans } from './version.js';

export const driver: Driver = {
  id: 'asa',
  title: 'Cisco ASA, Firepower (LINA)',
  versions: 'ASA 8.3–9.x; before 8.3 nothing is claimed',
  models: [
    'interfaces with their security levels, same-security-traffic, shutdown and management-only',
    'access lists (extended, standard, Firepower’s advanced) in, out, global and control-plane, with objects and nested groups of every kind',
    'object and twice NAT in the order of the three sections',
    'http, ssh, telnet, icmp, SNMP and VPN services of the device itself',
    'time ranges, users, security groups, names of hosts, inspection and VPN tunnels as unknown conditions',
  ],
  identify,
  dialogue,
  secrets,
  volatile,
  defaults: [anyMeans],
  read,
  undo,
  // 111001, 111004, 111005: saved or erased; 111007: read from a file; 111008, 111010: a command was carried out;
  // 111009 is a command that only shows. 504001 and 504002: a context came or went.
  changeReports: [/%(?:ASA|FTD|PIX|FWSM)-(?:\w+-)?\d-(?:1110(?:0[134578]|10)|50400[12])\b/],
};
