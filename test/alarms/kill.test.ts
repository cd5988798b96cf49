import { describe, expect } from '@jest/globals';
import { seed } from '../support/seed.js';
import { systemTest, tempDir } from '../support/system.js';
import { surviveDeaths } from './deaths.js';

const ALARMS = 500;
const KILLS = 10;

describe('nothing is lost over RELP', () => {
  systemTest(
    ['rsyslogd', 'rsyslog-relp'],
    `${ALARMS} alarms and ${KILLS} deaths, of the guard and of a real rsyslog that is also stopped and hung`,
    async () => {
      const { arrived, wrong } = await surviveDeaths({ alarms: ALARMS, kills: KILLS, seed, folder: tempDir() });
      expect(wrong).toEqual([]);
      expect(arrived).toHaveLength(ALARMS);
    },
    120_000,
  );
});
