import { expect, test } from '@jest/globals';
import { START } from '../support/guard.js';
import { type FakeWorld, fakeWorld, must, startGuard } from './fakes.js';

const MINUTE_MS = 60_000;

function onboarded(world: FakeWorld, minutes: number | undefined): FakeWorld {
  const devices = world.settings.devices.map((device) => ({
    ...device,
    ...(minutes !== undefined && { onboardingUntil: START + minutes * MINUTE_MS }),
  }));
  return { ...world, settings: { ...world.settings, devices } };
}

const http = { id: 'http', src: '10.9.0.0/16', ports: '8080' };
const dicom = { id: 'dicom', dst: 'pacs', ports: '104' };

test('a new device is not learned by itself; its report comes once, the rest at its end, also after a restart', async () => {
  const world = fakeWorld();
  world.devices.fw!.open = [http, dicom];
  const first = await startGuard(onboarded(world, 60));
  await first.until(10);
  expect(first.rows()).toEqual(['0 UNPLANNED_OPENING dicom', '0 ONBOARDING_REPORT fw']);
  const [status] = must(await first.guard.status()).devices;
  expect(status).toMatchObject({ onboarding: { until: new Date(START + 60 * MINUTE_MS).toISOString(), heldBack: 1 } });
  expect(status).not.toHaveProperty('approved');
  await first.guard.close();
  const second = await startGuard(onboarded(world, 60));
  await second.until(61);
  expect(second.rows()).toEqual(['60 UNPLANNED_OPENING http', '60 RESOLVED fw']);
  await second.guard.close();
  // Taken out of the configuration, the onboarding does not turn into an approval.
  const third = await startGuard(onboarded(world, undefined));
  await third.until(70);
  expect(third.rows()).toEqual([]);
  expect(must(await third.guard.status()).devices[0]).not.toHaveProperty('approved');
  expect(must(await third.guard.findings({ all: false })).findings.map(({ key }) => key)).toEqual([
    'fw/dicom',
    'fw/http',
  ]);
  await third.guard.close();
});

test('what is accepted before the end is never told', async () => {
  const world = fakeWorld();
  world.devices.fw!.open = [http];
  const running = await startGuard(onboarded(world, 60));
  await running.until(10);
  must(await running.guard.acceptBaseline({ device: 'fw', by: 'RSSI' }));
  await running.until(70);
  expect(running.rows()).toEqual(['0 ONBOARDING_REPORT fw', '60 RESOLVED fw']);
  await running.guard.close();
});
