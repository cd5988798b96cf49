// Made by `npm run generate` from the commands themselves: do not edit.

/** A command as `ecluse --help` shows it. */
export interface Overview {
  readonly name: string;
  readonly term: string;
  readonly about: string;
}

/** Every command, so that none has to be loaded to be named. */
export const overview: readonly Overview[] = [
  {
    name: 'ask',
    term: 'ask [options] <file>',
    about: 'the verdict of a capture on each packet of a list, in input order, as JSON lines',
  },
  { name: 'coverage', term: 'coverage [options] <file>', about: 'every line of a capture and what became of it' },
  {
    name: 'diff',
    term: 'diff [options] <before> <after>',
    about: 'the exact difference of what two captures let through, for new connections',
  },
  {
    name: 'drivers',
    term: 'drivers [options]',
    about: 'list the platforms that can be read and what of each is modelled',
  },
  {
    name: 'exposure',
    term: 'exposure [options] <file>',
    about: 'the new connections that a capture lets through, by permitting rule',
  },
  {
    name: 'replay',
    term: 'replay [options] [fixtures...]',
    about: 'play a scenario on a virtual clock through the real judgement and store',
  },
  {
    name: 'init',
    term: 'init [options]',
    about: 'write a first configuration and, of this machine, a first baseline; on a terminal it asks',
  },
  { name: 'rules', term: 'rules', about: 'what is judged, as data; asks no guard' },
  {
    name: 'check',
    term: 'check [options]',
    about: 'validate the configuration, the baseline files and the rules; speaks to no device',
  },
  {
    name: 'start',
    term: 'start [options]',
    about: 'guard: read, judge and tell until it is stopped; without a configuration, guard this machine',
  },
  {
    name: 'reload',
    term: 'reload [options]',
    about: 'have the daemon read its configuration and baseline files again',
  },
  { name: 'backup', term: 'backup [options] <file>', about: 'copy what the guard remembers into a file' },
  { name: 'restore', term: 'restore [options] <file>', about: 'bring a backup back' },
  { name: 'status', term: 'status [options]', about: 'the guard itself' },
  { name: 'snapshot', term: 'snapshot [options] [devices...]', about: 'read devices now and keep what is seen' },
  { name: 'snapshots', term: 'snapshots [options]', about: 'list the snapshots that are kept' },
  {
    name: 'drift',
    term: 'drift [options] [devices...]',
    about: 'read devices now and say what differs from the baseline',
  },
  { name: 'baseline', term: 'baseline', about: 'what is declared: flows, listeners, approved snapshots' },
  {
    name: 'doctor',
    term: 'doctor [options] [devices...]',
    about: 'what stands between each device and a complete reading: the way, the host key, the login, the rights',
  },
  {
    name: 'trust',
    term: 'trust [options] [device]',
    about:
      'show the host keys or the certificate of a device that is read over the network, accept them, and try the login',
  },
  { name: 'window', term: 'window', about: 'change windows: what a vendor may open, and until when' },
  { name: 'sinks', term: 'sinks', about: 'where alarms are told' },
  {
    name: 'accept',
    term: 'accept [options] <finding>',
    about: 'accept that a flow stays which a window announced as staying',
  },
  {
    name: 'refuse',
    term: 'refuse [options] <finding>',
    about: 'say that a flow which a window announced as staying does not',
  },
  { name: 'findings', term: 'findings [options]', about: 'what is open now' },
  { name: 'alarms', term: 'alarms [options]', about: 'what was told' },
  { name: 'ack', term: 'ack [options] <alarm>', about: 'say that somebody works on it' },
  { name: 'waive', term: 'waive [options] <finding>', about: 'accept a finding until a date' },
];
