import { z } from 'zod';
import type * as guard from '../app/guard/contract.js';

/**
 * The answers of a guard as they cross the socket. They are loose: a daemon that is newer than its client may say
 * more, and what it says reaches `--json` whole.
 */
const texts = z.array(z.string());
const text = z.string();
const maybe = z.string().exactOptional();

const CoverageStatement = z.looseObject({ observed: texts, declared: texts, notCovered: texts });

export const GuardStatus: z.ZodType<guard.GuardStatus> = z.looseObject({
  version: text,
  pid: z.number(),
  startedAt: text,
  devices: z.array(
    z.looseObject({
      id: text,
      lastComplete: maybe,
      blind: texts,
      approved: maybe,
      wakes: z.array(z.looseObject({ source: text, why: maybe })).exactOptional(),
      onboarding: z.looseObject({ until: text, heldBack: z.number() }).exactOptional(),
    }),
  ),
  openFindings: z.number(),
  refused: maybe,
  sinks: z.array(z.looseObject({ id: text, queued: z.number(), lastError: maybe })),
  listening: z
    .looseObject({
      udp: maybe,
      tcp: maybe,
      problem: maybe,
      devices: z.array(
        z.looseObject({
          id: text,
          messages: z.number(),
          reports: z.number(),
          readings: z.number(),
          lastReport: maybe,
        }),
      ),
      unknown: z.array(z.looseObject({ address: text, messages: z.number() })),
    })
    .exactOptional(),
});

export const ReloadView: z.ZodType<guard.ReloadView> = z.looseObject({ changes: texts });

export const ReadingView: z.ZodType<guard.ReadingView> = z.looseObject({
  device: text,
  at: text,
  snapshot: text,
  unchanged: z.boolean(),
  complete: z.boolean(),
  blind: texts,
  notCovered: texts,
  rules: z.number(),
  listeners: z.number(),
});

export const SnapshotView: z.ZodType<guard.SnapshotView> = z.looseObject({
  id: text,
  device: text,
  takenAt: text,
  lastSeen: text,
  count: z.number(),
  complete: z.boolean(),
  blind: texts,
  hash: text,
  approvedBy: maybe,
  approvedAt: maybe,
});

const Kind = z.enum(['rule', 'listener', 'engine', 'fact']);
const Certainty = z.enum(['certain', 'possible']);

const SubjectView = z.looseObject({
  id: text,
  device: text,
  kind: Kind,
  summary: text,
  severity: text,
  because: text,
  place: maybe,
  cause: maybe,
  witness: maybe,
  undo: maybe,
  certainty: Certainty.exactOptional(),
  conditions: texts.exactOptional(),
  returnsWhen: maybe,
});

export const DriftView: z.ZodType<guard.DriftView> = z.looseObject({
  device: text,
  at: text,
  snapshot: text,
  undeclared: z.array(SubjectView),
  missing: z.array(SubjectView),
  complete: z.boolean(),
  blind: texts,
  coverage: CoverageStatement,
});

const BeforeView = z.looseObject({
  device: text,
  snapshot: maybe,
  takenAt: maybe,
  fresh: z.boolean(),
  ageSeconds: z.number().exactOptional(),
  blind: texts,
});

const scope = {
  device: maybe,
  kind: Kind.exactOptional(),
  src: maybe,
  dst: maybe,
  proto: maybe,
  ports: maybe,
};

const SessionLeft = z.looseObject({
  device: text,
  summary: text,
  state: text,
  certainty: Certainty,
  admittedBy: text,
  command: text,
  forgottenAfterSeconds: z.number().exactOptional(),
});

