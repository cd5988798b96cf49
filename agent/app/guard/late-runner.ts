import type { CommandRunner } from '../../collect/index.js';
import type { SshRunner, SshTarget } from '../../collect/ssh/index.js';

export interface LateRunner extends CommandRunner {
  close(): void;
}

/** Loads the SSH client only where a device needs it: a guard of its own machine starts without. */
export function lateRunner(target: SshTarget, knownKeys: string): LateRunner {
  let loading: Promise<SshRunner> | undefined;
  let closed = false;
  const load = (): Promise<SshRunner> => {
    loading ??= import('../../collect/ssh/index.js').then(({ sshRunner }) => {
      const runner = sshRunner(target, { knownKeys });
      if (closed) runner.close();
      return runner;
    });
    return loading;
  };
  return {
    run: async (argv, limits) => (await load()).run(argv, limits),
    readFile: async (path, limits) => (await load()).readFile(path, limits),
    follow: async (argv, options) => (await load()).follow(argv, options),
    converse: async (speakers, options) => (await load()).converse(speakers, options),
    isUnchanged: async (speakers, seal, signal) => (await load()).isUnchanged(speakers, seal, signal),
    ready: async (signal) => (await load()).ready(signal),
    parallelMax: 4,
    close() {
      closed = true;
      void loading?.then((runner) => runner.close());
    },
  };
}
