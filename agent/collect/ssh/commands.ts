import type { Dialogue, Driver } from '../../drivers/contract.js';

/** How a command looks on its way to a device, and the script there that runs these and no others. */

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/**
 * sshd gives an ordinary account a PATH without the administrator's programs, and PAM may set another language: a
 * program that is not found looks as if there were nothing to read.
 */
const PREFIX = `env LC_ALL=C PATH=${PATH} `;

/** For any shell that may be the account's: what is not plainly safe stands in single quotes. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function spelled(argv: readonly string[]): string {
  return argv.map(quoted).join(' ');
}

export function commandLine(argv: readonly string[]): string {
  return PREFIX + spelled(argv);
}

/** What time the device believes it is, for `ecluse doctor`. */
export const CLOCK_ARGV: readonly string[] = ['date', '-u', '+%s'];

export function readFileArgv(path: string): readonly string[] {
  return ['cat', '--', path];
}

/** What glances read many files with; see glance.ts. */
const GREP_FILES = "grep -H ''";

interface Allowed {
  readonly command: string;
  readonly seconds: number;
}

type Reader = { readonly dialogue: Dialogue };

function allowedCommands(drivers: readonly Reader[]): readonly Allowed[] {
  const found = new Map<string, number>();
  const allow = (argv: readonly string[], ms: number): void => {
    const command = spelled(argv);
    found.set(command, Math.max(found.get(command) ?? 0, Math.ceil(ms / 1000)));
  };
  for (const { dialogue } of drivers) {
    for (const step of dialogue.steps) {
      if (step.file !== undefined) allow(readFileArgv(step.file), step.timeoutMsMax);
      else for (const argv of [step.argv, ...(step.alternatives ?? [])]) allow(argv, step.timeoutMsMax);
    }
    for (const { argv } of dialogue.glances ?? []) if (argv) allow(argv, 5_000);
  }
  return [...found]
    .map(([command, seconds]) => ({ command, seconds }))
    .sort((a, b) => (a.command < b.command ? -1 : 1));
}

function glanceFiles(drivers: readonly Reader[]): readonly string[] {
  const files = drivers.flatMap(({ dialogue }) =>
    (dialogue.glances ?? []).flatMap(({ file, after, whileFilled }) => [file, after?.file, whileFilled]),
  );
  return [...new Set(files.filter((file) => file !== undefined))].sort();
}

/** Said by the script; runner.ts knows it by this. */
export const REFUSAL = 'ecluse-read: not allowed';
export const REFUSAL_CODE = 126;

/**
 * The forced command of the account on the device: it takes the command from SSH_ORIGINAL_COMMAND and runs it only
 * where it is, letter for letter, one that these drivers read with. Nothing that comes over the wire is ever evaluated.
 */
export function forcedCommandScript(drivers: readonly Pick<Driver, 'dialogue'>[]): string {
  const cases = allowedCommands(drivers).map(({ command, seconds }) => [
    `${quoted(command)})`,
    `  run ${seconds} ${command} ;;`,
  ]);
  const monitors = drivers.flatMap(({ dialogue }) => dialogue.monitors ?? []).map(spelled);
  const follows = [...new Set(monitors)].map((command) => [`${quoted(command)})`, `  follow ${command} ;;`]);
  const files = glanceFiles(drivers).map(quoted).join(' | ');
  return `${[
    '#!/bin/sh',
    '# ecluse-read: what an account may do that Écluse reads this machine with. Written by `ecluse trust --script`.',
    '# Install it as root (mode 755) and name it in the authorized_keys of the account:',
    '#   restrict,command="/usr/local/sbin/ecluse-read" ssh-ed25519 AAAA…',
    'set -f',
    `PATH=${PATH}`,
    'LC_ALL=C',
    'export PATH LC_ALL',
    '',
    'refuse() {',
    `  echo "${REFUSAL}: this script runs only what Écluse reads with" >&2`,
    `  exit ${REFUSAL_CODE}`,
    '}',
    '',
    '# A program that hangs must not stay behind when the connection is gone.',
    'run() {',
    '  seconds=$1',
    '  shift',
    '  if command -v timeout >/dev/null; then exec timeout "$((seconds + 5))" env "$@" </dev/null; fi',
    '  exec env "$@" </dev/null',
    '}',
    '',
    '# Runs until the other end is gone, which shows as the end of the input.',
    'follow() {',
    '  exec 3<&0',
    '  "$@" </dev/null 3<&- &',
    '  child=$!',
    '  { cat <&3 >/dev/null 2>&1; kill "$child"; } >/dev/null 2>&1 &',
    '  exec 3<&-',
    '  wait "$child"',
    '  exit $?',
    '}',
    '',
    '# Files that are looked at again and again, in any choice and order.',
    'look() {',
    '  for file in "$@"; do',
    '    case "$file" in',
    `    ${files || "''"}) ;;`,
    '    *) refuse ;;',
    '    esac',
    '  done',
    '  [ "$#" -gt 0 ] || refuse',
    `  run 5 ${GREP_FILES} "$@"`,
    '}',
    '',
    `command=\${SSH_ORIGINAL_COMMAND#${quoted(PREFIX)}}`,
    'case "$command" in',
    ...cases.flat(),
    ...follows.flat(),
    `${quoted(`${GREP_FILES} `)}*)`,
    '  # shellcheck disable=SC2086 # one word for each file, and each is looked up above',
    `  look \${command#${quoted(`${GREP_FILES} `)}} ;;`,
    '*)',
    '  refuse ;;',
    'esac',
  ].join('\n')}\n`;
}
