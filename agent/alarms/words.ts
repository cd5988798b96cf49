import type { AlarmRecord } from './record.js';

export type Language = 'fr' | 'en';

/** What a code is called by people. */
export type Titles = (code: string, language: Language) => string | undefined;

/** A message for somebody who runs a ward, not a network: what is wrong, how bad, since when, whom to call. */
export interface Letter {
  readonly subject: string;
  readonly lines: readonly string[];
}

interface Words {
  readonly severities: Readonly<Record<AlarmRecord['severity'], string>>;
  readonly urgency: Readonly<Record<AlarmRecord['severity'], string>>;
  readonly heads: Readonly<Record<AlarmRecord['kind'], (title: string, record: AlarmRecord) => string>>;
  readonly tags: Readonly<Record<AlarmRecord['kind'], string>>;
  readonly labels: Readonly<Record<Label, string>>;
  readonly day: (time: Readonly<Record<'year' | 'month' | 'day' | 'clock', string>>) => string;
  readonly duration: (hours: number, minutes: number) => string;
  readonly colon: string;
  readonly forward: string;
  /** By whom a flow that is to stay is accepted, and by how many beside. */
  readonly signers: (until: string, owner: string, others: number) => string;
  /** What becomes of it if nobody does, and the two commands there are. */
  readonly unaccepted: (key: string) => string;
  /** In the place of the usual tags. */
  readonly waiting: string;
  readonly declared: string;
}

type Label =
  | 'severity'
  | 'device'
  | 'contact'
  | 'what'
  | 'latent'
  | 'services'
  | 'since'
  | 'window'
  | 'until'
  | 'ticket'
  | 'undo'
  | 'details'
  | 'possible'
  | 'returns'
  | 'acknowledged'
  | 'claimed'
  | 'escalated'
  | 'owner'
  | 'members'
  | 'waived'
  | 'accept'
  | 'accepted'
  | 'link'
  | 'reference'
  | 'truncated';

const french: Words = {
  severities: { critical: 'critique', high: 'élevée', medium: 'moyenne', low: 'faible', info: 'pour information' },
  urgency: {
    critical: 'à traiter tout de suite, même la nuit',
    high: 'à traiter dans l’heure',
    medium: 'à traiter aujourd’hui',
    low: 'à traiter dans la semaine',
    info: 'rien d’urgent',
  },
  heads: {
    raise: (title) => `${title}.`,
    update: (title) => `Du nouveau sur une alerte en cours : ${title}.`,
    remind: (title, { reminder }) =>
      `Rappel${reminder ? ` n° ${reminder}` : ''}, ce n’est toujours pas refermé : ${title}.`,
    escalate: (title) => `Personne n’a encore pris en charge cette alerte : ${title}.`,
    resolve: (_, { ended }) =>
      ended
        ? 'C’est accepté dans le référentiel : ce n’est plus à refermer.'
        : 'C’est refermé : il n’y a plus rien à faire pour cette alerte.',
    answer: (title) => `${title}.`,
    heartbeat: () => 'Écluse est en service.',
  },
  tags: {
    raise: 'À refermer',
    update: 'Du nouveau',
    remind: 'Rappel',
    escalate: 'Sans réponse',
    resolve: 'Refermé',
    answer: 'Information',
    heartbeat: 'En service',
  },
  labels: {
    severity: 'Gravité',
    device: 'Équipement',
    contact: 'Qui appeler sur place',
    what: 'Ce qui est ouvert',
    latent: 'Ce qui se rouvrira',
    services: 'Services atteignables',
    since: 'Ouvert depuis',
    window: 'Intervention',
    until: 'Fin prévue de l’intervention',
    ticket: 'Ticket',
    undo: 'Pour l’équipe réseau, ce qui le referme',
    details: 'Détails',
    possible: 'Possible, mais non certain : cela dépend de',
    returns: 'Fermé maintenant, se rouvre de soi-même',
    acknowledged: 'Pris en charge par',
    claimed: 'Revendiqué par',
    escalated: 'Transmis aussi à',
    owner: 'Responsable de l’intervention',
    members: 'Alertes réunies dans celle-ci (`ecluse findings` les montre toutes)',
    waived: 'Accepté jusqu’au',
    accept: 'Flux prévu pour rester, à accepter',
    accepted: 'Déjà accepté par',
    link: 'Voir',
    reference: 'Référence',
    truncated: 'Abrégé (truncated)',
  },
  day: ({ year, month, day, clock }) => `${day}/${month}/${year} à ${clock}`,
  duration: (hours, minutes) => (hours === 0 ? `${minutes} min` : `${hours} h ${String(minutes).padStart(2, '0')}`),
  colon: ' :',
  forward: 'Transmettez ce message à l’équipe réseau ou à l’astreinte informatique : elle sait quoi en faire.',
  signers: (until, owner, others) =>
    others === 0
      ? `avant le ${until}, par ${owner}`
      : `avant le ${until}, par ${owner} et ${others === 1 ? 'une autre personne' : `${others} autres personnes`} de l’hôpital`,
  unaccepted: (key) =>
    `Passé ce jour, il sera signalé comme resté ouvert. Pour l’accepter : ecluse accept ${key} ; pour le refuser : ecluse refuse ${key} --reason …`,
  waiting: 'À accepter',
  declared: 'Accepté',
};

