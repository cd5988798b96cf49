import { z } from 'zod';
import { Address, Moment, named, setting } from './parts.js';

/** Hosts outside that data may be sent to. */

const HOST = 'an address or a prefix such as 203.0.113.20, or {host: 203.0.113.20, name: …, certificate: …, until: …}';

const ApprovedEntry = z.strictObject(
  {
    host: setting(
      z.union([Address.transform((one) => [one]), z.array(Address).min(1, HOST)], { error: HOST }),
      'Its addresses or prefixes: one, or a list.',
      ['203.0.113.20', '2001:db8:20::/48'],
    ),
    name: setting(named('what the host is called').optional(), 'What people call it.', 'Hébergeur HDS'),
    certificate: setting(
      named('its certificate, such as HDS 2024-0117').optional(),
      'By which certificate it is approved, such as the one for hosting health data (HDS). It stands in the finding once it has ended.',
      'HDS 2024-0117',
    ),
    until: setting(
      Moment.optional(),
      'The last day on which it is approved: that of its certificate or contract. From then on a rule towards it is told. Left out: no end.',
      '2027-06-30',
    ),
  },
  { error: HOST },
);

export const ApprovedHosts = z
  .array(z.union([Address.transform((one) => ({ host: [one] })), ApprovedEntry], { error: HOST }), {
    error: 'a list of addresses or prefixes',
  })
  .prefault([]);
export type ApprovedHostEntry = z.infer<typeof ApprovedHosts>[number];
