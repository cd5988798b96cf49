import { request } from 'node:http';
import { z } from 'zod';
import type { Guard, ReloadView } from '../app/guard/contract.js';
import { InternalFault } from '../lib/assert.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import * as view from './views.js';

/** Reading every device before an answer can take minutes; a daemon that says nothing for longer is stuck. */
const SILENCE_MS_MAX = 15 * 60_000;
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly body?: unknown;
}

/** The guard behind a socket, with the same answers as one in this process. */
export function guardClient(socketPath: string): Guard {
  const get = <T>(path: string, answer: z.ZodType<T>, query: Call['query'] = {}): Promise<Result<T>> =>
    ask(socketPath, { method: 'GET', path, query }, answer);
  const post = <T>(path: string, answer: z.ZodType<T>, body: unknown = {}): Promise<Result<T>> =>
    ask(socketPath, { method: 'POST', path, body }, answer);
  const windowPath = (id: string): string => `/v1/windows/${encodeURIComponent(id)}`;
  const yaml = async (pending: Promise<Result<{ readonly yaml: string }>>): Promise<Result<string>> => {
    const answer = await pending;
    return answer.ok ? success(answer.value.yaml) : answer;
  };
  return {
    status: () => get('/v1/status', view.GuardStatus),
    snapshot: (devices) => post('/v1/snapshots', z.array(view.ReadingView), { devices }),
    importCapture: (device, path) =>
      post(`/v1/devices/${encodeURIComponent(device)}/capture`, view.ReadingView, { path }),
    snapshots: ({ device, limit }) => get('/v1/snapshots', z.array(view.SnapshotView), { device, limit }),
    drift: (devices) => post('/v1/drift', z.array(view.DriftView), { devices }),
    windows: ({ all }) => get('/v1/windows', z.array(view.WindowView), { all }),
    window: (id) => get(windowPath(id), view.WindowView),
    planWindow: (plan) => post('/v1/windows', view.WindowView, plan),
    openWindow: (id, plan) =>
      // Without an id the guard makes one: then there is no path that could name it.
      post(id === '' ? '/v1/windows/open' : `${windowPath(id)}/open`, view.OpenAnswerView, plan && { plan }),
    closeWindow: (id) => post(`${windowPath(id)}/close`, view.CloseAnswerView),
    extendWindow: (id, extension) => post(`${windowPath(id)}/extend`, view.WindowView, extension),
    cancelWindow: (id) => post(`${windowPath(id)}/cancel`, view.WindowView),
    resumeWindow: (id, by) => post(`${windowPath(id)}/resume`, view.WindowView, { by }),
    handOverWindow: (id, request) => post(`${windowPath(id)}/hand-over`, view.WindowView, request),
    findings: ({ all, device }) => get('/v1/findings', view.FindingsView, { all, device }),
    alarms: ({ limit, since }) => get('/v1/alarms', z.array(view.AlarmView), { limit, since }),
    acknowledge: (alarm, by) => post('/v1/alarms/ack', view.FindingView, { alarm, by }),
    claim: (request) => post('/v1/findings/claim', view.FindingView, request),
    accept: (request) => post('/v1/findings/accept', view.FindingView, request),
    waive: (waiver) => post('/v1/waivers', view.FindingView, waiver),
    baseline: (devices) => yaml(get('/v1/baseline', view.BaselineText, { device: devices })),
    learnBaseline: (devices, owner) => yaml(post('/v1/baseline/learn', view.BaselineText, { devices, owner })),
    baselineDiff: (devices) => get('/v1/baseline/diff', z.array(view.DriftView), { device: devices }),
    acceptBaseline: (accepted) => post('/v1/baseline/accept', view.SnapshotView, accepted),
  };
}

/** Asks the daemon to read its configuration again. */
export function askReload(
  socketPath: string,
  signed: { readonly by?: string; readonly second?: string } = {},
): Promise<Result<ReloadView>> {
  return ask(socketPath, { method: 'POST', path: '/v1/reload', body: signed }, view.ReloadView);
}

async function ask<T>(socketPath: string, call: Call, answer: z.ZodType<T>): Promise<Result<T>> {
  const reply = await send(socketPath, call);
  if (!reply.ok) return reply;
  const { status, text } = reply.value;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return failure(strange('what it answers is not JSON'));
  }
  if (status !== 200) {
    const refusal = view.ProblemAnswer.safeParse(body);
    if (!refusal.success) return failure(strange(`it answers ${status} without a reason`));
    const problem = refusal.data.error as Problem;
    if (status >= 500) throw new InternalFault(`in the daemon: ${problem.message}`);
    return failure(problem);
  }
  const parsed = answer.safeParse(body);
  if (parsed.success) return success(parsed.data);
  const issue = parsed.error.issues[0]!;
  return failure(strange(`${issue.path.map(String).join('.')}: ${issue.message}`));
}

function strange(what: string): Problem {
  return {
    code: 'BAD_ANSWER',
    message: `the daemon's answer is not understood: ${what}`,
    expected: 'a daemon of the same version',
    remedy: 'restart it',
  };
}

function send(
  socketPath: string,
  { method, path, query = {}, body }: Call,
): Promise<Result<{ readonly status: number; readonly text: string }>> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve) => {
    const lost = (message: string): void =>
      resolve(
        failure({
          code: 'NO_DAEMON',
          message: `the daemon does not answer: ${message}`,
          file: socketPath,
          remedy: 'start it with `ecluse start`, or look into its log',
        }),
      );
    const outgoing = request(
      {
        socketPath,
        method,
        path: search.size === 0 ? path : `${path}?${search}`,
        agent: false,
        timeout: SILENCE_MS_MAX,
        headers: {
          accept: 'application/json',
          ...(payload !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(payload),
          }),
        },
      },
      (incoming) => {
        const parts: Buffer[] = [];
        let size = 0;
        incoming.on('data', (part: Buffer) => {
          parts.push(part);
          size += part.length;
          if (size > ANSWER_BYTES_MAX) incoming.destroy(new Error('the answer has no end'));
        });
        incoming.on('end', () =>
          resolve(success({ status: incoming.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') })),
        );
        incoming.on('error', (error) => lost(error.message));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('it is silent')));
    outgoing.on('error', (error) => lost(error.message));
    outgoing.end(payload);
  });
}
