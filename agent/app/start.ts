import { existsSync } from 'node:fs';
import { basename, relative } from 'node:path';
import type { Writable } from 'node:stream';
import { type CommandRunner, localRunner } from '../collect/index.js';
import { DEFAULT_FILE, type Settings, zoneOf } from '../config/index.js';
import { serveOnSocket } from '../http/index.js';
import type { FindingEvent } from '../judge/index.js';
import { systemClock } from '../lib/clock.js';
import { displayText } from '../lib/display.js';
import { type Log, logFileProblem, openLog } from '../lib/log.js';
import { type Problem, problemLines, type Result } from '../lib/result.js';
import {
  type FindingView,
  type GuardListener,
  type GuardStatus,
  type GuardTools,
  type OpenGuard,
  openGuard,
  type ReloadView,
  realParts,
} from './guard/index.js';
import { version } from './guard/version.js';
import { startTidier } from './memory.js';
import { serviceManager } from './notify.js';
import { type Configuration, readConfiguration, reloadable, type Signed } from './reload.js';
import { installMissing } from './start-install.js';
import { nothingRead, pictureOf } from './start-picture.js';
import { eventLine, pictureLines, timeText } from './start-words.js';

export interface StartOptions {
  /** The configuration file that was named. */
  readonly config?: string;
  /** JSON lines instead of words. */
  readonly json: boolean;
  /** Whether missing programs may be installed, in the quick start alone. */
  readonly install: boolean;
  readonly output: Writable;
  /** Ends the guard in good order. */
  readonly stop: AbortSignal;
  /** Given what reads the configuration again, for as long as the guard runs. */
  readonly onRunning?: (reload: () => void) => void;
  readonly runner?: CommandRunner;
}

/** For the first readings; a device that hangs is shown when it answers. */
const FIRST_WAIT_MS = 4_000;
const STOP_MS_MAX = 1_500;

/** Guards until it is told to stop; the exit code. */
export async function start(options: StartOptions): Promise<number> {
  const configuration = readConfiguration(options.config);
  if (!configuration.ok) return refuse(configuration.error);
  const { log: file } = configuration.value.settings;
  const unwritable = file && logFileProblem(file);
  if (unwritable) return refuse(unwritable);
  // What a person should read is said in words; the log is for what goes wrong.
  const log = openLog({ level: 'warn', ...(file && { file }) });
  try {
    const isQuick = options.config === undefined && !existsSync(DEFAULT_FILE);
    const voice = voiceOf(options, configuration.value.settings);
    if (isQuick && options.install) {
      await installMissing({
        runner: options.runner ?? localRunner(),
        isRoot: process.getuid?.() === 0,
        say: (text) => voice.say('install', text),
        signal: options.stop,
      });
    }
    const parts: GuardTools['parts'] = (place) =>
      realParts({ ...place, ...(options.runner && { runner: () => options.runner! }) });
    const open: Run['open'] = ({ settings, baseline, rules }) =>
      openGuard(settings, { parts, log, output: options.output, baseline, rules });
    const guard = await open(configuration.value);
    if (!guard.ok) return refuse(guard.error);
    return await guardUntilStopped(guard.value, { options, configuration: configuration.value, open, log, voice });
  } finally {
    await log.closeLog();
  }
}

function refuse(problem: Problem): number {
  for (const line of problemLines(problem)) process.stderr.write(`ecluse: ${displayText(line)}\n`);
  return 2;
}

/** How this run speaks: words or JSON lines, on standard output unless a sink has that for itself. */
interface Voice {
  readonly json: boolean;
  say(kind: string, text: string): void;
  /** In words, or as one object. */
  tell(kind: string, value: Readonly<Record<string, unknown>>, lines: () => readonly string[]): void;
}

function voiceOf({ json, output }: StartOptions, { sinks }: Settings): Voice {
  const isTaken = sinks.some((sink) => sink.kind === 'jsonl' && sink.to === '-');
  const to = isTaken ? process.stderr : output;
  // Nobody may be reading any more; the watch goes on.
  to.on('error', () => {});
  const write = (line: string): void => void to.write(`${line}\n`);
  return {
    json,
    say(kind, text) {
      write(json ? JSON.stringify({ kind, text }) : displayText(text));
    },
    tell(kind, value, lines) {
      if (json) write(JSON.stringify({ kind, ...value }, (_, one) => (typeof one === 'bigint' ? String(one) : one)));
      else for (const line of lines()) write(line);
    },
  };
}

