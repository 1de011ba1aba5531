import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { type Endorsements, NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import type { PlatformResult } from '../../../../src/core/attest/kit/platform.ts';
import { appraiseNras } from '../../../../src/core/attest/token/nras.ts';
import { nrasEvidenceOf } from '../../../../src/core/attest/token/nras-json.ts';
import { appraiseTrustAuthority } from '../../../../src/core/attest/token/trust-authority.ts';
import { fromBase64, fromHex, toBase64url, toHex } from '../../../../src/core/bytes.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { nrasValues, trustAuthorityValues } from '../../../platforms/token.ts';
import { vectorPath, vectorTest } from '../../../vectors.ts';

const text = (...path: string[]) => readFileSync(vectorPath(...path), 'utf8').trim();
const failed = ({ rules }: PlatformResult) => rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
const certificates = (jwks: string, kid: string): string[] =>
  (JSON.parse(jwks) as { keys: { kid: string; x5c: string[] }[] }).keys.find((key) => key.kid === kid)?.x5c ?? [];
const der = (base64: string | undefined) => toBase64url(fromBase64(base64 ?? ''));

describe('Intel Trust Authority, a token of its development environment about an SGX enclave', () => {
  const INSTANT_MS = 1_703_136_700_000;
  const KID = '1a1a2fe5fcf89009e4b96c45e0dceb005ea635d8ba2f6ed9caeef44ae235970decc586154fd9f740fb3b72ca176abb59';
  const endorsements = (): Endorsements => ({
    ...NO_ENDORSEMENTS,
    'intel-trust-authority': text('jwt', 'ita-dev.jwks.json'),
  });
  const given = (file = 'ita-dev.jwt', instantMs = INSTANT_MS) => ({
    report: { platform: 'intel-trust-authority' as const, token: text('jwt', file) },
    expectedData: null,
    endorsements: endorsements(),
    referenceValues: null,
    instantMs,
    verify: verifyNode,
  });

  vectorTest('is authentic, and shows whose key it rests on', async () => {
    const { claims, rules, label } = await appraiseTrustAuthority(given());
    expect(rules.map(({ rule, pass }) => [rule, pass])).toEqual([
      ['ita.algorithm', true],
      ['ita.key', true],
      ['ita.signature', true],
      ['ita.issuer', true],
      ['ita.time', true],
      ['ita.report-data', true],
    ]);
    expect(claims).toMatchObject({
      'ita.key': expect.stringMatching(/^[0-9a-f]{64}$/),
      'ita.attester-type': 'SGX',
      'ita.tcb-status': 'OutOfDate',
      'ita.tcb-date': '2021-11-10T00:00:00Z',
    });
    expect(label).toBe('ita-unnamed');
  });

  vectorTest('is refused before it is valid and when it has expired', async () => {
    for (const seconds of [1_703_136_607, 1_703_136_968]) {
      expect(failed(await appraiseTrustAuthority(given('ita-dev.jwt', seconds * 1000)))).toEqual(['ita.time']);
    }
    for (const seconds of [1_703_136_608, 1_703_136_967]) {
      expect(failed(await appraiseTrustAuthority(given('ita-dev.jwt', seconds * 1000)))).toEqual([]);
    }
  });

  vectorTest('is refused for an algorithm that its service does not use', async () => {
    const result = await appraiseTrustAuthority(given('bad-ita-dev-hs384.jwt'));
    expect(failed(result)).toEqual(['ita.algorithm', 'ita.signature']);
    expect(result.rules[0]).toMatchObject({ expected: 'PS384', got: 'HS384' });
  });

  vectorTest('is held by an anchor at the end of its chain or in the middle of it, and serves no weights', async () => {
    const [leaf, authority, root] = certificates(text('jwt', 'ita-dev.jwks.json'), KID);
    const broken = async (anchor: string | undefined, instantMs = INSTANT_MS) => {
      const referenceValues = trustAuthorityValues({ anchors: [der(anchor)], policies: null, platforms: null });
      return failed(await appraiseTrustAuthority({ ...given('ita-dev.jwt', instantMs), referenceValues }));
    };
    const ofSgx = ['attester-type', 'tcb-status', 'attributes', 'xfam', 'image', 'debug', 'migratable', 'module'];
    const expected = ofSgx.map((rule) => `ita.${rule}`);
    expect(await broken(root)).toEqual(expected);
    expect(await broken(authority)).toEqual(expected);
    expect(await broken(leaf)).toEqual(['ita.key-trusted', ...expected]);
    const lateMs = Date.UTC(2024, 6, 19);
    expect(await broken(root, lateMs)).toEqual(['ita.key-trusted', 'ita.time', ...expected]);
  });

  vectorTest('is refused where a policy asked for was not matched', async () => {
    const policies = [{ id: '91488e12-f39e-4f3e-8435-d49c813decb5', version: 'v1' }];
    const referenceValues = trustAuthorityValues({ policies });
    const { rules } = await appraiseTrustAuthority({ ...given(), referenceValues });
    expect(rules.find(({ rule }) => rule === 'ita.policies')).toEqual({
      rule: 'ita.policies',
      expected: 'matched 91488e12-f39e-4f3e-8435-d49c813decb5 v1; unmatched none',
      got: 'matched 91488e12-f39e-4f3e-8435-d49c813decb5 v1; unmatched 7f381430-51f8-47b0-a6e0-393ef1837af3 v1',
      pass: false,
    });
  });
});

describe('NVIDIA NRAS, tokens about one H100', () => {
  const NONCE = '080c405ce6789e1761445180029523df3ae49576043f7f0868413a38e5e9a84e';
  const KID = 'nv-eat-kid-prod-20260628170000087-6f27a971-6e29-42d6-afb9-8e3fbb17fa25';
  const jwks = () => text('combined', 'tdx-h100.nras-jwks.json');
  const given = (instantMs = Date.UTC(2026, 5, 29, 2, 30)) => ({
    report: nrasEvidenceOf(text('combined', 'tdx-h100.nras-eat.json')),
    expectedData: fromHex(NONCE),
    endorsements: { ...NO_ENDORSEMENTS, nras: jwks() },
    referenceValues: null,
    instantMs,
    verify: verifyNode,
  });

  vectorTest('are authentic', async () => {
    const result = await appraiseNras(given());
    expect(failed(result)).toEqual([]);
    expect(result.label).toBe('gpu-6076104639838622');
    expect(result.claims).toMatchObject({
      'gpu.count': '1',
      'gpu.switches': '0',
      'nras.claims-version': '2.0',
      'nras.gpu-0.ueid': '645491728318197586580044110930866076104639838622',
      'nras.gpu-0.hwmodel': 'GH100',
      'nras.gpu-0.driver': '595.71.05',
      'nras.gpu-0.vbios': '96.00.D9.00.02',
    });
    expect(result.claims['nras.key']).toBe(result.claims['nras.gpu-0.key']);
  });

  vectorTest('are refused when they have expired, before they are valid, and for another nonce', async () => {
    for (const instantMs of [Date.UTC(2026, 5, 29, 4), Date.UTC(2026, 5, 29, 2, 7, 2)]) {
      expect(failed(await appraiseNras(given(instantMs)))).toEqual(['nras.time', 'nras.gpu-0.time']);
    }
    const other = { ...given(), expectedData: new Uint8Array(32) };
    expect(failed(await appraiseNras(other))).toEqual(['nras.nonce']);
  });

  vectorTest('pass under the intermediate that issued the key, whose root is not in the file', async () => {
    const [leaf, intermediate] = certificates(jwks(), KID);
    const reach = async (anchor: string | undefined, instantMs?: number) =>
      failed(await appraiseNras({ ...given(instantMs), referenceValues: nrasValues({ anchors: [der(anchor)] }) }));
    expect(await reach(intermediate)).toEqual([]);
    expect(await reach(leaf)).toEqual(['nras.key-trusted', 'nras.gpu-0.key-trusted']);
    const { claims } = await appraiseNras(given());
    const listed = nrasValues({ anchors: [], keys: [claims['nras.key'] ?? ''] });
    expect(failed(await appraiseNras({ ...given(), referenceValues: listed }))).toEqual([]);
    const other = nrasValues({ anchors: [], keys: [toHex(new Uint8Array(32))] });
    expect(failed(await appraiseNras({ ...given(), referenceValues: other }))).toContain('nras.key-trusted');
  });

  vectorTest('of claims 3.0 are refused where the key is of a set that was not archived', async () => {
    const report = nrasEvidenceOf(text('nvidia', 'nras-v3-eat-no-jwks.json'));
    const expectedData = fromHex('931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb');
    const result = await appraiseNras({ ...given(Date.UTC(2025, 5, 11, 0, 40)), report, expectedData });
    expect(failed(result)).toEqual(['nras.key', 'nras.gpu-0.key', 'nras.signature', 'nras.gpu-0.signature']);
    expect(result.rules.find(({ rule }) => rule === 'nras.key')?.got).toMatch(/^endorsement_missing/);
    expect(result.claims).toMatchObject({
      'nras.claims-version': '3.0',
      'nras.gpu-0.ueid': '478176379286082186618948445787393647364802107249',
      'nras.gpu-0.hwmodel': 'GH100 A01 GSP BROM',
      'nras.gpu-0.driver': '550.90.07',
      'nras.gpu-0.vbios': '96.00.9F.00.01',
    });
  });
});
