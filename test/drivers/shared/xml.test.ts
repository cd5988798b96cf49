import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseElement, type XmlElement } from '../../../agent/drivers/shared/index.js';

const element = (text: string): XmlElement => {
  const found = parseElement(text);
  if (typeof found === 'string') throw new Error(found);
  return found;
};

describe('a short XML text', () => {
  test('is its one element, with attributes, text and children', () => {
    const read = element('<?xml version="1.0"?><!-- c --><a x="1 &gt; 0" y=\'"\'>t<b z="a>b"/><![CDATA[<&]]></a>\n');
    expect([...read.attributes]).toEqual([
      ['x', '1 > 0'],
      ['y', '"'],
    ]);
    expect(read.text).toBe('t<&');
    expect(read.children.map(({ tag, attributes }) => [tag, attributes.get('z')])).toEqual([['b', 'a>b']]);
  });

  test.each([
    ['', 'there is no element'],
    ['<a>', 'is not closed'],
    ['<a></b>', 'closes what is not open'],
    ['<a/><b/>', 'a second document'],
    ['x<a/>', 'text outside'],
    ['<a>&b;</a>', 'entity'],
    ['<a x="1" x="2"/>', 'attributes'],
    ['<a x=1/>', 'attributes'],
    ['<!DOCTYPE a><a/>', 'is no element'],
    ['<a', 'no end'],
    ['<![CDATA[x]]>', 'text outside'],
    ['<a>'.repeat(200), 'too deep'],
  ])('%j is none', (text, why) => expect(parseElement(text)).toEqual(expect.stringContaining(why)));

  test('says what was written, whatever that is, and never throws', () => {
    const written = (text: string): string =>
      text.replace(/[&<>"'\u0000-\u001f\u0085\u2028\u2029]/g, (one) => `&#${one.codePointAt(0)};`);
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
    const text = fc.string().map((one) => one.replaceAll('\u0000', ''));
    fc.assert(
      fc.property(name, text, text, (tag, value, inside) => {
        const read = element(`<${tag} v="${written(value)}">${written(inside)}</${tag}>`);
        expect([read.tag, read.attributes.get('v'), read.text]).toEqual([tag, value, inside]);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('<', '>', '/', 'a', '"', "'", '=', '&', ';', '<![CDATA[', ']]>', '<!--', ' ')),
        (parts) => {
          parseElement(parts.join(''));
        },
      ),
      { numRuns: 500 },
    );
  });
});
