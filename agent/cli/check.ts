import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { baselineRemarks } from '../app/baseline-file.js';
import { configRemarks } from '../app/config-remarks.js';
import { nextRun } from '../app/guard/clockwork.js';
import { windowsOf } from '../app/guard/planned.js';
import { readConfiguration } from '../app/reload.js';
import { failingExamples } from '../app/rules.js';
import {
  DEFAULT_FILE,
  type DeviceSource,
  type PlannedWindow,
  type ScheduleSettings,
  type Settings,
  type SshSource,
  sinkPlace,
  siteOf,
  zoneOf,
} from '../config/index.js';
import { systemClock } from '../lib/clock.js';
import { problemText } from '../lib/result.js';
import { clean, complain, print, printJson, type SetExit } from './terminal.js';
import { timeText } from './times.js';

interface CheckOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function addCheck(program: Command, setExit: SetExit): void {
  program
    .command('check')
    .description('validate the configuration, the baseline files and the rules; speaks to no device')
    .option('--config <file>', `the configuration; left out, ./${DEFAULT_FILE}, and without it this machine is guarded`)
    .option('--json', 'one JSON document')
    .action((options: CheckOptions) => {
      const configuration = readConfiguration(options.config);
      if (!configuration.ok) return setExit(complain(configuration.error));
      const { settings, baseline, rules } = configuration.value;
      const { devices, sinks, stateFolder, baselineFiles, rulesFolder, pollSeconds, graceMinutes, timeZone, site } =
        settings;
      const { zones = {}, sites = {}, windows = [], schedules = [], approvedHosts } = settings;
      const wrong = failingExamples(rules);
      for (const one of wrong) setExit(complain(one));
      if (wrong.length > 0) return;
      const { exposures, services } = rules;
      const own = exposures.filter((rule) => rule.own).length;
      const file = options.config ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
      const { flows, listeners, waivers } = baseline;
      const remarks = [...configRemarks(settings), ...baselineRemarks(baseline)];
      if (options.json) {
        return printJson({
          config: file ?? null,
          site,
          timeZone,
          stateFolder,
          pollSeconds,
          graceMinutes,
          sites: Object.entries(sites).map(([id, { name, contact, timeZone: zone }]) => ({
            ...{ id, name, contact, timeZone: zone },
            devices: devices.flatMap((one) => (siteOf(settings, one.id) === id ? [one.id] : [])),
          })),
          devices: devices.map(({ id, kind, zone, source, drivers: ids }) => ({
            id,
            kind,
            site: siteOf(settings, id),
            zone,
            source,
            drivers: ids,
          })),
          rules: { folder: rulesFolder ?? null, exposures: exposures.length, own, services: services.services.length },
          sinks: sinks.map(({ id, kind }) => ({ id, kind })),
          zones: Object.entries(zones).map(([id, { kind, trust }]) => ({ id, kind, trust })),
          windows: windows.map((one) => ({
            ...{ id: one.id, vendor: one.vendor, start: iso(one.start), end: iso(one.end) },
            ...(one.recurs && { series: seriesOf(one) }),
          })),
          schedules: schedules.map((one) => ({ id: one.id, do: one.do, next: nextText(one, (at) => at) })),
          approvedHosts: approvedHosts.map(({ until, ...one }) => ({ ...one, ...(until && { until: iso(until) }) })),
          baseline:
            baselineFiles === undefined
              ? null
              : {
                  files: baselineFiles,
                  flows: flows.length,
                  listeners: listeners.length,
                  waivers: waivers.length,
                },
          remarks,
        });
      }
      print(`configuration: ${file ?? 'none, the embedded default'}: good`);
      for (const { id, kind, source, drivers: ids } of devices) {
        print(`device ${id}: ${kind === 'fw' ? 'firewall' : 'host'}, ${whereText(source)}, read by ${ids.join(', ')}`);
        const weak = source.kind === 'ssh' ? weakAlgorithms(source) : [];
        if (weak.length > 0)
          print(`device ${id}: warning: weak algorithms are allowed: ${weak.join(', ')}; update the server`);
      }
      for (const sink of sinks) print(`sink ${sink.id}: ${sink.kind} to ${sinkPlace(sink)}`);
      if (sinks.length === 0) print('sinks: none; findings stay in the store and on the terminal');
      for (const [id, { name, contact, timeZone: zone }] of Object.entries(sites)) {
        const many = devices.filter((one) => siteOf(settings, one.id) === id).length;
        const words = [name, `${many} ${many === 1 ? 'device' : 'devices'}`, zone, contact];
        print(clean(`site ${id}: ${words.filter((word) => word !== undefined).join(', ')}`));
      }
      for (const [id, { kind, trust }] of Object.entries(zones)) print(`zone ${id}: ${kind}, ${trust}`);
      for (const window of windows)
        print(clean(`window ${window.id}: ${window.vendor}, ${whenText(window, settings)}`));
      for (const one of schedules)
        print(
          `schedule ${one.id}: ${one.do}, next at ${nextText(one, (at) => timeText(at, { now: 0, timeZone: one.timeZone }))}`,
        );
      print(`state: ${stateFolder}`);
      print(
        baselineFiles === undefined
          ? 'baseline: no file; only approved snapshots declare something'
          : `baseline: ${baselineFiles.join(', ')}: good, ${flows.length} flows, ${listeners.length} listeners, ${waivers.length} waivers`,
      );
      print(
        rulesFolder === undefined
          ? `rules: those that come with Écluse: ${exposures.length} exposures, ${services.services.length} services`
          : `rules: ${rulesFolder}: good, ${own} of ${exposures.length} exposures, ${services.services.length} services`,
      );
      for (const remark of remarks) print(clean(`${remark.code}: ${problemText(remark)}`));
    });
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

/** The windows that a series stands for from now on, and the rule that makes them. */
function seriesOf(window: PlannedWindow) {
  const ahead = windowsOf(window, systemClock.now());
  return { ...window.recurs!, ahead: ahead.length, ...(ahead[0] && { next: ahead[0].id, start: iso(ahead[0].start) }) };
}

function whenText(window: PlannedWindow, settings: Settings): string {
  const there = { now: 0, timeZone: zoneOf(settings, window.devices) };
  if (!window.recurs) return `from ${timeText(iso(window.start), there)} to ${timeText(iso(window.end), there)}`;
  const { rule, timeZone, ahead, next, start } = seriesOf(window);
  const first =
    start === undefined ? 'none ahead' : `${ahead} ahead, the next is ${next} from ${timeText(start, there)}`;
  return `${rule} (${timeZone}): ${first}`;
}

function nextText({ cron, timeZone }: ScheduleSettings, text: (at: string) => string): string {
  const next = nextRun(cron, timeZone);
  return next === undefined ? 'no time at all' : text(iso(next));
}

function whereText(source: DeviceSource): string {
  if (source.kind === 'local') return source.prefix ? `behind ${source.prefix.join(' ')}` : 'this machine';
  const { user, host, port } = source;
  if (source.kind === 'https') return `over HTTPS as ${user}@${host} port ${port}`;
  const { jump } = source;
  const by = jump ? ` by way of ${jump.user}@${jump.host} port ${jump.port}` : '';
  return `over SSH as ${user}@${host} port ${port}${by}`;
}

function weakAlgorithms({ legacyAlgorithms, jump }: SshSource): readonly string[] {
  return [...new Set([...legacyAlgorithms, ...(jump?.legacyAlgorithms ?? [])])];
}
