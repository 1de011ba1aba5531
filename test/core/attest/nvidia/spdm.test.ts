import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSpdm } from '../../../../src/core/attest/nvidia/spdm.ts';
import { concat, fromHex, toHex, u8, utf8 } from '../../../../src/core/bytes.ts';
import {
  makeDevice,
  measured,
  measurementBlock,
  opaqueField,
  switchId,
  TEST_DRIVER,
  TEST_FWID,
  TEST_NONCE,
  TEST_VBIOS,
} from '../../../platforms/nvidia.ts';

const malformed = (message: RegExp) =>
  expect.objectContaining({ code: 'malformed', message: expect.stringMatching(message) });
const parse = (...options: Parameters<typeof makeDevice>) => parseSpdm(makeDevice(...options).spdm);
/** Replaces bytes of a message before it is signed. */
const put = (offset: number, hex: string) => (message: Uint8Array) =>
  concat(message.subarray(0, offset), fromHex(hex), message.subarray(offset + hex.length / 2));

const BLOCK_BYTES = 55;
const RECORD = 45;

describe('a report', () => {
  test('is read field by field', () => {
    const report = parse();
    expect(toHex(report.requestNonce)).toBe(toHex(TEST_NONCE));
    expect(toHex(report.responseNonce)).toBe('5e'.repeat(32));
    expect(report.signed.length + 96).toBe(makeDevice().spdm.length);
    expect(report.measurements.size).toBe(64);
    expect(report.measurements.get(64)).toEqual(measured(64));
    expect(report.opaque).toEqual({
      driver: TEST_DRIVER,
      vbios: TEST_VBIOS,
      project: '1010',
      projectSku: '0205',
      chipSku: '862',
      nvdec0: 'aa',
      ppcie: '55',
      featureFlag: '0000',
      fwid: TEST_FWID,
      switchIds: null,
    });
    expect(report.trailingBytes).toBe(0);
  });

  test('of an NVSwitch has a VBIOS version in text, and no driver', () => {
    const { opaque } = parse({ architecture: 'nvswitch' });
    expect(opaque).toMatchObject({ vbios: TEST_VBIOS, driver: null, project: null, fwid: null });
  });

  test('names the switches of its links, and a switch itself', () => {
    const [first, last] = [3, 4].map((seed) => switchId(seed).toReversed());
    const links = parse({ switches: [3, 4] }).opaque.switchIds ?? [];
    expect(links.slice(0, 4)).toEqual([first, last, new Uint8Array(8), first]);
    expect(links.length).toBe(18);
    expect(parse({ architecture: 'nvswitch', seed: 3 }).opaque.switchIds).toEqual([switchId(3)]);
  });

  test('may be followed by two bytes, which are counted, and by no third', () => {
    expect(parse({ trailing: u8(0) }).trailingBytes).toBe(1);
    expect(parse({ trailing: utf8('\r\n') })).toMatchObject({ trailingBytes: 2 });
    expect(() => parse({ trailing: new Uint8Array(3) })).toThrow(malformed(/at most 2 bytes after the signature/));
  });

  test('is refused at every length that cuts it short', () => {
    const { spdm } = makeDevice({ blocks: 2 });
    for (let length = 0; length < spdm.length; length++) {
      expect(() => parseSpdm(spdm.subarray(0, length)), `${length} bytes`).toThrow(malformed(/^spdm/));
    }
  });

  test.each([
    ['a request of another version', put(0, '12'), /request: expected 11e001ff at offset 0, got 12e001ff/],
    ['another request', put(1, 'e1'), /request/],
    ['a request for no signature', put(2, '00'), /request/],
    ['a request for one measurement', put(3, '01'), /request/],
    ['a response of another version', put(37, '12'), /response: expected 11600000 at offset 37, got 12600000/],
    ['another response', put(38, '7f'), /response/],
    ['a response with a parameter', put(39, '01'), /response/],
    ['a response for another slot than was asked for', put(40, '01'), /response/],
    ['more blocks than there are', put(41, '41'), /record: expected 1 bytes at offset 3520/],
    ['fewer blocks than there are', put(41, '3f'), /record: expected the end, got 55 bytes/],
    ['a record that is longer than the message', put(42, 'ffffff'), /expected 16777215 bytes at offset 45/],
    ['an index that is repeated', put(RECORD + BLOCK_BYTES, '01'), /an index above 1, got 1/],
    ['an index out of order', put(RECORD, '03'), /an index above 3, got 2/],
    ['the index 0', put(RECORD, '00'), /an index above 0, got 0/],
    ['another specification', put(RECORD + 1, '02'), /measurement 1: expected specification 1, got 2/],
    [
      'a measurement that is longer than its block',
      put(RECORD + 2, '3400'),
      /measurement 1: expected the end, got 1 byte after/,
    ],
    ['a measurement that is shorter than its value', put(RECORD + 2, '3200'), /measurement 1: expected 48 bytes/],
    ['a raw value instead of a digest', put(RECORD + 4, '81'), /measurement 1: expected a digest, got type 129/],
    ['a digest of another length', put(RECORD + 5, '2000'), /measurement 1: expected 48 bytes, got 32/],
  ])('with %s is refused', (_, edit, message) => {
    expect(() => parse({ edit })).toThrow(malformed(message));
  });

  test('without any measurement is read, and says so', () => {
    expect(parse({ blocks: 0 }).measurements.size).toBe(0);
  });
});

