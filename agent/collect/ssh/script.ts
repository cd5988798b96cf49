import type { Speaker } from '../runner.js';
import {
  CLOCK_ARGV,
  GREP_FILES,
  PATH,
  PREFIX,
  quoted,
  REFUSAL,
  REFUSAL_CODE,
  SCRIPT_ARGV,
  SLOWLY,
  spelled,
} from './commands.js';
import { ANEW } from './frames.js';
import { everyStep, type Plan, type PlannedStep, planOf, secondsOf } from './plan.js';

/** Commands that are asked for one at a time, between readings. */
function singleCommands(drivers: readonly Speaker[]): readonly string[] {
  const looks = drivers.flatMap(({ dialogue }) => (dialogue.glances ?? []).flatMap(({ argv }) => (argv ? [argv] : [])));
  return [...new Set([CLOCK_ARGV, ...looks].map(spelled))].sort();
}

function glanceFiles(drivers: readonly Speaker[]): readonly string[] {
  const files = drivers.flatMap(({ dialogue }) =>
    (dialogue.glances ?? []).flatMap(({ file, after, whileFilled }) => [file, after?.file, whileFilled]),
  );
  return [...new Set(files.filter((file) => file !== undefined))].sort();
}

export function readerName(driver: string): string {
  return driver.replace(/\W/g, '_');
}

/** What is not asked again for the second reading, and what is not where it is only looked whether anything changed. */
function howAsked({ need, beside }: PlannedStep['step']): string {
  return beside ? 'beside' : need === 'crossCheck' ? 'cross' : 'step';
}

/** Programs that read the one path that they are given, and end with this where it is not there. */
const READING: Readonly<Record<string, number>> = { cat: 1, grep: 2, ls: 2 };

/** Where all that a program reads is one path, that is looked for before the program is asked. */
function pathOf(argv: readonly string[]): string | undefined {
  const paths = argv.slice(1).filter((word) => word.startsWith('/'));
  return READING[argv[0]!] === undefined || paths.length !== 1 ? undefined : paths[0];
}

function ofPath(argv: readonly string[]): string {
  const path = pathOf(argv);
  return path === undefined ? '' : `of ${quoted(path)} ${READING[argv[0]!]} `;
}

/** Each spelling only where the one before it is not there, and then what stands in for all of them. */
function stepLines({ name, step, spellings, fallbacks }: PlannedStep): string {
  const tries = spellings.map(
    (argv, at) => `${ofPath(argv)}${howAsked(step)} ${name}:${at} ${secondsOf(step)} ${spelled(argv)}`,
  );
  const rest = fallbacks.length === 0 ? ':' : `{ ${fallbacks.map(stepLines).join('; ')}; }`;
  return [...tries, rest].join(' || ');
}

function readerLines({ driver, steps, leftOut }: Plan): readonly string[] {
  const name = readerName(driver);
  const edits = leftOut
    .flatMap(({ onDevice }) => onDevice ?? [])
    .map(({ expression, replacement }) => ` -e ${quoted(`s@${expression}@${replacement}@g`)}`);
  const without = edits.length === 0 ? '' : ` | sed -E${edits.join('')}`;
  return [
    `read_${name}() {`,
    ...steps.map((step) => `  ${stepLines(step)}`),
    '}',
    `sum_${name}() { { read_${name}; end_step ''; }${without} | sha256sum; }`,
    '',
  ];
}

/** What the shell says of those of the paths that are not there. */
function absentLines(steps: readonly PlannedStep[]): readonly string[] {
  const paths = steps.flatMap(({ spellings }) => spellings.flatMap((argv) => pathOf(argv) ?? []));
  if (paths.length === 0) return [];
  return [
    'absent() {',
    `  for file in ${[...new Set(paths)].map(quoted).join(' ')}; do`,
    `    [ -e "$file" ] || { true <"$file"; } 2>&1`,
    '  done',
    '}',
    '',
  ];
}

/**
 * The forced command of the account on a device. It takes what is asked for from SSH_ORIGINAL_COMMAND and compares it,
 * letter for letter, with what these drivers read with; nothing that comes over the wire is ever evaluated, and what
 * is run stands in this text. An account that may run anything is sent the same text as the input of a shell.
 */
