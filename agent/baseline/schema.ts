import { z } from 'zod';

/**
 * The baseline file as it is written. Every scalar is text: the YAML is read without guessing types, so that a port,
 * an id or a device called `off` stays those letters.
 */
const Text = z.string('text').min(1, 'text that is not empty');
const OneOrMore = z
  .union([Text, z.array(Text).min(1)], { error: 'one text, or a list of them' })
  .transform((value) => (typeof value === 'string' ? [value] : value));

const Moment = z
  .string('a day such as 2027-01-31')
  .regex(
    /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/,
    'a day such as 2027-01-31, or a time such as 2027-01-31T18:00:00+01:00',
  )
  .refine(exists, 'a day and hour that exist')
  .transform((text) => Date.parse(text));

/** `Date.parse` takes 31 February for 3 March. */
function exists(text: string): boolean {
  const at = Date.parse(text);
  const day = Date.parse(text.slice(0, 10));
  return !Number.isNaN(at) && new Date(day).toISOString().startsWith(text.slice(0, 10));
}

const Switch = z.enum(['true', 'false'], { error: 'true or false' }).transform((text) => text === 'true');

const Traffic = {
  from: OneOrMore.optional(),
  to: OneOrMore.optional(),
  via: Text.optional(),
  service: OneOrMore.optional(),
  'source-ports': Text.optional(),
};

/** Declared, but open only while a change window is that names it or its vendor. */
const InWindows = {
  only: z.literal('in-windows', { error: 'in-windows' }).optional(),
  vendor: Text.optional(),
};

function needsOnly(
  entry: { readonly only?: string | undefined; readonly vendor?: string | undefined },
  refuse: (key: string, message: string) => void,
): void {
  if (entry.vendor !== undefined && entry.only === undefined)
    refuse('vendor', '`only: in-windows` beside it: the vendor in whose windows it may be open');
}

const Reasons = { why: z.string('text').optional(), owner: z.string('text').optional(), until: Moment.optional() };

const Flow = z
  .strictObject({
    id: Text.optional(),
    device: Text.optional(),
    ...Traffic,
    except: z.array(z.strictObject(Traffic)).optional(),
    ...InWindows,
    ...Reasons,
    keep: Switch.optional(),
    temporary: Switch.optional(),
  })
  .superRefine((flow, context) => {
    const refuse = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message });
    if (flow.from === undefined && flow.to === undefined && flow.via === undefined && flow.service === undefined) {
      refuse('from', 'from, to, via or service: a flow that says none of them would declare everything');
    }
    if (flow.temporary && flow.until === undefined) refuse('temporary', 'until: a temporary flow ends on a day');
    if (flow.temporary && flow.keep) refuse('keep', 'either keep or temporary');
    if (flow.only && flow.keep) refuse('keep', 'either keep, which is at any time, or only: in-windows');
    needsOnly(flow, refuse);
  });

const ListenerEntry = z
  .strictObject({
    id: Text.optional(),
    device: Text.optional(),
    listen: Text,
    address: OneOrMore.optional(),
    process: Text.optional(),
    ...InWindows,
    ...Reasons,
  })
  .superRefine((listener, context) =>
    needsOnly(listener, (key, message) => context.addIssue({ code: 'custom', path: [key], message })),
  );

const AccessEntry = z.strictObject({
  id: Text.optional(),
  device: Text.optional(),
  /** As a finding names it; a star stands for anything. */
  fact: Text,
  only: z.literal('in-windows', {
    error: 'in-windows: what is open at any time is declared by approving a snapshot',
  }),
  vendor: Text.optional(),
  ...Reasons,
});

const WaiverEntry = z
  .strictObject({
    device: Text.optional(),
    finding: Text.optional(),
    subject: Text.optional(),
    set: Text.optional(),
    owner: Text,
    reason: Text,
    until: Moment,
  })
  .superRefine((waiver, context) => {
    if (waiver.finding !== undefined && waiver.subject === undefined && waiver.finding.includes('/')) return;
    if (waiver.finding === undefined && waiver.subject !== undefined && waiver.device !== undefined) return;
    context.addIssue({
      code: 'custom',
      path: ['subject'],
      message: 'device and subject, or finding: DEVICE/SUBJECT as `ecluse findings` shows it',
    });
  });

export const BaselineFile = z.strictObject({
  version: z.literal('1', { error: 'version: 1' }),
  networks: z.record(z.string(), OneOrMore).optional(),
  flows: z.array(Flow).optional(),
  listeners: z.array(ListenerEntry).optional(),
  access: z.array(AccessEntry).optional(),
  waivers: z.array(WaiverEntry).optional(),
});
export type BaselineFile = z.infer<typeof BaselineFile>;
export type WrittenFlow = z.infer<typeof Flow>;
export type WrittenAccess = z.infer<typeof AccessEntry>;
export type WrittenListener = z.infer<typeof ListenerEntry>;
export type WrittenWaiver = z.infer<typeof WaiverEntry>;
export type WrittenTraffic = NonNullable<WrittenFlow['except']>[number];
