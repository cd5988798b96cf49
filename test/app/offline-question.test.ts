import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { readQuestion } from '../../agent/app/offline-question.js';

// The question is checked by hand, because zod takes as long to load as a question to answer. It is checked as zod would.

const port = z.number().int().min(0).max(65535);
const byte = z.number().int().min(0).max(255);
const text = z.string().optional();
const object = z
  .object({ kind: z.enum(['address', 'service', 'protocol']), name: z.string(), vsys: text, book: text })
  .strict();
const schema = z.object({
  id: z.union([z.string(), z.number()]),
  at: z
    .object({ chain: text, acl: text, filter: text, object: object.optional(), device: text })
    .strict()
    .refine(({ device: _, ...at }) => Object.keys(at).length <= 1, 'one of chain, acl, filter, object')
    .optional(),
  packet: z
    .object({
      iif: text,
      oif: text,
      fromZone: text,
      toZone: text,
      src: text,
      dst: text,
      proto: z.union([z.string(), z.number()]).optional(),
      sport: port.optional(),
      dport: port.optional(),
      icmpType: byte.optional(),
      icmpCode: byte.optional(),
      smac: text,
      state: text,
      tcpFlags: z.array(z.string()).optional(),
      app: text,
    })
    .strict(),
});

const anything = fc.oneof(
  fc.constantFrom<unknown>('x', 'address', 0, 255, 256, 65_535, 65_536, -1, 1.5, null, true),
  fc.constantFrom<unknown>([], ['SYN'], ['SYN', 3], {}, { kind: 'service', name: 'x' }, { kind: 'host', name: 4 }),
);
const packetNames = 'iif oif fromZone toZone src dst proto sport dport icmpType icmpCode smac state tcpFlags app';
const fields = (names: string) =>
  fc.dictionary(fc.constantFrom(...names.split(' '), ...names.split(' '), 'strange', '__proto__'), anything, {
    maxKeys: 4,
    noNullPrototype: true,
  });
const questions = fc.record(
  {
    id: fc.oneof(fc.constantFrom<unknown>(1, 'a'), anything),
    at: fc.oneof(fields('chain acl filter object device'), anything),
    packet: fc.oneof(fields(packetNames), fields(packetNames), anything),
    more: fc.constant(1),
  },
  { requiredKeys: [] },
);
const word = fc.string({ maxLength: 3 });
const sound = fc.record(
  {
    id: word,
    at: fc.record({ chain: word, device: word }, { requiredKeys: [] }),
    packet: fc.record(
      { iif: word, proto: fc.nat(), dport: fc.nat(65_535), tcpFlags: fc.array(word) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['id', 'packet'] },
);

test('a question is taken or refused as by a schema, for the same reason', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof(questions, questions, sound, anything), (question) => {
      const line = JSON.stringify(question);
      const expected = schema.safeParse(JSON.parse(line));
      const read = readQuestion(line);
      taken += read.ok ? 1 : 0;
      if (expected.success || read.ok) expect(read.ok).toBe(expected.success);
      else {
        const issue = expected.error.issues[0]!;
        expect(read.error.message).toBe(`${issue.path.join('.') || 'the question'}: ${issue.message}`);
      }
    }),
    { numRuns: 5_000 },
  );
  expect(taken).toBeGreaterThan(500);
});

test('a line that is no JSON is refused', () => {
  expect(readQuestion('{"id": 1')).toMatchObject({ ok: false, error: { message: 'this line is not JSON' } });
});