const english: Words = {
  severities: { critical: 'critical', high: 'high', medium: 'medium', low: 'low', info: 'for information' },
  urgency: {
    critical: 'act now, also at night',
    high: 'act within the hour',
    medium: 'act today',
    low: 'act within the week',
    info: 'nothing urgent',
  },
  heads: {
    raise: (title) => `${title}.`,
    update: (title) => `News of an alarm that is still open: ${title}.`,
    remind: (title, { reminder }) => `Reminder${reminder ? ` ${reminder}` : ''}, it is still not shut: ${title}.`,
    escalate: (title) => `Nobody has taken on this alarm yet: ${title}.`,
    resolve: (_, { ended }) =>
      ended
        ? 'It is declared in the baseline now: it is not to be shut any more.'
        : 'It is shut again: nothing more has to be done for this alarm.',
    answer: (title) => `${title}.`,
    heartbeat: () => 'Écluse is running.',
  },
  tags: {
    raise: 'To shut',
    update: 'News',
    remind: 'Reminder',
    escalate: 'Unanswered',
    resolve: 'Shut again',
    answer: 'Information',
    heartbeat: 'Running',
  },
  labels: {
    severity: 'Severity',
    device: 'Device',
    contact: 'Whom to call there',
    what: 'What is open',
    latent: 'What will open again',
    services: 'Services that can be reached',
    since: 'Open since',
    window: 'Intervention',
    until: 'Planned end of the intervention',
    ticket: 'Ticket',
    undo: 'For the network team, what shuts it',
    details: 'Details',
    possible: 'Possible, not certain: it depends on',
    returns: 'Shut now, opens by itself',
    acknowledged: 'Taken on by',
    claimed: 'Claimed by',
    escalated: 'Passed on to',
    owner: 'Answers for the intervention',
    members: 'Alarms told as this one (`ecluse findings` lists all)',
    waived: 'Accepted until',
    accept: 'Meant to stay, to be accepted',
    accepted: 'Accepted so far by',
    link: 'See',
    reference: 'Reference',
    truncated: 'Shortened (truncated)',
  },
  day: ({ year, month, day, clock }) => `${year}-${month}-${day} at ${clock}`,
  duration: (hours, minutes) => (hours === 0 ? `${minutes} min` : `${hours} h ${String(minutes).padStart(2, '0')}`),
  colon: ':',
  forward: 'Pass this message on to the network team or the IT duty officer: they know what to do with it.',
  signers: (until, owner, others) =>
    others === 0
      ? `before ${until}, by ${owner}`
      : `before ${until}, by ${owner} and ${others === 1 ? 'one other person' : `${others} others`} of the hospital`,
  unaccepted: (key) =>
    `After that day it is told as left open. To accept it: ecluse accept ${key}; to refuse it: ecluse refuse ${key} --reason …`,
  waiting: 'To accept',
  declared: 'Accepted',
};

