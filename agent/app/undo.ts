import type { Driver } from '../drivers/contract.js';
import type { Edit } from '../exposure/index.js';
import type { Origin, Pipeline } from '../model/index.js';
import type { Undo } from './opening-json.js';

/**
 * What undoes an edit: the platform's own command where its driver gives one, else what to do in words. The state as
 * it is now comes first among the pipelines, and with it the places that a command may name. `drivers`: those that
 * read the pipelines, or all.
 */
export function undoWith(pipelines: readonly Pipeline[], drivers: readonly Driver[]): Undo {
  return (edit) => {
    const lists = pipelines.flatMap((pipeline) => pipeline.lists.find(({ id }) => id === edit.list) ?? []);
    const table = lists[0]?.table;
    const { next: formerNext, ...rest } = edit;
    const next = formerNext && (lists[0] ? asNow(formerNext, lists[0].rules) : formerNext);
    // Where the rule behind it cannot be told among its like, its place is not known.
    const known = formerNext === undefined || next !== undefined;
    const request = { ...rest, ...(table && { table }), ...(next && { next }) };
    const commands = known ? drivers.flatMap((driver) => driver.undo?.(request) ?? []) : [];
    return commands[0] ?? inWords(edit);
  };
}

/** Numbers and handles may have changed since: the rule of the same words, if there is but one. */
function asNow(former: Origin, rules: readonly { readonly origin: Origin }[]): Origin | undefined {
  const alike = rules.filter(({ origin }) => origin.text === former.text);
  return alike.length === 1 ? alike[0]!.origin : undefined;
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
