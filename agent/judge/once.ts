import type { JudgeContext } from './context.js';
import type { Subject } from './types.js';

/** What was worked out of a subject, one place for each question; the answers hold for one context. */
interface Notes {
  context: JudgeContext;
  answers: unknown[];
}

/** One table for all questions: each further one would cost as much as most of the answers do. */
const notes = new WeakMap<Subject, Notes>();
let questions = 0;

function notesOf(subject: Subject, context: JudgeContext): Notes {
  const known = notes.get(subject);
  if (!known) {
    const fresh = { context, answers: [] };
    notes.set(subject, fresh);
    return fresh;
  }
  if (known.context !== context) {
    known.context = context;
    known.answers = [];
  }
  return known;
}

/**
 * What follows from a subject and the context alone is worked out once, for as long as both are the same objects: the
 * judge comes by at every reading, and most subjects are as they were. With `holds`, an answer that rests on more than
 * the two says itself whether it still holds.
 */
export function oncePerSubject<T extends NonNullable<unknown>, R extends readonly unknown[] = []>(
  work: (subject: Subject, context: JudgeContext, ...rest: R) => T,
  holds: (answer: T, ...rest: R) => boolean = () => true,
): (subject: Subject, context: JudgeContext, ...rest: R) => T {
  const place = questions++;
  return (subject, context, ...rest) => {
    const { answers } = notesOf(subject, context);
    const before = answers[place] as T | undefined;
    if (before !== undefined && holds(before, ...rest)) return before;
    const answer = work(subject, context, ...rest);
    answers[place] = answer;
    return answer;
  };
}

/** What follows from one object that never changes is worked out once. */
export function oncePer<K extends object, V extends NonNullable<unknown>>(work: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = work(key);
      known.set(key, value);
    }
    return value;
  };
}
