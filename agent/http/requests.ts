import { z } from 'zod';
import type * as guard from '../app/guard/contract.js';

/**
 * What may be asked of a guard over the socket. Requests are strict: a field that is misspelt would otherwise be a
 * wish that nobody hears, and a scope that is lost makes an opening out of scope.
 */
const TEXT_MAX = 4096;
const name = z.string().trim().min(1, 'may not be empty').max(256);
const names = z.array(name).max(1000);
const words = z.string().min(1, 'may not be empty').max(TEXT_MAX);
/** The guard itself says which times it understands, to every caller alike. */
const time = name;
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const limit = z.coerce.number().int().min(1).max(10_000);

const ScopeRequest = z.strictObject({
  device: name.exactOptional(),
  kind: z.enum(['rule', 'listener', 'engine', 'fact']).exactOptional(),
  src: words.exactOptional(),
  dst: words.exactOptional(),
  proto: name.exactOptional(),
  ports: words.exactOptional(),
  service: words.exactOptional(),
  keep: z.strictObject({ owner: name, review: time }).exactOptional(),
});

export const WindowRequest: z.ZodType<guard.WindowRequest> = z.strictObject({
  id: name.exactOptional(),
  vendor: name,
  owner: name.exactOptional(),
  emergency: z
    .strictObject({ caller: name, reason: words, onCall: name, late: z.boolean().exactOptional() })
    .exactOptional(),
  technician: name.exactOptional(),
  ticket: name.exactOptional(),
  devices: names,
  start: time,
  end: time,
  scope: z.array(ScopeRequest).max(1000),
  recurs: z.strictObject({ rule: words, timeZone: name }).exactOptional(),
});

export const OpenRequest = z.strictObject({ plan: WindowRequest.exactOptional() });
export const OpenNewRequest = z.strictObject({ plan: WindowRequest });
export const ReloadRequest = z.strictObject({ by: name.exactOptional(), second: name.exactOptional() });
export const Nothing = z.strictObject({});
export const DevicesRequest = z.strictObject({ devices: names });
export const CaptureRequest = z.strictObject({
  path: words.refine((path) => path.startsWith('/'), 'a path that starts at the root'),
});
export const ExtensionRequest: z.ZodType<guard.ExtensionRequest> = z.strictObject({
  until: time,
  by: name,
  reason: words,
  second: name.exactOptional(),
});
export const ResumeRequest = z.strictObject({ by: name });
export const HandOverRequest: z.ZodType<guard.HandOverRequest> = z.strictObject({ to: name, by: name });
export const ClaimRequest: z.ZodType<guard.ClaimRequest> = z.strictObject({ finding: words, by: name, reason: words });
export const StayRequest: z.ZodType<guard.StayRequest> = z.strictObject({
  finding: words,
  word: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('accept'), by: name, second: name.exactOptional() }),
    z.strictObject({ kind: z.literal('refuse'), by: name, reason: words }),
  ]),
});
export const AcknowledgeRequest = z.strictObject({ alarm: words, by: name });
export const WaiveRequest: z.ZodType<guard.WaiveRequest> = z.strictObject({
  finding: words,
  until: time,
  owner: name,
  reason: words,
});
export const LearnRequest = z.strictObject({ devices: names, owner: name });
export const AcceptRequest: z.ZodType<guard.AcceptRequest> = z.strictObject({
  device: name,
  snapshot: name.exactOptional(),
  by: name,
  second: name.exactOptional(),
});

export const SnapshotQuery = z.strictObject({ device: name.exactOptional(), limit: limit.exactOptional() });
export const AllQuery = z.strictObject({ all: flag.default(false) });
export const FindingQuery = z.strictObject({ all: flag.default(false), device: name.exactOptional() });
export const AlarmQuery = z.strictObject({ limit: limit.exactOptional(), since: time.exactOptional() });
/** `?device=a&device=b`: one name comes as a text, several as a list. */
export const DevicesQuery = z.strictObject({
  device: z.union([name.transform((one) => [one]), names]).default([]),
});

export const WindowParameters = z.strictObject({ id: name });
export const DeviceParameters = z.strictObject({ device: name });
