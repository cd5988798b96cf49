import { z } from 'zod';
import { digits, kind, path, setting } from './parts.js';

const BYTES: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** `512K`, `10M`, `1G` in bytes. */
function parseSize(text: string): number | undefined {
  const groups = /^(?<count>[1-9]\d{0,3})(?<unit>[KMG])$/.exec(text.trim())?.groups;
  return groups ? Number(groups.count) * BYTES[groups.unit!]! : undefined;
}

const SIZE = 'a size between 64K and 1G, such as 10M';
const KEEP = 'a number between 1 and 99';

const Size = kind(
  z
    .string({ error: SIZE })
    .refine((text) => {
      const bytes = parseSize(text);
      return bytes !== undefined && bytes >= 64 * BYTES.K! && bytes <= BYTES.G!;
    }, SIZE)
    .transform((text) => parseSize(text)!),
  'size',
);

export const LogEntry = z.strictObject(
  {
    file: setting(
      path('the path of a file'),
      'Where it is written, one JSON object a line. Its folder must exist.',
      './ecluse.log',
    ),
    maxSize: setting(
      Size.prefault('10M'),
      'How long the file may grow before it is put aside (ecluse1.log, then ecluse2.log…) and begun anew.',
      '10M',
    ),
    keep: setting(
      digits(
        z
          .string({ error: KEEP })
          .regex(/^[1-9]\d?$/, KEEP)
          .transform(Number)
          .prefault('5'),
        'number',
      ),
      'How many are kept of those that were put aside.',
      5,
    ),
  },
  { error: 'where the log is written, such as {file: ./ecluse.log}' },
);
export type LogEntry = z.infer<typeof LogEntry>;
