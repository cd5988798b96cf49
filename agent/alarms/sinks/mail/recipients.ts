import { success } from '../../../lib/result.js';
import { type Delivered, refusal } from '../../sink.js';
import { neutralised } from '../../text.js';

/** What nodemailer throws, as far as it matters here. */
export interface MailError {
  readonly message: string;
  readonly code?: string;
  readonly responseCode?: number;
  /** Of one recipient alone. */
  readonly recipient?: string;
  readonly rejectedErrors?: readonly MailError[];
}

/** What nodemailer answers with where somebody took the letter. */
interface Sent {
  readonly rejectedErrors?: readonly MailError[];
}

/**
 * A recipient whom the server puts off (grey-listing) is tried again so often before the letters behind this one go out
 * without waiting for it: those who take theirs must not go without the next alarm.
 */
const PARTIAL_ATTEMPTS_MAX = 4;

/**
 * The people of one sink. A server may take a letter for some of them and refuse others: whoever took it is not sent it
 * again, and whoever is refused for good is said, because to them it is lost.
 */
export function recipientsOf(to: readonly string[], place: string) {
  /** Who has which letter already, of those that not everybody took. */
  const halfSent = new Map<string, { readonly taken: readonly string[]; readonly attempts: number }>();
  return {
    /** Sends the letter to those who have not got it; throws where nobody ever took it. */
    async told(id: string, send: (left: readonly string[]) => Promise<unknown>): Promise<Delivered> {
      const before = halfSent.get(id) ?? { taken: [], attempts: 0 };
      const refused = await refusedOf(
        () => send(to.filter((one) => !before.taken.includes(one))),
        before.taken.length > 0,
      );
      halfSent.delete(id);
      if (refused.length === 0) return success(undefined);
      const attempts = before.attempts + 1;
      const why = refused.map(({ recipient = '?', message }) => `${recipient}: ${neutralised(message)}`).join('; ');
      const isPutOff = refused.every(({ responseCode = 0 }) => responseCode >= 400 && responseCode < 500);
      if (isPutOff && attempts < PARTIAL_ATTEMPTS_MAX) {
        const left = refused.map(({ recipient = '' }) => recipient.toLowerCase());
        halfSent.set(id, { taken: to.filter((one) => !left.includes(one.toLowerCase())), attempts });
        return refusal('SINK_REFUSED', `${place}: ${why}`);
      }
      const remedy = 'correct the address, or ask whoever runs that mail server';
      return { ...success(undefined), complaint: refusal('SINK_REFUSED', `${place}: ${why}`, remedy).error };
    },
  };
}

async function refusedOf(send: () => Promise<unknown>, isHalfSent: boolean): Promise<readonly MailError[]> {
  try {
    return ((await send()) as Sent).rejectedErrors ?? [];
  } catch (error) {
    const { rejectedErrors = [] } = error as MailError;
    if (isHalfSent && rejectedErrors.length > 0) return rejectedErrors;
    throw error;
  }
}
