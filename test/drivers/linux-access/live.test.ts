import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { drivers, readDevice } from '../../../agent/app/index.js';
import { localRunner } from '../../../agent/collect/index.js';
import { composeObservation } from '../../../agent/judge/index.js';
import { systemTest, withNamespaces } from '../../support/system.js';

describe('a real machine', () => {
  systemTest(['root', 'netns', 'ip'], 'in which a vendor became an administrator and logging stopped is told of', () =>
    withNamespaces(['access'], async ({ access }) => {
      // ip-netns(8): what lies in /etc/netns/NAME stands in the place of what is in /etc.
      const folder = join('/etc/netns', access.name);
      const write = (path: string, text: string): void => {
        mkdirSync(join(folder, path, '..'), { recursive: true });
        writeFileSync(join(folder, path), text);
      };
      const read = async () => {
        const settings = {
          id: 'srv',
          kind: 'host' as const,
          interfaceZones: {},
          source: { kind: 'local' as const },
          drivers: ['linux-access'],
        };
        const runner = localRunner({ prefix: ['ip', 'netns', 'exec', access.name] });
        const key = new TextEncoder().encode('sixteen bytes or more');
        const { model, blind } = await readDevice(settings, { runner, drivers, key });
        expect(blind).toEqual([]);
        return model!;
      };
      try {
        write('passwd', 'root:x:0:0::/root:/bin/bash\nvendor:x:1001:1001::/home/vendor:/bin/bash\n');
        write('group', 'root:x:0:\nsudo:x:27:\n');
        write('rsyslog.d/siem.conf', '*.* @@siem.example.org:6514\n');
        const approved = await read();
        expect(approved.areas).toHaveLength(12);
        write('group', 'root:x:0:\nsudo:x:27:vendor\n');
        write('rsyslog.d/siem.conf', '# *.* @@siem.example.org:6514\n');
        const now = await read();
        const declared = { flows: [], listeners: [] };
        const base = { device: 'srv', at: 0, declared, earlier: [], interfaceZones: {} };
        const { undeclared, blind } = composeObservation({ ...base, now, approved });
        expect(blind).toEqual([]);
        expect(undeclared.map(({ factCode, summary }) => `${factCode} ${summary}`).sort()).toEqual([
          'ADMIN_ADDED account vendor in group sudo on srv: member (added)',
          'LOGGING_OFF log: *.* @@siem.example.org:6514 on srv: /etc/rsyslog.d/siem.conf (removed)',
        ]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }),
  );
});
