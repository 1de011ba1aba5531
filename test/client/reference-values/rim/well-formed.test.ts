import { describe, expect, test } from 'vitest';
import { requireWellFormed } from '../../../../client/reference-values/rim/well-formed.ts';
import { parseXml } from '../../../../client/reference-values/rim/xml.ts';

const malformed = expect.objectContaining({ code: 'malformed' });
const times = (count: number, unit: (i: number) => string) => Array.from({ length: count }, (_, i) => unit(i)).join('');
const nested = (levels: number) => '<a>'.repeat(levels) + '</a>'.repeat(levels);

describe('XML is well-formed', () => {
  test.each([
    '<a/>',
    '\n<a></a>\n',
    '<a >b</a >',
    `<a b="1" c='2'/>`,
    '<a b = "it\'s">\u00e9 \u{1f600}</a>',
    '<a b="&lt;&amp;&quot;">&gt;&apos;&#10;&#x1F600;</a>',
    '<p:a xmlns:p="urn:p" p:b="1" b="2"><p:c/></p:a>',
    '<a xmlns="urn:d" xmlns:p="urn:p"><b p:c=""/></a>',
    '<a><b xmlns:p="urn:1"><p:c/></b><b xmlns:p="urn:2"><p:c/></b></a>',
    nested(16),
    `<r>${'<a/>'.repeat(255)}</r>`,
    `<r ${times(128, (i) => `a${i}="" `)}/>`,
  ])('%s', (xml) => {
    requireWellFormed(xml);
    expect(parseXml(xml).localName).toMatch(/^[ar]$/);
  });
});

describe('XML is refused with', () => {
  test.each([
    ['nothing', ''],
    ['text alone', 'a'],
    ['text before the root', 'a<a/>'],
    ['text after the root', '<a/>a'],
    ['two roots', '<a/><b/>'],
    ['no end', '<a>'],
    ['an end too many', '<a/></a>'],
    ['ends in another order', '<a><b></a></b>'],
    ['an end of another case', '<a></A>'],
    ['a bare &', '<a>b & c</a>'],
    ['a bare & at the end', '<a>b&</a>'],
    ['a bare & in an attribute', '<a b="c&d"/>'],
    ['an entity that is not declared', '<a>&nbsp;</a>'],
    ['a reference that does not end', '<a>&amp</a>'],
    ['a reference to no character', '<a>&#0;</a>'],
    ['a reference to a surrogate', '<a>&#xD800;</a>'],
    ['a reference beyond Unicode', '<a>&#x110000;</a>'],
    ['a reference in upper case', '<a>&#X41;</a>'],
    ['a control character', '<a>\u0001</a>'],
    ['a character that is none', '<a>\uffff</a>'],
    ['the end of a section', '<a>]]></a>'],
    ['< in an attribute', '<a b="<"/>'],
    ['an attribute without quotes', '<a b=c/>'],
    ['an attribute without a value', '<a b/>'],
    ['attributes without space between', '<a b=""c=""/>'],
    ['an attribute twice', '<a b="1" b="2"/>'],
    ['an attribute twice, by its namespace', '<a xmlns:p="urn:p" xmlns:q="urn:p" p:b="1" q:b="2"/>'],
    ['a prefix that is not declared', '<p:a/>'],
    ['a prefix that is declared elsewhere', '<a><b xmlns:p="urn:p"/><p:c/></a>'],
    ['a prefix of an attribute that is not declared', '<a p:b=""/>'],
    ['a prefix that is taken back', '<a xmlns:p="urn:p"><b xmlns:p=""/></a>'],
    ['the prefix xmlns', '<a xmlns:xmlns="urn:p"/>'],
    ['two colons', '<a xmlns:p="urn:p"><p:b:c/></a>'],
    ['a name that begins with a digit', '<1a/>'],
    ['a space before the name', '< a/>'],
    ['17 elements inside one another', nested(17)],
    ['257 elements', `<r>${'<a/>'.repeat(256)}</r>`],
    ['129 attributes', `<r ${times(129, (i) => `a${i}="" `)}/>`],
    ['a megabyte of elements inside one another', nested(150_000)],
    ['a megabyte of elements', `<r>${'<a/>'.repeat(250_000)}</r>`],
    ['a megabyte of attributes', `<r ${times(100_000, (i) => `a${i}="" `)}/>`],
  ])('%s', (_, xml) => {
    expect(() => requireWellFormed(xml)).toThrow(malformed);
    expect(() => parseXml(xml)).toThrow(malformed);
  });

  test('a megabyte that goes too deep, before anything that follows is looked at', () => {
    const message = /at most 16 elements inside one another/;
    expect(() => requireWellFormed('<a>'.repeat(300_000))).toThrow(message);
    expect(() => requireWellFormed(`${'<a>'.repeat(17)}<`)).toThrow(message);
  });
});
