import { isSamePerson } from './awaited.js';
import type { JudgeState, PresentSubject } from './findings.js';
import type { Taken } from './taken.js';
import type { Waiver } from './types.js';
import { waivedAs } from './verdict.js';

/** The vendor of a window of the hospital's own staff, as windows/ names it. */
const SELF = 'self';

/** One waiver stands for one thing: a later one replaces it. Who came to work accepts nothing that the work leaves. */
export function takeWaiver(state: JudgeState, waiver: Waiver): Taken {
  const key = `${waiver.device}/${waiver.subject}`;
  const left = state.findings.find((one) => one.key === key && one.resolvedAt === undefined)?.windows ?? [];
  const own = state.windows.find(
    ({ id, vendor, technician = '' }) =>
      left.includes(id) && vendor !== SELF && [vendor, technician].some((name) => isSamePerson(name, waiver.owner)),
  );
  if (own && waiver.from === undefined) {
    const message = `${waiver.owner} came to work in window ${own.id}, and cannot accept what it leaves`;
    const remedy = 'name a signatory of the hospital as the owner';
    return { state, problem: { code: 'CANNOT_WAIVE', message, remedy } };
  }
  const others = state.waivers.filter((one) => !isFor(one, waiver.device, waiver.subject));
  const { waivers } = bound({ waivers: [waiver] }, state.present);
  return { state: { ...state, waivers: [...others, ...waivers] } };
}

export function takeUnwaive(state: JudgeState, device: string, subject: string): Taken {
  const waivers = state.waivers.filter((one) => !isFor(one, device, subject));
  if (waivers.length < state.waivers.length) return { state: { ...state, waivers } };
  return { state, problem: { code: 'NO_WAIVER', message: `nothing is waived for ${device}/${subject}` } };
}

/**
 * Who accepts something by its name alone accepts it as it is now, or as it is when it is seen first: what is opened
 * beside that later under the same name was never accepted.
 */
export function bound(
  { waivers }: Pick<JudgeState, 'waivers'>,
  seen: readonly PresentSubject[],
): Pick<JudgeState, 'waivers'> {
  if (waivers.every(({ set }) => set !== undefined)) return { waivers };
  const sets = new Map(
    seen.map(({ subject, missing }) => [`${subject.device}/${waivedAs(subject.id, missing)}`, subject.set]),
  );
  const setOf = ({ device, subject, set }: Waiver) => set ?? sets.get(`${device}/${subject}`);
  if (waivers.every((waiver) => setOf(waiver) === waiver.set)) return { waivers };
  return {
    waivers: waivers.map((waiver) => {
      const set = setOf(waiver);
      return set === undefined ? waiver : { ...waiver, set };
    }),
  };
}

function isFor(one: Pick<Waiver, 'device' | 'subject'>, device: string, subject: string): boolean {
  return one.device === device && one.subject === subject;
}
