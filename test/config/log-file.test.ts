import { expect, test } from '@jest/globals';
import { parseSettings } from '../../agent/config/index.js';
import { problemLines } from '../../agent/lib/result.js';

function logOf(text: string): unknown {
  const settings = parseSettings(text, '/etc/ecluse/config.yaml');
  return settings.ok ? settings.value.log : problemLines(settings.error);
}

test('a log file has a place, a length and a number of old ones', () => {
  expect(logOf('site: a')).toBeUndefined();
  expect(logOf('log: {file: ../log/ecluse.log}')).toEqual({
    path: '/etc/log/ecluse.log',
    bytesMax: 10 * 2 ** 20,
    keep: 5,
  });
  expect(logOf('log: {file: /x.log, maxSize: 512K, keep: 99}')).toEqual({
    path: '/x.log',
    bytesMax: 512 * 1024,
    keep: 99,
  });
});

test.each([
  ['log: a.log', /1:6: `log` is `a.log` \(expected where the log is written/],
  ['log: {keep: 5}', /1:6: `log.file` is missing/],
  ['log: {file: a.log, maxSize: 10}', /`log.maxSize` is `10` \(expected a size between 64K and 1G, such as 10M/],
  ['log: {file: a.log, maxSize: 1K}', /`log.maxSize` is `1K`/],
  ['log: {file: a.log, maxSize: 2G}', /`log.maxSize` is `2G`/],
  ['log: {file: a.log, keep: 0}', /`log.keep` is `0` \(expected a number between 1 and 99/],
  ['log: {file: a.log, size: 10M}', /there is no setting `size` in `log`/],
])('%s is told', (text, words) => {
  expect(logOf(text)).toEqual([expect.stringMatching(words)]);
});
