import type { Firewalld, FirewalldFile } from './firewalld-config.js';
import { icmpWords, type Matcher, NotRead, portWords, protocolWords, serviceWords } from './firewalld-match.js';
import type { Element } from './firewalld-xml.js';
import type { Placed } from './nft.js';

/** Where in a zone's or policy's chain a rule stands; rules of one place do not meet each other in another order. */
export type Place = 'pre' | 'deny' | 'allow' | 'post';

export interface Ruled {
  readonly place: Place;
  /** Of a rich rule: the lower it is, the earlier it stands. */
  readonly priority: number;
  readonly line: Placed;
}

/** The rules that a zone or a policy brings, by the table they belong to. */
export interface Rules {
  readonly filter: readonly Ruled[];
  /** Translations of destinations. */
  readonly incoming: readonly Ruled[];
  /** Translations of sources. */
  readonly outgoing: readonly Ruled[];
}

/** Elements that let nothing in and stop nothing. */
const SILENT: readonly string[] = ['short', 'description', 'interface', 'source', 'forward', 'icmp-block-inversion'];
const MEMBERS: readonly string[] = ['ingress-zone', 'egress-zone'];
const ACTIONS: readonly string[] = ['accept', 'reject', 'drop', 'mark'];
const ENDS: readonly string[] = ['source', 'destination'];
const NOTES: readonly string[] = ['log', 'nflog', 'audit'];

interface Within {
  readonly config: Firewalld;
  readonly matcher: Matcher;
  readonly file: FirewalldFile;
}

/** What zone and policy files have in common: firewalld.zone(5), firewalld.policy(5), firewalld.richlanguage(5). */
export function rulesOf(within: Within): Rules {
  const { config, matcher, file } = within;
  const filter: Ruled[] = [];
  const incoming: Ruled[] = [];
  const outgoing: Ruled[] = [];
  const isInverted = file.root.children.some(({ name }) => name === 'icmp-block-inversion');
  for (const element of file.root.children) {
    const at = (text: string): Placed => ({ file: file.path, line: element.line, text });
    const allow = (words: string): void => {
      filter.push({ place: 'allow', priority: 0, line: at(`${words} accept`) });
    };
    const { name, attributes } = element;
    if (SILENT.includes(name) || MEMBERS.includes(name)) continue;
    else if (name === 'service') serviceWords(config, matcher, attributes.get('name') ?? '').forEach(allow);
    else if (name === 'port') allow(portWords(element, 'dport'));
    else if (name === 'source-port') allow(portWords(element, 'sport'));
    else if (name === 'protocol') allow(protocolWords(attributes.get('value')));
    else if (name === 'icmp-block') {
      for (const words of icmpWords(attributes.get('name')))
        if (isInverted) allow(words);
        else filter.push({ place: 'deny', priority: 0, line: at(`${words} reject`) });
    } else if (name === 'masquerade') {
      if (attributes.get('enabled') === 'no') continue;
      const words = 'meta nfproto ipv4 oifname != "lo" masquerade';
      outgoing.push({ place: 'allow', priority: 0, line: at(words) });
    } else if (name === 'forward-port')
      incoming.push({ place: 'allow', priority: 0, line: at(forwardWords(element, '')) });
    else if (name === 'rule') {
      const rich = richRules(within, element);
      filter.push(...rich.filter);
      incoming.push(...rich.incoming);
      outgoing.push(...rich.outgoing);
    } else throw new NotRead(`the element ${name} of ${file.path}:${element.line}`);
  }
  return { filter, incoming, outgoing };
}

/** `meta nfproto ipv4 tcp dport 8443 dnat ip to 10.0.0.5:443`; without an address, to the machine itself. */
function forwardWords(element: Element, matched: string): string {
  const words = portWords(element, 'dport');
  const [port, address] = [element.attributes.get('to-port'), element.attributes.get('to-addr')];
  if (port !== undefined && !/^\d{1,5}(?:-\d{1,5})?$/.test(port)) throw new NotRead(`the port ${port}`);
  const isIp6 = address?.includes(':') === true;
  if (address !== undefined && !/^[\d.]+$|^[\da-fA-F:.]+$/.test(address)) throw new NotRead(`the address ${address}`);
  const family = matched === '' ? `meta nfproto ${isIp6 ? 'ipv6' : 'ipv4'} ` : `${matched} `;
  const behind = port === undefined ? '' : `:${port}`;
  if (address === undefined) return `${family}${words} redirect to ${behind === '' ? ':0' : behind}`;
  const target = isIp6 ? `[${address}]${behind}` : `${address}${behind}`;
  return `${family}${words} dnat ${isIp6 ? 'ip6' : 'ip'} to ${behind === '' ? address : target}`;
}

