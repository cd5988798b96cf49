import type { Settings } from '../config/index.js';
import { openLog } from '../lib/log.js';
import { type Result, success } from '../lib/result.js';
import type { Guard } from './guard/contract.js';
import { openGuard } from './guard/index.js';
import { realParts } from './guard/parts.js';

/** A guard that lives for one question, where no daemon runs. It takes half a second to load what one needs. */
export async function openInProcess(
  settings: Settings,
): Promise<Result<{ readonly guard: Guard; close(): Promise<void> }>> {
  // What goes wrong is in the answer; the log would only say it twice.
  const log = openLog({ level: 'error' });
  const guard = await openGuard(settings, { parts: realParts, log });
  if (!guard.ok) {
    await log.closeLog();
    return guard;
  }
  return success({
    guard: guard.value,
    async close() {
      await guard.value.close();
      await log.closeLog();
    },
  });
}
