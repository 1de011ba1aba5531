import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseTpm } from '../../../../src/core/attest/tpm/appraise.ts';
import type { TpmReferenceValues } from '../../../../src/core/attest/tpm/reference-values.ts';
import type { TpmReport } from '../../../../src/core/attest/tpm/report.ts';
import { parseTpm2bPublic } from '../../../../src/core/attest/tpm/tpm2b-public.ts';
import { fromHex, toBase64url } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { hasSwtpm, type Swtpm, startSwtpm } from '../../../platforms/swtpm.ts';

const START_MS = 60_000;
const NONCE = '5a'.repeat(32);
const IMAGE = digestOf(new TextEncoder().encode('guest image'));
/** The PCR's value before: a reset's zeros. */
const PCR10 = digestOf(fromHex('00'.repeat(32) + IMAGE));

/** Listed as skipped where the emulator or its tools are not installed. */
describe.skipIf(!hasSwtpm())('a live, emulated TPM', () => {
  let folder: string;
  let tpm: Swtpm;
  let report: TpmReport;
  let values: TpmReferenceValues;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinlock-swtpm-'));
    tpm = await startSwtpm(folder);
    await tpm.extend(10, IMAGE);
    const { attest, signature, pcrs } = await tpm.quote(NONCE, [0, 1, 2, 3, 4, 5, 6, 7, 10, 23]);
    const [key, chain] = [toBase64url(tpm.akPublic), tpm.akCertificateChain.map(toBase64url)];
    const identity = { kind: 'certificate', key, chain } as const;
    report = { platform: 'tpm', attest: toBase64url(attest), signature: toBase64url(signature), pcrs, identity };
    values = {
      platform: 'tpm',
      alone: true,
      anchors: [toBase64url(tpm.anchor)],
      akPurposes: ['2.23.133.8.3'],
      activated: [],
      images: [{ name: 'guest 1.0', pcrs: [{ index: 10, value: PCR10 }] }],
      firmware: null,
      paravisor: null,
    };
  }, START_MS);

  afterAll(async () => {
    await tpm?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function broken(changed: TpmReport, referenceValues = values): Promise<string[]> {
    const { rules } = await appraiseTpm({
      report: changed,
      expectedData: fromHex(NONCE),
      endorsements: NO_ENDORSEMENTS,
      referenceValues,
      instantMs: Date.now(),
      verify: verifyNode,
    });
    return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
  }

  test('passes by its certificate', async () => {
    expect(await broken(report)).toEqual([]);
  });

  test('passes by its activation', async () => {
    const identity = { kind: 'activated', key: toBase64url(tpm.akPublic) } as const;
    const activated = [parseTpm2bPublic(tpm.akPublic).name];
    expect(await broken({ ...report, identity }, { ...values, anchors: [], activated })).toEqual([]);
  });

  test('is refused for a nonce that is not ours', async () => {
    const { attest, signature, pcrs } = await tpm.quote('5b'.repeat(32), [10]);
    const other = { ...report, attest: toBase64url(attest), signature: toBase64url(signature), pcrs };
    expect(await broken(other)).toEqual(['tpm.extra-data']);
  });

  test('is refused once something else has been measured', async () => {
    await tpm.extend(10, IMAGE);
    const { attest, signature, pcrs } = await tpm.quote(NONCE, [10]);
    const other = { ...report, attest: toBase64url(attest), signature: toBase64url(signature), pcrs };
    expect(await broken(other)).toEqual(['tpm.image']);
  });
});
