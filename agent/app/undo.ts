import type { Edit } from '../exposure/index.js';
import type { Pipeline } from '../model/index.js';
import type { Undo } from './opening-json.js';

/** What undoes an edit: the platform's own command where its driver gives one, else what to do in words. */
export function undoWith(_pipelines: readonly Pipeline[]): Undo {
  return inWords;
}

function inWords(edit: Edit): string {
  const { rule, former, next, list } = edit;
  switch (edit.edit) {
    case 'added':
      return `delete from ${list}: ${rule.text}`;
    case 'removed':
      return `put back into ${list}${next ? ` before "${next.text}"` : ''}: ${rule.text}`;
    case 'moved':
      return `move back in ${list}: ${rule.text}`;
    case 'changed':
      return `change back in ${list}${former ? ` to: ${former.text}` : `: ${rule.text}`}`;
    case 'object':
      return `restore the members of the set that ${list} uses: ${rule.text}`;
    case 'policy':
      return `restore the policy of ${list}${former ? `: ${former.text}` : ''}`;
    case 'flushed':
      return `load the saved ruleset again: ${list} is empty or gone`;
  }
}
