import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { type InitAnswers, initialise, inPlace } from '../app/init.js';
import { DEFAULT_FILE } from '../config/index.js';
import { atTerminal } from './asking.js';
import { clean, complain, print, printJson, type SetExit, withProgress } from './terminal.js';

export interface InitOptions extends Partial<Omit<InitAnswers, 'networks' | 'interfaces' | 'baseline'>> {
  readonly config: string;
  readonly network: readonly string[];
  readonly interface: readonly string[];
  /** False with --no-baseline. */
  readonly baseline: string | false;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const BLIND = 3;

export function addInit(program: Command, setExit: SetExit): void {
  const several = (one: string, all: readonly string[]): readonly string[] => [...all, one];
  program
    .command('init')
    .description('write a first configuration and, of this machine, a first baseline; on a terminal it asks')
    .option('--config <file>', 'the configuration to write', DEFAULT_FILE)
    .option('--site <name>', 'the hospital or site')
    .option('--time-zone <name>', 'such as Europe/Paris; left out, the one of this machine')
    .option('--state <folder>', 'where the guard keeps its state')
    .option('--device <id>', 'what the device is called; left out, the name of this machine')
    .option('--kind <kind>', 'fw: other machines are behind it; host: it filters for itself')
    .option('--zone <name>', 'the zone it stands in')
    .option('--network <prefix>', 'a network of the hospital on it or behind it; may be repeated', several, [])
    .option(
      '--interface <name=zone>',
      'the zone behind an interface, such as wan0=internet; may be repeated',
      several,
      [],
    )
    .option('--ssh <user@host>', 'the device is another Linux machine, reached over SSH')
    .option('--key <file>', 'the private key for --ssh; left out, keys/DEVICE beside the configuration')
    .option('--syslog <host:port>', 'a receiver of alarms')
    .option('--baseline <file>', 'the baseline file to write', 'baseline.yaml')
    .option('--no-baseline', 'do not write one: the first reading is approved as it is')
    .option('--owner <name>', 'who answers for what the first baseline declares')
    .option('--yes', 'ask nothing')
    .option('--json', 'one JSON document')
    .action(async (options: InitOptions) => setExit(await init(options)));
}

async function init(options: InitOptions): Promise<number> {
  if (existsSync(options.config)) {
    const message = 'there is a file of this name already';
    return complain({ code: 'INIT_EXISTS', file: options.config, message, expected: 'a path that is free' });
  }
  const asks = process.stdin.isTTY && process.stdout.isTTY && !options.yes && !options.json;
  const answers = asks ? await ask(options) : given(options);
  if (!answers) {
    const message = 'nothing was written, because not every question was answered';
    return complain({ code: 'BAD_CALL', message, expected: 'an answer, empty for what is offered; or --yes' });
  }
  const done = await withProgress('reading', initialise(options.config, answers));
  if (!done.ok) return complain(done.error);
  const { config, baseline, remarks, blind } = done.value;
  if (options.json) printJson(done.value);
  else {
    print(clean(`configuration: ${config}`));
    if (baseline !== undefined) print(clean(`first baseline: ${baseline}: a proposal, to be read block by block`));
    for (const remark of remarks) print(clean(remark));
    const where = inPlace(options.config);
    print(clean(`next: ecluse check${where}, then ecluse start${where}`));
  }
  return blind ? BLIND : 0;
}

function given({ network, interface: interfaces, baseline, ...options }: InitOptions): InitAnswers {
  const { site, timeZone, state, device, kind, zone, ssh, key, syslog, owner } = options;
  return {
    ...(site !== undefined && { site }),
    timeZone: timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(state !== undefined && { state }),
    device: device ?? (hostname().replaceAll(/[^A-Za-z0-9._-]/g, '-') || 'this-machine'),
    kind: kind ?? 'host',
    ...(zone !== undefined && { zone }),
    networks: network,
    interfaces,
    ...(ssh !== undefined && { ssh }),
    ...(key !== undefined && { key }),
    ...(syslog !== undefined && { syslog }),
    ...(baseline !== false && { baseline }),
    owner: owner ?? 'to be named',
  };
}

/** Asks one question; an empty answer takes what is offered. */
export type Question = (text: string, offered: string) => Promise<string>;

function ask(options: InitOptions): Promise<InitAnswers | undefined> {
  return atTerminal(process.stdout, (line) =>
    answersTo(options, async (text, offered) =>
      (await line(`${text}${offered === '' ? '' : ` [${offered}]`}: `)).trim(),
    ),
  );
}

/** Only what was not said by an option is asked, and of a firewall where the internet is: that decides most. */
export async function answersTo(options: InitOptions, question: Question): Promise<InitAnswers> {
  const { interfaces, ...answers } = given(options);
  const unless = async (known: string | undefined, text: string, offered: string): Promise<string> =>
    known ?? ((await question(text, offered)) || offered);
  const site = await unless(options.site, 'Hospital or site', '');
  const timeZone = await unless(options.timeZone, 'Time zone', answers.timeZone!);
  const device = await unless(options.device, 'Name of this device', answers.device);
  const kind = await unless(options.kind, 'Kind: fw (other machines are behind it) or host', answers.kind);
  const zone = await unless(options.zone, 'Zone it stands in, such as dmz (none if empty)', '');
  const isNamed = interfaces.length > 0 || kind !== 'fw';
  const outer = isNamed ? '' : await question('Interface that faces the internet, such as wan0 (none if empty)', '');
  const syslog = await unless(options.syslog, 'Receiver of alarms over syslog, HOST:PORT (none if empty)', '');
  const owner = await unless(options.owner, 'Who answers for the first baseline', answers.owner);
  return {
    ...answers,
    ...{ device, kind, timeZone, owner },
    interfaces: outer === '' ? interfaces : [`${outer}=internet`],
    ...(site !== '' && { site }),
    ...(zone !== '' && { zone }),
    ...(syslog !== '' && { syslog }),
  };
}
