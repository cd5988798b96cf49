import type { DialogueStep, Driver } from '../drivers/contract.js';
import type { Problem } from '../lib/result.js';

/** What is needed of a driver to read a device with it. */
export type Speaker = Pick<Driver, 'id' | 'dialogue'> & Partial<Pick<Driver, 'volatile'>>;

/** How a device answered one step. */
export interface StepAnswer {
  /** The command or the file that was asked for in the end. */
  readonly source: string;
  readonly output: CommandOutput;
  /** The same step within each virtual system of an appliance, by its name. */
  readonly within?: ReadonlyMap<string, CommandOutput>;
  /** The questions of a step with `forEach`, in the place of `output`, which says nothing then. */
  readonly each?: readonly { readonly name: string; readonly source: string; readonly output: CommandOutput }[];
}

/** The answers of one reading; a fallback that was not needed has none. */
export type Answers = ReadonlyMap<DialogueStep, StepAnswer>;

/**
 * By which a device tells later whether anything changed since a reading. It is made of everything that was read,
 * secrets too: it stays in the memory of this process.
 */
export interface Seal {
  readonly mark: string;
  readonly sum: string;
}

export interface Conversed {
  readonly answers: Answers;
  /** Absent where the device cannot tell. */
  readonly seal?: Seal;
}

export interface ConverseOptions {
  /** How many times everything is asked, one time after the other. */
  readonly passes: number;
  readonly signal?: AbortSignal;
}

/** How a device is asked. The local machine is one implementation (local.ts); others ask over a connection. */
export interface CommandRunner {
  /** Runs a program without a shell and without input. Never rejects: whatever happens is an output. */
  run(argv: readonly string[], limits: RunLimits): Promise<CommandOutput>;
  /** Reads one file on the device. A file that does not exist is `missing`. */
  readFile(path: string, limits: RunLimits): Promise<CommandOutput>;
  /** Runs a program that goes on, and calls `onOutput` whenever it says anything; resolves when it ends. */
  follow(argv: readonly string[], options: FollowOptions): Promise<CommandOutput>;
  /**
   * Carries out whole dialogues in one request, each answer as `run` and `readFile` would give it. Absent: they are
   * asked step by step.
   */
  converse?(speakers: readonly Speaker[], options: ConverseOptions): Promise<readonly Conversed[]>;
  /**
   * Whether all that counts is as it was at the reading with this seal; false also where that cannot be known. Never
   * true where a reading would show something else: see ssh/seal.ts.
   */
  isUnchanged?(speakers: readonly Speaker[], seal: Seal, signal?: AbortSignal): Promise<boolean>;
  /** Why the device cannot be asked at all, in one Problem; absent where there is nothing that could be in the way. */
  ready?(signal?: AbortSignal): Promise<Problem | undefined>;
  /** How many commands may run at once on the device. */
  readonly parallelMax: number;
  /** A file is read by this process itself, which costs much less than to start a program. */
  readonly filesInProcess?: true;
}

export interface RunLimits {
  readonly timeoutMsMax: number;
  readonly bytesMax: number;
  readonly signal?: AbortSignal;
  /** Of a file: nothing behind a place that this matches is wanted, so a part of it may be left out. */
  readonly until?: RegExp;
}

export interface FollowOptions {
  readonly onOutput: () => void;
  readonly signal: AbortSignal;
}

/** How a command ended. Only `exited` has an output that may be whole. */
export type CommandOutput =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  /** The program, or the file, is not there. */
  | { readonly kind: 'missing'; readonly what: string }
  /** The system refused to start the program or to open the file. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It could not be started or read for another reason, such as no more processes or a lost connection. */
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'killed'; readonly signal: string; readonly stderr: string }
  | { readonly kind: 'timeout'; readonly afterMs: number }
  | { readonly kind: 'too-large'; readonly bytesMax: number }
  | { readonly kind: 'not-utf8'; readonly offset: number }
  | { readonly kind: 'cancelled' };
