import type { AlarmRecord } from '../../record.js';
import { type CodeTexts, type Language, letter } from '../../words.js';

export type Style = 'standard' | 'teams' | 'slack' | 'mattermost';

export interface BodyChoices {
  readonly style: Style;
  readonly language: Language;
  readonly texts: CodeTexts;
}

function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Between two characters that mean something together it takes the meaning away and is not seen. */
const NOTHING = '\u200b';

/**
 * What Mattermost would read as a mark, a mention, a link or a channel. It unescapes these characters and no others
 * (its fork of marked): any other backslash would be shown. It takes `<!channel>` and `<url|text>` for Slack's.
 */
function mattermostText(text: string, link: string | undefined): string {
  const plain = text
    .replaceAll(/\\(?!\w)/g, '\\\\')
    .replaceAll(/[`*_{}[\]()#+!|~>]/g, '\\$&')
    .replaceAll(/@(?=\w)/g, `@${NOTHING}`);
  // Our own link is to be followed; one that stands in the comment of a rule is not.
  return link !== undefined && text.endsWith(link)
    ? `${mattermostText(text.slice(0, -link.length), undefined)}<${link}>`
    : plain.replaceAll('://', `:${NOTHING}//`);
}

/** A card of text runs: nothing in them is read as Markdown, on no client. */
function card(subject: string, lines: readonly string[], link: string | undefined): object {
  const block = (text: string, more: object = {}) => ({
    type: 'RichTextBlock',
    spacing: 'Small',
    inlines: [{ type: 'TextRun', text, ...more }],
  });
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    fallbackText: subject,
    msteams: { width: 'Full' },
    body: [block(subject, { weight: 'Bolder', size: 'Medium' }), ...lines.map((line) => block(line))],
    ...(link !== undefined && { actions: [{ type: 'Action.OpenUrl', title: 'Écluse', url: link }] }),
  };
}

export function bodyOf(record: AlarmRecord, { style, language, texts }: BodyChoices): string {
  if (style === 'standard')
    return JSON.stringify({ type: `ecluse.${record.stream}.${record.kind}`, timestamp: record.at, data: record });
  const { subject, lines } = letter(record, language, texts);
  const told = lines.filter((line) => line !== '');
  const link = record.link?.startsWith('https://') ? record.link : undefined;
  if (style === 'slack')
    return JSON.stringify({ text: [`*${slackText(subject)}*`, ...told.map(slackText)].join('\n') });
  if (style === 'mattermost') {
    const [head, ...rest] = [subject, ...told].map((line) => mattermostText(line, link));
    return JSON.stringify({ text: [`**${head}**`, ...rest].join('\n\n') });
  }
  const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null };
  return JSON.stringify({ type: 'message', attachments: [{ ...attachment, content: card(subject, told, link) }] });
}
