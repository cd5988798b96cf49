import type { Intervals } from '../../lib/intervals.js';
import type { ServiceTable } from '../services.js';
import type { Severity, Subject } from '../types.js';

/** The same sentence for both kinds of readers. */
export interface Words {
  readonly en: string;
  readonly fr: string;
}

/** Whom the other end belongs to: anybody, one host outside, the vendors' tunnel, the hospital itself. */
export const TRUSTS = ['internet', 'publicHost', 'vendor', 'inside'] as const;
export type Trust = (typeof TRUSTS)[number];

/** What lives in a zone; scenarios name the zones, docs/rules.md lists them. */
export const ZONE_KINDS = ['clinical', 'key', 'data', 'outer'] as const;
export type ZoneKind = (typeof ZONE_KINDS)[number];

/** `any`: every address of a family, or every public one. `host`: one address. `network`: what lies between. */
export const BREADTHS = ['any', 'network', 'host'] as const;
export type Breadth = (typeof BREADTHS)[number];

/** The firewall's own doors; `none`: traffic that is not for the firewall itself. */
export const DOORS = ['administration', 'vpn', 'other', 'none'] as const;
export type Door = (typeof DOORS)[number];

export interface PartyTest {
  readonly trust?: readonly Trust[];
  readonly zones?: readonly string[];
  readonly notZones?: readonly string[];
  readonly kinds?: readonly ZoneKind[];
  readonly breadth?: readonly Breadth[];
}

/** What a subject must be for the rule to speak of it: everything that is given must hold, of a list one member. */
export interface When {
  readonly kind: readonly Subject['kind'][];
  readonly direction?: readonly NonNullable<Subject['direction']>[];
  readonly from?: PartyTest;
  readonly to?: PartyTest;
  /** Traffic to the firewall itself, by what it leads to. */
  readonly door?: readonly Door[];
  /** Ids of rules/services.yaml that the flow reaches, and their categories. */
  readonly services?: readonly string[];
  readonly categories?: readonly string[];
  readonly protocols?: readonly string[];
  readonly ports?: Intervals | 'any';
  /** No port is named, or all of them. */
  readonly anyPort?: boolean;
  /** What the ports alone mean to anybody on the internet is at least this. */
  readonly portRisk?: Severity;
  /** Of a listener: an opening from the internet reaches it now. */
  readonly reached?: boolean;
  readonly remoteTool?: boolean;
  /** Data may go to particular hosts outside that nobody approved. */
  readonly unapprovedHost?: boolean;
  /** No schedule of the device ends it. */
  readonly endless?: boolean;
  /** Of an access fact: the code it is told under. */
  readonly access?: readonly string[];
}

/**
 * What a rule does to the severity that risk() computed: nothing, or it says it outright, raises it at least so far, or
 * lets it be at most so much.
 */
export type SeverityRule =
  | { readonly kind: 'risk' }
  | { readonly kind: 'is' | 'atLeast' | 'atMost'; readonly level: Severity };

export interface ExposureRule {
  readonly id: string;
  readonly title: Words;
  readonly severity: SeverityRule;
  /** Told as BASELINE_EXPOSURE also where the baseline declares it. */
  readonly baseline: boolean;
  readonly when: When;
  readonly why: Words;
  readonly shut: Words;
  readonly references: readonly string[];
  readonly examples: { readonly match: readonly Example[]; readonly not: readonly Example[] };
  /** Where it was written. */
  readonly file: string;
  readonly own: boolean;
}

/** An opening as people write one, in the small hospital of docs/rules.md. */
export interface Example {
  /** Where it was written, counted from 1. */
  readonly place: () => { readonly line?: number; readonly column?: number };
  readonly kind?: Subject['kind'] | undefined;
  readonly direction?: NonNullable<Subject['direction']> | undefined;
  readonly src?: string | undefined;
  readonly srcZone?: string | undefined;
  readonly dst?: string | undefined;
  readonly dstZone?: string | undefined;
  readonly proto?: string | undefined;
  readonly ports?: string | undefined;
  readonly access?: string | undefined;
  readonly conditions?: readonly string[] | undefined;
  /** Of a listener: an opening that is there at the same moment. */
  readonly beside?:
    | {
        readonly src?: string | undefined;
        readonly dst?: string | undefined;
        readonly proto?: string | undefined;
        readonly ports?: string | undefined;
      }
    | undefined;
}

/** Everything that is judged by: rules/, with what the hospital added to it. */
export interface Rules {
  readonly services: ServiceTable;
  readonly exposures: readonly ExposureRule[];
}
