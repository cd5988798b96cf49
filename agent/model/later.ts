import type { Device, Pipeline } from './device.js';
import type { Origin } from './origin.js';

/**
 * Rules that lie ready to take the place of those that hold now. `saved`: the device loads them at its next start.
 * `candidate`: somebody has typed them, and they hold once they are committed. `standby`: the other member of a pair
 * has them, and they hold once it takes over.
 */
export type LaterKind = 'saved' | 'candidate' | 'standby';

export interface LaterState {
  readonly kind: LaterKind;
  readonly pipeline: Pipeline;
  /** In words: `at the next start, when nftables loads /etc/nftables.conf`. */
  readonly returnsWhen: string;
}

/**
 * The pair or cluster that a device is of, as state: a failover changes it, and is no drift. Whatever is a member's own
 * (its name, its serial number, the address of its management port) must not get into the pipeline or into a fact
 * that is not marked `ofMember`, or each failover would look like somebody's work.
 */
export interface Availability {
  /** The member that answered, by the name by which the members know each other. */
  readonly member: string;
  /** All of them, the one that answered among them. */
  readonly members: readonly Member[];
  /** Why the members do not hold the same configuration, in the platform's words. Absent: they say that they do. */
  readonly outOfStep?: string;
  readonly origin: Origin;
}

export interface Member {
  readonly name: string;
  /** `active` forwards; `standby` would take over; `failed` would not. */
  readonly role: 'active' | 'standby' | 'failed' | 'unknown';
  /** It was read too: its configuration is a part of this capture. */
  readonly read?: true;
}

/** What a reading of one member leaves open about the pair, in sentences. */
function standbyRemarks({ member, members, outOfStep }: Availability): readonly string[] {
  const others = members.filter(({ name, read, role }) => name !== member && !read && role !== 'failed');
  if (others.length === 0) return [];
  const names = others.map(({ name, role }) => `${name} (${role})`).join(', ');
  const same =
    outOfStep === undefined
      ? 'the members say that they hold the same configuration, and that is not checked'
      : `the members say that they do not hold the same configuration (${outOfStep}): what would pass after a failover is not known`;
  return [`Read was the member ${member}, and not ${names}: ${same}.`];
}

const laterWords: Readonly<Record<LaterKind, string>> = {
  saved:
    'The configuration that is saved for the next start could not be read whole: what it lets through is not known.',
  candidate:
    'There are changes that nobody has committed yet, and they could not be read whole: what they would let through is not known.',
  standby: 'The configuration of the member that stands by could not be read whole: what it lets through is not known.',
};

/** The device with what its state leaves open said in its coverage; saying it twice changes nothing. */
export function withStateRemarks(device: Device): Device {
  const { availability, laterUnknown = [], coverage } = device;
  const said = [...(availability ? standbyRemarks(availability) : []), ...laterUnknown.map((kind) => laterWords[kind])];
  if (said.length === 0) return device;
  return { ...device, coverage: { ...coverage, notCovered: [...new Set([...coverage.notCovered, ...said])] } };
}
