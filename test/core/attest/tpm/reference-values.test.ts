import { describe, expect, test } from 'vitest';
import { tpmReferenceValues as schema } from '../../../../src/core/attest/tpm/reference-values.ts';
import { parseAs } from '../../../../src/core/schema.ts';
import { azureCase } from '../../../platforms/azure.ts';
import { akName, publicArea, tpmReferenceValues } from '../../../platforms/tpm.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const parse = (changes: object) => () => parseAs(schema, { ...tpmReferenceValues(), ...changes }, 'reference values');
const VALUE = '11'.repeat(32);
const IMAGE = { name: 'ocr-host 1.3', pcrs: [{ index: 7, value: VALUE }] };
const withPcrs = (...pcrs: object[]) => ({ images: [{ ...IMAGE, pcrs }] });

describe('reference values of TPMs', () => {
  test('are taken as they are written', () => {
    expect(parse({})()).toEqual(tpmReferenceValues());
    const activated = [akName(publicArea('ECDSA')), akName(publicArea('ECDSA-P384'))];
    expect(parse({ activated, firmware: ['2019102300163636'] })()).toMatchObject({ activated });
    const images = Array.from({ length: 64 }, (_, i) => ({
      name: `image ${i}`,
      pcrs: Array.from({ length: 24 }, (_, index) => ({ index, value: VALUE })),
    }));
    expect(parse({ images })()).toMatchObject({ images });
    expect(parse({ images: [] })()).toMatchObject({ images: [] });
    const of384 = [{ ...IMAGE, pcrs: [{ index: 7, value: '11'.repeat(48) }] }];
    expect(parse({ images: of384 })()).toMatchObject({ images: of384 });
    expect(parse({ akPurposes: [] })()).toMatchObject({ akPurposes: [] });
    const { paravisor } = azureCase().referenceValues;
    expect(parse({ paravisor })()).toMatchObject({ paravisor });
  });

  test.each([
    ['without the word on a TPM alone', { alone: undefined }],
    ['without anchors', { anchors: undefined }],
    ['that do not say which purposes an AK certificate may have', { akPurposes: undefined }],
    ['with a purpose that is no object identifier', { akPurposes: ['2.23.0133.8.1'] }],
    ['with a purpose twice', { akPurposes: ['none', 'none'] }],
    ['with nine purposes', { akPurposes: Array.from({ length: 9 }, (_, i) => `2.23.133.8.${i}`) }],
    ['with PCRs of two banks in an image', withPcrs({ index: 4, value: VALUE }, { index: 7, value: '11'.repeat(48) })],
    ['with an AK name by SHA-384 of 32 bytes', { activated: [`000c${VALUE}`] }],
    ['with an anchor that is no bytes', { anchors: [''] }],
    ['with an AK name by SHA-1', { activated: [`0004${'11'.repeat(20)}`] }],
    ['with an AK name in capitals', { activated: [`000B${VALUE}`] }],
    ['without images', { images: undefined }],
    ['with 65 images', { images: Array.from({ length: 65 }, (_, i) => ({ ...IMAGE, name: `image ${i}` })) }],
    ['with two images of one name', { images: [IMAGE, { ...IMAGE, pcrs: [{ index: 4, value: VALUE }] }] }],
    ['with an image without a name', { images: [{ ...IMAGE, name: '' }] }],
    ['with an image whose name shows as nothing', { images: [{ ...IMAGE, name: '\u200b' }] }],
    ['with an image whose name is 65 characters', { images: [{ ...IMAGE, name: 'a'.repeat(65) }] }],
    ['with an image without PCRs', withPcrs()],
    ['with an image of 25 PCRs', withPcrs(...Array.from({ length: 25 }, (_, index) => ({ index, value: VALUE })))],
    ['with PCR 24', withPcrs({ index: 24, value: VALUE })],
    ['with PCR -1', withPcrs({ index: -1, value: VALUE })],
    ['with a PCR twice in an image', withPcrs({ index: 7, value: VALUE }, { index: 7, value: VALUE })],
    ['with PCRs in descending order', withPcrs({ index: 7, value: VALUE }, { index: 4, value: VALUE })],
    ['with a PCR of SHA-1', withPcrs({ index: 7, value: '11'.repeat(20) })],
    ['with a PCR in capitals', withPcrs({ index: 7, value: 'AB'.repeat(32) })],
    ['with a PCR without a value', withPcrs({ index: 7 })],
    ['with a PCR of several values', withPcrs({ index: 7, value: VALUE, values: [VALUE] })],
    ['with values of PCRs that belong to no image', { pcrs: IMAGE.pcrs }],
    ['with firmware of 7 bytes', { firmware: ['20191023001636'] }],
    ['with a paravisor that names one platform only', { paravisor: { snp: null } }],
    ['with a member that no rule knows', { eventLog: null }],
  ])('are refused %s', (_, changes) => {
    expect(parse(changes)).toThrow(code('malformed'));
  });
});
