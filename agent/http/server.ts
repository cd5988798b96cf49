import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Guard, ReloadView } from '../app/guard/contract.js';
import type { Problem, Result } from '../lib/result.js';
import * as ask from './requests.js';
import * as view from './views.js';

export interface ServerOptions {
  /** Told of every fault of ours (status 500): the answer itself says little. */
  readonly onFault?: (error: unknown) => void;
  /** Reads the configuration again; only a daemon can. */
  readonly reload?: (signed: { readonly by?: string; readonly second?: string }) => Promise<Result<ReloadView>>;
}

/** A plan with a thousand lines of scope fits; a mistake that sends a disk does not. */
const BODY_BYTES_MAX = 1024 * 1024;
/** For a request to arrive whole. Answers take as long as the devices do. */
const REQUEST_MS_MAX = 10_000;

const NOT_THERE = new Set(['NO_WINDOW', 'NO_FINDING', 'NO_SNAPSHOT', 'UNKNOWN_DEVICE']);
const IN_THE_WAY = new Set(['WINDOW_EXISTS', 'WINDOW_TRANSITION']);

function statusOf(problem: Problem): number {
  if (NOT_THERE.has(problem.code)) return 404;
  return IN_THE_WAY.has(problem.code) ? 409 : 422;
}

/** Carries a problem from a handler to the one place that answers with it. */
interface Refused extends Error {
  readonly problem: Problem;
}

async function done<T>(pending: Promise<Result<T>>): Promise<T> {
  const result = await pending;
  if (result.ok) return result.value;
  throw Object.assign(new Error(result.error.code), { problem: result.error });
}

/** The guard as plain HTTP JSON. It listens nowhere yet: on the socket every caller is the owner of the socket. */
export function buildServer(guard: Guard, options: ServerOptions = {}): FastifyInstance {
  const server = Fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    forceCloseConnections: 'idle',
    // Ids in a path may be long, and those of several bytes a letter longer still.
    routerOptions: { maxParamLength: 1024 },
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler((error: FastifyError | Refused, _request, reply) => {
    if ('problem' in error) return reply.code(statusOf(error.problem)).send({ error: error.problem });
    const status = hasZodFastifySchemaValidationErrors(error) ? 400 : (error.statusCode ?? 500);
    if (status >= 400 && status < 500)
      return reply.code(status).send({ error: { code: 'BAD_REQUEST', message: requestText(error) } });
    options.onFault?.(error);
    return reply.code(500).send({ error: { code: 'FAULT', message: 'a fault of Écluse itself; its log says more' } });
  });
  server.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: { code: 'NO_ROUTE', message: `${request.method} ${request.url} asks nothing` } }),
  );
  addReadings(server, guard);
  addWindows(server, guard);
  addFindings(server, guard);
  addBaseline(server, guard);
  if (options.reload) addReload(server, options.reload);
  return server;
}

