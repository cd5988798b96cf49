import type { Pipeline, Scope } from '../model/index.js';
import type { Care, LooseBoxes } from './care.js';
import type { Edits } from './edits.js';
import type { CompareOptions } from './opening.js';

/** One path through a device in one family: what is compared at a time. */
export interface Side {
  readonly pipeline: Pipeline;
  readonly boxes: LooseBoxes;
}

export interface Question extends Scope {
  readonly now: Side;
  readonly other?: Side;
  readonly edits?: Edits;
  readonly care: Care;
  readonly options: CompareOptions;
}
