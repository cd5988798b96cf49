import type { Command, TableText } from './parse.js';
import { builtIn } from './tables.js';

export interface Chain {
  readonly name: string;
  /** The line that makes the chain known: `:FORWARD DROP`, `-N x`, or the first rule in it. */
  readonly command: Command;
  readonly policy: { readonly value: 'accept' | 'drop'; readonly command: Command } | undefined;
  /** The commands that made them, in the places where commands put them. */
  readonly rules: readonly Command[];
}

/** What a command cannot do to the chains: the line is lost. */
export interface Misfit {
  readonly command: Command;
  readonly reason: string;
}

interface OpenChain {
  readonly name: string;
  readonly command: Command;
  policy: Chain['policy'];
  rules: Command[];
}

/** Carries out the commands on one table, in order, as iptables-restore would. */
export function buildChains(table: TableText): {
  readonly chains: readonly Chain[];
  readonly misfits: readonly Misfit[];
  /** Some command emptied a chain or removed one. */
  readonly shrunk: boolean;
} {
  const chains = new Map<string, OpenChain>();
  const misfits: Misfit[] = [];
  let shrunk = false;
  const chainOf = (command: Command): OpenChain | undefined => {
    const known = chains.get(command.chain);
    if (known || !builtIn(table.table, command.chain)) return known;
    const fresh: OpenChain = { name: command.chain, command, policy: undefined, rules: [] };
    chains.set(command.chain, fresh);
    return fresh;
  };
  const misfit = (command: Command, reason: string): void => void misfits.push({ command, reason });

  for (const command of table.commands) {
    switch (command.kind) {
      case 'policy': {
        const chain = chainOf(command)!;
        if (chain.policy && !table.partial) misfit(command, `a second policy for ${command.chain}`);
        else chain.policy = { value: command.policy === 'DROP' ? 'drop' : 'accept', command };
        break;
      }
      case 'chain':
        if (chains.has(command.chain)) misfit(command, `the chain ${command.chain} was there already`);
        else if (builtIn(table.table, command.chain))
          misfit(command, `${command.chain} is built in and needs a policy`);
        else chains.set(command.chain, { name: command.chain, command, policy: undefined, rules: [] });
        break;
      case 'append':
      case 'insert': {
        const chain = chainOf(command);
        if (!chain) {
          misfit(command, `the chain ${command.chain} is not declared`);
          break;
        }
        if (command.kind === 'append') chain.rules.push(command);
        else if (command.position! > chain.rules.length + 1)
          misfit(command, `no place ${command.position} in ${command.chain}`);
        else chain.rules.splice(command.position! - 1, 0, command);
        break;
      }
      case 'flush':
      case 'delete':
        shrunk = true;
        remove(command, chains, misfit);
        break;
    }
  }
  return { chains: [...chains.values()], misfits, shrunk };
}

/** `-F` empties one chain or all; `-X` removes one user chain or all; what is not there yet needs no removing. */
function remove(
  command: Command,
  chains: Map<string, OpenChain>,
  misfit: (command: Command, reason: string) => void,
): void {
  const named =
    command.chain === '' ? [...chains.values()] : [chains.get(command.chain)].filter((chain) => chain !== undefined);
  for (const chain of named) {
    if (command.kind === 'flush') chain.rules = [];
    else if (chain.rules.length > 0) misfit(command, `the chain ${chain.name} is not empty`);
    else if (chain.policy === undefined && chain.name !== '') chains.delete(chain.name);
  }
}
