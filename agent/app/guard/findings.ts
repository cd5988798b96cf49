import type { Settings } from '../../config/index.js';
import { type Finding, isGroup, isMissing, type OpeningLeft, waivedAs } from '../../judge/index.js';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import type { MaintenanceWindow } from '../../windows/index.js';
import { isOpen } from './bench.js';
import type { FindingView, Guard, WaiveRequest } from './contract.js';
import { countsAsOpen } from './counted.js';
import { coverage, instantOf, type Room } from './room.js';
import { alarmView, findingView } from './views.js';

type FindingAnswers = Pick<Guard, 'findings' | 'alarms' | 'acknowledge' | 'claim' | 'waive' | 'accept'>;

const ALARMS = 100;

/** Findings and what was told of them. */
export function findingAnswers(room: Room): FindingAnswers {
  const { bench, clock, store } = room;

  const openFinding = (name: string): Finding | undefined => {
    const keys = keysOf(name, room.settings);
    return bench.state().findings.find((finding) => isOpen(finding) && keys.includes(finding.key));
  };

  const afterwards = (key: string): Result<FindingView> => {
    const finding = bench.state().findings.find((one) => one.key === key);
    return finding ? success(findingView(finding)) : failure(noFinding(key));
  };

  const waive = ({ finding: name, until, owner, reason }: WaiveRequest): Result<FindingView> => {
    const finding = openFinding(name);
    if (!finding) return failure(noFinding(name));
    const { device, subject } = finding;
    if (device === undefined || !subject) {
      return failure({
        code: 'CANNOT_WAIVE',
        message: `${finding.code} is not about something that is open`,
        expected: 'the key of an opening, a listener or a fact',
      });
    }
    const expires = instantOf(until, 'until');
    if (!expires.ok) return expires;
    if (expires.value <= clock.now()) {
      return failure({ code: 'BAD_TIME', message: `until: ${until} is past`, expected: 'a time to come' });
    }
    if (owner.trim() === '' || reason.trim() === '') {
      return failure({
        code: 'WAIVER_UNSIGNED',
        message: 'nothing is accepted without a name and a reason',
        expected: 'an owner and a reason',
      });
    }
    const { set } = subject;
    const waiver = {
      device,
      subject: waivedAs(finding.subjectId, isMissing(finding)),
      ...(set !== undefined && { set }),
      owner,
      reason,
    };
    const step = bench.feed({ kind: 'waive', at: clock.now(), waiver: { ...waiver, expires: expires.value } });
    if (!step.ok) return step;
    return step.value.problem ? failure(step.value.problem) : afterwards(finding.key);
  };

  return {
    findings: async ({ all, device }) =>
      success({
        findings: listed(room, all, device === undefined ? undefined : [device]),
        coverage: coverage(room, device === undefined ? undefined : [device]),
      }),
    alarms: async ({ limit = ALARMS, since }) => {
      const from = since === undefined ? success(undefined) : instantOf(since, 'since');
      if (!from.ok) return from;
      const events = store.events.list({ limit, ...(from.value !== undefined && { since: from.value }) });
      return success(events.map((event) => alarmView(event, store.outbox.waitedFor(event.id))));
    },
    acknowledge: async (alarm, by) => {
      const finding = openFinding(alarm);
      if (!finding) return failure(noFinding(alarm));
      const step = bench.feed({ kind: 'acknowledge', at: clock.now(), key: finding.key, by });
      if (!step.ok) return step;
      return step.value.problem ? failure(step.value.problem) : afterwards(finding.key);
    },
    claim: async ({ finding: name, by, reason }) => {
      const finding = openFinding(name);
      if (!finding) return failure(noFinding(name));
      const step = bench.feed({ kind: 'claim', at: clock.now(), key: finding.key, by, reason });
      if (!step.ok) return step;
      return step.value.problem ? failure(step.value.problem) : afterwards(finding.key);
    },
    waive: async (request) => waive(request),
    accept: async ({ finding: name, word }) => {
      const finding = openFinding(name);
      if (!finding) return failure(noFinding(name));
      const step = bench.feed({ kind: 'accept', at: clock.now(), key: finding.key, word });
      if (!step.ok) return step;
      return step.value.problem ? failure(step.value.problem) : afterwards(finding.key);
    },
  };
}

function listed({ bench }: Room, all: boolean, devices?: readonly string[]): readonly FindingView[] {
  return bench
    .state()
    .findings.filter((finding) => (all || isOpen(finding)) && !isGroup(finding))
    .filter((finding) => devices === undefined || devices.some((device) => isOf(finding, device)))
    .map(findingView);
}

/** What is open on the window's devices and neither the window's own state nor among the openings it leaves. */
export function openBeside(
  room: Room,
  { id, devices }: Pick<MaintenanceWindow, 'id' | 'devices'>,
  openings: readonly Pick<OpeningLeft, 'device' | 'id'>[],
): readonly FindingView[] {
  const own = new Set([`window/${id}`, ...openings.map((opening) => `${opening.device}/${opening.id}`)]);
  return listed(room, false, devices).filter((finding) => !own.has(finding.key) && countsAsOpen(finding));
}

/** Blindness may be of several devices, of which those that are back are not meant any more. */
function isOf(finding: Finding, device: string): boolean {
  return finding.device === device || (finding.group?.members ?? []).includes(device);
}

function noFinding(name: string): Problem {
  return { code: 'NO_FINDING', message: `no open finding is called ${name}`, remedy: 'ecluse findings' };
}

/** A key may be given as it is, as an alarm's id, or with a site before it, as sinks tell it. */
function keysOf(name: string, { site, devices }: Settings): readonly string[] {
  const keys = [name, name.replace(/#\d+\.\d+$/, '')];
  const prefixes = [site, ...devices.map((one) => one.site)].flatMap((one) => (one === undefined ? [] : [`${one}/`]));
  return [
    ...keys,
    ...prefixes.flatMap((prefix) =>
      keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
    ),
  ];
}
