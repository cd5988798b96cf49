/** Lets only so many work at once; the others wait in the order in which they came. */
export interface Turns {
  /** Resolves to the way to give the turn back, or to undefined where `signal` came first. */
  take(signal?: AbortSignal): Promise<(() => void) | undefined>;
}

export function turns(most: number): Turns {
  let free = most;
  const waiting: (() => void)[] = [];
  const giveBack = (): (() => void) => {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = waiting.shift();
      if (next) next();
      else free++;
    };
  };
  return {
    take(signal) {
      if (signal?.aborted) return Promise.resolve(undefined);
      if (free > 0) {
        free--;
        return Promise.resolve(giveBack());
      }
      return new Promise((resolve) => {
        const begin = (): void => {
          signal?.removeEventListener('abort', leave);
          resolve(giveBack());
        };
        const leave = (): void => {
          waiting.splice(waiting.indexOf(begin), 1);
          resolve(undefined);
        };
        waiting.push(begin);
        signal?.addEventListener('abort', leave, { once: true });
      });
    },
  };
}