interface Run {
  readonly options: StartOptions;
  readonly configuration: Configuration;
  readonly open: (configuration: Configuration) => Promise<Result<OpenGuard>>;
  readonly log: Log;
  readonly voice: Voice;
}

async function guardUntilStopped(first: OpenGuard, { options, configuration, open, log, voice }: Run): Promise<number> {
  const ending = new AbortController();
  options.stop.addEventListener('abort', () => ending.abort(), { once: true });
  if (options.stop.aborted) ending.abort();
  let lost: Problem | undefined;
  const live = reloadable(first, configuration, {
    read: () => readConfiguration(options.config),
    open,
    onGuard: (guard) => void guard.run(listener),
    onLost: (problem) => {
      lost = problem;
      ending.abort();
    },
  });
  const guards = (): readonly string[] => live.configuration().settings.devices.map(({ id }) => id);
  const service = serviceManager({
    env: process.env,
    clock: systemClock,
    alive: () => live.now().status(),
    onTrouble: (trouble) => log.warn('systemd cannot be told', { trouble }),
  });
  const reload = async (signed?: Signed): Promise<Result<ReloadView>> => {
    service.reloading();
    const answer = await live.reload(signed);
    tellReload(answer, voice, log);
    service.ready(`guards ${guards().join(', ')}`);
    return answer;
  };
  const onFault = (error: unknown): void => log.error('an answer failed', { error });
  const socket = await serveOnSocket(live.guard, first.place.socket, { onFault, reload });
  if (!socket.ok) {
    await first.close();
    return refuse(socket.error);
  }
  const timeZone = zoneOf(configuration.settings, []);
  const shown = new Set<string>();
  let ready = false;
  const tellEvents = (events: readonly FindingEvent[]): void => {
    for (const event of events) {
      // Those of a flood are said in one line, and listed by `ecluse findings`.
      if (event.finding.toldAs !== undefined) continue;
      voice.tell('finding', eventValue(event), () => [eventLine(event, timeZone)]);
    }
  };
  const early: FindingEvent[] = [];
  const show = (device: string): void => {
    const reading = live.now().seen(device)?.reading;
    if (!reading || reading.captures.length === 0 || shown.has(device)) return;
    shown.add(device);
    const picture = pictureOf(reading, reading.model ?? nothingRead(device));
    voice.tell('picture', { ...picture }, () => [
      '',
      `${device}, read at ${timeText(reading.at, timeZone)}: ${
        reading.model && reading.model.pipeline.speaksOf.length > 0
          ? `${reading.rules} rules, ${reading.listeners} listening sockets`
          : 'not everything could be read'
      }`,
      ...pictureLines(picture),
    ]);
  };
  const tidier = startTidier(systemClock);
  const listener: GuardListener = {
    onEvents: (events) => (ready ? tellEvents(events) : void early.push(...events)),
    onSay: (text) => voice.say('note', text),
    onReading: (device) => {
      tidier.worked();
      if (ready) show(device);
    },
    onSink: (sink, lastError) => {
      voice.say('sink', lastError === undefined ? `sink ${sink}: takes records again` : `sink ${sink}: ${lastError}`);
    },
  };
  const running = first.run(listener);
  const limit = pause(FIRST_WAIT_MS, ending.signal);
  await Promise.race([running.firstReadings, limit.over]);
  limit.cancel();
  voice.say('start', `Écluse ${version()} guards ${guards().join(', ')}.`);
  for (const id of guards()) {
    show(id);
    if (!shown.has(id)) tellUnread(live.now(), id, voice);
  }
  const told = await tellStanding(live.now(), configuration.settings, voice);
  tellEvents(early.filter((event) => voice.json || event.kind !== 'raise' || !told.has(event.finding.key)));
  ready = true;
  for (const id of guards()) show(id);
  service.ready(`guards ${guards().join(', ')}`);
  options.onRunning?.(() => void reload().catch(onFault));
  await stopped(ending.signal);
  tidier.stop();
  voice.say('stop', 'Stopping: what was not delivered stays queued.');
  const end = pause(STOP_MS_MAX);
  await Promise.race([Promise.allSettled([service.stopping(), live.close(), socket.value.close()]), end.over]);
  end.cancel();
  return lost ? refuse(lost) : 0;
}

