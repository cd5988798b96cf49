import { detailsInFrench } from './details.js';
import { type AlarmRecord, type CodeText, matterOf, type Matter as Told } from './record.js';
import { returnsInFrench } from './returns.js';

/** What is shut now and opens by itself is another matter to people: nobody has to shut it. */
type Matter = Told | 'latent';

export type Language = 'fr' | 'en';

/** What a code is called by people, and what they do about it. */
export type CodeTexts = (code: string, language: Language) => CodeText | undefined;

/** A message for somebody who runs a ward, not a network: what is wrong, how bad, since when, whom to call. */
export interface Letter {
  readonly subject: string;
  readonly lines: readonly string[];
}

interface Words {
  readonly severities: Readonly<Record<AlarmRecord['severity'], string>>;
  readonly urgency: Readonly<Record<AlarmRecord['severity'], string>>;
  readonly heads: Readonly<Record<AlarmRecord['kind'], (title: string, record: AlarmRecord, matter: Matter) => string>>;
  /** In the subject. What is raised and what is over is called by what it is about. */
  readonly tags: Readonly<Record<Exclude<AlarmRecord['kind'], 'raise' | 'resolve'>, string>>;
  readonly toDo: Readonly<Record<Matter, string>>;
  readonly done: Readonly<Record<Matter, string>>;
  /** What there is to be seen: an opening, or a flow that is cut. */
  readonly seen: Readonly<Record<Exclude<Matter, 'state'>, { readonly what: string; readonly since?: string }>>;
  /** Of the hospital itself, in the place of a vendor's name. */
  readonly ownStaff: string;
  readonly worst: string;
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
  /** When it opens by itself. */
  readonly returns: (text: string) => string;
  readonly details: (text: string) => string;
}

type Label =
  | 'severity'
  | 'device'
  | 'contact'
  | 'services'
  | 'window'
  | 'until'
  | 'ticket'
  | 'undo'
  | 'remedy'
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
    remind: (title, { reminder }, matter) => {
      const done = { open: 'refermé', cut: 'rétabli', state: 'réglé', latent: 'réglé' }[matter];
      return `Rappel${reminder ? ` n° ${reminder}` : ''}, ce n’est toujours pas ${done} : ${title}.`;
    },
    escalate: (title) => `Personne n’a encore pris en charge cette alerte : ${title}.`,
    resolve: (title, { ended }, matter) => {
      if (ended) return `C’est accepté dans le référentiel, ce n’est plus à refermer : ${title}.`;
      const done = { open: 'refermé', cut: 'rétabli', state: 'réglé', latent: 'réglé' }[matter];
      return `C’est ${done}, il n’y a plus rien à faire pour cette alerte : ${title}.`;
    },
    answer: (title) => `${title}.`,
    heartbeat: () => 'Écluse est en service.',
  },
  tags: {
    update: 'Du nouveau',
    remind: 'Rappel',
    escalate: 'Sans réponse',
    answer: 'Information',
    heartbeat: 'En service',
  },
  toDo: { open: 'À refermer', cut: 'À rétablir', state: 'À traiter', latent: 'À traiter' },
  done: { open: 'Refermé', cut: 'Rétabli', state: 'Réglé', latent: 'Réglé' },
  seen: {
    open: { what: 'Ce qui est ouvert', since: 'Ouvert depuis' },
    cut: { what: 'Ce qui est coupé', since: 'Coupé depuis' },
    latent: { what: 'Ce qui se rouvrira' },
  },
  ownStaff: 'personnel de l’hôpital',
  worst: 'parmi les plus graves : ',
  labels: {
    severity: 'Gravité',
    device: 'Équipement',
    contact: 'Qui appeler sur place',
    services: 'Services atteignables',
    window: 'Intervention',
    until: 'Fin de l’intervention',
    ticket: 'Ticket',
    undo: 'Pour l’équipe réseau, ce qui le referme',
    remedy: 'Pour l’équipe réseau, ce qu’il faut faire',
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
  returns: returnsInFrench,
  details: detailsInFrench,
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
    remind: (title, { reminder }, matter) => {
      const done = { open: 'shut', cut: 'restored', state: 'settled', latent: 'settled' }[matter];
      return `Reminder${reminder ? ` ${reminder}` : ''}, it is still not ${done}: ${title}.`;
    },
    escalate: (title) => `Nobody has taken on this alarm yet: ${title}.`,
    resolve: (title, { ended }, matter) => {
      if (ended) return `It is declared in the baseline now, and not to be shut any more: ${title}.`;
      const done = { open: 'shut again', cut: 'restored', state: 'settled', latent: 'settled' }[matter];
      return `It is ${done}, nothing more has to be done for this alarm: ${title}.`;
    },
    answer: (title) => `${title}.`,
    heartbeat: () => 'Écluse is running.',
  },
  tags: {
    update: 'News',
    remind: 'Reminder',
    escalate: 'Unanswered',
    answer: 'Information',
    heartbeat: 'Running',
  },
  toDo: { open: 'To shut', cut: 'To restore', state: 'To be dealt with', latent: 'To be dealt with' },
  done: { open: 'Shut again', cut: 'Restored', state: 'Settled', latent: 'Settled' },
  seen: {
    open: { what: 'What is open', since: 'Open since' },
    cut: { what: 'What is cut', since: 'Cut since' },
    latent: { what: 'What will open again' },
  },
  ownStaff: 'staff of the hospital',
  worst: 'one of the worst: ',
  labels: {
    severity: 'Severity',
    device: 'Device',
    contact: 'Whom to call there',
    services: 'Services that can be reached',
    window: 'Intervention',
    until: 'End of the intervention',
    ticket: 'Ticket',
    undo: 'For the network team, what shuts it',
    remedy: 'For the network team, what to do',
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
  returns: (text) => text,
  details: (text) => text,
};

