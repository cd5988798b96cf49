import type { Command } from 'commander';
import { type Examination, examine } from '../app/doctor.js';
import type { GuardStatus } from '../app/guard/contract.js';
import { loadOptions } from '../app/load-options.js';
import { DEFAULT_FILE, loadSettings, zoneOf } from '../config/index.js';
import { systemClock } from '../lib/clock.js';
import { problemText } from '../lib/result.js';
import { clean, coloured, complain, print, printJson, type SetExit, withProgress } from './terminal.js';
import { type TimeContext, timeText } from './times.js';
import { withGuard } from './with-guard.js';

interface DoctorOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function addDoctor(program: Command, setExit: SetExit): void {
  program
    .command('doctor [devices...]')
    .description('what stands between each device and a complete reading: the way, the host key, the login, the rights')
    .option('--config <file>', `the configuration; left out, ./${DEFAULT_FILE}, and without it this machine is guarded`)
    .option('--json', 'one JSON document')
    .action(async (devices: readonly string[], options: DoctorOptions) => {
      const settings = loadSettings(options.config, loadOptions);
      if (!settings.ok) return setExit(complain(settings.error));
      const examined = await withProgress('examining', examine(settings.value, devices));
      if (!examined.ok) return setExit(complain(examined.error));
      // Where the guard cannot be asked, that is said, and the examination is worth as much.
      let status: GuardStatus | undefined;
      const code = await withGuard(options, async ({ guard }) => {
        const answer = await guard.status();
        if (answer.ok) status = answer.value;
        return answer.ok ? 0 : complain(answer.error);
      });
      const lastOf = (id: string): string | undefined => status?.devices.find((one) => one.id === id)?.lastComplete;
      const sinks = status?.sinks ?? [];
      const timeZone = zoneOf(settings.value, []);
      const times = { now: systemClock.now(), timeZone };
      if (options.json) {
        printJson({
          devices: examined.value.map((one) => ({ ...one, lastComplete: lastOf(one.device) ?? null })),
          sinks,
        });
      } else {
        for (const one of examined.value) show(one, lastOf(one.device), times);
        for (const { id, queued, lastError } of sinks) {
          print(coloured('bold', clean(`sink ${id}`)));
          if (lastError !== undefined) bad(`${lastError}; ${queued} wait`);
          else good(queued === 0 ? 'nothing waits' : `${queued} wait`);
        }
      }
      setExit(examined.value.every(({ complete }) => complete) ? code : 3);
    });
}

/** A clock that is further off makes the times of the device's own log hard to compare with an alarm's. */
const CLOCK_SECONDS_MAX = 5;

function show(one: Examination, lastComplete: string | undefined, times: TimeContext): void {
  const {
    device,
    unreachable,
    way,
    local,
    hostKeys,
    clockAheadSeconds: ahead,
    rights,
    sections,
    complete,
    notCovered,
    took,
  } = one;
  print(coloured('bold', clean(device)));
  for (const { address, type, fingerprint } of hostKeys)
    good(`host key of ${address}: ${fingerprint} (${type}), accepted`);
  if (one.weakAlgorithms.length > 0) bad(`weak algorithms are allowed: ${one.weakAlgorithms.join(', ')}`);
  if (unreachable) bad(`not reached ${way}: ${unreachable.code}: ${problemText(unreachable)}`);
  else {
    good(`reached ${way}, and asked within ${(took.ms / 1000).toFixed(1)} s`);
    if (local) good('its clock is the one that those of others are compared with');
    else if (!one.hasClock) note('its clock is not asked');
    else if (ahead === undefined) bad('its clock could not be asked');
    else {
      const text =
        ahead === 0 ? 'its clock is right' : `its clock is ${Math.abs(ahead)} s ${ahead > 0 ? 'fast' : 'slow'}`;
      if (Math.abs(ahead) > CLOCK_SECONDS_MAX) bad(`${text}: set it by NTP`);
      else good(text);
    }
    for (const { right, granted, for: commands } of rights) {
      const what = commands.map(brief).join(', ');
      if (granted) good(`right: ${right}, for ${what}`);
      else bad(`right missing: ${right}, for ${what}`);
    }
    if (!local && rights.some(({ granted }) => !granted)) {
      note(
        'over SSH the script is given the rights, by sudo, and not the account: docs/ssh.md, “The account on the device”',
      );
    }
    const failed = sections.filter(({ problem }) => problem !== undefined);
    good(`${sections.length - failed.length} of ${sections.length} commands and files could be read`);
    // Where the reading is complete all the same, they are of what this device does not have.
    const tell = complete ? note : bad;
    const absent = failed.flatMap(({ problem }) => {
      const isWanted = one.blind.some((reason) => reason.includes(problem!.message));
      const paths = isWanted ? [] : pathsNotThere(problem!.message);
      if (paths.length === 0) tell(`${problem!.code}: ${problemText(problem!)}`);
      return paths;
    });
    if (absent.length > 0) note(`not there, and not needed: ${absent.join(', ')}`);
    if (complete) good('the reading is complete');
    else for (const reason of one.blind) bad(`blind: ${reason}`);
  }
  const when =
    lastComplete === undefined ? 'never read completely' : `last read completely ${timeText(lastComplete, times)}`;
  print(`        ${clean(when)}`);
  if (one.interfacesWithoutZone && one.interfacesWithoutZone.length > 0) {
    const names = one.interfacesWithoutZone.join(', ');
    note(
      `no zone is named for ${names} (\`interfaces:\` of the device): what passes there is judged by addresses alone`,
    );
  }
  for (const text of notCovered) note(`not covered: ${text}`);
}

const COMMAND_LETTERS = 48;

/** A search that is kept to a few words; `--json` has it whole. */
function brief(command: string): string {
  return command.length > COMMAND_LETTERS ? `${command.slice(0, COMMAND_LETTERS - 1)}…` : command;
}

/** The paths of a complaint that says of each of them that it is not there, and says nothing else. */
function pathsNotThere(message: string): readonly string[] {
  const complaint = /ended with exit code \d+: (?<said>.*)$/s.exec(message)?.groups?.said;
  const paths = (complaint?.split(' / ') ?? []).map(
    (line) => /^\w+: (?:cannot access )?'?(?<path>\/[^\s':]+)'?: No such file or directory$/.exec(line)?.groups?.path,
  );
  return paths.every((path) => path !== undefined) ? paths : [];
}

function good(text: string): void {
  print(`  ${coloured('green', 'good')}  ${clean(text)}`);
}

function note(text: string): void {
  print(`        ${coloured('dim', clean(text))}`);
}

function bad(text: string): void {
  print(`  ${coloured('red', 'bad ')}  ${clean(text)}`);
}
