import type { PresentSubject } from '../../agent/judge/findings.js';
import type { JudgeState } from '../../agent/judge/index.js';
import type { Finding, FindingEvent, Subject } from '../../agent/judge/types.js';

export const emptyState: JudgeState = {
  present: [],
  findings: [],
  windows: [],
  waivers: [],
  devices: [],
  judgedUpTo: 0,
};

export function aSubject(id: string, text = 'le pare-feu laisse passer'): Subject {
  return {
    id,
    device: 'fw1',
    kind: 'rule',
    direction: 'forward',
    flow: {
      src: { text: 'internet', addresses: { ip4: [0, 0xffff_ffff], ip6: [0n, (1n << 128n) - 1n] } },
      dst: { text, zone: 'imaging' },
      proto: 'tcp',
      ports: [104, 104],
    },
    summary: `internet → ${text} : tcp/104`,
    set: 'sha256:00',
    certainty: 'certain',
    place: { file: 'nft list ruleset', line: 12, rule: 'inet/filter/forward handle 9', text },
    witness: '198.51.100.7 → 10.1.2.3 tcp/104',
    undo: 'nft delete rule inet filter forward handle 9',
  };
}

export function aFinding(name: string, sequence = 1, text?: string): Finding {
  return {
    key: `fw1/${name}`,
    generation: 1,
    code: 'LEFT_OPEN',
    severity: 'critical',
    severityBecause: 'critical: DICOM 104 reachable from internet',
    device: 'fw1',
    subjectId: name,
    subject: aSubject(name, text),
    windows: ['W-1'],
    firstSeen: 1_000,
    lastSeen: 2_000,
    count: 1,
    remindersSent: 0,
    sequence,
  };
}

export function anEvent(name: string, sequence: number, text?: string): FindingEvent {
  const finding = aFinding(name, sequence, text);
  return {
    id: `${name}#1.${sequence}`,
    kind: sequence === 1 ? 'raise' : 'update',
    at: 1_000 + sequence,
    code: finding.code,
    severity: finding.severity,
    finding,
    row: true,
  };
}

interface Shape {
  readonly subjects?: number;
  readonly names?: readonly string[];
  readonly findings?: number;
  readonly findingNames?: readonly string[];
  readonly at: number;
  readonly text?: string;
}

export function aState({ subjects = 0, names, findings = 0, findingNames, at, text }: Shape): JudgeState {
  const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `s${index}`);
  const present: readonly PresentSubject[] = (names ?? numbered(subjects)).map((name, order) => ({
    subject: aSubject(name, text),
    declared: false,
    firstSeen: 500,
    lastSeen: at,
    order,
  }));
  return {
    present,
    findings: (findingNames ?? numbered(findings)).map((name) => ({ ...aFinding(name, 1, text), lastSeen: at })),
    windows: [
      {
        id: 'W-1',
        vendor: 'Imagerie du Nord',
        ticket: 'CHG-7',
        devices: ['fw1'],
        start: 100,
        end: 900,
        scope: [{ dst: '10.1.2.3', ports: '104' }],
        state: 'closed',
        before: { fw1: { snapshot: 'S-20261122-093015-fw1', takenAt: 90, fresh: true } },
      },
    ],
    waivers: [{ device: 'fw1', subject: 's9', owner: 'RSSI', reason: 'migration', expires: 99_000 }],
    acceptances: [
      {
        ...{ device: 'fw1', subject: 's1', set: 'set-1', what: aSubject('s1'), windows: ['W-1'] },
        signatures: [{ by: 'RSSI', at }],
        acceptedAt: at,
      },
    ],
    devices: [{ device: 'fw1', lastCompleteAt: at, missedReadings: 0, blindReasons: [] }],
    judgedUpTo: at,
  };
}