const languages: Readonly<Record<Language, Words>> = { fr: french, en: english };

export function letter(record: AlarmRecord, language: Language, texts: CodeTexts): Letter {
  const words = languages[language];
  const { kind, severity, wasCode } = record;
  const { title = record.title, remedy } = texts(wasCode ?? record.code, language) ?? {};
  const told = matterOf(wasCode ?? record.code, record.what);
  const matter = record.returnsWhen === undefined ? told : 'latent';
  const time = (text: string): string => words.day(partsOf(text));
  const line = (label: Label, text: string | undefined): readonly string[] =>
    text === undefined ? [] : [`${words.labels[label]}${words.colon} ${text}`];
  const isOpen = kind === 'raise' || kind === 'update' || kind === 'remind' || kind === 'escalate';
  // Nobody has to shut what waits for acceptance.
  const isWaiting = record.acceptUntil !== undefined;
  const isToDo = (isOpen || kind === 'answer') && !isWaiting;
  const where = [record.device, record.site].filter((part) => part !== undefined).join(', ');
  const vendor = record.vendor === OWN_STAFF ? words.ownStaff : record.vendor;
  const by = [vendor, record.technician].filter((part) => part !== undefined).join(', ');
  const command = isToDo && isOpen ? line('undo', record.undo) : [];
  return {
    subject: `[Écluse] ${tagOf(record, words, matter)}${words.colon} ${title}${record.device ? ` (${record.device})` : ''}`,
    lines: [
      isWaiting ? `${title}.` : words.heads[kind](title, record, matter),
      '',
      ...(isOpen ? line('severity', `${words.severities[severity]}, ${words.urgency[severity]}`) : []),
      ...line('device', where || undefined),
      ...(isOpen ? line('contact', record.contact) : []),
      ...seenText(record, words, { matter, isOpen, time }),
      ...(record.certainty === 'possible' ? line('possible', record.conditions ?? '?') : []),
      ...line('returns', record.returnsWhen && words.returns(record.returnsWhen)),
      ...line('window', record.window && (by ? `${record.window} (${by})` : record.window)),
      ...line('until', record.windowEnd && time(record.windowEnd)),
      ...line('ticket', record.ticket),
      ...line('owner', record.owner),
      ...(record.members ? line('members', String(record.members)) : []),
      // Whom it waits for is said below, in the reader's language.
      ...(isWaiting ? [] : line('details', detailsText(record, words))),
      ...line('acknowledged', record.acknowledgedBy),
      ...line('claimed', record.claimedBy),
      ...line('escalated', record.escalatedTo),
      ...line('accept', acceptText(record, words, time)),
      ...line('accepted', record.acceptedBy),
      ...(record.acceptUntil === undefined ? [] : [words.unaccepted(keyOf(record))]),
      ...line('waived', record.waivedUntil && time(record.waivedUntil)),
      ...command,
      ...(isToDo && command.length === 0 ? line('remedy', remedy) : []),
      ...line('link', record.link),
      ...line('reference', record.id),
      ...line('truncated', record.truncated?.join(', ')),
      ...(isOpen && !isWaiting ? ['', words.forward] : []),
    ],
  };
}

/** Of many told as one, where they are and one of the worst; that all are listed is said, and over is nothing left. */
function detailsText({ members, details }: AlarmRecord, words: Words): string | undefined {
  if (members === undefined) return details && words.details(details);
  if (members === 0) return undefined;
  return details?.replace('each is listed by `ecluse findings`; ', '').replace('one of the worst: ', words.worst);
}

/** The vendor of a window in which the hospital's own staff work. */
const OWN_STAFF = 'self';

/** The first words of a subject: what is to be done. */
function tagOf({ kind, severity, ended, acceptUntil }: AlarmRecord, words: Words, matter: Matter): string {
  // Nobody has to shut what waits for acceptance.
  if (acceptUntil !== undefined) return words.waiting;
  if (ended) return words.declared;
  if (kind === 'resolve') return words.done[matter];
  if (kind !== 'raise') return words.tags[kind];
  return severity === 'critical' ? `${words.toDo[matter]} (${words.severities.critical})` : words.toDo[matter];
}

interface Looked {
  readonly matter: Matter;
  readonly isOpen: boolean;
  readonly time: (text: string) => string;
}

function seenText(record: AlarmRecord, words: Words, { matter, isOpen, time }: Looked): readonly string[] {
  if (matter === 'state') return [];
  const { what, since } = words.seen[matter];
  const { minutesOpen, services } = record;
  const length = words.duration(Math.floor(minutesOpen / 60), minutesOpen % 60);
  return [
    // Of many at once the number says it.
    ...(record.members === undefined ? [`${what}${words.colon} ${record.what}`] : []),
    ...(services === undefined ? [] : [`${words.labels.services}${words.colon} ${services}`]),
    ...(isOpen && since !== undefined ? [`${since}${words.colon} ${time(record.firstSeen)} (${length})`] : []),
  ];
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
