import type { Problem, Result } from '../lib/result.js';
import type { Secret } from '../lib/secret.js';
import type { Device, LineState, Origin, SessionTable, TableRef } from '../model/index.js';

/**
 * How one platform is read. A driver is data plus pure functions: it opens no socket, runs no program and reads no
 * clock. collect/ carries out its dialogue; everything from `parse` on can be replayed from a stored capture.
 */
export interface Driver {
  readonly id: string;
  /** As an engineer would name it: `nftables (Linux)`. */
  readonly title: string;
  /** What runs on the device, where several drivers read it: their captures compare. Left out: `id`. */
  readonly platform?: 'linux';
  /** Versions whose output was read in tests, such as `nft 0.9–1.1`. */
  readonly versions: string;
  /** What it models, in a few phrases, for `ecluse drivers`. */
  readonly models: readonly string[];
  /** Whether these sections are this platform's. */
  identify(sections: readonly Section[]): Identification;
  readonly dialogue: Dialogue;
  /** Text that must never be stored: `value` is replaced by a keyed digest before hashing, storing or logging. */
  readonly secrets: readonly SecretPattern[];
  /** Text that changes while nothing does (counters, times, handles): removed before two readings are compared. */
  readonly volatile: readonly VolatilePattern[];
  /** What is meant where nothing is written, where that went by the version; see shared/version.ts. */
  readonly defaults?: readonly VersionedDefault[];
  /**
   * parse → extract → convert. Never throws on input: what it cannot use is a coverage line or a Problem. Beside what
   * holds now it fills what the platform has of the rest of `Device`: `later` (the saved configuration where it differs,
   * the candidate that nobody has committed), `availability` (the pair and its members) and `version`.
   */
  read(capture: Capture, context: ReadContext): Result<Device>;
  /**
   * The platform's own command that undoes an edit, for a person to run; words with the two steps where one command
   * cannot say it. Undefined where the rule is not this platform's, or what was there before is not known. Names and
   * comments are an intruder's to choose: whatever is quoted from the device must be safe to paste into a shell.
   */
  undo?(request: UndoRequest): string | undefined;
  /** What the platform's own log says where its configuration has changed, or is about to: a reason to read it. */
  readonly changeReports?: readonly RegExp[];
  /** Rules that lie in files and hold later, in the text that other drivers read. */
  saved?(capture: Capture): SavedRules;
  readonly sessions?: SessionReader;
}

/** Lists what is connected. Asked for only where somebody wants to know, and never a part of a reading. */
export interface SessionReader {
  /** What belongs together is read in one go; all only read. */
  readonly steps: readonly DialogueStep[];
  /** Never throws on input: what it cannot use is said as not covered. */
  read(sections: readonly Section[]): SessionTable;
}

export interface SavedRules {
  readonly captures: readonly SavedCapture[];
  /** What may come back too and was not read, in sentences. */
  readonly notCovered: readonly string[];
}

/** Text for another driver, with where each of its lines stands. */
export interface SavedCapture {
  /** Id of the driver that reads it. */
  readonly driver: string;
  /** In the words of an engineer: `/etc/nftables.conf`. */
  readonly what: string;
  readonly returnsWhen: string;
  /** Nothing of it is missing. */
  readonly whole: boolean;
  readonly sections: readonly {
    readonly name: string;
    readonly text: string;
    readonly places: readonly { readonly file: string; readonly line: number }[];
  }[];
}

/** A default that changed with a version of the platform. */
export interface VersionedDefault {
  /** In the platform's words: `match-vip of a policy that denies`. */
  readonly what: string;
  /** From which version on it is which, the oldest first; that one holds for everything before the second too. */
  readonly since: readonly { readonly version: string; readonly value: string }[];
}

/** An edit of a rule list, as far as undoing it needs. */
export interface UndoRequest {
  /** `object`: the rule's text is the same, a set that it names is not. `flushed`: the list is empty or gone. */
  readonly edit: 'added' | 'removed' | 'moved' | 'changed' | 'object' | 'policy' | 'flushed';
  /** The rule as it is now; where it is gone, as it was. Of a policy, the policy's place. */
  readonly rule: Origin;
  /** As it was before, where it was changed or moved. */
  readonly former?: Origin;
  /** Id of the list. */
  readonly list: string;
  readonly table?: TableRef;
  /** The rule, as it is now, before which a rule that is put or moved back belongs; absent: at the end. */
  readonly next?: Origin;
}

/** `certain`: a marker only this platform prints. `likely`: the grammar fits. */
export type Identification = 'certain' | 'likely' | 'no';

/** One command's output, or one file. */
export interface Section {
  /** The step's id in the dialogue (`nft-text`, `iptables-save`), or the file's base name for an imported file. */
  readonly name: string;
  /** The command that was run, or the file's path as given. */
  readonly source: string;
  readonly text: string;
  /** Absent when the section was read whole; else why it was not. */
  readonly failure?: SectionFailure;
}