function richRules({ config, matcher, file }: Within, rule: Element): Rules {
  const { children, attributes } = rule;
  const priority = Number(attributes.get('priority') ?? 0);
  const family = attributes.get('family');
  const sided = (name: 'source' | 'destination'): string => {
    const element = children.find((one) => one.name === name);
    if (!element) return '';
    const { attributes: of } = element;
    const set = of.get('ipset');
    const text = of.get('address') ?? of.get('mac') ?? (set === undefined ? undefined : `ipset:${set}`);
    const isInverted = ['yes', 'true'].includes((of.get('invert') ?? '').toLowerCase());
    const side = name === 'source' ? 'saddr' : 'daddr';
    if (text === undefined) throw new NotRead(`a ${name} without an address, ${file.path}:${element.line}`);
    return matcher.address(side, text, isInverted);
  };
  const [destination, source] = [sided('destination'), sided('source')];
  // nft itself leaves out what an address says already.
  const isSaid = [destination, source].some((words) => /^ip6? /.test(words));
  const nfproto = family === undefined || isSaid ? '' : `meta nfproto ${family}`;
  const matched = [nfproto, destination, source].filter((part) => part !== '').join(' ');
  const element = children.find(({ name }) => ![...ENDS, ...ACTIONS, ...NOTES].includes(name));
  const action = children.find(({ name }) => ACTIONS.includes(name));
  const ruled = (words: string, ending: string, place: 'deny' | 'allow'): Ruled => ({
    place: priority < 0 ? 'pre' : priority > 0 ? 'post' : place,
    priority,
    line: { file: file.path, line: rule.line, text: [matched, words, ending].filter((part) => part !== '').join(' ') },
  });
  const nothing: Rules = { filter: [], incoming: [], outgoing: [] };
  const special = ['masquerade', 'forward-port', 'icmp-block'].includes(element?.name ?? '');
  const isAddressed = children.some(({ name, attributes: of }) => ENDS.includes(name) && of.has('address'));
  if ((special && action) || (family === undefined && (isAddressed || element?.name === 'forward-port')))
    throw new NotRead(`the rule of ${file.path}:${rule.line}, which firewalld refuses`);
  if (element?.name === 'masquerade') {
    return { ...nothing, outgoing: [ruled('oifname != "lo"', 'masquerade', 'allow')] };
  }
  if (element?.name === 'forward-port') {
    const text = forwardWords(element, matched);
    const one = ruled('', '', 'allow');
    return { ...nothing, incoming: [{ ...one, line: { ...one.line, text } }] };
  }
  // firewalld warns of a rule for everything, and leaves it out.
  if (!element && matched === nfproto && priority === 0) return nothing;
  const isBlock = element?.name === 'icmp-block';
  // A mark by itself lets nothing through, and no rule of firewalld asks for one.
  if (element?.name === 'tcp-mss-clamp' || action?.name === 'mark' || (!action && !isBlock)) return nothing;
  const verdict = action && action.name !== 'reject' ? action.name : 'reject';
  const ending = `${limitWords(action)}${verdict}`;
  const place = verdict === 'accept' ? 'allow' : 'deny';
  return {
    ...nothing,
    filter: elementWords({ config, matcher, file }, element, family).map((words) => ruled(words, ending, place)),
  };
}

/** What a rich rule asks for besides its two ends: one match each. */
function elementWords({ config, matcher, file }: Within, element: Element | undefined, family: string | undefined) {
  switch (element?.name) {
    case undefined:
      return [''];
    case 'service':
      return serviceWords(config, matcher, element.attributes.get('name') ?? '');
    case 'port':
      return [portWords(element, 'dport')];
    case 'source-port':
      return [portWords(element, 'sport')];
    case 'protocol':
      return [protocolWords(element.attributes.get('value'))];
    case 'icmp-type':
    case 'icmp-block': {
      const version = { ipv4: /^icmp /, ipv6: /^icmpv6 / }[family ?? ''];
      return icmpWords(element.attributes.get('name')).filter((words) => version?.test(words) ?? true);
    }
    default:
      throw new NotRead(`the element ${element!.name} of ${file.path}:${element!.line}`);
  }
}

const UNITS: Readonly<Record<string, string>> = { s: 'second', m: 'minute', h: 'hour', d: 'day' };

function limitWords(action: Element | undefined): string {
  const limit = action?.children.find(({ name }) => name === 'limit');
  if (!limit) return '';
  const groups = /^(?<rate>\d+)\/(?<unit>[smhd])/.exec(limit.attributes.get('value') ?? '')?.groups;
  if (!groups) throw new NotRead(`the limit ${limit.attributes.get('value')}`);
  const burst = limit.attributes.get('burst');
  return `limit rate ${groups.rate}/${UNITS[groups.unit!]} ${burst === undefined ? '' : `burst ${burst} packets `}`;
}
