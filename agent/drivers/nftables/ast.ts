/**
 * The words of an nftables ruleset as a tree, with libnftables' own nouns (libnftables-json(5)). Both readers, of the
 * text form and of the JSON form, end here, so everything after them is written once.
 */

export type TableFamily = 'ip' | 'ip6' | 'inet' | 'bridge' | 'netdev' | 'arp';

/** Lines of a text source, or entry numbers of a JSON source; both counted from 1. */
export interface Span {
  readonly line: number;
  readonly lastLine: number;
}

export type Expression =
  /** A constant in nft's words; numbers are decimal whatever base they were written in. */
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'prefix'; readonly address: string; readonly length: number }
  | { readonly kind: 'range'; readonly first: string; readonly last: string }
  | { readonly kind: 'concat'; readonly of: readonly Expression[] }
  /** Comma-separated flags. */
  | { readonly kind: 'list'; readonly of: readonly Expression[] }
  | { readonly kind: 'set'; readonly elements: readonly Element[] }
  | { readonly kind: 'setReference'; readonly name: string }
  /** The default of a set or map. */
  | { readonly kind: 'wildcard' }
  /** Something read from the packet, by its canonical words: `ip saddr`, `meta mark`, `fib daddr type`, `@nh,8,40`. */
  | { readonly kind: 'selector'; readonly name: string; readonly modulus?: number }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'map'; readonly key: Expression; readonly data: Expression };

export type BinaryOperator = '&' | '|' | '^' | '<<' | '>>';

export type Verdict =
  | { readonly kind: 'accept' | 'drop' | 'continue' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  /** `jump { … }`: an anonymous chain, written where it is used. */
  | { readonly kind: 'jumpBlock' | 'gotoBlock'; readonly rules: readonly RuleDeclaration[] }
  | { readonly kind: 'queue'; readonly text: string };

export interface Element {
  readonly key: Expression;
  readonly value?: Expression;
  readonly verdict?: Verdict;
  /** Statements bound to the element, such as a counter or a rate limit. */
  readonly statements: readonly Statement[];
}

/** `implicit` is a comparison without an operator: equality, membership, or "any of these flags". */
export type Comparison = 'implicit' | '==' | '!=' | '<' | '>' | '<=' | '>=' | '!';

export type Statement =
  | { readonly kind: 'match'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'vmap'; readonly key: Expression; readonly data: Expression }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'reject'; readonly answer?: string }
  | { readonly kind: 'mangle'; readonly key: Expression; readonly value: Expression }
  | NatStatement
  | { readonly kind: 'notrack' }
  | {
      readonly kind: 'setUpdate';
      readonly operation: 'add' | 'update' | 'delete';
      readonly set: string;
      readonly element: Element;
    }
  /** Lets a packet pass, or not, by rate or amount, named or in place. */
  | {
      readonly kind: 'meter';
      readonly text: string;
      readonly object?: { readonly kind: 'limit' | 'quota'; readonly name: Expression };
    }
  /** Understood and without influence on the verdict: counter, log, trace, helper assignment. */
  | { readonly kind: 'sideEffect'; readonly text: string }
  /** Understood, and able to change what happens to the packet in a way that has no place in the model. */
  | { readonly kind: 'opaque'; readonly text: string }
  /** An iptables extension, whose parameters nft does not print. */
  | { readonly kind: 'xt'; readonly what: 'match' | 'target'; readonly name: string }
  | { readonly kind: 'unrecognized'; readonly text: string };

export interface NatStatement {
  readonly kind: 'nat';
  readonly operation: 'dnat' | 'snat' | 'redirect' | 'masquerade';
  readonly family?: 'ip' | 'ip6';
  readonly address?: Expression;
  readonly port?: Expression;
  readonly prefix?: boolean;
}

export interface RuleDeclaration {
  readonly statements: readonly Statement[];
  readonly span: Span;
  /** In the platform's words, without counters and handle. */
  readonly text: string;
  readonly comment?: string;
  readonly handle?: number;
  /** The kernel's bytecode was laid beside it: it asks what it says, and nothing else. */
  readonly proved?: true;
}

export interface BaseChain {
  readonly type: string;
  readonly hook: string;
  readonly priority: number;
  readonly devices: readonly string[];
}

export interface TableKey {
  readonly family: TableFamily;
  readonly name: string;
}

export type Declaration =
  | {
      readonly kind: 'table';
      readonly table: TableKey;
      readonly dormant?: boolean;
      /** It has flags, and which they are could not be read. */
      readonly unreadFlags?: true;
      readonly span: Span;
    }
  | {
      readonly kind: 'chain';
      readonly table: TableKey;
      readonly name: string;
      readonly base?: BaseChain;
      readonly policy?: 'accept' | 'drop';
      readonly span: Span;
      /** Where the policy is written. */
      readonly baseLine?: number;
    }
  | {
      readonly kind: 'rule';
      readonly table: TableKey;
      readonly chain: string;
      readonly rule: RuleDeclaration;
      /** `insert`: before the others. */
      readonly first?: boolean;
    }
  | {
      readonly kind: 'set';
      readonly table: TableKey;
      readonly name: string;
      readonly map: boolean;
      /** Type, flags, size: everything but elements, in canonical words. */
      readonly definition: string;
      readonly elements: readonly Element[];
      readonly span: Span;
    }
  | {
      readonly kind: 'object';
      readonly table: TableKey;
      readonly what: string;
      readonly name: string;
      readonly definition: string;
      readonly span: Span;
    };

export type Command =
  | { readonly kind: 'add'; readonly declaration: Declaration }
  | {
      readonly kind: 'elements';
      readonly table: TableKey;
      readonly set: string;
      readonly elements: readonly Element[];
      readonly span: Span;
    }
  | { readonly kind: 'flushRuleset'; readonly family?: TableFamily }
  | {
      readonly kind: 'flush' | 'delete';
      readonly what: 'table' | 'chain' | 'set';
      readonly table: TableKey;
      readonly name?: string;
    };

/** Words of the input that could not be placed: the lines are lost, and no clean verdict may be given. */
export interface Loss extends Span {
  readonly reason: string;
}

export interface Script {
  readonly commands: readonly Command[];
  readonly losses: readonly Loss[];
  /** Tables that nft itself says are iptables-nft's. */
  readonly managedByIptables: readonly TableKey[];
  /** Lines that hold words, in ascending order; the others are blank, comments or closing braces. */
  readonly contentLines: readonly number[];
}