export interface SectionFailure {
  readonly kind: 'missing-program' | 'missing-right' | 'timeout' | 'too-large' | 'exit-code' | 'not-utf8' | 'unstable';
  readonly problem: Problem;
}

export interface Capture {
  readonly driver: string;
  readonly device: string;
  readonly sections: readonly Section[];
}

export interface ReadContext {
  readonly device: string;
  /**
   * A version in the platform's words: what is not written is read with that version's defaults, not with those of the
   * version that the capture states. Whoever has no defaults that go by the version may pass over it.
   */
  readonly defaultsOf?: string;
}

/** The commands to run, in order. All only read. */
export interface Dialogue {
  readonly steps: readonly DialogueStep[];
  /** Commands whose output lines mean "read again now". */
  readonly monitors?: readonly (readonly string[])[];
  /** What to look at twice a second, for changes that no monitor tells: each must cost next to nothing. */
  readonly glances?: readonly Glance[];
  /** What tells at once of changes that else a glance notices; only on the machine that Écluse runs on, where allowed. */
  readonly wakes?: readonly Wake[];
  /** The appliance's own shell, in which the steps are lines to type; absent: they are programs of a POSIX host. */
  readonly shell?: ApplianceShell;
  /** The appliance's HTTPS interface, over which the same steps are asked; absent: it is read in no such way. */
  readonly api?: ApplianceApi;
}

/**
 * What has to be known to read an appliance over HTTPS: pure functions from what is wanted to a request, and from a reply
 * to what it means. collect/https carries them out. A platform whose key goes with every request has no login.
 */
export interface ApplianceApi {
  /** Requests after which questions may be asked, in this order. */
  readonly login: readonly ApiExchange[];
  /** A step's question in the words of this interface. It only reads. */
  readonly question: (argv: readonly string[], context: ApiContext) => ApiRequest;
  /** What the reply to a question says, as text in the form that the driver reads. */
  readonly answer: (reply: ApiReply) => ApiOutcome;
  /** Gives the session back. */
  readonly logout?: (context: ApiContext) => ApiRequest;
  /** Why a session that was opened is given back at once, such as a right to change that nobody asked for. */
  readonly tooStrong?: (context: ApiContext) => string | undefined;
}

export interface ApiExchange {
  /** For the person who reads why it failed: `the login`. */
  readonly what: string;
  readonly request: (context: ApiContext) => ApiRequest;
  readonly read: (reply: ApiReply) => ApiOutcome;
}

export interface ApiContext {
  readonly user: string;
  readonly password: Secret;
  /** What earlier replies of this session gave, such as its id: as secret as the password. */
  readonly session: Readonly<Record<string, string>>;
}

/** Cookies go along by themselves. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  /** With its query, every part of it encoded. */
  readonly path: string;
  /** Sent as application/x-www-form-urlencoded. */
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiReply {
  /** Of HTTP. */
  readonly status: number;
  readonly text: string;
}

export type ApiOutcome =
  /** Of a login's exchange, what it gave joins the session. */
  | { readonly kind: 'answer'; readonly text: string; readonly session?: Readonly<Record<string, string>> }
  /** The password or the user is wrong, or the account is locked: it counts, and is not tried for so long. */
  | { readonly kind: 'loginRefused'; readonly said: string; readonly waitSeconds?: number }
  /** This account may log in and not ask this. */
  | { readonly kind: 'denied'; readonly said: string }
  /** This version does not know the question. */
  | { readonly kind: 'unknown'; readonly said: string }
  /** The session is over: another login may help. */
  | { readonly kind: 'ended'; readonly said: string }
  | { readonly kind: 'broken'; readonly said: string };

/** What has to be known to talk with the command line of an appliance. Nothing here changes its configuration. */
export interface ApplianceShell {
  /** The end of all output: the appliance waits for a line. Matches one line, from its beginning to its end. */
  readonly prompt: RegExp;
  /** What wants an answer between the login and the first prompt, such as a banner to accept; each at most once. */
  readonly greetings?: readonly { readonly pattern: RegExp; readonly answer: string }[];
  /** A second login in the shell itself, as the same user: questions for the name and for the password. */
  readonly login?: { readonly user: RegExp; readonly password: RegExp };
  /** A login without the right to read: the prompt that shows it, the line that asks for more, and its question. */
  readonly enable?: { readonly prompt: RegExp; readonly line: string; readonly password: RegExp };
  /** A pause in the middle of output, what makes it go on, and so is no part of the output. */
  readonly pager?: { readonly pattern: RegExp; readonly answer: string };
  /** Lines that change this login's display and nothing else, typed first. */
  readonly prepare: readonly string[];
  /**
   * Virtual systems (VDOMs, contexts): the step that lists them, and the lines by which one is entered and left. A step
   * with `eachVirtual` is asked outside of them too; within one its section is called `NAME-STEP`.
   */
  readonly virtual?: {
    readonly step: string;
    /** Each match in that step's output is one; has a named group `name`, and the flags g and m. */
    readonly names: RegExp;
    readonly enter: (name: string) => readonly string[];
    readonly leave: readonly string[];
  };
  readonly logout: string;
}

