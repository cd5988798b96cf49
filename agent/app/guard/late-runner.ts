import type { CommandRunner } from '../../collect/index.js';
import type { RemoteRunner } from '../remote.js';

export interface LateRunner extends CommandRunner {
  close(): void;
}

/** Made when it is first asked: a guard of its own machine loads no client. */
export function lateRunner(make: () => Promise<RemoteRunner>): LateRunner {
  let loading: Promise<RemoteRunner> | undefined;
  let closed = false;
  const load = (): Promise<RemoteRunner> => {
    loading ??= make().then((runner) => {
      if (closed) void runner.close();
      return runner;
    });
    return loading;
  };
  return {
    run: async (argv, limits) => (await load()).run(argv, limits),
    readFile: async (path, limits) => (await load()).readFile(path, limits),
    follow: async (argv, options) => (await load()).follow(argv, options),
    converse: async (speakers, options) => (await load()).converse(speakers, options),
    isUnchanged: async (speakers, seal, signal) =>
      (await (await load()).isUnchanged?.(speakers, seal, signal)) ?? false,
    ready: async (signal) => (await load()).ready(signal),
    parallelMax: 4,
    close() {
      closed = true;
      void loading?.then((runner) => runner.close());
    },
  };
}