export const WindowView: z.ZodType<guard.WindowView> = z.looseObject({
  id: text,
  vendor: text,
  owner: maybe,
  emergency: z.looseObject({ caller: text, reason: text, onCall: text }).exactOptional(),
  technician: maybe,
  ticket: maybe,
  devices: texts,
  state: z.enum(['planned', 'open', 'closed', 'refused', 'overdue', 'cancelled']),
  start: text,
  end: text,
  effectiveEnd: text,
  deadline: text,
  series: z.looseObject({ id: text, rule: text, timeZone: text, planned: z.number().exactOptional() }).exactOptional(),
  extension: z.looseObject({ until: text, by: text, reason: text, second: maybe }).exactOptional(),
  resumed: z.looseObject({ by: text, at: text }).exactOptional(),
  handedOver: z.looseObject({ to: text, by: text, at: text }).exactOptional(),
  scope: z.array(z.looseObject({ ...scope, keep: z.looseObject({ owner: text, review: text }).exactOptional() })),
  openedAt: maybe,
  closedAt: maybe,
  sessions: z.looseObject({ at: text, left: z.array(SessionLeft), notCovered: texts }).exactOptional(),
  before: z.array(BeforeView),
});

export const OpenAnswerView: z.ZodType<guard.OpenAnswerView> = z.looseObject({
  window: WindowView,
  before: z.array(BeforeView),
});

export const FindingView: z.ZodType<guard.FindingView> = z.looseObject({
  key: text,
  code: text,
  severity: text,
  severityBecause: text,
  device: maybe,
  devices: texts.exactOptional(),
  summary: text,
  windows: texts,
  firstSeen: text,
  lastSeen: text,
  resolvedAt: maybe,
  count: z.number(),
  place: maybe,
  cause: maybe,
  witness: maybe,
  undo: maybe,
  certainty: Certainty.exactOptional(),
  conditions: texts.exactOptional(),
  returnsWhen: maybe,
  remedy: maybe,
  earlier: z.array(z.looseObject({ code: text, until: text })).exactOptional(),
  escalatedTo: z.array(text).exactOptional(),
  toldAs: text.exactOptional(),
  claimed: z.looseObject({ by: text, reason: text, at: text }).exactOptional(),
  acknowledgedBy: maybe,
  waivedUntil: maybe,
  awaits: z
    .looseObject({
      owners: texts,
      people: z.number(),
      until: text,
      signed: z.array(z.looseObject({ by: text, at: text })),
    })
    .exactOptional(),
  details: texts.exactOptional(),
});

export const CloseAnswerView: z.ZodType<guard.CloseAnswerView> = z.looseObject({
  window: text,
  state: z.enum(['closed', 'refused']),
  attested: z.boolean(),
  openings: z.array(
    z.looseObject({
      id: text,
      device: text,
      summary: text,
      code: text,
      severity: z.enum(['critical', 'high', 'medium', 'low', 'info']),
      firstSeen: text,
      place: maybe,
      cause: maybe,
      witness: maybe,
      undo: maybe,
      certainty: Certainty.exactOptional(),
      conditions: texts.exactOptional(),
    }),
  ),
  alsoOpen: z.array(FindingView),
  sessions: z.array(SessionLeft).exactOptional(),
  coverage: CoverageStatement,
  waysOut: z
    .array(z.looseObject({ way: z.enum(['fix', 'resume', 'waive', 'handOver']), text, command: text, until: maybe }))
    .exactOptional(),
  owner: maybe,
});

export const FindingsView: z.ZodType<guard.FindingsView> = z.looseObject({
  findings: z.array(FindingView),
  coverage: CoverageStatement,
});

export const AlarmView: z.ZodType<guard.AlarmView> = z.looseObject({
  id: text,
  at: text,
  kind: text,
  code: text,
  severity: text,
  key: text,
  summary: text,
  queuedFor: texts,
});

export const BaselineText = z.looseObject({ yaml: text });

/** What every refusal carries. */
export const ProblemAnswer = z.looseObject({
  error: z.looseObject({
    code: text,
    message: text,
    file: maybe,
    line: z.number().exactOptional(),
    column: z.number().exactOptional(),
    expected: maybe,
    remedy: maybe,
  }),
});
