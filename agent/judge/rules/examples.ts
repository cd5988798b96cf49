import { parsePorts } from '../../lib/ports.js';
import type { Problem } from '../../lib/result.js';
import { parseAddressSet } from '../../model/index.js';
import type { WindowMachine } from '../../windows/index.js';
import type { JudgeContext, JudgedDevice } from '../context.js';
import { openingsFromInternet } from '../risk.js';
import type { Party, Subject } from '../types.js';
import { exposuresOf } from './match.js';
import type { Example, ExposureRule, Rules } from './types.js';

/** The small hospital in which examples take place; every other name is an internal zone. */
const HOSPITAL: Readonly<Record<string, JudgedDevice>> = {
  fw: { kind: 'fw' },
  web: { kind: 'host', zone: 'dmz' },
  pacs: { kind: 'host', zone: 'imaging' },
};
const APPROVED = ['203.0.113.20'];

/** No window is open in an example. */
const noWindows: WindowMachine = {
  plan: () => ({ ok: false, error: { code: 'NO_WINDOW', message: 'examples have no windows' } }),
  step: () => ({ ok: false, error: { code: 'NO_WINDOW', message: 'examples have no windows' } }),
  effectiveEnd: () => 0,
  deadline: () => 0,
  covers: () => false,
  scopeReader: () => () => undefined,
};

export function exampleContext(rules: Rules): JudgeContext {
  return { devices: HOSPITAL, approvedHosts: APPROVED, ...rules, graceMinutes: 15, windows: noWindows };
}

function partyOf(text: string, zone: string | undefined): Party {
  const addresses = parseAddressSet(text);
  const lies = zone ?? HOSPITAL[text]?.zone;
  return { text, ...(addresses && { addresses }), ...(lies !== undefined && { zone: lies }) };
}

/** The opening that an example writes. A listener listens on `dst`; a rule is one of the firewall. */
export function exampleSubject(example: Example, id = 'example'): Subject {
  const { kind = 'rule', src = 'any', dst = 'web', proto = kind === 'rule' ? 'tcp' : 'any', ports = 'any' } = example;
  const device = kind === 'listener' ? dst : 'fw';
  return {
    id,
    device,
    kind,
    ...(example.direction && { direction: example.direction }),
    flow: {
      src: partyOf(src, example.srcZone),
      dst: partyOf(dst, example.dstZone),
      proto,
      ports: parsePorts(ports) ?? 'any',
    },
    summary: `${src} → ${dst} ${proto} ${ports}`,
    ...(example.conditions && { conditions: example.conditions }),
    ...(example.access !== undefined && { factCode: example.access }),
  };
}

/** What an example shows: the rules that speak of it, in the order of their files. */
export function rulesOfExample(example: Example, context: JudgeContext): readonly ExposureRule[] {
  const { beside, place } = example;
  const others = beside ? [exampleSubject({ ...beside, place }, 'beside')] : [];
  return exposuresOf(exampleSubject(example), context, openingsFromInternet(others, context));
}

/** Every example that does not say what its rule says, with its place. */
export function failingExamples(rules: Rules): readonly Problem[] {
  const context = exampleContext(rules);
  return rules.exposures.flatMap((rule) =>
    (['match', 'not'] as const).flatMap((list) =>
      rule.examples[list].flatMap((example): readonly Problem[] => {
        const speaks = rulesOfExample(example, context).some(({ id }) => id === rule.id);
        if (speaks === (list === 'match')) return [];
        const { line, column } = example.place();
        const message = speaks
          ? `the rule ${rule.id} speaks of an example that it must not match`
          : `the rule ${rule.id} does not speak of an example that it must match`;
        return [
          {
            code: 'RULE_EXAMPLE',
            message,
            file: rule.file,
            ...(line !== undefined && { line }),
            ...(column !== undefined && { column }),
            remedy: 'correct `when` or the example',
          },
        ];
      }),
    ),
  );
}