describe('opaque data', () => {
  test.each([
    ['a driver in control characters', { 3: fromHex('0735') }, /printable ASCII/],
    ['a driver with something after its padding', { 3: fromHex('350035') }, /printable ASCII/],
    ['a driver that is not ASCII', { 3: utf8('5é') }, /printable ASCII/],
    ['a VBIOS version with a sixth byte', { 6: fromHex('005e009604010000') }, /five bytes/],
    ['a VBIOS version of another length', { 6: utf8('96.00') }, /expected a VBIOS version/],
    ['a VBIOS version in lower case', { 6: utf8('96.00.5e.00.04') }, /expected a VBIOS version/],
    ['two bytes of NVDEC0', { 11: fromHex('5500') }, /expected 1 bytes of field 11, got 2/],
    ['no byte of protected PCIe', { 21: new Uint8Array() }, /expected 1 bytes of field 21, got 0/],
    ['one byte of feature flag', { 36: u8(0) }, /expected 2 bytes of field 36, got 1/],
    ['ids of switches that are cut short', { 22: new Uint8Array(15) }, /ids of 8 bytes in field 22, got 15 bytes/],
    ['more ids of switches than 64', { 22: new Uint8Array(65 * 8) }, /at most 64 ids of 8 bytes/],
    ['an FWID of SHA-256', { 20: new Uint8Array(32) }, /expected 48 bytes of field 20, got 32/],
  ])('with %s are refused', (_, opaque, message) => {
    expect(() => parse({ opaque })).toThrow(malformed(message));
  });

  test('with one field twice are refused: either might be meant', () => {
    const twice = (message: Uint8Array) =>
      withOpaque(message, opaqueField(3, utf8('1.1')), opaqueField(3, utf8('1.2')));
    expect(() => parse({ blocks: 0, edit: twice })).toThrow(malformed(/field 3 is repeated/));
  });

  test('that end inside a field are refused', () => {
    const cut = (message: Uint8Array) => withOpaque(message, opaqueField(3, utf8('1.1')).subarray(0, 6));
    expect(() => parse({ blocks: 0, edit: cut })).toThrow(
      malformed(/opaque data: expected 3 bytes at offset 4, got 2/),
    );
  });

  test('may have fields that are not known', () => {
    expect(parse({ opaque: { 999: utf8('new') } }).opaque.driver).toBe(TEST_DRIVER);
  });

  test('with nothing but padding say nothing', () => {
    expect(parse({ opaque: { 17: new Uint8Array(5), 3: new Uint8Array() } }).opaque).toMatchObject({
      project: null,
      driver: null,
    });
  });
});

/** A message without measurements, with other opaque data. */
function withOpaque(message: Uint8Array, ...fields: Uint8Array[]): Uint8Array {
  const opaque = concat(...fields);
  return concat(message.subarray(0, RECORD + 32), u8(opaque.length), u8(0), opaque);
}

test('every list of measurements comes back', () => {
  const values = fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { maxLength: 20 });
  fc.assert(
    fc.property(values, fc.uint8Array({ minLength: 48, maxLength: 48 }), (indices, value) => {
      const sorted = [...indices].sort((a, b) => a - b);
      const record = concat(...sorted.map((index) => measurementBlock(index, value)));
      const length = Uint8Array.of(record.length & 0xff, record.length >> 8, 0);
      const { spdm } = EMPTY;
      const bytes = concat(spdm.subarray(0, 41), u8(sorted.length), length, record, spdm.subarray(RECORD));
      expect([...parseSpdm(bytes).measurements]).toEqual(sorted.map((index) => [index, value]));
    }),
    { numRuns: 50 },
  );
});

const EMPTY = makeDevice({ blocks: 0 });

test('no bytes are refused without a code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, headed) => {
      const given = headed ? concat(EMPTY.spdm.subarray(0, 41), bytes) : bytes;
      try {
        parseSpdm(given);
      } catch (error) {
        expect(error).toMatchObject({ code: 'malformed' });
      }
    }),
    { numRuns: 200 },
  );
});
