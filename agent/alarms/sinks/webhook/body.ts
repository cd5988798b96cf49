import type { AlarmRecord } from '../../record.js';
import { type Language, letter, type Titles } from '../../words.js';

export type Style = 'standard' | 'teams' | 'slack' | 'mattermost';

export interface BodyChoices {
  readonly style: Style;
  readonly language: Language;
  readonly titles: Titles;
}

function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Everything that Markdown might read as a mark, a link or a mention. */
function markdownText(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>()#+!|~@:-]/g, '\\$&');
}

export function bodyOf(record: AlarmRecord, { style, language, titles }: BodyChoices): string {
  if (style === 'standard')
    return JSON.stringify({ type: `ecluse.${record.stream}.${record.kind}`, timestamp: record.at, data: record });
  const { subject, lines } = letter(record, language, titles);
  const told = lines.filter((line) => line !== '');
  if (style === 'slack')
    return JSON.stringify({ text: [`*${slackText(subject)}*`, ...told.map(slackText)].join('\n') });
  if (style === 'mattermost')
    return JSON.stringify({ text: [`**${markdownText(subject)}**`, ...told.map(markdownText)].join('\n\n') });
  const block = (text: string, more: object = {}) => ({ type: 'TextBlock', text, wrap: true, ...more });
  return JSON.stringify({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [block(markdownText(subject), { weight: 'Bolder' }), block(told.map(markdownText).join('\n\n'))],
        },
      },
    ],
  });
}
