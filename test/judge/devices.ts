import { driverById } from '../../agent/drivers/registry.js';
import {
  type ComposeInput,
  composeObservation,
  emptyJudgeState,
  type FindingEvent,
  type JudgeContext,
  type JudgeEvent,
  type JudgeState,
  judge,
  type Observation,
  type Subject,
} from '../../agent/judge/index.js';
import { anyIp4, type Device, type Listener, parseAddressSet } from '../../agent/model/index.js';
import { contextOf, minute, START } from '../support/guard.js';

/** What nft lists as text, read as the firewall `fw`. */
export function nft(text: string): Device {
  const sections = [{ name: 'nft-text', source: 'nft list ruleset', text }];
  const device = driverById('nftables')?.read({ driver: 'nftables', device: 'fw', sections }, { device: 'fw' });
  if (!device?.ok) throw new Error(`the ruleset was not read: ${device?.error.message}`);
  const { pipeline } = device.value;
  return { ...device.value, pipeline: { ...pipeline, forwarding: { ip4: true, ip6: true } } };
}

export interface FirewallText {
  /** Of the forward list. */
  readonly policy?: string;
  readonly input?: readonly string[];
  readonly nat?: readonly string[];
  readonly masquerade?: readonly string[];
  /** A regular chain `miniupnpd` beside those of the translation. */
  readonly upnp?: readonly string[];
  /** Named sets, in nft's words. */
  readonly sets?: string;
}

/** A firewall whose forward list has these rules, and whose other lists let nothing through but what is given. */
export function firewall(rules: readonly string[], options: FirewallText = {}): Device {
  const { policy = 'drop', input = [], nat = [], masquerade = [], upnp = [], sets = '' } = options;
  const chain = (name: string, hook: string, last: string, lines: readonly string[]): string =>
    `  chain ${name} {\n    type ${hook}; policy ${last};\n${lines.map((line) => `    ${line}\n`).join('')}  }\n`;
  const filter = [
    sets,
    chain('input', 'filter hook input priority filter', 'drop', input),
    chain('forward', 'filter hook forward priority filter', policy, rules),
    chain('output', 'filter hook output priority filter', 'drop', []),
  ].join('');
  const translation =
    `  chain miniupnpd {\n${upnp.map((line) => `    ${line}\n`).join('')}  }\n` +
    chain('prerouting', 'nat hook prerouting priority dstnat', 'accept', nat) +
    chain('postrouting', 'nat hook postrouting priority srcnat', 'accept', masquerade);
  return nft(
    `table inet filter {\n${filter}}\n${nat.length + masquerade.length === 0 ? '' : `table ip nat {\n${translation}}\n`}`,
  );
}

/** A ruleset in which nothing filters at all. */
export const flushed: Device = nft('');

export function listener(more: Partial<Listener> = {}): Listener {
  const { protocol = 'tcp', port = 3389, bind = '0.0.0.0', process = 'xrdp' } = more;
  return {
    id: `${protocol} ${bind}:${port} ${process}`,
    protocol,
    port,
    addresses: bind === '0.0.0.0' ? anyIp4 : parseAddressSet(bind)!,
    bind,
    loopback: bind.startsWith('127.'),
    process,
    user: 'root',
    origin: { file: 'ss', line: 2, rule: 'ss', text: `LISTEN ${bind}:${port}` },
    ...more,
  };
}

export function host(listeners: readonly Listener[], more: Partial<Device> = {}): Device {
  return {
    id: 'web',
    pipeline: { lists: [], bases: [], speaksOf: [] },
    listeners,
    facts: [],
    coverage: { sources: [], lines: [], rules: { exact: 0, bounded: 0, unread: 0 }, notCovered: [], blind: [] },
    ...more,
  };
}

export const interfaceZones = { wan0: 'internet', dmz0: 'dmz', lan0: 'lan-clinical', lan1: 'lan-admin' };

export function compose(now: Device, more: Partial<ComposeInput> = {}): Observation {
  return composeObservation({
    device: now.id,
    at: START,
    now,
    declared: { flows: [], listeners: [] },
    earlier: [],
    interfaceZones,
    ...more,
  });
}

/** What a person would note of a subject. */
export function note({ summary, cause, certainty }: Subject): string {
  const edit = cause ? ` | ${cause.edit}: ${cause.rule.text}` : '';
  return `${summary}${certainty === 'possible' ? ' (possible)' : ''}${edit}`;
}

/** Reads a device again and again, as the guard does: each reading is composed and judged, and remembered. */
export function watch(
  approved: Device | undefined,
  more: Partial<ComposeInput> & { readonly context?: Partial<JudgeContext> } = {},
) {
  const { context: overrides, ...input } = more;
  const context = contextOf(overrides);
  let state: JudgeState = emptyJudgeState(START);
  let before: Device | undefined;
  const events: FindingEvent[] = [];
  const feed = (event: JudgeEvent) => {
    const step = judge(state, event, context);
    state = step.state;
    events.push(...step.events);
    return step;
  };
  const observe = (at: number, now: Device): Observation => {
    const known = (missing: boolean) =>
      state.present
        .filter((one) => one.subject.device === now.id && (missing ? one.missing : !one.declared && !one.missing))
        .map((one) => one.subject);
    return compose(now, {
      ...(approved && { approved }),
      ...(before && { before }),
      earlier: known(false),
      earlierMissing: known(true),
      ...input,
      at: minute(at),
    });
  };
  return {
    /** One reading; answers with what it showed. */
    read(at: number, now: Device): Observation {
      const observation = observe(at, now);
      feed({ kind: 'observed', at: minute(at), observation });
      if (observation.blind.length === 0) before = now;
      return observation;
    },
    close(at: number, window: string, now: Device) {
      return feed({ kind: 'windowClose', at: minute(at), window, observations: [observe(at, now)] });
    },
    plan(id: string, start: number, end: number, scope: readonly object[] = []) {
      const window = { id, vendor: 'vendor', devices: ['fw'], start: minute(start), end: minute(end), scope };
      return feed({ kind: 'windowPlanned', at: minute(0), window: window as never });
    },
    tick: (at: number) => feed({ kind: 'tick', at: minute(at) }),
    /** `10 UNPLANNED_OPENING critical any → …`, rows only. */
    rows: () =>
      events
        .filter((event) => event.row)
        .map(({ at, code, severity, finding }) => {
          const text = finding.subject?.summary ?? finding.subjectId;
          return `${(at - START) / 60_000} ${code} ${severity} ${text}`;
        }),
    get state() {
      return state;
    },
  };
}
