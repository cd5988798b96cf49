import { describe, expect } from '@jest/globals';
import { drivers, readDevice } from '../../../agent/app/index.js';
import { localRunner } from '../../../agent/collect/index.js';
import { composeObservation } from '../../../agent/judge/index.js';
import { systemTest, withNamespaces } from '../../support/system.js';

const rules = (port: string): string =>
  `flush ruleset\ntable inet filter {\n  chain input {\n    type filter hook input priority filter; policy drop;\n    tcp dport { 22${port} } accept\n  }\n}\n`;

describe('a machine whose saved rules are not the running ones', () => {
  systemTest(['root', 'netns', 'nft'], 'is told of, from its real files', () =>
    withNamespaces(['saved'], async ({ saved }) => {
      const read = async () => {
        const settings = {
          id: 'fw',
          kind: 'fw' as const,
          interfaceZones: {},
          source: { kind: 'local' as const },
          drivers: ['nftables', 'linux-saved'],
        };
        const key = new TextEncoder().encode('sixteen bytes or more');
        const runner = localRunner({ prefix: ['ip', 'netns', 'exec', saved.name] });
        const { model, blind } = await readDevice(settings, { runner, drivers, key });
        expect(blind).toEqual([]);
        return model!;
      };
      saved.etc('systemd/system/multi-user.target.wants/nftables.service', '');
      saved.etc('nftables.conf', rules(''));
      await saved.must(['nft', '-f', '/etc/nftables.conf']);
      const approved = await read();
      expect(approved.later?.[0]?.pipeline.lists).toHaveLength(1);
      // The vendor opens a port in the file, loads it, and afterwards shuts it in the kernel alone.
      saved.etc('nftables.conf', rules(', 8080'));
      const now = await read();
      const { undeclared } = composeObservation({
        device: 'fw',
        at: 0,
        now,
        approved,
        declared: { flows: [], listeners: [] },
        earlier: [],
        interfaceZones: {},
      });
      expect(undeclared.map(({ summary, latent, place }) => [summary, latent?.returnsWhen, place?.file])).toEqual([
        ['any → fw tcp 8080', 'at the next start, when nftables loads /etc/nftables.conf', '/etc/nftables.conf'],
      ]);
    }),
  );
});
