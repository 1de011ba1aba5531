import { describe, expect, test } from 'vitest';
import { snpReferenceValues } from '../../../../src/core/attest/snp/reference-values.ts';
import { parseAs } from '../../../../src/core/schema.ts';
import { snpCase } from '../../../platforms/snp.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const parse = (value: unknown) => parseAs(snpReferenceValues, value, 'snp');
const values = snpCase().referenceValues;
const [milan] = values.products;
const [turin] = snpCase({ product: 'Turin' }).referenceValues.products;
const [image] = values.images;

test('reference values are read as they were written', () => {
  expect(parse(values)).toEqual(values);
  expect(parse({ ...values, products: [milan, turin] })).toEqual({ ...values, products: [milan, turin] });
});

describe('reference values are refused', () => {
  test.each(Object.keys(values))('without %s', (field) => {
    expect(() => parse({ ...values, [field]: undefined })).toThrow(code('malformed'));
  });

  test.each<[string, object]>([
    ['with a field that no rule knows', { debug: true }],
    ['with a product whose root is not published', { products: [{ ...turin, product: 'Venice' }] }],
    ['with a product twice', { products: [milan, milan] }],
    ['with a floor for the FMC of a Milan', { products: [{ ...milan, floor: turin?.floor }] }],
    ['without a floor for the FMC of a Turin', { products: [{ ...turin, floor: milan?.floor }] }],
    ['with a floor that lacks a component', { products: [{ ...milan, floor: { ...milan?.floor, tee: undefined } }] }],
    ['with a floor above 255', { products: [{ ...milan, floor: { ...milan?.floor, snp: 256 } }] }],
    ['with a product without a root', { products: [{ ...milan, root: '' }] }],
    ['with a signer that is none', { signers: ['none'] }],
    ['with an image without a name', { images: [{ ...image, name: '' }] }],
    ['with two images of one name', { images: [image, { ...image, measurement: 'ee'.repeat(48) }] }],
    ['with an image that leaves out what is not compared', { images: [{ ...image, hostData: undefined }] }],
    ['with a measurement of another length', { images: [{ ...image, measurement: '00' }] }],
    ['with a measurement in capitals', { images: [{ ...image, measurement: 'AB'.repeat(48) }] }],
    ['with a policy written as a number', { policies: ['0x30000'] }],
    ['with a VMPL that does not exist', { vmpls: [4] }],
    ['with bits that are no register', { platformInfo: { set: '25', clear: '0000000000000000' } }],
    ['with a chip id of eight bytes', { chips: ['00'.repeat(8)] }],
    ['with a list that is optional', { crl: 'optional' }],
    ['with grace of less than nothing', { graceMs: -1 }],
    ['with grace without end', { graceMs: 400 * 86_400_000 }],
  ])('%s', (_what, changes) => {
    expect(() => parse({ ...values, ...changes })).toThrow(code('malformed'));
  });
});