const languages: Readonly<Record<Language, Words>> = { fr: french, en: english };

export function letter(record: AlarmRecord, language: Language, titles: Titles): Letter {
  const words = languages[language];
  const title = titles(record.code, language) ?? record.title;
  const { kind, severity } = record;
  const time = (text: string): string => words.day(partsOf(text));
  const line = (label: Label, text: string | undefined): readonly string[] =>
    text === undefined ? [] : [`${words.labels[label]}${words.colon} ${text}`];
  const isOpen = kind === 'raise' || kind === 'update' || kind === 'remind' || kind === 'escalate';
  const hasOpening = record.what !== undefined;
  const isShut = record.returnsWhen !== undefined;
  // Nobody has to shut what waits for acceptance.
  const isWaiting = record.acceptUntil !== undefined;
  const tag = isWaiting ? words.waiting : record.ended ? words.declared : words.tags[kind];
  const where = [record.device, record.site].filter((part) => part !== undefined).join(', ');
  const by = [record.vendor, record.technician].filter((part) => part !== undefined).join(', ');
  const length = words.duration(Math.floor(record.minutesOpen / 60), record.minutesOpen % 60);
  const since = `${time(record.firstSeen)} (${length})`;
  return {
    subject: `[Écluse] ${tag}${words.colon} ${title}${record.device ? ` (${record.device})` : ''}`,
    lines: [
      isWaiting ? `${title}.` : words.heads[kind](title, record),
      '',
      ...(isOpen ? line('severity', `${words.severities[severity]}, ${words.urgency[severity]}`) : []),
      ...line('device', where || undefined),
      ...(isOpen ? line('contact', record.contact) : []),
      // Of many at once the number says it.
      ...line(isShut ? 'latent' : 'what', record.members === undefined ? record.what : undefined),
      ...line('services', record.services),
      ...(isOpen && hasOpening && !isShut ? line('since', since) : []),
      ...(record.certainty === 'possible' ? line('possible', record.conditions ?? '?') : []),
      ...line('returns', record.returnsWhen),
      ...line('window', record.window && (by ? `${record.window} (${by})` : record.window)),
      ...line('until', record.windowEnd && time(record.windowEnd)),
      ...line('ticket', record.ticket),
      ...line('owner', record.owner),
      ...line('members', record.members?.toString()),
      // Whom it waits for is said below, in the reader's language.
      ...(isWaiting ? [] : line('details', record.details)),
      ...line('acknowledged', record.acknowledgedBy),
      ...line('claimed', record.claimedBy),
      ...line('escalated', record.escalatedTo),
      ...line('accept', acceptText(record, words, time)),
      ...line('accepted', record.acceptedBy),
      ...(record.acceptUntil === undefined ? [] : [words.unaccepted(keyOf(record))]),
      ...line('waived', record.waivedUntil && time(record.waivedUntil)),
      ...(isOpen && !isWaiting ? line('undo', record.undo) : []),
      ...line('link', record.link),
      ...line('reference', record.id),
      ...line('truncated', record.truncated?.join(', ')),
      ...(isOpen && !isWaiting ? ['', words.forward] : []),
    ],
  };
}

/** As a command takes it: what names a shell would take apart stands in quotes. */
function keyOf({ key }: AlarmRecord): string {
  return /^[\w./:@+-]+$/.test(key) ? key : `'${key.replaceAll("'", "'\\''")}'`;
}

function acceptText(
  { acceptUntil, acceptOwner = '?', acceptPeople = 2 }: AlarmRecord,
  words: Words,
  time: (text: string) => string,
): string | undefined {
  return acceptUntil && words.signers(time(acceptUntil), acceptOwner, acceptPeople - 1);
}

/** A record's times are written in the site's own zone: they are shown as they are. */
function partsOf(timestamp: string) {
  const found = /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)T(?<clock>\d\d:\d\d)/.exec(timestamp)?.groups;
  const { year = '', month = '', day = '', clock = timestamp } = found ?? {};
  return { year, month, day, clock };
}
