import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { installPackages } from '../support/install.js';
import { removeLeftovers, tempDir } from '../support/machine.js';
import { isRoot, missingPackages, type Need, whyMissing } from '../support/needs.js';
import { nftables } from './firewalls.js';
import { GRACE_SECONDS, type Guarded, type Told, withGuardedWorld } from './guarded.js';
import type { Visit } from './visitor.js';
import { PORTAL, RESULTS, web } from './world.js';

/**
 * `npm run bethune`: the reference incident, played live. Béthune, February 2016: a contractor lifts the firewall for
 * an intervention and forgets to put it back. Here the kernel, nftables, the web service and rsyslog are real, the
 * three days are seconds, and Écluse is the program as it is installed. Ends with 0 only if rsyslog wrote all three
 * codes in order.
 */
const needs: readonly Need[] = ['root', 'netns', 'ip', 'nft', 'rsyslogd'];
const CODES = ['FILTERING_OFF', 'LEFT_OPEN', 'RESOLVED'] as const;
const WINDOW_SECONDS = 7;
const TICKET = 'INT-2016-0216';

const startedAtMs = performance.now();

function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** A line of the story, with the seconds since it began. */
function tell(who: string, text: string): void {
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(5);
  const [first = '', ...rest] = text.trimEnd().split('\n');
  say(`${seconds} s  ${who.padEnd(10)}  ${first}`);
  for (const line of rest) say(`${' '.repeat(21)}${line}`);
}

function chapter(title: string): void {
  say();
  say(`— ${title}`);
}

const visitText = (port: number, visit: Visit): string => {
  const door = `http://${web[4]}:${port}/`;
  return visit.kind === 'reached' ? `${door} answers ${visit.status}: "${visit.page}"` : `${door}: ${visit.how}`;
};

const FIELDS = ['what', 'vendor', 'technician', 'ticket', 'cause', 'witness', 'undo'] as const;

function recordText(told: Told): string {
  const head = `${told.code} ${told.param('severity') ?? ''} ${told.param('device') ?? told.param('subject') ?? ''}`;
  const fields = FIELDS.flatMap((name) => {
    const value = told.param(name);
    return value === undefined ? [] : [`  ${name.padEnd(10)} ${value}`];
  });
  return [head, ...fields].join('\n');
}

/** Shows each record as soon as rsyslog has written it. */
function follow(heard: () => readonly Told[]): { readonly end: () => void } {
  let shown = 0;
  const show = (): void => {
    for (const told of heard().slice(shown)) {
      shown++;
      tell('rsyslog', recordText(told));
    }
  };
  const timer = setInterval(show, 50);
  return {
    end: () => {
      clearInterval(timer);
      show();
    },
  };
}

/** Whether the three codes stand in this order, each exactly once, about one and the same opening. */
function inOrder(told: readonly Told[]): boolean {
  const opening = told.find(({ code }) => code === CODES[0])?.param('subject');
  const codes = told.filter((one) => one.param('subject') === opening).map(({ code }) => code);
  return opening !== undefined && codes.join() === CODES.join();
}

async function incident(guarded: Guarded): Promise<void> {
  const { world, firewall, daemon, told } = guarded;
  const look = async (port: number, expected: Visit['kind']): Promise<void> => {
    const visit = await world.visit(port, { expected });
    tell('internet', visitText(port, visit));
    if (visit.kind !== expected) throw new Error(`port ${port} should have been ${expected}`);
  };
  const person = async (...argv: readonly string[]): Promise<void> => {
    const shown = argv.map((word) => (/^[\w./:=,-]+$/.test(word) ? word : `'${word}'`)).join(' ');
    tell('person', `$ ecluse ${shown}`);
    const outcome = await guarded.ecluse(...argv);
    tell('ecluse', `${`${outcome.stdout}${outcome.stderr}`.trim()}\n[exit code ${outcome.code}]`);
  };
  const contractor = async (argv: readonly string[]): Promise<void> => {
    tell('contractor', `# ${argv.join(' ')}`);
    await world.firewall.must(argv);
  };

  chapter('Monday. The firewall stands: the portal is published, the results page is for the inside.');
  await look(PORTAL, 'reached');
  await look(RESULTS, 'shut');
  await daemon.start();
  tell('ecluse', 'guards the firewall; what it lets through today is the baseline');

  chapter('Tuesday morning. The contractor announces the work, and that filtering will be lifted.');
  await person(
    ...['window', 'open', '--device', 'fw1', '--for', `${WINDOW_SECONDS}s`, '--allow-filtering-off'],
    ...['--vendor', 'Prestataire', '--technician', 'Technicien 12', '--ticket', TICKET],
  );
  const liftedAtMs = performance.now();
  for (const command of firewall.lift) await contractor(command);
  await told(CODES[0]);
  const tookMs = Math.round(performance.now() - liftedAtMs);
  await sleep(60);
  tell('', `${tookMs} ms from the command to the line in rsyslog's file`);
  await look(RESULTS, 'reached');

  chapter('Tuesday noon. The work is done, the window ends, and nobody puts the firewall back.');
  await told(CODES[1], (WINDOW_SECONDS + GRACE_SECONDS + 15) * 1000);
  await sleep(60);
  await look(RESULTS, 'reached');
  await person('findings');

  chapter('What took three days in 2016: somebody reads the alarm and puts the rules back.');
  tell('admin', '# nft -f /etc/nftables.conf');
  await firewall.load(world.firewall);
  await told(CODES[2]);
  await sleep(60);
  await look(RESULTS, 'shut');
  await look(PORTAL, 'reached');
  await person('window', 'close', TICKET);
}

async function live(): Promise<number> {
  // Without its world the play ends by itself at the next step, and everything started is ended on the way out.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, removeLeftovers);
  try {
    return await withGuardedWorld(tempDir(), nftables, async (guarded) => {
      const follower = follow(guarded.heard);
      try {
        await incident(guarded);
      } catch (error) {
        say();
        say(`The play stopped: ${(error as Error).message}`);
        say(`The daemon had said:\n${guarded.daemon.said()}`);
      } finally {
        follower.end();
      }
      const complete = inOrder(guarded.heard());
      chapter(
        complete
          ? `rsyslog's file holds ${CODES.join(', ')} of the opening: in order, once each.`
          : `rsyslog's file should hold ${CODES.join(', ')} of the opening, once each; it holds: ${
              guarded
                .heard()
                .map(({ code }) => code)
                .join(', ') || 'nothing'
            }.`,
      );
      return complete ? 0 : 1;
    });
  } finally {
    removeLeftovers();
  }
}

/** Without the right to make namespaces the judgement alone can be shown, on the incident's own dates. */
async function virtual(): Promise<number> {
  const argv = ['build/agent/main.js', 'replay', 'test/scenarios/S2a-bethune-engine-off.yaml'];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function main(): Promise<number> {
  say('Béthune, February 2016: "avait levé les pare-feu … et oublié de les refermer".');
  const missing = missingPackages(needs);
  if (missing.length > 0) installPackages(missing, say);
  const reason = whyMissing(needs);
  if (reason === undefined) return live();
  say(
    isRoot()
      ? `It cannot be played on this machine's kernel: ${reason}.`
      : 'Playing it on a real kernel needs root, to make network namespaces: sudo npm run bethune.',
  );
  say('So it is replayed on a virtual clock, through the same judgement and store:');
  return virtual();
}

process.exitCode = await main();
