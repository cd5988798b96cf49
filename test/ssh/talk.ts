import type { ServerChannel } from 'ssh2';

/** The command line of an appliance: what it shows, and how awkwardly. */
export interface Appliance {
  prompt: string;
  /** Shown before the first prompt. */
  readonly greeting?: string;
  /** What it waits for before the first prompt, as question and good answer; each is asked in its turn. */
  readonly questions?: readonly (readonly [question: string, answer: string])[];
  /** What a command prints; undefined is unknown to it. */
  answer(line: string, appliance: Appliance): string | undefined;
  readonly unknown?: string;
  /** Lines of a page; a pager stands between pages, and is wiped away when it was answered. */
  readonly pageLines?: number;
  readonly pager?: string;
  /** Bytes that are sent at once. */
  readonly chunk?: number;
  /** Does not show what is typed. */
  readonly silent?: true;
  /** Does something else than to answer; true if it did. */
  readonly instead?: (line: string, channel: ServerChannel) => boolean;
}

/** Talks as an appliance does: repeats what is typed, ends lines with both characters, asks at each page. */
export function talk(channel: ServerChannel, appliance: Appliance): void {
  const questions = [...(appliance.questions ?? [])];
  let pages: string[] = [];
  let typed = '';
  const show = (text: string): void => {
    const bytes = Buffer.from(text.replace(/\n/g, '\r\n'));
    const size = appliance.chunk ?? bytes.length;
    for (let at = 0; at < bytes.length; at += size) channel.write(bytes.subarray(at, at + size));
  };
  const ready = (): void => show(questions.length > 0 ? questions[0]![0] : appliance.prompt);
  const nextPage = (): void => {
    const page = pages.shift();
    if (page !== undefined) show(page);
    if (pages.length > 0) show(appliance.pager ?? '--More-- ');
    else ready();
  };
  const perform = (line: string): void => {
    const question = questions[0];
    if (question) {
      if (line === question[1]) questions.shift();
      else show('Access denied\n');
      ready();
      return;
    }
    if (appliance.instead?.(line, channel)) return;
    if (/^(?:exit|quit|logout)$/.test(line)) return void channel.end();
    const text =
      line.trim() === '' ? '' : (appliance.answer(line, appliance) ?? appliance.unknown ?? 'Unknown command\n');
    const lines = text.split(/(?<=\n)/);
    const size = appliance.pageLines ?? lines.length;
    pages = [];
    for (let at = 0; at < lines.length; at += size) pages.push(lines.slice(at, at + size).join(''));
    nextPage();
  };
  show(appliance.greeting ?? '');
  ready();
  channel.on('data', (bytes: Buffer) => {
    for (const key of bytes.toString('utf8')) {
      if (pages.length > 0) {
        const pager = appliance.pager ?? '--More-- ';
        channel.write(`\r${' '.repeat(pager.length)}\r`);
        nextPage();
      } else if (questions[0]?.[1].length === 1 && key !== '\n') perform(key);
      else if (key === '\n') {
        channel.write('\r\n');
        const line = typed;
        typed = '';
        perform(line);
      } else {
        typed += key;
        const isSecret = /password/i.test(questions[0]?.[0] ?? '');
        if (!isSecret && !appliance.silent) channel.write(key);
      }
    }
  });
}
