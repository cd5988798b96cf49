import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { baselineRemarks, readBaseline } from '../app/baseline-file.js';
import { drivers } from '../app/offline.js';
import { failingExamples, loadRules } from '../app/rules.js';
import { DEFAULT_FILE, type DeviceSource, loadSettings, type SshSource, sinkPlace } from '../config/index.js';
import { problemText } from '../lib/result.js';
import { clean, complain, print, printJson, type SetExit } from './terminal.js';

interface CheckOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function addCheck(program: Command, setExit: SetExit): void {
  program
    .command('check')
    .description('validate the configuration, the baseline file and the rules; speaks to no device')
    .option('--config <file>', `the configuration; left out, ./${DEFAULT_FILE}, and without it this machine is guarded`)
    .option('--json', 'one JSON document')
    .action((options: CheckOptions) => {
      const settings = loadSettings(options.config, { drivers: drivers.map(({ id }) => id) });
      if (!settings.ok) return setExit(complain(settings.error));
      const { devices, sinks, stateFolder, baselineFile, rulesFolder, pollSeconds, graceMinutes, timeZone, site } =
        settings.value;
      const baseline = readBaseline(baselineFile);
      if (!baseline.ok) return setExit(complain(baseline.error));
      const rules = loadRules(rulesFolder);
      if (!rules.ok) return setExit(complain(rules.error));
      const wrong = failingExamples(rules.value);
      for (const one of wrong) setExit(complain(one));
      if (wrong.length > 0) return;
      const { exposures, services } = rules.value;
      const own = exposures.filter((rule) => rule.own).length;
      const file = options.config ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
      const { flows, listeners, waivers } = baseline.value;
      const remarks = baselineRemarks(baseline.value);
      if (options.json) {
        return printJson({
          config: file ?? null,
          site,
          timeZone,
          stateFolder,
          pollSeconds,
          graceMinutes,
          devices: devices.map(({ id, kind, zone, source, drivers: ids }) => ({
            id,
            kind,
            zone,
            source,
            drivers: ids,
          })),
          rules: { folder: rulesFolder ?? null, exposures: exposures.length, own, services: services.services.length },
          sinks: sinks.map(({ id, kind }) => ({ id, kind })),
          baseline:
            baselineFile === undefined
              ? null
              : {
                  file: baselineFile,
                  flows: flows.length,
                  listeners: listeners.length,
                  waivers: waivers.length,
                  remarks,
                },
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
      print(`state: ${stateFolder}`);
      print(
        baselineFile === undefined
          ? 'baseline: no file; only approved snapshots declare something'
          : `baseline: ${baselineFile}: good, ${flows.length} flows, ${listeners.length} listeners, ${waivers.length} waivers`,
      );
      print(
        rulesFolder === undefined
          ? `rules: those that come with Écluse: ${exposures.length} exposures, ${services.services.length} services`
          : `rules: ${rulesFolder}: good, ${own} of ${exposures.length} exposures, ${services.services.length} services`,
      );
      for (const remark of remarks) print(clean(`${remark.code}: ${problemText(remark)}`));
    });
}

function whereText(source: DeviceSource): string {
  if (source.kind === 'local') return source.prefix ? `behind ${source.prefix.join(' ')}` : 'this machine';
  const { user, host, port, jump } = source;
  const by = jump ? ` by way of ${jump.user}@${jump.host} port ${jump.port}` : '';
  return `over SSH as ${user}@${host} port ${port}${by}`;
}

function weakAlgorithms({ legacyAlgorithms, jump }: SshSource): readonly string[] {
  return [...new Set([...legacyAlgorithms, ...(jump?.legacyAlgorithms ?? [])])];
}
