import { type Behaviour, type FakeServer, serve } from './hostile.js';
import { type Appliance, talk } from './talk.js';

export type { Appliance } from './talk.js';

export function applianceBehaviour(appliance: Appliance, more: Behaviour = {}): Behaviour {
  return { ...more, shell: (channel) => talk(channel, appliance) };
}

export async function serveAppliance(appliance: Appliance, more: Behaviour = {}): Promise<FakeServer> {
  return serve(applianceBehaviour(appliance, more));
}
