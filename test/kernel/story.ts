import { afterAll, expect } from '@jest/globals';
import type { FindingView } from '../../agent/app/guard/contract.js';
import { must } from '../support/answers.js';
import { whyMissing } from '../support/needs.js';
import { type Need, systemTest, tempDir, waitFor } from '../support/system.js';
import type { Firewall } from './firewalls.js';
import { type Guarded, type Told, withGuardedWorld } from './guarded.js';
import { packetOf, passes } from './packet.js';
import type { Visit } from './visitor.js';

/** What the stories of the guarded world have in common: how each begins, and what is looked at on the way. */
/** Long enough for a person's command, a contractor's and a reading on a busy machine. */
export const WINDOW_SECONDS = 10;
const TEST_MS = 300_000;
const FOUND_MS = 60_000;

export interface Story {
  readonly name: string;
  readonly firewall: Firewall;
  /** Besides what the firewall and the world need. */
  readonly needs?: readonly Need[];
  /** The action starts the guard by itself, after whatever has to be there before. */
  readonly startsLater?: true;
  readonly action: (guarded: Guarded) => Promise<void>;
}

/** How many stories are told at a time: each mostly waits for the end of its window. */
const AT_ONCE = 3;

/** A test for each story. While one is awaited the next has begun, in a world of its own. */
export function testStories(stories: readonly Story[]): void {
  const begun: Promise<unknown>[] = [];
  const begin = (index: number): void => {
    const story = stories[index];
    if (!story || begun[index] || whyMissing(needsOf(story)) !== undefined) return;
    // The failure is kept for the test that asks: nobody may be there yet to catch it.
    begun[index] = play(story).catch((error: unknown) => error);
  };
  // Those that had begun when their own tests were left out (`-t`) end as well, with the programs they started.
  afterAll(async () => void (await Promise.all(begun)), TEST_MS);
  stories.forEach((story, index) => {
    systemTest(
      needsOf(story),
      story.name,
      async () => {
        for (let ahead = 0; ahead < AT_ONCE; ahead++) begin(index + ahead);
        const failure = await begun[index];
        if (failure !== undefined) throw failure;
      },
      TEST_MS,
    );
  });
}

function needsOf({ firewall, needs = [] }: Story): readonly Need[] {
  return ['root', 'netns', 'ip', 'nft', 'perl', 'rsyslogd', ...firewall.needs, ...needs];
}

function play({ firewall, action, startsLater }: Story): Promise<void> {
  return withGuardedWorld(tempDir(), firewall, async (guarded) => {
    try {
      if (!startsLater) await guarded.daemon.start();
      await action(guarded);
    } catch (error) {
      // A daemon that told why is half the cause of a failing test.
      (error as Error).message += `\nThe daemon had said:\n${guarded.daemon.said()}`;
      throw error;
    }
  });
}

export async function expectDoor(
  guarded: Guarded,
  port: number,
  expected: Visit['kind'],
  family: 4 | 6 = 4,
): Promise<void> {
  expect([port, (await guarded.world.visit(port, { expected, family })).kind]).toEqual([port, expected]);
}

export async function openWindow(guarded: Guarded, ...more: readonly string[]): Promise<string> {
  const outcome = await guarded.ecluse(
    ...['window', 'open', '--device', 'fw1', '--for', `${WINDOW_SECONDS}s`, '--json'],
    ...['--vendor', 'Prestataire', '--technician', 'Technicien 12', '--ticket', 'INT-0216', ...more],
  );
  expect([outcome.code, outcome.stderr]).toEqual([0, '']);
  return (JSON.parse(outcome.stdout) as { readonly window: { readonly id: string } }).window.id;
}

export interface CloseAnswer {
  readonly window: string;
  readonly state: string;
  readonly attested: boolean;
  readonly openings: readonly { readonly code: string; readonly summary: string; readonly undo?: string }[];
  readonly coverage: { readonly notCovered: readonly string[] };
}

/** Closes the window, as its technician does at the end. */
export async function closeWindow(
  { ecluse }: Guarded,
  window: string,
): Promise<{ readonly exit: number | undefined; readonly answer: CloseAnswer }> {
  const outcome = await ecluse('window', 'close', window, '--json');
  return { exit: outcome.code, answer: JSON.parse(outcome.stdout) as CloseAnswer };
}

/** What is open by the guard's word, once it has these codes and no others, in whichever order. */
export async function findingsOnce(
  { guard }: Guarded,
  ...expected: readonly string[]
): Promise<readonly FindingView[]> {
  const wanted = [...expected].sort().join();
  let last: readonly FindingView[] = [];
  try {
    return await waitFor(
      async () => {
        last = must(await guard().findings({ all: false })).findings;
        return [...codes(last)].sort().join() === wanted ? last : undefined;
      },
      { timeoutMs: FOUND_MS, intervalMs: 100, what: wanted },
    );
  } catch (error) {
    (error as Error).message += ` among the findings: ${JSON.stringify(last, null, 1)}`;
    throw error;
  }
}

/** Runs nft in the firewall, as whoever works on it does. */
export async function nft({ world }: Pick<Guarded, 'world'>, command: string): Promise<void> {
  await world.firewall.must(['nft', command]);
}

export const codes = (told: readonly { readonly code: string }[]): readonly string[] => told.map(({ code }) => code);
export const first = (told: readonly Told[], code: string): Told => told.find((one) => one.code === code)!;

/**
 * Every record of the opening says whose intervention it was, what opened it, and a packet that passes. Nobody's edit
 * of the running rules opened what is latent: then its place says where it lies.
 */
export function expectFacts(told: Told, kind: 'open' | 'latent' = 'open'): void {
  expect(told.param('vendor')).toBe('Prestataire');
  expect(told.param('technician')).toBe('Technicien 12');
  expect(told.param('ticket')).toBe('INT-0216');
  expect(told.param('device')).toBe('fw1');
  expect(told.param(kind === 'open' ? 'cause' : 'place')).toMatch(/\S/);
  expect(told.param('witness')).toMatch(/\S/);
}

/** What is said passes must pass, in the kernel. */
export async function expectWitnessPasses(guarded: Guarded, told: Told, passing: boolean): Promise<void> {
  const witness = told.param('witness')!;
  expect([witness, await passes(guarded.world, packetOf(witness))]).toEqual([witness, passing]);
}

/** Does word for word what a record says would shut it. */
export async function runUndo(guarded: Guarded, told: Told): Promise<void> {
  await guarded.world.firewall.must(['sh', '-ec', told.param('undo')!]);
}
