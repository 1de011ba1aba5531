import { describe, expect, test } from 'vitest';
import { tpmReferenceValues as schema } from '../../../../src/core/attest/tpm/reference-values.ts';
import { parseAs } from '../../../../src/core/schema.ts';
import { azureCase } from '../../../platforms/azure.ts';
import { akName, publicArea, tpmReferenceValues } from '../../../platforms/tpm.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const parse = (changes: object) => () => parseAs(schema, { ...tpmReferenceValues(), ...changes }, 'reference values');
const VALUE = '11'.repeat(32);

describe('reference values of TPMs', () => {
  test('are taken as they are written', () => {
    expect(parse({})()).toEqual(tpmReferenceValues());
    const activated = [akName(publicArea('ECDSA'))];
    expect(parse({ activated, firmware: ['2019102300163636'] })()).toMatchObject({ activated });
    const { paravisor } = azureCase().referenceValues;
    expect(parse({ paravisor })()).toMatchObject({ paravisor });
  });

  test.each([
    ['without the word on a TPM alone', { alone: undefined }],
    ['without anchors', { anchors: undefined }],
    ['with an anchor that is no bytes', { anchors: [''] }],
    ['with an AK name by SHA-1', { activated: [`0004${'11'.repeat(20)}`] }],
    ['with an AK name in capitals', { activated: [`000B${VALUE}`] }],
    ['with PCR 24', { pcrs: [{ index: 24, values: [VALUE] }] }],
    [
      'with a PCR twice',
      {
        pcrs: [
          { index: 7, values: [VALUE] },
          { index: 7, values: [] },
        ],
      },
    ],
    ['with a PCR of SHA-1', { pcrs: [{ index: 7, values: ['11'.repeat(20)] }] }],
    ['with firmware of 7 bytes', { firmware: ['20191023001636'] }],
    ['with a paravisor that names one platform only', { paravisor: { snp: null } }],
    ['with a member that no rule knows', { eventLog: null }],
  ])('are refused %s', (_, changes) => {
    expect(parse(changes)).toThrow(code('malformed'));
  });
});
