import type { Instant } from '../windows/index.js';
import { accept, withAcceptance } from './acceptance.js';
import type { JudgeContext } from './context.js';
import type { JudgeEvent } from './events.js';
import type { JudgeState } from './findings.js';
import { acknowledgeMembers } from './floods.js';
import { openFinding, subjectKey, tell } from './life.js';
import type { Taken } from './taken.js';

export function takeAcknowledgement(
  state: JudgeState,
  event: JudgeEvent & { kind: 'acknowledge' },
  at: Instant,
): Taken {
  const finding = state.findings.find((one) => one.key === event.key && one.resolvedAt === undefined);
  if (!finding) return { state, problem: { code: 'NO_FINDING', message: `no open finding has the key ${event.key}` } };
  const set = finding.subject?.set;
  return {
    state,
    changed: [],
    answered: (desk) => {
      const current = openFinding(desk, event.key);
      if (!current) return;
      const acknowledged = { by: event.by, at, ...(set !== undefined && { set }) };
      tell(desk, { ...current, acknowledged }, { kind: 'update', at, row: false });
      acknowledgeMembers(desk, { key: event.key, by: event.by, at });
    },
  };
}

const CLAIMABLE: readonly string[] = ['UNPLANNED_OPENING', 'UNPLANNED_LISTENER'];

export function takeClaim(state: JudgeState, event: JudgeEvent & { kind: 'claim' }, at: Instant): Taken {
  const { key, by, reason } = event;
  const finding = state.findings.find((one) => one.key === key && one.resolvedAt === undefined);
  if (!finding) return { state, problem: { code: 'NO_FINDING', message: `no open finding has the key ${key}` } };
  if (!CLAIMABLE.includes(finding.code)) {
    const message = `${key} is ${finding.code}: only what nobody planned is claimed`;
    return { state, problem: { code: 'CANNOT_CLAIM', message } };
  }
  if (by.trim() === '' || reason.trim() === '') {
    const message = `${key} cannot be claimed without a name and a reason`;
    return { state, problem: { code: 'CANNOT_CLAIM', message } };
  }
  const set = finding.subject?.set;
  return {
    state,
    changed: [],
    answered: (desk) => {
      const current = openFinding(desk, key);
      if (!current) return;
      const claimed = { by, reason, at, ...(set !== undefined && { set }) };
      tell(desk, { ...current, claimed }, { kind: 'update', at, row: false });
    },
  };
}

export function takeAcceptance(
  state: JudgeState,
  event: JudgeEvent & { kind: 'accept' },
  at: Instant,
  context: JudgeContext,
): Taken {
  const finding = state.findings.find((one) => one.key === event.key && one.resolvedAt === undefined);
  if (!finding) return { state, problem: { code: 'NO_FINDING', message: `no open finding has the key ${event.key}` } };
  const said = accept(finding, event.word, state, context, at);
  if ('problem' in said) return { state, problem: said.problem };
  const { acceptance, present } = said;
  const known = state.present.find((one) => subjectKey(one.subject, one.missing) === event.key);
  const next: JudgeState = {
    ...state,
    present: state.present.map((one) => (one === known ? present : one)),
    acceptances: withAcceptance(state.acceptances, acceptance),
  };
  const isDecided = acceptance.acceptedAt !== undefined || acceptance.refused !== undefined;
  if (isDecided) return { state: next, changed: [present] };
  return {
    state: next,
    changed: [present],
    answered: (desk) => {
      const open = openFinding(desk, event.key);
      if (open) tell(desk, open, { kind: 'update', at, row: false });
    },
  };
}
