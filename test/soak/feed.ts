import { surviveDeaths } from '../alarms/deaths.js';
import { tempDir } from '../support/machine.js';
import { whyMissing } from '../support/needs.js';
import { seed } from '../support/seed.js';

const ALARMS = Number(process.env.ECLUSE_SOAK_ALARMS ?? 10_000);
const KILLS = Number(process.env.ECLUSE_SOAK_KILLS ?? 100);
/** About as long as a guard takes to tell its share: it dies with some of it told. */
const LIFE_MS_MAX = 1_200;
const WRONG_SHOWN = 20;

/**
 * 10,000 alarms over RELP to a real rsyslog (or ECLUSE_SOAK_ALARMS), the guard killed 100 times (ECLUSE_SOAK_KILLS),
 * rsyslog killed, stopped and hung between: every event arrives, each alarm's in order.
 */
export async function feed(): Promise<boolean> {
  const missing = whyMissing(['rsyslogd', 'rsyslog-relp']);
  if (missing !== undefined) {
    process.stdout.write(`not run: ${missing}\n`);
    return false;
  }
  const startedAt = performance.now();
  const { arrived, twice, underWay, wrong } = await surviveDeaths({
    ...{ alarms: ALARMS, kills: KILLS, seed, folder: tempDir(), lifeMsMax: LIFE_MS_MAX },
    onKill: (kill, there) => {
      if (kill % 10 === 0) process.stderr.write(`${kill} deaths, ${there} messages arrived\n`);
    },
  });
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(
    `${arrived.length} of ${ALARMS} events in ${seconds} s, ${twice} twice with one id, ${KILLS} deaths ` +
      `(${underWay} with something still to tell), seed ${seed}\n`,
  );
  for (const line of wrong.slice(0, WRONG_SHOWN)) process.stdout.write(`  ${line}\n`);
  return wrong.length === 0;
}
