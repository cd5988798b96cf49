import { createHash, createHmac } from 'node:crypto';
import { failure, type Result, success } from '../../../lib/result.js';
import type { Secret } from '../../../lib/secret.js';

/** Standard Webhooks 1.0.0: `whsec_` and 24 to 64 bytes in base64. */
export function signingKey(secret: Secret): Result<Buffer, string> {
  const encoded = /^(?:whsec_)?(?<base64>[A-Za-z0-9+/]+={0,2})$/.exec(secret.reveal().trim())?.groups?.base64;
  const key = Buffer.from(encoded ?? '', 'base64');
  if (key.length >= 24 && key.length <= 64) return success(key);
  return failure('`whsec_` and 24 to 64 random bytes in base64');
}

/** The same event has the same id however often it is sent: a receiver can tell. */
export function messageId(eventId: string): string {
  return `msg_${createHash('sha256').update(eventId).digest('hex').slice(0, 32)}`;
}

export function signature(key: Buffer, message: { readonly id: string; readonly at: number; readonly body: string }) {
  const signed = `${message.id}.${message.at}.${message.body}`;
  return `v1,${createHmac('sha256', key).update(signed, 'utf8').digest('base64')}`;
}
