import { describe, expect, test } from 'vitest';
import type { PcrImage } from '../../../../src/core/attest/kit/pcr-image.ts';
import type { TpmReport } from '../../../../src/core/attest/tpm/report.ts';
import { imageOf, PCRS, tpmReferenceValues, tpmReport } from '../../../platforms/tpm.ts';
import { broken, reach } from './reach.ts';

const OTHER = '11'.repeat(32);

/** The image with other values in some of its PCRs. */
const changed = ({ name, pcrs }: PcrImage, indices: readonly number[]): PcrImage => ({
  name,
  pcrs: pcrs.map(({ index, value }) => ({ index, value: indices.includes(index) ? OTHER : value })),
});

const ALL = PCRS.map(({ index }) => index);
const NEW = imageOf('ocr-host 1.3', [4, 7, 10]);
const OLD = changed(imageOf('ocr-host 1.2', [4, 7, 10]), [4, 7]);

async function imageRule(images: readonly PcrImage[], report: TpmReport = tpmReport()) {
  const { rules } = await reach(report, { values: tpmReferenceValues({ images: [...images] }) });
  return rules.find(({ rule }) => rule === 'tpm.image');
}

const failure = (images: readonly PcrImage[], report: TpmReport = tpmReport()) =>
  broken(report, { values: tpmReferenceValues({ images: [...images] }) });

describe('tpm.image', () => {
  test('is the name of the image that matches, at every place in the list', async () => {
    for (const images of [
      [OLD, NEW],
      [NEW, OLD],
    ]) {
      const expected = images.map(({ name }) => name).join(', ');
      const got = 'ocr-host 1.3; not compared: PCR 0 1 2 3 5 6';
      expect(await imageRule(images)).toEqual({ rule: 'tpm.image', expected, got, pass: true });
    }
  });

  test('says which of the quoted PCRs the image leaves open', async () => {
    expect((await imageRule([imageOf('one', [10])]))?.got).toBe('one; not compared: PCR 0 1 2 3 4 5 6 7');
    expect((await imageRule([imageOf('most', ALL.slice(1))]))?.got).toBe('most; not compared: PCR 0');
    expect((await imageRule([imageOf('all', ALL)]))?.got).toBe('all');
  });

  test('is the first of two that match', async () => {
    const whole = imageOf('every PCR', ALL);
    expect(await imageRule([whole, NEW])).toMatchObject({ got: 'every PCR', pass: true });
    expect(await imageRule([NEW, whole])).toMatchObject({ got: expect.stringMatching(/^ocr-host 1.3;/), pass: true });
  });

  test('refuses the kernel of one image with the command line of another', async () => {
    const first = changed(NEW, [4]);
    const second = { ...changed(NEW, [7]), name: 'ocr-host 1.4' };
    // Each quoted value is of one image of the list, and all of them of none.
    expect(await failure([first, second])).toEqual({
      'tpm.image': 'none; nearest ocr-host 1.3 differs in PCR 4',
    });
  });

  test('refuses another value of any of its PCRs, and no other value elsewhere', async () => {
    const image = imageOf('ocr-host 1.3', [0, 4, 7, 10]);
    for (const at of ALL) {
      const pcrs = PCRS.map((pcr) => (pcr.index === at ? { ...pcr, value: OTHER } : pcr));
      const isListed = image.pcrs.some(({ index }) => index === at);
      const got = isListed ? { 'tpm.image': `none; nearest ocr-host 1.3 differs in PCR ${at}` } : {};
      expect(await failure([image], tpmReport({ pcrs }))).toEqual(got);
    }
  });

  test('refuses an image with a PCR that was not quoted, and says which', async () => {
    const image = { name: 'with shim', pcrs: [...NEW.pcrs, { index: 14, value: OTHER }] };
    expect(await failure([image])).toEqual({
      'tpm.image': 'none; nearest with shim differs in PCR 14; not quoted: PCR 14',
    });
    expect(await failure([changed(image, [7])])).toEqual({
      'tpm.image': 'none; nearest with shim differs in PCR 7 14; not quoted: PCR 14',
    });
    // Zeros are what a PCR is before anything is measured, and still not quoted.
    const zeros = { name: 'with zeros', pcrs: [{ index: 14, value: '00'.repeat(32) }] };
    expect(await failure([zeros])).toHaveProperty(['tpm.image']);
  });

  test('shows the image with the fewest differences, and the first of those that are as near', async () => {
    const far = changed(imageOf('far', ALL), [0, 1, 2]);
    const near = changed(imageOf('near', ALL), [5]);
    const asNear = changed(imageOf('as near', [4, 7]), [7]);
    const got = async (...images: PcrImage[]) => (await failure(images))['tpm.image'];
    expect(await got(far, OLD)).toBe('none; nearest ocr-host 1.2 differs in PCR 4 7');
    expect(await got(far, near, asNear)).toBe('none; nearest near differs in PCR 5');
    expect(await got(far, asNear, near)).toBe('none; nearest as near differs in PCR 7');
  });

  test('refuses everybody where no image is listed', async () => {
    expect(await imageRule([])).toEqual({
      rule: 'tpm.image',
      expected: 'none is allowed',
      got: 'none',
      pass: false,
    });
  });

  test('is not the name that a failure reads like', async () => {
    const named = changed({ ...NEW, name: 'none' }, [4]);
    expect(await imageRule([named])).toMatchObject({ pass: false });
  });

  test('is left out where authenticity alone is asked', async () => {
    const { rules } = await reach(tpmReport(), { values: null });
    expect(rules.map(({ rule }) => rule)).not.toContain('tpm.image');
  });

  test('leaves the values themselves to the claims', async () => {
    const { claims } = await reach(tpmReport(), { values: tpmReferenceValues({ images: [] }) });
    for (const { index, value } of PCRS) expect(claims[`tpm.pcr-${index}`]).toBe(value);
  });
});
