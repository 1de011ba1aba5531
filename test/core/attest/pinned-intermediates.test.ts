import { expect, test } from 'vitest';
import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { appraiseNvidia } from '../../../src/core/attest/nvidia/appraise.ts';
import { appraiseTdx } from '../../../src/core/attest/tdx/appraise.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { evidenceOf, makeDevice, referenceValuesFor, TEST_NONCE } from '../../platforms/nvidia.ts';
import { makeAuthority, makeTdx, TDX_REFERENCE_VALUES, TDX_ROOT } from '../../platforms/tdx.ts';
import { TOKEN_INSTANT_MS } from '../../platforms/token.ts';

/** A path ends at the first pinned certificate that it reaches; vendors' chains have a length of their own. */

const given = { expectedData: null, instantMs: TOKEN_INSTANT_MS, verify: verifyNode };

test('a PCK certificate whose authority is pinned in place of its root is refused, beside its root too', async () => {
  const { report, endorsements } = makeTdx();
  const chainRule = async (...pinned: Uint8Array[]) => {
    const referenceValues = { ...TDX_REFERENCE_VALUES, roots: pinned.map(toBase64url) };
    const input = { ...given, report, endorsements: { ...NO_ENDORSEMENTS, tdx: endorsements }, referenceValues };
    return (await appraiseTdx(input)).rules.find(({ rule }) => rule === 'tdx.pck-chain');
  };
  expect(await chainRule(TDX_ROOT)).toMatchObject({ pass: true });
  const got = 'certificate_untrusted: expected a path of 3 certificates, got 2';
  expect(await chainRule(makeAuthority())).toMatchObject({ pass: false, got });
  expect(await chainRule(TDX_ROOT, makeAuthority())).toMatchObject({ pass: false, got });
});

test('a device whose product authority is pinned in place of its root is refused, beside its root too', async () => {
  const device = makeDevice({});
  const [root] = referenceValuesFor().roots;
  const chainRule = async (...roots: string[]) => {
    const referenceValues = referenceValuesFor({ roots });
    const input = { ...given, report: evidenceOf(device), endorsements: NO_ENDORSEMENTS, referenceValues };
    const { rules } = await appraiseNvidia({ ...input, expectedData: TEST_NONCE, allowedSwitches: null });
    return rules.find(({ rule }) => rule === 'nvidia.gpu-0.chain');
  };
  const product = toBase64url(device.chain[3] ?? new Uint8Array());
  const got = 'certificate_untrusted: expected a path of 5 certificates, got 4';
  expect(await chainRule(root ?? '')).toMatchObject({ pass: true });
  expect(await chainRule(product)).toMatchObject({ pass: false, got });
  expect(await chainRule(root ?? '', product)).toMatchObject({ pass: false, got });
});
