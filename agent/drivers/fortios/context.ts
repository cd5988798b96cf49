import type { Condition, Family, Step } from '../../model/index.js';
import type { Claims } from './claim.js';
import type { DeviceTime } from './clock.js';
import type { Library } from './library.js';
import type { Domain } from './network.js';
import type { SourceNat } from './source-nat.js';
import type { Entry } from './tables.js';
import type { VirtualIp } from './vip.js';

/** What the policies of one virtual domain refer to. */
export interface PolicyContext extends Library {
  readonly domain: Domain;
  readonly claims: Claims;
  /** The version by whose defaults it is read. */
  readonly defaultsOf: string | undefined;
  readonly vips: Readonly<Record<Family, ReadonlyMap<string, VirtualIp>>>;
  readonly vipGroups: Readonly<Record<Family, ReadonlyMap<string, Entry>>>;
  readonly centralNat: boolean;
  readonly sourceNat: SourceNat;
  /** What the device's clock showed when it was read. */
  readonly now: DeviceTime | undefined;
  /** The whole configuration was shown: what is not there is not on the device. */
  readonly whole: boolean;
}

/** What a setting contributes, and what of it is not exact. */
export interface Part {
  readonly condition?: Condition;
  readonly problems: readonly string[];
  readonly bounds: readonly string[];
  /** What is done besides, before the verdict. */
  readonly steps?: readonly Step[];
}

export const exact: Part = { problems: [], bounds: [] };

/** A test whose words were lost: it may hold or not. */
export function lostTest(text: string): Condition {
  return { kind: 'unknown', id: `fortios ${text}`, text, unrecognized: true };
}

/** What only the device knows; the same where the words are the same. */
export function unknown(text: string): { readonly condition: Condition; readonly bounds: readonly string[] } {
  return { condition: { kind: 'unknown', id: `fortios ${text}`, text }, bounds: [text] };
}
