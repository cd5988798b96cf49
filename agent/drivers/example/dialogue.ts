import type { ApplianceShell, Dialogue, DialogueStep, SecretPattern, VolatilePattern } from '../contract.js';

const bounds = { timeoutMsMax: 30_000, bytesMax: 8 * 1024 * 1024 } as const;
/** What the device answers instead of failing, and what a person has to grant then. */
const refused = /^Not permitted for this role/m;
const right = { capability: 'the role “reader”', command: 'administrator ecluse role reader' };

/**
 * `required`: without it the reading is blind. `later`: what holds after the next start. `ifPresent`: a device that is
 * alone has no such command.
 */
const steps: readonly DialogueStep[] = [
  { id: 'running', argv: ['show', 'configuration'], need: 'required', ...bounds, right, refused },
  { id: 'saved', argv: ['show', 'configuration', 'saved'], need: 'later', ...bounds, right, refused },
  { id: 'pair', argv: ['show', 'pair'], need: 'ifPresent', ...bounds, right, refused },
];

/** Nothing here changes the configuration: what is typed shows it, or changes the display of this one login. */
const shell: ApplianceShell = {
  prompt: /^[\w.-]+> ?$/,
  greetings: [{ pattern: /^Press any key to accept: ?$/, answer: 'y' }],
  pager: { pattern: /-- more --/, answer: ' ' },
  prepare: ['terminal pages off'],
  logout: 'exit',
};

export const dialogue: Dialogue = { steps, shell };

/**
 * By the words before them, because the grammar says what is a secret. What looks like one anywhere else is taken by a
 * net behind these patterns; a test plants 200 and looks for each.
 */
export const secrets: readonly SecretPattern[] = [
  { title: 'passwords of administrators', pattern: /^administrator \S+ role \S+ password (?<value>\S+)/gm },
  { title: 'the key of a pair', pattern: /^pair key (?<value>\S+)/gm },
];

/** What changes while nothing does: two readings are equal without it. */
export const volatile: readonly VolatilePattern[] = [
  { title: 'clock and uptime', pattern: /^! (?:read at|up for) .*$/gm, replacement: '!' },
  { title: 'hits of a policy', pattern: / hits \d+$/gm, replacement: '' },
];
