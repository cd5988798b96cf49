import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Format, formats, jsonlSink } from '../../agent/alarms/index.js';
import { type Received, sinkContract } from '../contract/sinks.js';
import { tempDir } from '../support/system.js';

interface Ocsf {
  readonly metadata: { readonly uid: string };
}

interface Ecs {
  readonly event: { readonly id: string };
}

const idOf: Readonly<Record<Format, (line: string) => string>> = {
  cef: (line) => / externalId=(?<id>\S+)/.exec(line)?.groups?.id ?? '',
  leef: (line) => /\^externalId=(?<id>[^^]+)/.exec(line)?.groups?.id ?? '',
  ecs: (line) => (JSON.parse(line) as Ecs).event.id,
  ocsf: (line) => (JSON.parse(line) as Ocsf).metadata.uid,
};

function linesOf(data: Buffer, format: Format): readonly Received[] {
  const lines = data.toString('utf8').split('\n').slice(0, -1);
  return lines.map((line) => ({ id: idOf[format](line), raw: Buffer.from(line) }));
}

for (const format of formats) {
  sinkContract({
    name: `${format} into a file`,
    open: async () => {
      const folder = tempDir();
      const inner = join(folder, 'log');
      const away = join(folder, 'away');
      mkdirSync(inner);
      const path = join(inner, 'alarms.log');
      let here = true;
      return {
        sink: jsonlSink({ id: 'file', to: path, format, version: '0.1.0', attack: true }),
        received: async () => {
          try {
            return linesOf(readFileSync(here ? path : join(away, 'alarms.log')), format);
          } catch {
            return [];
          }
        },
        stop: async () => {
          renameSync(inner, away);
          here = false;
        },
        start: async () => {
          renameSync(away, inner);
          here = true;
        },
        close: async () => {},
      };
    },
  });
}
