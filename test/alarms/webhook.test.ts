import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { signingKey, webhookSink } from '../../agent/alarms/index.js';
import { bodyOf, type Style } from '../../agent/alarms/sinks/webhook/body.js';
import { messageId, signature } from '../../agent/alarms/sinks/webhook/sign.js';
import { secret } from '../../agent/lib/secret.js';
import { type Received, sinkContract } from '../contract/sinks.js';
import { told } from './told.js';

const KEY = Buffer.from('0123456789abcdef0123456789abcdef');

interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Hook {
  readonly url: string;
  readonly posts: Post[];
  status: number;
  retryAfter?: string;
  hangs: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
}

async function hook(): Promise<Hook> {
  let server: Server | undefined;
  let port = 0;
  const posts: Post[] = [];
  const start = async (): Promise<void> => {
    server = createServer((asked, answer) => {
      const chunks: Buffer[] = [];
      asked.on('data', (chunk: Buffer) => chunks.push(chunk));
      asked.on('end', () => {
        if (self.hangs) return;
        if (self.status < 300) posts.push({ headers: asked.headers, body: Buffer.concat(chunks).toString('utf8') });
        if (self.retryAfter !== undefined) answer.setHeader('retry-after', self.retryAfter);
        answer.writeHead(self.status, self.status >= 300 && self.status < 400 ? { location: '/other' } : {}).end();
      });
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
  };
  const self: Hook = {
    get url() {
      return `http://127.0.0.1:${port}/hook`;
    },
    posts,
    status: 204,
    hangs: false,
    start,
    async stop() {
      if (!server) return;
      const closing = once(server, 'close');
      server.close();
      server.closeAllConnections();
      server = undefined;
      await closing;
    },
  };
  await start();
  return self;
}

const idIn: Readonly<Record<Style, (body: string) => string>> = {
  standard: (body) => (JSON.parse(body) as { readonly data: { readonly id: string } }).data.id,
  slack: (body) => /Reference: (?<id>[^\\"]+)/.exec(body)?.groups?.id ?? '',
  mattermost: (body) => unmarked(body),
  teams: (body) => unmarked(body),
};

/** The reference behind the marks that Markdown would obey. */
function unmarked(body: string): string {
  const text = body.replaceAll('\\\\', '');
  return /Reference: (?<id>[^\\"]+)/.exec(text)?.groups?.id ?? '';
}

/** What Slack shows of the three characters that it wants escaped. */
function shown(body: string): string {
  return body.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

for (const style of ['standard', 'slack'] as const) {
  sinkContract({
    name: `webhook, ${style}`,
    open: async () => {
      const receiver = await hook();
      const sink = webhookSink({ id: 'hook', url: secret(receiver.url), key: KEY, style, language: 'en' });
      return {
        sink,
        received: async (): Promise<readonly Received[]> =>
          receiver.posts.map(({ body }) => ({ id: idIn[style](body), raw: Buffer.from(shown(body)) })),
        stop: receiver.stop,
        start: receiver.start,
        close: receiver.stop,
      };
    },
    openHung: async () => {
      const receiver = await hook();
      receiver.hangs = true;
      const sink = webhookSink({ id: 'hook', url: secret(receiver.url), key: KEY, style });
      return { sink, close: receiver.stop };
    },
  });
}

describe('Standard Webhooks', () => {
  test('a message is signed over its id, its time and its body, as its specification computes it', async () => {
    const receiver = await hook();
    const clock = { now: () => 1_795_540_500_999, at: () => () => {} };
    const sink = webhookSink({ id: 'hook', url: secret(receiver.url), key: KEY, clock });
    expect(await sink.deliver(told.hard, new AbortController().signal)).toMatchObject({ ok: true });
    await sink.close();
    await receiver.stop();
    const { headers, body } = receiver.posts[0]!;
    expect(headers['webhook-timestamp']).toBe('1795540500');
    expect(headers['webhook-id']).toBe(messageId(told.hard.id));
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', KEY).update(signed).digest('base64')}`);
    expect(JSON.parse(body)).toEqual({ type: 'ecluse.alert.update', timestamp: told.hard.at, data: told.hard });
  });

  test('the example of the specification', () => {
    const key = signingKey(secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'));
    if (!key.ok) throw new Error(key.error);
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1614265330, body: '{"test": 2432232314}' };
    expect(signature(key.value, message)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test.each(['', 'whsec_', 'whsec_c2hvcnQ=', 'not base64 !'])('%j is no secret to sign with', (text) => {
    expect(signingKey(secret(text)).ok).toBe(false);
  });

  test.each([
    ['30', 30_000],
    ['Tue, 24 Nov 2026 17:16:00 GMT', 60_000],
    ['Tue, 24 Nov 2026 17:14:00 GMT', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('a receiver that asks to be left alone (Retry-After: %s) is left alone for %s ms', async (retryAfter, ms) => {
    const receiver = await hook();
    receiver.status = 429;
    if (retryAfter !== undefined) receiver.retryAfter = retryAfter;
    const clock = { now: () => Date.parse(told.raise.at), at: () => () => {} };
    const sink = webhookSink({ id: 'hook', url: secret(receiver.url), key: KEY, clock });
    const answer = await sink.deliver(told.raise, new AbortController().signal);
    await sink.close();
    await receiver.stop();
    expect(answer.ok ? undefined : answer.error.retryAfterMs).toBe(ms);
  });

  test.each([
    [302, 'SINK_REFUSED'],
    [401, 'SINK_REFUSED'],
    [410, 'SINK_REFUSED'],
    [500, 'SINK_REFUSED'],
    [429, 'SINK_BUSY'],
    [503, 'SINK_BUSY'],
  ])('an answer of %i is a refusal, and the address is not shown', async (status, code) => {
    const receiver = await hook();
    receiver.status = status;
    const sink = webhookSink({ id: 'hook', url: secret(receiver.url), key: KEY });
    const answer = await sink.deliver(told.raise, new AbortController().signal);
    await sink.close();
    await receiver.stop();
    expect(answer).toMatchObject({ ok: false, error: { code } });
    expect(JSON.stringify(answer)).not.toContain('/hook');
  });
});

describe('chat rooms', () => {
  const link = 'https://ecluse.example/findings/5f1c';
  const text = (style: Style): string =>
    bodyOf(
      { ...told.raise, link, what: '<!channel> @here [x](http://evil) *all* & _more_' },
      { style, language: 'fr', texts: () => undefined },
    );

  test('Slack obeys nothing that stands in a rule', () => {
    const { text: said } = JSON.parse(text('slack')) as { readonly text: string };
    expect(said).toContain('&lt;!channel&gt; @here');
    expect(said).toContain('Gravité : critique, à traiter tout de suite, même la nuit');
  });

  test('Mattermost obeys nothing that stands in a rule, and shows no mark of ours', () => {
    const { text: said } = JSON.parse(text('mattermost')) as { readonly text: string };
    expect(said).toContain('<\\!channel\\> @\u200bhere \\[x\\]\\(http:\u200b//evil\\) \\*all\\* & \\_more\\_');
    // What it does not unescape it would show (inline rule `escape` of mattermost/marked).
    expect(said).not.toMatch(/\\[^`*{}[\]()#+\-.!_>|~\\]/);
    expect(said).toContain('Gravité : critique');
    expect(said).toContain(`Voir : <${link}>`);
  });

  test('Teams gets a card in which nothing is Markdown, and a way to the finding', () => {
    const message = JSON.parse(text('teams')) as {
      readonly type: string;
      readonly attachments: readonly [{ readonly content: { readonly body: readonly { readonly type: string }[] } }];
    };
    expect(message).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: {
            type: 'AdaptiveCard',
            version: '1.4',
            actions: [{ type: 'Action.OpenUrl', url: link }],
          },
        },
      ],
    });
    const { body } = message.attachments[0].content;
    expect(body[0]).toMatchObject({ type: 'RichTextBlock', inlines: [{ type: 'TextRun', weight: 'Bolder' }] });
    expect(new Set(body.map(({ type }) => type))).toEqual(new Set(['RichTextBlock']));
    expect(JSON.stringify(body)).toContain('<!channel> @here [x](http://evil) *all* & _more_');
  });

  test.each(['teams', 'mattermost', 'slack'] as const)('%s is told which event it is', (style) => {
    expect(idIn[style](bodyOf(told.raise, { style, language: 'en', texts: () => undefined }))).toBe(told.raise.id);
  });
});
