import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appraiseParts } from '../../src/core/attest/compose.ts';
import { type Endorsements, NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import type { Evidence } from '../../src/core/attest/evidence.ts';
import { NO_REFERENCE_VALUES, type ReferenceValues } from '../../src/core/attest/reference-values.ts';
import type { TdxEndorsements } from '../../src/core/attest/tdx/endorsements.ts';
import { fromBase64url } from '../../src/core/bytes.ts';
import { openEndorser } from '../../src/endorse/endorser.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { crlNumber, utcTime } from '../core/x509/certificate-kit.ts';
import { SNP_ASK_SERIAL, SNP_INSTANT_MS, type SnpOptions, snpCase } from '../platforms/snp.ts';
import { makeTdx, makeTdxEndorsements, TDX_REFERENCE_VALUES, TDX_SERIALS, type TdxChanges } from '../platforms/tdx.ts';
import { collateralJson } from './collateral-file.ts';

/** A host brings what is in date, and leaves out that it was revoked since: the vault knows better. */

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twinlock-older-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(file: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), bytes);
}

function endorse(report: Evidence['report'], offered: Endorsements): Promise<Endorsements> {
  const clocks = { now: () => SNP_INSTANT_MS, monotonic: () => 0 };
  const sources = { folder, cache: join(folder, 'cache'), mirrors: {}, ...clocks };
  return openEndorser(sources).endorse({ report, gpu: null } as Evidence, offered);
}

/** The rules that fail. */
async function failed(
  report: Evidence['report'],
  endorsements: Endorsements,
  values: Partial<ReferenceValues>,
): Promise<readonly string[]> {
  const { rules } = await appraiseParts(
    { report, reportData: null, gpu: null, gpuNonce: null, evidence: '00'.repeat(32) },
    {
      endorsements,
      referenceValues: { ...NO_REFERENCE_VALUES, ...values },
      instantMs: SNP_INSTANT_MS,
      verify: verifyNode,
    },
  );
  return rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
}

describe('AMD’s list', () => {
  const { report, endorsements, referenceValues } = snpCase({ referenceValues: { crl: 'required' } });
  const listOf = (crl: NonNullable<SnpOptions['crl']>) => snpCase({ crl }).endorsements.snp?.crl ?? '';
  const REVOKING = { revoked: [SNP_ASK_SERIAL], thisUpdate: utcTime('241201000000Z'), extensions: [crlNumber(2)] };
  const verdict = async (offered: Endorsements) =>
    failed(report, await endorse(report, offered), { snp: referenceValues });
  const offering = (crl: string): Endorsements =>
    endorsements.snp === null ? endorsements : { ...endorsements, snp: { ...endorsements.snp, crl } };

  it('that the vault has is taken where a host brings an older one that is in date', async () => {
    await put('snp/Milan/vcek.crl', fromBase64url(listOf(REVOKING)));
    expect(await verdict(endorsements)).toEqual(['snp.crl']);
  });

  it('that the vault has is taken where a host brings another of the same time', async () => {
    await put('snp/Milan/vcek.crl', fromBase64url(listOf({ revoked: [SNP_ASK_SERIAL] })));
    expect(await verdict(endorsements)).toEqual(['snp.crl']);
  });

  it('that the vault has is taken where a host brings one from the future', async () => {
    await put('snp/Milan/vcek.crl', fromBase64url(listOf(REVOKING)));
    const future = { thisUpdate: utcTime('250101000001Z'), nextUpdate: utcTime('350101000000Z') };
    expect(await verdict(offering(listOf(future)))).toEqual(['snp.crl']);
  });

  it('that a host brings is taken where it is newer', async () => {
    await put('snp/Milan/vcek.crl', fromBase64url(listOf({})));
    expect(await verdict(offering(listOf(REVOKING)))).toEqual(['snp.crl']);
    expect(await verdict(endorsements)).toEqual([]);
  });
});

describe('TCB collateral', () => {
  const { report, endorsements } = makeTdx();
  const whole = 'tdx/90c06f000000-platform.json';
  const LATER = '2024-01-01T00:00:00Z';
  const NEWER = {
    tcbInfo: { tcbInfo: { issueDate: LATER } },
    qeIdentity: { qeIdentity: { issueDate: LATER } },
    pckCrl: { pckCrl: { thisUpdate: utcTime('240101000000Z') } },
    rootCaCrl: { rootCrl: { thisUpdate: utcTime('240101000000Z') } },
  } as const satisfies Partial<Record<keyof TdxEndorsements, TdxChanges>>;
  const PARTS = Object.keys(NEWER) as (keyof typeof NEWER)[];
  const offering = (tdx: TdxEndorsements): Endorsements => ({ ...NO_ENDORSEMENTS, tdx });

  it('that the vault has is taken where a host brings older that is in date', async () => {
    const pckCrl = { ...NEWER.pckCrl.pckCrl, revoked: [TDX_SERIALS.pck] };
    await put(whole, collateralJson(makeTdxEndorsements({ pckCrl })));
    const found = await endorse(report, offering(endorsements));
    expect(await failed(report, found, { tdx: TDX_REFERENCE_VALUES })).toEqual(['tdx.pck-crl']);
  });

  it.each(PARTS)('is the newest of each part: %s is the vault’s, the others are the host’s', async (part) => {
    const own = makeTdxEndorsements(NEWER[part]);
    const others = PARTS.filter((name) => name !== part).map((name) => NEWER[name]);
    const brought = makeTdxEndorsements(Object.assign({}, ...others));
    await put(whole, collateralJson(own));
    const { tdx } = await endorse(report, offering(brought));
    const from = (name: keyof TdxEndorsements) => (name.startsWith(part) ? own : brought)[name];
    const expected = Object.fromEntries(
      (Object.keys(brought) as (keyof TdxEndorsements)[]).map((name) => [name, from(name)]),
    );
    expect(tdx).toEqual(expected);
    expect(await failed(report, offering(tdx ?? own), { tdx: TDX_REFERENCE_VALUES })).toEqual([]);
  });

  it('of a lower evaluation number is not taken, though it was issued again later', async () => {
    const own = makeTdxEndorsements({ tcbInfo: { tcbEvaluationDataNumber: 19 } });
    await put(whole, collateralJson(own));
    const { tdx } = await endorse(report, offering(makeTdxEndorsements(NEWER.tcbInfo)));
    expect(tdx?.tcbInfo).toBe(own.tcbInfo);
  });

  it('in a file of one part is taken as that of all four is', async () => {
    const own = makeTdxEndorsements({ ...NEWER.pckCrl, ...NEWER.rootCaCrl });
    await put('tdx/pck-platform.crl', fromBase64url(own.pckCrl));
    await put('tdx/root-ca.crl', fromBase64url(own.rootCaCrl));
    await put(whole, collateralJson(endorsements));
    const { tdx } = await endorse(report, NO_ENDORSEMENTS);
    expect(tdx).toEqual({ ...endorsements, pckCrl: own.pckCrl, rootCaCrl: own.rootCaCrl });
  });

  it('of which a part is missing everywhere is what the host brought, and fails for it', async () => {
    const brought = { ...endorsements, qeIdentity: '{}' };
    const found = await endorse(report, offering(brought));
    expect(found.tdx).toEqual(brought);
    expect(await failed(report, found, { tdx: TDX_REFERENCE_VALUES })).toContain('tdx.qe-identity');
  });
});