export function forcedCommandScript(drivers: readonly Speaker[]): string {
  // A platform of which only files are read is asked nothing.
  const readers = drivers.filter(({ dialogue: { shell, steps } }) => shell === undefined && steps.length > 0);
  const plans = readers.map(planOf);
  const steps = everyStep(plans);
  const names = steps.map(({ name }) => `-${name}`);
  // No step gets more than its own time, so the shortest is what all of them together may take.
  const together = Math.min(...steps.map(({ step }) => secondsOf(step)));
  const monitors = [...new Set(readers.flatMap(({ dialogue }) => dialogue.monitors ?? []).map(spelled))];
  return `${[
    ...HEAD,
    ...absentLines(steps),
    ...plans.flatMap(readerLines),
    `seconds=${together}`,
    ...TOGETHER,
    ...REQUEST,
    `    ${names.join(' | ') || "''"}) without="$without\${word#-} " ;;`,
    ...plans.map(({ driver, token }) => `    ${token}) readers="$readers ${readerName(driver)}" ;;`),
    `    ${SLOWLY}) pace=slowly ;;`,
    ...ANSWER,
    '# Files that are looked at again and again, in any choice and order.',
    'look() {',
    '  for file in "$@"; do',
    '    case "$file" in',
    `    ${glanceFiles(readers).map(quoted).join(' | ') || "''"}) ;;`,
    '    *) refuse ;;',
    '    esac',
    '  done',
    '  [ "$#" -gt 0 ] || refuse',
    `  run 5 ${GREP_FILES} "$@"`,
    '}',
    '',
    'if [ "$#" -eq 0 ]; then',
    '  pace=together',
    'elif [ "$1" = --together ]; then',
    '  together "$2"',
    'else',
    '  request "$@"',
    'fi',
    `command=\${SSH_ORIGINAL_COMMAND#${quoted(PREFIX)}}`,
    'case "$command" in',
    ...singleCommands(readers).flatMap((command) => [`${quoted(command)})`, `  run 5 ${command} ;;`]),
    ...monitors.flatMap((command) => [`${quoted(command)})`, `  follow ${command} ;;`]),
    `${quoted(`${GREP_FILES} `)}*)`,
    '  # shellcheck disable=SC2086 # one word for each file, and each is looked up above',
    `  look \${command#${quoted(`${GREP_FILES} `)}} ;;`,
    `${quoted(`${SCRIPT_ARGV} `)}*)`,
    '  # shellcheck disable=SC2086 # and so is each word of a request',
    `  request \${command#${quoted(`${SCRIPT_ARGV} `)}} ;;`,
    '*)',
    '  refuse ;;',
    'esac',
  ].join('\n')}\n`;
}

const HEAD: readonly string[] = [
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
  '# A program that hangs must not stay behind when the connection is gone, nor hold up what comes after it.',
  'if command -v timeout >/dev/null 2>&1; then',
  '  limited() { timeout "$@" </dev/null; }',
  'else',
  '  limited() { shift; env "$@" </dev/null; }',
  'fi',
  '',
  'run() {',
  '  limited "$@"',
  '  exit $?',
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
  '# Most of the files that are looked for are on few hosts. That one is not there is said without a program, in the',
  '# words of one; for whatever else is the matter with it, the program is asked. What the shell says of them is asked',
  '# once in each pass, in a process of its own; each of its lines ends with the path and the reason.',
  'gone() {',
  '  if [ -e "$1" ] || [ -L "$1" ]; then return 1; fi',
  '  [ -n "$complaints" ] || complaints=$(absent)',
  '  case "$complaints" in',
  `  *" $1: "[Nn]'o such file'*) ;;`,
  '  *) return 1 ;;',
  '  esac',
  '  # Some shells say so too where what should be a folder is a file.',
  '  above=$1',
  `  while above=\${above%/*} && [ -n "$above" ]; do`,
  '    [ ! -d "$above" ] || return 0',
  '    [ ! -e "$above" ] || return 1',
  '  done',
  '}',
  '',
  '# PATH STATUS STEP…: a step of a program that reads this path alone, and ends so where it is not there.',
  "path=''",
  "complaints=''",
  'of() {',
  '  path=$1',
  '  missing=$2',
  '  shift 2',
  '  "$@"',
  '  came=$?',
  "  path=''",
  '  return "$came"',
  '}',
  '',
  '# LINE: what is written behind the end of the last step. Both are one write, because each is a packet on its way.',
  "ended=''",
  'end_step() {',
  `  printf '%s%s' "$ended" "$1"`,
  `  printf '%s%s' "$ended" "$1" >&2`,
  "  ended=''",
  '}',
  '',
  '# One step of a reading: NAME SECONDS PROGRAM…. What it says stands between two lines that begin with the mark, on',
  '# both streams alike. Fails, saying nothing, only where the program is not there.',
  "newline='",
  "'",
  'step() {',
  '  name=$1',
  '  shift',
  `  case "$without" in *" \${name%:*} "*) return 0 ;; esac`,
  '  command -v "$2" >/dev/null 2>&1 || return 1',
  '  end_step "$mark $name$newline"',
  '  if [ -n "$path" ] && gone "$path"; then',
  '    [ "$2" != ls ] || path="cannot access \'$path\'"',
  '    echo "$2: $path: No such file or directory" >&2',
  '    status=$missing',
  '  else',
  '    limited "$@"',
  '    status=$?',
  '  fi',
  '  ended="$newline$mark $status$newline"',
  '}',
  '',
  '# What stands beside the device is asked for once in a request, and like a cross-check not in a look for changes.',
  'beside() { [ "$pass" -ne 1 ] || step "$@"; }',
  'cross() { [ "$pass" -eq 0 ] || step "$@"; }',
  '',
];

const TOGETHER: readonly string[] = [
  '# Most steps are done sooner than a `timeout` for each of them is started. So all of them together are given what the',
  '# one with the shortest time has, in a process group that ends as a whole. Where that is not enough, what was said',
  '# counts for nothing, and each step is asked again in a time of its own.',
  'pace=slowly',
  'try_together() {',
  '  case "$0" in /*) ;; *) return 0 ;; esac',
  '  command -v timeout >/dev/null 2>&1 || return 0',
  '  timeout -s KILL "$seconds" sh "$0" --together "$$" </dev/null && exit 0',
  '  # A last write of what was killed must not come later.',
  '  sleep 1',
  `  printf '\\n%s ${ANEW}\\n' "$mark"`,
  `  printf '\\n%s ${ANEW}\\n' "$1" >&2`,
  '}',
  '',
  '# This is what is tried. A `timeout` that ends one process and not a group (that of busybox) is not enough: the one',
  '# that is stands between this and the first one, PID, at the head of the group. What is asked for stands in the',
  '# environment, which others cannot read as they can the words of a command.',
  'together() {',
  '  read -r own _ _ parent group _ 2>/dev/null </proc/self/stat || exit 1',
  '  [ "$own" = "$$" ] && [ "$parent" = "$group" ] && [ "$parent" != "$1" ] || exit 1',
  '  limited() { shift; "$@" </dev/null; }',
  '}',
  '',
];

const REQUEST: readonly string[] = [
  '# A mark is 32 hexadecimal digits, new in each request, so that no program can know it and print what looks like the',
  '# end of a step.',
  'is_mark() {',
  '  case "$1" in *[!0-9a-f]*) refuse ;; esac',
  `  [ "\${#1}" -eq 32 ] || refuse`,
  '}',
  '',
  '# A reading: read MARK PASSES [-STEP…] READER…, PASSES times one after the other. A look whether anything changed',
  '# since one: check MARK SEAL READER…, where SEAL is the mark of that reading; only sums are printed.',
  'request() {',
  '  [ "$#" -ge 4 ] || refuse',
  '  verb=$1',
  '  mark=$2',
  '  third=$3',
  '  is_mark "$mark"',
  '  case "$verb:$third" in',
  '  read:1 | read:2) ;;',
  '  check:*) is_mark "$third" ;;',
  '  *) refuse ;;',
  '  esac',
  '  shift 3',
  "  without=' '",
  "  readers=''",
  '  for word in "$@"; do',
  '    case "$word" in',
];

const ANSWER: readonly string[] = [
  '    *) refuse ;;',
  '    esac',
  '  done',
  '  [ -n "$readers" ] || refuse',
  '  [ "$verb" = read ] || check "$mark" "$third"',
  '  [ "$pace" = slowly ] || try_together "$mark"',
  '  pass=1',
  '  while [ "$pass" -le "$third" ]; do',
  "    complaints=''",
  '    for reader in $readers; do "read_$reader"; done',
  '    end_step "$mark end$newline"',
  '    pass=$((pass + 1))',
  '  done',
  '  exit 0',
  '}',
  '',
  'check() {',
  '  command -v sed >/dev/null 2>&1 && command -v sha256sum >/dev/null 2>&1 || refuse',
  '  [ "$pace" = slowly ] || try_together "$2"',
  '  pass=0',
  '  mark=$2',
  '  for reader in $readers; do',
  `    printf '%s %s\\n' "$1" "$reader"`,
  '    "sum_$reader"',
  `    printf '\\n%s 0\\n' "$1"`,
  '  done',
  `  printf '%s end\\n' "$1"`,
  `  printf '%s end\\n' "$mark" >&2`,
  '  exit 0',
  '}',
  '',
];
