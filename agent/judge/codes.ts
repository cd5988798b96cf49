import type { Severity } from './types.js';

/** What a code means to people. Codes are parsed by others and never change; texts may. */
export interface FindingCodeText {
  readonly title: string;
  /** How its severity comes about. */
  readonly severity: string;
  readonly explanation: string;
  readonly remedy: string;
}

const RISK = 'risk of the opening';
const UNDO = 'Undo the edit that opened it, as shown with the finding.';

export const findingCodes = {
  LEFT_OPEN: {
    title: 'Left open after an intervention',
    severity: `${RISK}; for an egress opening the higher of risk and egress severity`,
    explanation:
      'It was opened during a change window and is still there at the effective end plus grace. Reminders follow after 1 h, 4 h, then every 24 h until it is shut or waived, as for everything open that is high or critical.',
    remedy: UNDO,
  },
  LISTENER_LEFT: {
    title: 'Listening service left after an intervention',
    severity: `${RISK}, one level lower unless an opening from the internet reaches it`,
    explanation: 'A service that began to listen during a change window still listens at the effective end plus grace.',
    remedy: 'Stop and disable the service, or have it declared in the baseline.',
  },
  REMOTE_TOOL_LEFT: {
    title: 'Remote-control tool left after an intervention',
    severity: RISK,
    explanation:
      'The port of a remote-control tool, opened during a change window, is still open or listening at the effective end plus grace.',
    remedy: 'Remove the tool or shut its port; remote access belongs in the declared gateway.',
  },
  EGRESS_UNAPPROVED_HOST: {
    title: 'Data may be sent to a host that is not approved',
    severity: 'high from research, srv-clinical, lan-clinical; else medium',
    explanation:
      'A rule lets traffic out to particular public addresses that are not among the approved hosts, whatever the window.',
    remedy: 'Remove the rule, or approve the host with its certificate and expiry.',
  },
  FILTERING_OFF: {
    title: 'Filtering is off, as announced for the intervention',
    severity: 'high; outside scope or window: critical, under the codes of those',
    explanation:
      'The filtering engine is off or its default policy accepts. The window declares it, and the exposure is real during the window too.',
    remedy: 'Switch filtering on again as soon as the work allows.',
  },
  UNPLANNED_OPENING: {
    title: 'Opened without a planned intervention',
    severity: RISK,
    explanation: 'Traffic is let through that the baseline does not declare, and no change window covers the change.',
    remedy: UNDO,
  },
  UNPLANNED_LISTENER: {
    title: 'Service started without a planned intervention',
    severity: `${RISK}, one level lower unless an opening from the internet reaches it`,
    explanation: 'A service listens that the baseline does not declare, and no change window covers its start.',
    remedy: 'Stop the service, or have it declared in the baseline.',
  },
  OUT_OF_SCOPE_OPENING: {
    title: 'Opened beyond what was announced for the intervention',
    severity: RISK,
    explanation: 'It was opened during a change window, and is wider than or different from what the window declares.',
    remedy: 'Narrow it to the declared scope or remove it, now: the end of the window is too late.',
  },
  OUT_OF_SCOPE_LISTENER: {
    title: 'Service started beyond what was announced for the intervention',
    severity: `${RISK}, one level lower unless an opening from the internet reaches it`,
    explanation: 'A service began to listen during a change window that does not declare it.',
    remedy: 'Stop the service, now: the end of the window is too late.',
  },
  ACCESS_OUT_OF_WINDOW: {
    title: 'Access that is for interventions alone is open without one',
    severity: `${RISK}; for access facts by rules/exposure`,
    explanation:
      'The baseline declares it with `only: in-windows`: it may be open while a change window is open that names it or is of its vendor, and none is. Told at once, also where an approved snapshot holds it.',
    remedy: 'Shut it as shown with the finding; it is opened again when its window begins.',
  },
  IN_WINDOW_CHANGE: {
    title: 'Opened as announced for an intervention',
    severity: 'info',
    explanation: 'The window declares it. It must be gone at the effective end plus grace.',
    remedy: 'Nothing now; shut it before the window ends.',
  },
  BASELINE_EXPOSURE: {
    title: 'The baseline itself exposes a dangerous port to the internet',
    severity: RISK,
    explanation:
      'A declared flow lets the whole internet reach a port rated high or critical, and no waiver with an owner and an expiry covers it.',
    remedy: 'Restrict the source, move the service behind the VPN, or have the risk waived until a date.',
  },
  WINDOW_NOT_CLOSED: {
    title: 'Change window not closed in time',
    severity: 'medium',
    explanation:
      'The effective end plus grace has passed without an accepted closing, and something is left open or could not be read.',
    remedy: 'Shut what is left open, then close the window; the vendor signs what is seen.',
  },
  CLOSED_UNSIGNED: {
    title: 'Everything is shut, but nobody closed the window',
    severity: 'info',
    explanation: 'The effective end plus grace has passed without a close event; nothing of the window is left open.',
    remedy: "Have the vendor sign the closing; this goes to the checklist's owner only.",
  },
  CLOSURE_REFUSED: {
    title: 'Closure refused',
    severity: 'info',
    explanation:
      'The vendor said that everything is shut. The fresh reading still showed an opening of this window, or could not attest that there is none.',
    remedy: 'Shut what the answer lists and close again.',
  },
  SESSIONS_LEFT: {
    title: 'Connections outlived the rule that let them in',
    severity: 'medium',
    explanation:
      'The window is closed: what it opened is shut for new connections. Rules that let pass what is established still carry these, which were let in while it was open. Told with the answer to the close, once; Écluse never ends a connection.',
    remedy: 'Run the command shown with each connection on its device, then close again: the answer looks anew.',
  },
  GUARD_BLIND: {
    title: 'A device cannot be read completely',
    severity: 'low after 10 min, medium after 1 h, high inside a window',
    explanation:
      'Two readings in a row failed or were incomplete. Nothing on this device is called clean or resolved until it is read again. Devices that went dark together behind the same jump host, site or network, or with the same error, are one finding, which shrinks as they come back.',
    remedy: 'Mend the cause shown with the finding: reachability, rights, or text that was not understood.',
  },
  DEVICE_REMOVED: {
    title: 'A device was taken out of the configuration',
    severity: 'high while a change window is open on it; else info',
    explanation:
      'Nobody reads it any more. What was open on it is not called shut; a window that is open on it cannot be closed.',
    remedy: 'Put it back until its window is closed. Without a window nothing has to be done.',
  },
  HOST_KEY_CHANGED: {
    title: 'A device shows another host key',
    severity: 'high',
    explanation:
      'Who answers at the address of the device shows a host key that nobody has accepted for it, or one that was revoked. Another machine may stand in its place; nothing is read from it. Told at the first reading that meets it.',
    remedy:
      'Find out why the key changed before anything else; if the device was installed anew: `ecluse trust DEVICE`.',
  },
  BASELINE_TAMPER: {
    title: 'The baseline was changed behind the guard’s back',
    severity: 'high while a change window is not closed; else medium',
    explanation:
      'A baseline file declares something else than when it was taken by a reload, or a stored approved snapshot is not what was approved. What changed, where and whose file it is stands with the finding. A running guard goes on with what it took; one that starts takes the file as it is, and tells.',
    remedy:
      'Ask who changed it. Put it back, or take it by name: `ecluse reload --by NAME --second NAME`; approve another snapshot where a stored one is damaged.',
  },
  MISSING_FLOW: {
    title: 'A declared flow is cut',
    severity: 'low',
    explanation:
      'A flow of the baseline that was let through before is not any more; the ward notices that first. One that was told as BASELINE_EXPOSURE and that nobody had accepted is not missed.',
    remedy: 'Ask whoever changed the rules; restore the flow or take it out of the baseline.',
  },
  LATENT_OPENING: {
    title: 'Shut now, comes back by itself',
    severity: 'one level under risk; low where another rule shadows it',
    explanation:
      'Saved configuration, a schedule, a disabled or shadowed rule or a standby member will open it again without anybody acting. `returnsWhen` says when.',
    remedy: 'Save the shut configuration, or delete the rule instead of disabling it.',
  },
  PENDING_ACCEPTANCE: {
    title: 'Kept flow awaiting acceptance',
    severity: 'info',
    explanation:
      'The window announced that this flow stays. It is no wider than planned and waits for its review date.',
    remedy:
      '`ecluse accept` by the owner that its plan names and one more person of the hospital, or `ecluse refuse`; whoever refuses has it shut.',
  },
  ONBOARDING_REPORT: {
    title: 'What is open on a device that is new',
    severity: 'info',
    explanation:
      'One report of everything that would be told if the device were not being onboarded, worst first. Until the end date only what is critical and open to the internet, and what a change window covers, is told on its own; then everything else is.',
    remedy: 'Declare, approve or shut what is listed before the end date.',
  },
  ADMIN_ADDED: {
    title: 'Administrator added',
    severity: 'high',
    explanation: 'The device has an administrator that the baseline does not know.',
    remedy: 'Remove the account, or have it declared.',
  },
  ACCESS_WIDENED: {
    title: 'Administrative access widened',
    severity: 'high',
    explanation:
      'Trusted hosts, management services or the switches that guard them let in more than the baseline says.',
    remedy: 'Restore the declared setting.',
  },
  VPN_LEFT: {
    title: 'VPN access differs from the baseline',
    severity: 'high',
    explanation: 'A VPN user, portal, peer or tunnel exists that the baseline does not know.',
    remedy: 'Remove it, or have it declared.',
  },
  ROUTE_CHANGED: {
    title: 'Routing changed',
    severity: 'medium',
    explanation: 'A route or policy route differs from the baseline: traffic may pass beside the filter.',
    remedy: 'Restore the declared route.',
  },
  LOGGING_OFF: {
    title: 'Logging reduced or off',
    severity: 'medium',
    explanation: 'What was logged is not any more.',
    remedy: 'Restore logging.',
  },
  INSPECTION_WEAKENED: {
    title: 'Inspection weakened',
    severity: 'medium',
    explanation: 'An inspection profile is weaker than the baseline says.',
    remedy: 'Restore the declared profile.',
  },
  MANAGER_CHANGED: {
    title: 'Managed by another system',
    severity: 'high',
    explanation: 'The device takes its configuration from somewhere else than the baseline says.',
    remedy: 'Verify who manages the device and restore the declared manager.',
  },
  CREDENTIAL_CHANGED: {
    title: 'Key or credential changed',
    severity: 'medium',
    explanation: 'A key or another credential that opens the device differs from the baseline.',
    remedy: 'Verify with its owner; revoke it if nobody knows.',
  },
  PLATFORM_CHANGED: {
    title: 'Another version of the platform means something else',
    severity: `${RISK}; where it opens nothing medium`,
    explanation:
      'The device runs another version than the approved snapshot, and what nobody has written is meant otherwise by it. All that differs for this reason alone is this one finding: it vanishes when the new reading is taken with the defaults of the old version. What somebody changed besides is told by itself.',
    remedy: 'Write out what the old version meant by itself, or approve a snapshot of the new one.',
  },
  RESOLVED: {
    title: 'Shut again',
    severity: 'info',
    explanation: 'A complete reading does not show it any more, also where another open finding covers its traffic.',
    remedy: 'Nothing.',
  },
  SINK_FAILING: {
    title: 'A receiver of alarms does not take them',
    severity: 'high',
    explanation:
      'A sink has refused everything for two minutes, or leaves out some of its recipients. Its records wait in their order, a recipient that is refused for good gets none; this one is told through the other sinks.',
    remedy: 'Mend what the last error says; `ecluse sinks test` shows whether it helped.',
  },
  OUTBOX_FILLING: {
    title: 'The queue of a receiver is nearly full',
    severity: 'high',
    explanation:
      'Four fifths of the records that may wait for a sink do. When it is full reminders and notices give way, oldest first, then what a newer event of the same alarm says better; the newest of each alarm never does.',
    remedy: 'Bring the receiver back. Everything that was ever told stays in `ecluse alarms`.',
  },
  HEARTBEAT: {
    title: 'Écluse is running',
    severity: 'info',
    explanation: 'Sent every five minutes to the sinks that take it, in a stream of its own. Its absence is the alarm.',
    remedy: 'Nothing; where it is missing, look after the machine that Écluse runs on.',
  },
  STANDING_REPORT: {
    title: 'How things stand',
    severity: 'info',
    explanation: 'A report that `schedules` asks for: what is open, what cannot be seen, what comes, what ends.',
    remedy: 'Read it; the whole of it is in the folder that the schedule names, where it names one.',
  },
  SINK_TEST: {
    title: 'Test of this receiver',
    severity: 'info',
    explanation: '`ecluse sinks test` sends it: nothing is open, and nothing has to be done.',
    remedy: 'Nothing.',
  },
} as const satisfies Record<string, FindingCodeText>;