function tellReload(answer: Result<ReloadView>, voice: Voice, log: Log): void {
  if (answer.ok) {
    const { changes } = answer.value;
    voice.say('reload', `Read again: ${changes.length === 0 ? 'nothing has changed' : changes.join('; ')}.`);
    return;
  }
  log.error('the configuration was not taken; everything goes on as before', { ...answer.error });
  for (const line of problemLines(answer.error))
    voice.say('reload', `Not taken, everything goes on as before: ${line}`);
}

function tellUnread(guard: OpenGuard, device: string, voice: Voice): void {
  const reading = guard.seen(device)?.reading;
  const why = reading ? reading.blind : ['no answer yet; it is shown as soon as it comes'];
  voice.tell('unread', { device, blind: why }, () => [
    '',
    `${device}: cannot be read:`,
    ...why.map((one) => `  ${displayText(one)}`),
  ]);
}

/** Open findings, sinks, where things lie, and what to type next; answers with the keys of the findings it showed. */
async function tellStanding(guard: OpenGuard, settings: Settings, voice: Voice): Promise<ReadonlySet<string>> {
  const status = await guard.status();
  const found = await guard.findings({ all: false });
  if (!status.ok || !found.ok) return new Set();
  const { findings } = found.value;
  const { openFindings, sinks } = status.value;
  const program = programName();
  const device = settings.devices[0]!.id;
  voice.tell('standing', { openFindings, sinks, state: guard.place.folder, findings }, () => [
    '',
    openFindings === 0 ? verdictText(status.value) : `Open findings: ${openFindings}`,
    ...findings.map((one) => findingLine(one, zoneOf(settings, []))),
    ...sinks.map(
      ({ id, queued, lastError }) => `Sink ${id}: ${queued} waiting${lastError === undefined ? '' : `, ${lastError}`}`,
    ),
    ...(sinks.length === 0 ? ['Sinks: none configured; alarms are shown here and kept in the store.'] : []),
    `State: ${guard.place.folder} (database, socket, redaction key). Stop with Ctrl-C.`,
    'Next, from another terminal:',
    `  ${program} window open --vendor NAME --device ${device} --for 2h   before an intervention`,
    `  ${program} window close ID                 after it: reads again and says what is left open`,
    `  ${program} findings                        what is open now`,
    '',
  ]);
  return new Set(findings.map((finding) => finding.key));
}

function findingLine({ severity, code, device, summary, firstSeen, undo }: FindingView, timeZone: string): string {
  const where = device === undefined ? '' : `${device}: `;
  const shut = undo === undefined ? '' : `; undo: ${undo}`;
  return displayText(
    `  ${severity.padEnd(8)}  ${code}  ${where}${summary}, since ${timeText(Date.parse(firstSeen), timeZone)}${shut}`,
  );
}

/** Never clean while something was not seen. */
function verdictText({ devices }: GuardStatus): string {
  const unseen = devices.filter((device) => device.blind.length > 0 || device.lastComplete === undefined);
  if (unseen.length === 0) {
    return 'Open findings: none. No drift from the declared baseline on the sources read; what is not covered stands above.';
  }
  return `Open findings: none, but ${unseen.map(({ id }) => id).join(', ')} could not be read completely: nothing is called clean.`;
}

/** As this process was started, so that the line can be typed as it stands. */
function programName(): string {
  const script = process.argv[1] ?? 'ecluse';
  return basename(script) === 'main.js' ? `node ${relative(process.cwd(), script) || script}` : basename(script);
}

function eventValue({ finding, ...event }: FindingEvent): Readonly<Record<string, unknown>> {
  return {
    event: event.kind,
    id: event.id,
    at: new Date(event.at).toISOString(),
    code: event.code,
    severity: event.severity,
    key: finding.key,
    finding,
  };
}

/** Over after so long, or when `signal` says so. */
function pause(ms: number, signal?: AbortSignal): { readonly over: Promise<void>; readonly cancel: () => void } {
  let cancel = (): void => {};
  const over = new Promise<void>((resolve) => {
    cancel = systemClock.at(systemClock.now() + ms, resolve);
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
  return { over, cancel };
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
