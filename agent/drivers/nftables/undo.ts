import type { Origin, TableRef } from '../../model/index.js';
import type { UndoRequest } from '../contract.js';
import { shellWord } from '../shared/shell.js';

/** Where Debian's nftables.service loads the ruleset from. */
const SAVED = '/etc/nftables.conf';

/** The nft command that undoes an edit. Rules are named by their handles, which no other change moves. */
export function undo(request: UndoRequest): string | undefined {
  const { edit, rule, former, next, table } = request;
  const chain = table && chainOf(request.list, table);
  if (!table || chain === undefined || isOfIptables(rule)) return undefined;
  const placeText = [table.family, table.name, chain].join(' ');
  const place = [table.family, table.name, chain].map(shellWord).join(' ');
  // An extension of iptables is printed by nft, and cannot be given back to it. The rules of a chain without a name are
  // told apart by lines, and the text of the rule that calls it is one.
  const statement = ({ text }: Origin): string | undefined =>
    /(?:^| )(?:xt (?:match|target)|jump \{|goto \{) /.test(text) ? undefined : shellWord(text);
  const byHandle = (verb: string, origin: Origin, rest: string): string => {
    const handle = handleOf(origin);
    if (handle !== undefined) return `nft ${verb} rule ${place} handle ${handle}${rest}`;
    return `nft -a list chain ${place}, then, with the handle N of "${origin.text}": nft ${verb} rule ${place} handle N${rest}`;
  };
  switch (edit) {
    case 'added':
      // A chain that came as a whole goes as a whole.
      if (/^chain /.test(rule.text)) return `nft ${shellWord(`flush chain ${placeText}; delete chain ${placeText}`)}`;
      return byHandle('delete', rule, '');
    case 'removed': {
      const text = statement(rule);
      if (text === undefined) return undefined;
      return next ? byHandle('insert', next, ` ${text}`) : `nft add rule ${place} ${text}`;
    }
    case 'changed': {
      // Where a chain is called among the others cannot be changed in place.
      if (/^type \w+ priority /.test(rule.text)) return undefined;
      const text = former && statement(former);
      return text === undefined ? undefined : byHandle('replace', rule, ` ${text}`);
    }
    case 'policy': {
      const policy = /^policy (?<policy>accept|drop)$/.exec(former?.text ?? '')?.groups?.policy;
      return policy === undefined ? undefined : `nft chain ${place} '{ policy ${policy}; }'`;
    }
    case 'flushed':
      return `nft -f ${SAVED}`;
    case 'moved':
    case 'object':
      return undefined;
  }
}

/** The chain's name; an anonymous chain, which stands inside of a rule, has none. */
function chainOf(list: string, { store, family, name }: TableRef): string | undefined {
  const prefix = `${family}/${name}/`;
  const chain = list.startsWith(prefix) ? list.slice(prefix.length) : '';
  return store !== 'nftables' || chain === '' || / rule \d+ block/.test(chain) ? undefined : chain;
}

function handleOf({ rule }: Origin): string | undefined {
  return /\(handle (?<handle>\d+)\)$/.exec(rule)?.groups?.handle;
}

/** A rule that was read from iptables-save is put right with iptables. */
function isOfIptables({ text }: Origin): boolean {
  return /^(?:-[AINP] |:\S+ |\(the policy)/.test(text);
}