export type FindingCode = keyof typeof findingCodes;

/** The codes of access facts; rules/exposure rates them, since they have no port to rate. */
const FACT_CODES: readonly FindingCode[] = [
  'ADMIN_ADDED',
  'ACCESS_WIDENED',
  'VPN_LEFT',
  'ROUTE_CHANGED',
  'LOGGING_OFF',
  'INSPECTION_WEAKENED',
  'MANAGER_CHANGED',
  'CREDENTIAL_CHANGED',
  'PLATFORM_CHANGED',
];

export function factCodeOf(code: string | undefined): FindingCode {
  return FACT_CODES.find((one) => one === code) ?? 'ACCESS_WIDENED';
}

const LEFT_CODES: readonly string[] = ['LEFT_OPEN', 'LISTENER_LEFT', 'REMOTE_TOOL_LEFT'];

/** About something that is open, whoever opened it. */
const OPEN_CODES: readonly string[] = [
  ...['UNPLANNED_OPENING', 'UNPLANNED_LISTENER', 'OUT_OF_SCOPE_OPENING', 'OUT_OF_SCOPE_LISTENER'],
  ...['EGRESS_UNAPPROVED_HOST', 'FILTERING_OFF', 'ACCESS_OUT_OF_WINDOW', 'BASELINE_EXPOSURE', 'LATENT_OPENING'],
  ...FACT_CODES,
];

export function isLeftCode(code: string): boolean {
  return LEFT_CODES.includes(code);
}

/** Told again and again until it is shut or waived: whatever a window left, and else what is high or critical. */
export function isReminded(code: string, severity: Severity): boolean {
  if (isLeftCode(code)) return true;
  return (severity === 'high' || severity === 'critical') && OPEN_CODES.includes(code);
}
