import type { Driver, Section } from '../drivers/contract.js';
import { type DialogueOptions, runDialogue } from './dialogue.js';
import type { CommandRunner, Speaker } from './runner.js';

/**
 * What a driver lists connections with, as a reader of its own: over SSH it is a request like any other, and the forced
 * command knows it by a name and a digest.
 */
export function sessionSpeaker({ id, sessions }: Pick<Driver, 'id' | 'sessions'>): Speaker | undefined {
  return sessions && { id: `${id}-sessions`, dialogue: { steps: sessions.steps } };
}

/** The drivers with what they list connections with: all that is ever asked of a device. */
export function allSpeakers(drivers: readonly Driver[]): readonly Speaker[] {
  return drivers.flatMap((driver) => [driver, sessionSpeaker(driver) ?? []].flat());
}

/** Lists once what is connected; undefined where the driver has no means for it. */
export async function listSessions(
  driver: Pick<Driver, 'id' | 'sessions'>,
  runner: CommandRunner,
  device: string,
  options: DialogueOptions = {},
): Promise<readonly Section[] | undefined> {
  const speaker = sessionSpeaker(driver);
  if (!speaker) return undefined;
  const { sections } = await runDialogue(speaker, runner, device, options);
  return sections;
}
