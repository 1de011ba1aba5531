import { describe, expect, test } from 'vitest';
import { appraiseParts } from '../../../../src/core/attest/compose.ts';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { verifyOnce } from '../../../../src/core/attest/kit/verify-once.ts';
import { NO_REFERENCE_VALUES } from '../../../../src/core/attest/reference-values.ts';
import { fromBase64url, toBase64url, toHex, u8 } from '../../../../src/core/bytes.ts';
import { canonicalBytes } from '../../../../src/core/canonical.ts';
import { TwinlockError } from '../../../../src/core/errors.ts';
import type { SignatureClaim, Verify } from '../../../../src/core/signature/claim.ts';
import { verifyReference } from '../../../../src/core/signature/reference.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { verifyWeb } from '../../../../src/platform/verify-web.ts';
import { evidenceOf, makeDevice, referenceValuesFor, TEST_NONCE } from '../../../platforms/nvidia.ts';
import { SNP_INSTANT_MS } from '../../../platforms/snp.ts';

const CLAIM: SignatureClaim = {
  kind: 'signature',
  algorithm: 'ES256',
  publicKey: u8(4),
  message: u8(1),
  signature: u8(2),
  what: 'report',
};

/** Counts what it is asked. */
function counting(verify: Verify): { verify: Verify; count: () => number } {
  let count = 0;
  const counted: Verify = (claim) => {
    count++;
    return verify(claim);
  };
  return { verify: counted, count: () => count };
}

describe('within an appraisal', () => {
  test('what is claimed again is not verified again, true or not', async () => {
    const { verify, count } = counting(({ what }) => {
      if (what === 'forgery') throw new TwinlockError('signature_invalid', 'in the words of one verifier');
    });
    const once = verifyOnce(verify);
    for (const what of ['report', 'certificate']) await once({ ...CLAIM, what });
    expect(count()).toBe(1);
    const forged = { ...CLAIM, message: u8(9), what: 'forgery' };
    const refusal = { code: 'signature_invalid', message: 'forgery: the signature does not hold' };
    for (let i = 0; i < 2; i++) await expect(once(forged)).rejects.toThrow(expect.objectContaining(refusal));
    expect(count()).toBe(2);
  });

  test.each<[string, Partial<SignatureClaim>]>([
    ['algorithm', { algorithm: 'ES384' }],
    ['key', { publicKey: u8(5) }],
    ['message', { message: u8(5) }],
    ['signature', { signature: u8(5) }],
  ])('another %s is another claim', async (_, change) => {
    const { verify, count } = counting(() => {});
    const once = verifyOnce(verify);
    await once(CLAIM);
    await once({ ...CLAIM, ...change });
    expect(count()).toBe(2);
  });

  test('a verifier that breaks is no verdict', async () => {
    const once = verifyOnce(() => {
      throw new RangeError('out of memory');
    });
    for (let i = 0; i < 2; i++) await expect(once(CLAIM)).rejects.toThrow(RangeError);
  });
});

describe('an appraisal of devices', () => {
  const devices = Array.from({ length: 4 }, (_, i) => makeDevice({ seed: i + 1 }));
  const values = { gpus: [4], switches: [0], spdm: referenceValuesFor() };
  const appraiseGpus = (gpu: ReturnType<typeof evidenceOf>, verify: Verify) =>
    appraiseParts(
      { report: null, reportData: null, gpu, gpuNonce: TEST_NONCE, evidence: 'ee'.repeat(32) },
      {
        endorsements: NO_ENDORSEMENTS,
        referenceValues: { ...NO_REFERENCE_VALUES, gpu: values },
        instantMs: SNP_INSTANT_MS,
        verify,
      },
    );

  test('verifies the certificates that they share once', async () => {
    const { verify, count } = counting(verifyNode);
    const { rules } = await appraiseGpus(evidenceOf(...devices), verify);
    expect(rules.filter(({ rule, pass }) => rule.endsWith('.chain') && pass)).toHaveLength(4);
    // Of each its report, its leaf and its identity; of all, the two certificates between them and the root.
    expect(count()).toBe(4 * 3 + 2);
  });

  test('is the same bytes under every verifier, where a signature is not true either', async () => {
    const [device, ...others] = evidenceOf(...devices).devices;
    const [leaf = '', ...issuers] = device?.chain ?? [];
    const forged = fromBase64url(leaf).slice();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    const chain = [toBase64url(forged), ...issuers];
    const gpu = { kind: 'spdm' as const, devices: [{ spdm: device?.spdm ?? '', chain }, ...others] };
    const bytes = async (verify: Verify) => toHex(canonicalBytes(await appraiseGpus(gpu, verify)));
    const expected = await bytes(verifyNode);
    const { rules } = await appraiseGpus(gpu, verifyNode);
    const { got } = rules.find(({ rule }) => rule === 'nvidia.gpu-0.chain') ?? { got: '' };
    expect(got).toMatch(/^signature_invalid: .*: the signature does not hold$/);
    expect(await bytes(verifyWeb)).toBe(expected);
    expect(await bytes(verifyReference)).toBe(expected);
  });
});