function requestText(error: FastifyError): string {
  if (!hasZodFastifySchemaValidationErrors(error)) return error.message;
  const issue = error.validation[0]!;
  const path = issue.instancePath.replace(/^\//, '').replaceAll('/', '.');
  return `${path === '' ? (error.validationContext ?? 'request') : path}: ${issue.message}`;
}

function addReadings(server: FastifyInstance, guard: Guard): void {
  const on = server.withTypeProvider<ZodTypeProvider>();
  on.get('/v1/status', { schema: { response: { 200: view.GuardStatus } } }, () => done(guard.status()));
  on.get(
    '/v1/snapshots',
    { schema: { querystring: ask.SnapshotQuery, response: { 200: z.array(view.SnapshotView) } } },
    ({ query }) => done(guard.snapshots(query)).then((list) => [...list]),
  );
  on.post(
    '/v1/snapshots',
    { schema: { body: ask.DevicesRequest, response: { 200: z.array(view.ReadingView) } } },
    ({ body }) => done(guard.snapshot(body.devices)).then((list) => [...list]),
  );
  on.post(
    '/v1/devices/:device/capture',
    { schema: { params: ask.DeviceParameters, body: ask.CaptureRequest, response: { 200: view.ReadingView } } },
    ({ params, body }) => done(guard.importCapture(params.device, body.path)),
  );
  on.post(
    '/v1/drift',
    { schema: { body: ask.DevicesRequest, response: { 200: z.array(view.DriftView) } } },
    ({ body }) => done(guard.drift(body.devices)).then((list) => [...list]),
  );
}

function addReload(server: FastifyInstance, reload: NonNullable<ServerOptions['reload']>): void {
  const on = server.withTypeProvider<ZodTypeProvider>();
  on.post('/v1/reload', { schema: { body: ask.ReloadRequest, response: { 200: view.ReloadView } } }, ({ body }) =>
    done(reload(body)),
  );
}

function addWindows(server: FastifyInstance, guard: Guard): void {
  const on = server.withTypeProvider<ZodTypeProvider>();
  const params = ask.WindowParameters;
  on.get(
    '/v1/windows',
    { schema: { querystring: ask.AllQuery, response: { 200: z.array(view.WindowView) } } },
    ({ query }) => done(guard.windows(query)).then((list) => [...list]),
  );
  on.post('/v1/windows', { schema: { body: ask.WindowRequest, response: { 200: view.WindowView } } }, ({ body }) =>
    done(guard.planWindow(body)),
  );
  on.get('/v1/windows/:id', { schema: { params, response: { 200: view.WindowView } } }, (request) =>
    done(guard.window(request.params.id)),
  );
  on.post(
    '/v1/windows/open',
    { schema: { body: ask.OpenNewRequest, response: { 200: view.OpenAnswerView } } },
    (request) => done(guard.openWindow('', request.body.plan)),
  );
  on.post(
    '/v1/windows/:id/open',
    { schema: { params, body: ask.OpenRequest, response: { 200: view.OpenAnswerView } } },
    (request) => done(guard.openWindow(request.params.id, request.body.plan)),
  );
  on.post(
    '/v1/windows/:id/close',
    { schema: { params, body: ask.Nothing, response: { 200: view.CloseAnswerView } } },
    (request) => done(guard.closeWindow(request.params.id)),
  );
  on.post(
    '/v1/windows/:id/extend',
    { schema: { params, body: ask.ExtensionRequest, response: { 200: view.WindowView } } },
    (request) => done(guard.extendWindow(request.params.id, request.body)),
  );
  on.post(
    '/v1/windows/:id/cancel',
    { schema: { params, body: ask.Nothing, response: { 200: view.WindowView } } },
    (request) => done(guard.cancelWindow(request.params.id)),
  );
  on.post(
    '/v1/windows/:id/resume',
    { schema: { params, body: ask.ResumeRequest, response: { 200: view.WindowView } } },
    (request) => done(guard.resumeWindow(request.params.id, request.body.by)),
  );
  on.post(
    '/v1/windows/:id/hand-over',
    { schema: { params, body: ask.HandOverRequest, response: { 200: view.WindowView } } },
    (request) => done(guard.handOverWindow(request.params.id, request.body)),
  );
}

function addFindings(server: FastifyInstance, guard: Guard): void {
  const on = server.withTypeProvider<ZodTypeProvider>();
  on.get(
    '/v1/findings',
    { schema: { querystring: ask.FindingQuery, response: { 200: view.FindingsView } } },
    ({ query }) => done(guard.findings(query)),
  );
  on.get(
    '/v1/alarms',
    { schema: { querystring: ask.AlarmQuery, response: { 200: z.array(view.AlarmView) } } },
    ({ query }) => done(guard.alarms(query)).then((list) => [...list]),
  );
  // Not /v1/alarms/:id/ack: a finding's key has slashes in it.
  on.post(
    '/v1/alarms/ack',
    { schema: { body: ask.AcknowledgeRequest, response: { 200: view.FindingView } } },
    ({ body }) => done(guard.acknowledge(body.alarm, body.by)),
  );
  on.post(
    '/v1/findings/claim',
    { schema: { body: ask.ClaimRequest, response: { 200: view.FindingView } } },
    ({ body }) => done(guard.claim(body)),
  );
  on.post(
    '/v1/findings/accept',
    { schema: { body: ask.StayRequest, response: { 200: view.FindingView } } },
    ({ body }) => done(guard.accept(body)),
  );
  on.post('/v1/waivers', { schema: { body: ask.WaiveRequest, response: { 200: view.FindingView } } }, ({ body }) =>
    done(guard.waive(body)),
  );
}

function addBaseline(server: FastifyInstance, guard: Guard): void {
  const on = server.withTypeProvider<ZodTypeProvider>();
  on.get(
    '/v1/baseline',
    { schema: { querystring: ask.DevicesQuery, response: { 200: view.BaselineText } } },
    async ({ query }) => ({ yaml: await done(guard.baseline(query.device)) }),
  );
  on.post(
    '/v1/baseline/learn',
    { schema: { body: ask.LearnRequest, response: { 200: view.BaselineText } } },
    async ({ body }) => ({ yaml: await done(guard.learnBaseline(body.devices, body.owner)) }),
  );
  on.get(
    '/v1/baseline/diff',
    { schema: { querystring: ask.DevicesQuery, response: { 200: z.array(view.DriftView) } } },
    ({ query }) => done(guard.baselineDiff(query.device)).then((list) => [...list]),
  );
  on.post(
    '/v1/baseline/accept',
    { schema: { body: ask.AcceptRequest, response: { 200: view.SnapshotView } } },
    ({ body }) => done(guard.acceptBaseline(body)),
  );
}
