import type { ApiOutcome, ApiReply } from '../contract.js';
import { parseElement, type XmlElement } from '../shared/index.js';

/**
 * Replies of the firewall's web server (`<nws code="100" …><serverd ret="101" …><data format="list">…`), as the vendor's
 * published client for Python reads them (github.com/stormshield/python-SNS-API).
 */

/** Of the web server itself; 100 is good. */
const SESSION_OVER = /^(?:203|204|501|502)$/;
const NOT_LOGGED_IN = '205';
/** Of serverd, in an answer: 203 is an idle client, 204 too many of one level, 205 not enough rights. */
const OVER = '203';
const NO_RIGHT = /^20[456]$/;

/** The element, or why there is none. */
export function nwsOf({ status, text }: ApiReply): XmlElement | ApiOutcome {
  if (status !== 200) return { kind: 'broken', said: `HTTP ${status}` };
  const root = parseElement(text);
  if (typeof root === 'string') return { kind: 'broken', said: `the reply is no XML: ${root}` };
  if (root.tag !== 'nws') return { kind: 'broken', said: `the reply is <${root.tag}> and not <nws>` };
  return root;
}

export function isOutcome(found: XmlElement | ApiOutcome): found is ApiOutcome {
  return 'kind' in found;
}

/** In the words of the web server, on one line. */
export function saidBy({ attributes }: XmlElement): string {
  return oneLine([attributes.get('code'), attributes.get('msg')].filter((part) => part !== undefined).join(' '));
}

/** Why the web server passed nothing on; undefined where it did. */
export function refusalOf(nws: XmlElement): ApiOutcome | undefined {
  const code = nws.attributes.get('code') ?? '';
  if (code === '100') return undefined;
  if (SESSION_OVER.test(code)) return { kind: 'ended', said: saidBy(nws) };
  if (code === NOT_LOGGED_IN) return { kind: 'loginRefused', said: saidBy(nws) };
  return { kind: 'broken', said: saidBy(nws) };
}

/** An answer as the console of commands prints it, so that one reader serves both. */
export function answerOf(reply: ApiReply): ApiOutcome {
  const nws = nwsOf(reply);
  if (isOutcome(nws)) return nws;
  const refusal = refusalOf(nws);
  if (refusal) return refusal;
  const [first, second, ...more] = nws.children.filter(({ tag }) => tag === 'serverd');
  if (!first || more.length > 0) return { kind: 'broken', said: 'an answer has one or two parts of serverd' };
  const last = second ?? first;
  const ret = last.attributes.get('ret') ?? '';
  const said = oneLine(`${ret} ${last.attributes.get('msg') ?? ''}`);
  if (ret === OVER) return { kind: 'ended', said };
  if (NO_RIGHT.test(ret)) return { kind: 'denied', said };
  if (!/^1\d\d$/.test(ret)) return { kind: 'broken', said };
  if (!second) return { kind: 'answer', text: `${frameOf(first)}\n` };
  const data = first.children.find(({ tag }) => tag === 'data');
  if (!data) return { kind: 'broken', said: 'the answer begins, and holds no data' };
  const lines = linesOf(data);
  if (!lines) return { kind: 'broken', said: `data of the form ${oneLine(data.attributes.get('format') ?? '')}` };
  const begin = `${frameOf(first)} format="${data.attributes.get('format')}"`;
  const total = data.attributes.get('total_lines') ?? data.attributes.get('total');
  return {
    kind: 'answer',
    text: [total === undefined ? begin : `${begin} total="${oneLine(total)}"`, ...lines, frameOf(last), ''].join('\n'),
  };
}

function frameOf({ attributes }: XmlElement): string {
  const code = /^[0-9a-f]{1,8}$/i.test(attributes.get('code') ?? '') ? attributes.get('code') : '00000000';
  return `${attributes.get('ret')} code=${code} msg="${quotable(attributes.get('msg') ?? '')}"`;
}

/** Undefined where the data has a form that is not asked for, or an element that does not belong into it. */
function linesOf(data: XmlElement): readonly string[] | undefined {
  const format = data.attributes.get('format');
  const lines: string[] = [];
  for (const section of data.children) {
    if (section.tag !== 'section') return undefined;
    lines.push(`[${oneLine(section.attributes.get('title') ?? '').replaceAll(/[[\]]/g, '?')}]`);
    for (const child of section.children) {
      const line = lineOf(child, format);
      if (line === undefined) return undefined;
      lines.push(line);
    }
  }
  return format === 'section' || format === 'section_line' || format === 'list' ? lines : undefined;
}

function lineOf(element: XmlElement, format: string | undefined): string | undefined {
  if (format === 'section' && element.tag === 'key') return keyOf(element);
  if (element.tag !== 'line') return undefined;
  if (format === 'list') return oneLine(element.text);
  if (format !== 'section_line' || element.children.some(({ tag }) => tag !== 'key')) return undefined;
  return element.children.map(keyOf).join(' ');
}

function keyOf({ attributes }: XmlElement): string {
  const value = quotable(attributes.get('value') ?? '');
  const isBare = /^[^\s"\\=#]+$/.test(value);
  return `${oneLine(attributes.get('name') ?? '').replaceAll(/[\s=[\]#]/g, '?')}=${isBare ? value : `"${value}"`}`;
}

/** A name or a remark is whatever somebody typed; it must not look like a line of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\u0085\u2028\u2029]+/g, ' ').trim();
}

function quotable(text: string): string {
  return oneLine(text).replaceAll(/["\\]/g, '\\$&');
}
