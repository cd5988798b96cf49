/** How a command looks on its way to a device. */
export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/**
 * sshd gives an ordinary account a PATH without the administrator's programs, and PAM may set another language: a
 * program that is not found looks as if there were nothing to read.
 */
export const PREFIX = `env LC_ALL=C PATH=${PATH} `;

/** For any shell that may be the account's: what is not plainly safe stands in single quotes. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function spelled(argv: readonly string[]): string {
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

/** A file that is not there, as cat(1) says it. */
export function saysNoFile(stderr: string): boolean {
  return stderr.startsWith('cat: ') && /No such file or directory/.test(stderr);
}

/** What glances read many files with; see glance.ts. */
export const GREP_FILES = "grep -H ''";

/** Said by the script on the device where it is asked for anything else; channel.ts knows it by this. */
export const REFUSAL = 'ecluse-read: not allowed';
export const REFUSAL_CODE = 126;

/** What a request for whole readings begins with; see request.ts. A shell that gets it reads the script from its input. */
export const SCRIPT_ARGV = 'sh -s --';
/** Asked of a host of which a request took longer than what is tried first: it is not tried again. */
export const SLOWLY = 'slowly';
