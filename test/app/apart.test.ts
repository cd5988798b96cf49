import { describe, expect, test } from '@jest/globals';
import { apart } from '../../agent/app/guard/apart.js';
import { type Works, works } from '../../agent/app/guard/works.js';
import { recordedDevices } from '../exposure/rulesets.js';
import { firewall, nft } from '../judge/devices.js';
import { START } from '../support/guard.js';

const web = 'iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport 443 accept';
/** Read anew each time: what was worked out of one is remembered, and no more takes any time. */
function inputs(): { readonly [Name in keyof Works]: Works[Name]['input'] } {
  const shut = firewall([web]);
  const open = firewall([
    web,
    'ip6 saddr 2001:db8::7 tcp dport 22 accept',
    'meta hour "08:00"-"18:00" tcp dport 23 accept',
  ]);
  return {
    compose: {
      device: 'fw',
      at: START,
      now: open,
      approved: shut,
      before: shut,
      declared: { flows: [], listeners: [] },
      earlier: [],
      earlierMissing: [],
      interfaceZones: { wan0: 'internet' },
    },
    learn: { models: [{ device: 'fw', model: open }], owner: 'network', at: START },
    shut: { now: shut, during: [open, nft('')], before: shut, flows: [] },
  };
}

/** A rule calls a list that is not there: a fault of ours. */
function broken(): Works['learn']['input'] {
  const { pipeline, ...rest } = firewall([web]);
  const lists = pipeline.lists.map((list) => ({
    ...list,
    rules: list.rules.map((rule) => ({ ...rule, steps: [{ kind: 'jump', list: 'nowhere' } as const] })),
  }));
  return {
    models: [{ device: 'fw', model: { ...rest, pipeline: { ...pipeline, lists } } }],
    owner: 'network',
    at: START,
  };
}

describe('what compares states', () => {
  test('is done at once where that takes no time', () => {
    const here = apart({ heldUpMsMax: 3_600_000, firstMsMax: 3_600_000 });
    expect(here.work('compose', inputs().compose)).toEqual(works.compose(inputs().compose));
    expect(here.work('learn', inputs().learn)).toEqual(works.learn(inputs().learn));
    here.close();
  });

  test('is done on a thread of its own where it takes long, with the same answer', async () => {
    const there = apart({ heldUpMsMax: 0, firstMsMax: 0 });
    const { compose, learn, shut } = inputs();
    const answers = [there.work('compose', compose), there.work('shut', shut), there.work('learn', learn)];
    for (const answer of answers) expect(answer).toBeInstanceOf(Promise);
    const observation = works.compose(inputs().compose);
    expect(await Promise.all(answers)).toEqual([observation, works.shut(inputs().shut), works.learn(inputs().learn)]);
    expect(observation.undeclared.map(({ undo }) => undo)).toEqual([
      expect.stringContaining('nft'),
      expect.stringContaining('nft'),
    ]);
    there.close();
  });

  test('the first one may hold up the guard for longer', async () => {
    const there = apart({ heldUpMsMax: 0, firstMsMax: 3_600_000 });
    expect(there.work('learn', inputs().learn)).toBe(works.learn(inputs().learn));
    const second = there.work('learn', inputs().learn);
    expect(second).toBeInstanceOf(Promise);
    expect(await second).toBe(works.learn(inputs().learn));
    there.close();
  });

  test('is given up where the thread fails, and the next one begins', async () => {
    const there = apart({ heldUpMsMax: 0, firstMsMax: 0 });
    const first = there.work('learn', broken());
    const second = there.work('learn', inputs().learn);
    await expect(first).rejects.toThrow('nowhere');
    expect(await second).toBe(works.learn(inputs().learn));
    there.close();
  });

  test('is given up when the guard stops', async () => {
    const there = apart({ heldUpMsMax: 0, firstMsMax: 0 });
    const answers = Promise.allSettled([there.work('compose', inputs().compose), there.work('learn', inputs().learn)]);
    there.close();
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test.each(recordedDevices())('%s goes to another thread as it is', (_, device) => {
    expect(structuredClone(device)).toEqual(device);
  });
});
