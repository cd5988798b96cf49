import type { Question } from './compare.js';
import type { Comparison } from './opening.js';
export function boundedOpenings(_question: Question, reason: string): Comparison {
  return { undeclared: [], declared: [], closed: [], complete: false, reasons: [reason] };
}