/** A program that goes on: its first word says that it listens, each one after that means "read again now". */
export interface Wake {
  readonly id: string;
  readonly title: string;
  readonly argv: readonly string[];
  /** What has to be granted or there, in words. */
  readonly needs: string;
}

/** A cheap look by which a change is noticed, though not what changed. */
export interface Glance {
  readonly id: string;
  /** A file of the device; or else `argv`, a program that prints little and at once. */
  readonly file?: string;
  readonly argv?: readonly string[];
  /** The parts that count: every match, by its named groups where it has some. Absent: all but volatile text. */
  readonly counts?: RegExp;
  /** Counts only when it is there at two looks in a row: clients' sockets live for a moment. */
  readonly lasting?: true;
  /** The part that counts stands first: nothing need be read behind a place that this matches. */
  readonly until?: RegExp;
  /** Looked at only when what counts of a cheaper file has changed; once in a while in any case. */
  readonly after?: { readonly file: string; readonly counts: RegExp };
  /** Looked at only while this file holds anything. */
  readonly whileFilled?: string;
}

export interface DialogueStep {
  readonly id: string;
  readonly argv: readonly string[];
  /** The step only reads this file, and `argv` prints it; a file that does not exist counts as a missing program. */
  readonly file?: string;
  /** Run only when the program of the step with this id is missing. */
  readonly fallbackFor?: string;
  /** Other spellings, tried in order when the program is missing. */
  readonly alternatives?: readonly (readonly string[])[];
  /**
   * `required`: without it the reading is blind. `ifPresent`: a missing program means there is nothing to read
   * (no legacy iptables on this host), and the capture has no such section; a program that is there and fails is
   * still blind. `crossCheck`: only checks what another step says; where it fails there is one check less, and only
   * where it contradicts is the reading blind. `later`: what holds at another time (a saved configuration, a candidate);
   * a change in it is a change of the device, and where it fails `laterUnknown` says so and what holds now is not blind.
   */
  readonly need: 'required' | 'ifPresent' | 'crossCheck' | 'later';
  /**
   * A cross-check by which what that step (`driver/step`) shows is read more exactly. What it says is a part of the
   * device's state: it counts towards the hash of a reading; where only a change is looked at it stays as it was read
   * before, so the driver must see which parts of it still fit. Without it everything is as if there were no such step,
   * so that a script that was installed on a host before there was one goes on being taken.
   */
  readonly refines?: string;
  /**
   * Only tells what stands beside the device and is not read: it comes and goes while the device holds still, so two
   * readings need not agree in it, and the device is the same whatever it says.
   */
  readonly beside?: true;
  /**
   * The program takes all of it from the kernel in one piece, and begins anew where it changes meanwhile, so that one
   * listing is a state that was. `frame` is what only goes while everything is loaded again, such as a table or a hook.
   */
  readonly inOnePiece?: { readonly frame: RegExp };
  /** `argv` shows in other words a part of what the driver's step (`driver/step`) shows that is read in one piece. */
  readonly viewOf?: string;
  /** On an appliance with virtual systems: asked in each of them, not once for the device. */
  readonly eachVirtual?: true;
  /**
   * Asked once for each match in the answer to an earlier step: `{name}` in `argv` is what its group `name` holds. The
   * section is called `NAME-ID`, without the quotes around a name. Where nothing matches there is no section.
   */
  readonly forEach?: { readonly step: string; readonly names: RegExp };
  readonly timeoutMsMax: number;
  readonly bytesMax: number;
  /** What to grant when it is refused: capability and command, shown to the person word for word. */
  readonly right?: { readonly capability: string; readonly command: string };
  /** Text on standard error that means "not permitted" rather than "broken". */
  readonly refused?: RegExp;
  /** Debian package that brings the program. */
  readonly package?: string;
}

export interface SecretPattern {
  readonly title: string;
  /** Has a named group `value`. */
  readonly pattern: RegExp;
  /** Found in every text in which the pattern is, and found faster: patterns that share it are looked for only there. */
  readonly needs?: RegExp;
}

export interface VolatilePattern {
  readonly title: string;
  readonly pattern: RegExp;
  readonly replacement: string;
  /**
   * Removed only where two readings must agree, not from the hash that says whether anything changed: a client's
   * socket that lives for a moment must not make a device unreadable, and yet a new socket must not go unseen.
   */
  readonly onlyBetweenReadings?: true;
  /** The same as sed(1) writes it, for a look at the device that does not fetch the text; see shared/volatile.ts. */
  readonly onDevice?: { readonly expression: string; readonly replacement: string };
}

/** Gives each line of a section its state exactly once; the last word wins only if it is worse. */
export interface CoverageRecorder {
  mark(file: string, line: number, state: LineState, reason?: string): void;
}
