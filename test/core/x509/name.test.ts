import { describe, expect, test } from 'vitest';
import { concat, fromHex, utf8 } from '../../../src/core/bytes.ts';
import { attributesOf, commonName, subjectText } from '../../../src/core/x509/name.ts';
import { name, oid, tlv } from './certificate-kit.ts';

const MALFORMED = expect.objectContaining({ code: 'malformed' });
const COMMON_NAME = '2.5.4.3';
const attribute = (tag: number, value: Uint8Array) => tlv(0x31, tlv(0x30, oid(COMMON_NAME), tlv(tag, value)));
const subject = (...sets: Uint8Array[]) => ({ subject: tlv(0x30, ...sets) });

describe('a common name', () => {
  test.each([0x0c, 0x13, 0x16])('is read from a string of tag %i', (tag) => {
    expect(commonName(subject(attribute(tag, utf8('SEV-VCEK'))))).toBe('SEV-VCEK');
  });

  test('is null where there is none', () => {
    expect(commonName(subject())).toBeNull();
    expect(commonName({ subject: name({ '2.5.4.10': 'Vendor' }) })).toBeNull();
  });

  test.each<[string, Uint8Array]>([
    ['twice', tlv(0x30, attribute(0x0c, utf8('a')), attribute(0x0c, utf8('b')))],
    ['in BMPString', tlv(0x30, attribute(0x1e, fromHex('0041')))],
    ['in UTF-8 that is not', tlv(0x30, attribute(0x0c, fromHex('ff')))],
    ['with something behind it', tlv(0x30, tlv(0x31, tlv(0x30, oid(COMMON_NAME), tlv(0x0c, utf8('a')), tlv(0x05))))],
    ['cut short', concat(fromHex('300a'), attribute(0x0c, utf8('a')))],
    ['in a set that is none', tlv(0x31, attribute(0x0c, utf8('a')))],
  ])('is refused %s', (_, der) => {
    expect(() => commonName({ subject: der })).toThrow(MALFORMED);
  });
});

test('attributes come in order, several in one set too', () => {
  const unit = (value: string) => tlv(0x30, oid('2.5.4.11'), tlv(0x13, utf8(value)));
  const der = tlv(0x30, tlv(0x31, unit('a'), unit('b')), attribute(0x0c, utf8('x')), tlv(0x31, unit('c')));
  expect(attributesOf(der, '2.5.4.11')).toEqual(['a', 'b', 'c']);
});

test('a message shows a name without what could deceive, and no more than 64 characters', () => {
  expect(subjectText(subject(attribute(0x0c, utf8('ARK-Milan'))))).toBe('the certificate "ARK-Milan"');
  expect(subjectText(subject(attribute(0x0c, utf8('a"\n\u202eb'))))).toBe('the certificate "a???b"');
  expect(subjectText(subject(attribute(0x0c, utf8('x'.repeat(500)))))).toBe(`the certificate "${'x'.repeat(64)}"`);
  for (const unnamed of [subject(), subject(attribute(0x0c, utf8(''))), { subject: fromHex('ff') }]) {
    expect(subjectText(unnamed)).toBe('the certificate without a common name');
  }
});
