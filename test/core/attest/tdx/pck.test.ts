import { describe, expect, test } from 'vitest';
import { parsePck } from '../../../../src/core/attest/tdx/pck.ts';
import { concat, u8 } from '../../../../src/core/bytes.ts';
import { makePck, makeRoot, NAMES, PCK, sgxExtension, sgxFields, TDX_SERIALS } from '../../../platforms/tdx.ts';
import { basicConstraints, name, oid, tlv } from '../../x509/certificate-kit.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const FIELDS = sgxFields(PCK);
const without = (index: number) => FIELDS.filter((_, i) => i !== index);
const replaced = (index: number, value: Uint8Array) => FIELDS.map((field, i) => (i === index ? value : field));
const field = (last: string, value: Uint8Array) => tlv(0x30, oid(`1.2.840.113741.1.13.1.${last}`), value);
const octets = (length: number) => tlv(0x04, new Uint8Array(length));

describe('a PCK certificate', () => {
  test('says which platform it is of, and its SVNs', () => {
    const { certificate, ...said } = parsePck(makePck(FIELDS));
    expect(certificate.serial).toBe(TDX_SERIALS.pck);
    const { flags: _, ...fields } = PCK;
    const configuration = { dynamicPlatform: true, cachedKeys: false, smtEnabled: true };
    expect(said).toEqual({ ...fields, authority: 'platform', configuration });
  });

  test('of the processor authority has no platform instance and no configuration', () => {
    const fields = sgxFields({ ...PCK, platformInstance: null, flags: null });
    const pck = parsePck(makePck(fields, { issuer: NAMES.processor }));
    expect(pck).toMatchObject({ authority: 'processor', platformInstance: null, configuration: null });
  });

  test('may have SVNs up to 255 and a PCESVN up to 65535', () => {
    const components = Array.from({ length: 16 }, (_, i) => 255 - i);
    const pck = parsePck(makePck(sgxFields({ ...PCK, components, pceSvn: 65_535 })));
    expect(pck).toMatchObject({ components, pceSvn: 65_535 });
  });

  test('may have fields of a later profile', () => {
    expect(parsePck(makePck([...FIELDS, field('8', octets(1))])).ppid).toBe(PCK.ppid);
  });

  test.each(['1', '2', '3', '4', '5'])('without field %s is refused', (last) => {
    expect(() => parsePck(makePck(without(Number(last) - 1)))).toThrow(code('malformed'));
  });

  test('with a field twice is refused: either might be meant', () => {
    for (const index of FIELDS.keys()) {
      const twice = [...FIELDS, FIELDS[index] ?? new Uint8Array()];
      expect(() => parsePck(makePck(twice))).toThrow(/is repeated/);
    }
  });

  test.each([
    ['PPID of 15 bytes', 0, field('1', octets(15))],
    ['PCE id of 3 bytes', 2, field('3', octets(3))],
    ['FMSPC of 5 bytes', 3, field('4', octets(5))],
    ['type in two bytes', 4, field('5', tlv(0x0a, u8(0), u8(1)))],
    ['platform instance of 17 bytes', 5, field('6', octets(17))],
    ['configuration without flags', 6, field('7', tlv(0x30))],
    ['PPID with bytes after it', 0, field('1', concat(octets(16), octets(0)))],
    ['PPID of another type', 0, field('1', tlv(0x02, new Uint8Array(16)))],
  ])('with a %s is refused', (_, index, value) => {
    expect(() => parsePck(makePck(replaced(index, value)))).toThrow(code('malformed'));
  });

  test.each([
    ['an SVN of 256', { components: [256, ...PCK.components.slice(1)] }],
    ['fifteen SVNs', { components: PCK.components.slice(1) }],
    ['a CPUSVN of 15 bytes', { cpuSvn: '00'.repeat(15) }],
  ])('with %s is refused', (_, changes) => {
    expect(() => parsePck(makePck(sgxFields({ ...PCK, ...changes })))).toThrow(code('malformed'));
  });

  test('without the SGX extension is none', () => {
    expect(() => parsePck(makeRoot())).toThrow(code('malformed'));
  });

  test('of another authority than Intel’s two is none', () => {
    for (const issuer of [NAMES.root, name({}), name({ '2.5.4.3': 'constructor' })]) {
      expect(() => parsePck(makePck(FIELDS, { issuer }))).toThrow(code('malformed'));
    }
  });

  test('is refused at every length that cuts its SGX extension short', () => {
    const whole = concat(...FIELDS);
    // The last two fields may be left out whole.
    const [instance = 0, flags = 0] = FIELDS.slice(5).map((field) => field.length);
    const whole5 = whole.length - instance - flags;
    for (let length = 0; length < whole.length; length++) {
      if (length === whole5 || length === whole5 + instance) continue;
      const extensions = [basicConstraints(false), sgxExtension([whole.subarray(0, length)])];
      expect(() => parsePck(makePck([], { extensions }))).toThrow(code('malformed'));
    }
  });
});
