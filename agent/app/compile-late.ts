import { setFlagsFromString } from 'node:v8';

/** Bytes of code that a function runs before it is worth compiling; Node 20 begins with 67,584. */
const BUDGET = 200_000;

/**
 * For a command that lasts for some tenths of a second. Node 20 spends half as long again on another processor to
 * compile what is hardly called any more when that is done; where every processor is busy, the command waits for it.
 * Later versions compile in steps, and know no such flag.
 */
export function compileLate(): void {
  if (process.versions.node.startsWith('20.')) setFlagsFromString(`--interrupt-budget=${BUDGET}`);
}
