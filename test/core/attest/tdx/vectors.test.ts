import { existsSync, readFileSync } from 'node:fs';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import type { PlatformResult } from '../../../../src/core/attest/kit/platform.ts';
import { appraiseTdx } from '../../../../src/core/attest/tdx/appraise.ts';
import { tdxEndorsementsOfPcs } from '../../../../src/core/attest/tdx/collateral-json.ts';
import { tdxNeeds } from '../../../../src/core/attest/tdx/needs.ts';
import { isTdxVendorRoot, TDX_VENDOR_ROOTS } from '../../../../src/core/attest/tdx/roots.ts';
import { concat, fromBase64, fromHex, toBase64url } from '../../../../src/core/bytes.ts';
import { digestOf } from '../../../../src/core/canonical.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { vectorPath, vectorTest } from '../../../vectors.ts';

interface Vector {
  readonly name: string;
  readonly quote: () => Uint8Array;
  readonly collateral: string | null;
  readonly at: string;
  /** `tdx.tcb.status`; null where no level is reached. */
  readonly status: string | null;
  readonly module?: string;
  readonly advisories?: string;
  /** The authenticity rules that fail. */
  readonly broken: readonly string[];
}

const file = (...path: string[]) => new Uint8Array(readFileSync(vectorPath(...path)));
const json = (...path: string[]) => JSON.parse(readFileSync(vectorPath(...path), 'utf8'));
const quoteOf = (name: string) => () => file('tdx', `${name}.quote.bin`);
const gcpNonce = () => json('tdx', 'v4-gcp-nonce.json').tdx;
const C_50806F = { collateral: 'tdx/collateral-50806f000000-2025-09.json', at: '2025-09-30T00:00:00Z' };
const C_00806F = { collateral: 'tdx/collateral-00806f050000-2025-09.json', at: '2025-09-30T00:00:00Z' };
const C_90C06F = { collateral: 'tdx/collateral-90c06f000000-2026-02.json', at: '2026-02-20T00:00:00Z' };
const COMBINED = { collateral: 'combined/tdx-h100.collateral.json', at: '2026-06-29T03:00:00Z' };
const UP_TO_DATE = { status: 'UpToDate', module: 'UpToDate', advisories: 'none', broken: [] };
const NO_LEVEL = { status: null, broken: ['tdx.tcb-level', 'tdx.tcb-status'] };
const UNREACHED = [
  ...['tdx.tcb-info-dates', 'tdx.qe-identity-dates', 'tdx.fmspc', 'tdx.pceid', 'tdx.tcb-level', 'tdx.module'],
  ...['tdx.module-level', 'tdx.qe-enclave', 'tdx.qe-level', 'tdx.tcb-status'],
];

/** What SOURCES.md says of each quote. */
const VECTORS: readonly Vector[] = [
  {
    name: 'v4-uptodate',
    quote: quoteOf('v4-uptodate'),
    collateral: 'tdx/v4-uptodate.collateral.json',
    at: '2025-06-20T00:00:00Z',
    ...UP_TO_DATE,
  },
  {
    name: 'v4-uptodate, with collateral that has expired',
    quote: quoteOf('v4-uptodate'),
    collateral: 'tdx/v4-uptodate.collateral.json',
    at: '2025-09-20T00:00:00Z',
    status: 'UpToDate',
    broken: ['tdx.pck-crl', 'tdx.tcb-info-dates', 'tdx.qe-identity-dates'],
  },
  {
    name: 'v4-mrconfigid-rtmr3',
    quote: quoteOf('v4-mrconfigid-rtmr3'),
    collateral: 'tdx/v4-mrconfigid-rtmr3.collateral.json',
    at: '2025-09-03T00:00:00Z',
    ...UP_TO_DATE,
  },
  { name: 'v4-debug', quote: quoteOf('v4-debug'), ...C_50806F, status: 'OutOfDate', broken: ['tdx.debug'] },
  {
    name: 'v4-mrconfigid, without collateral',
    quote: quoteOf('v4-mrconfigid'),
    collateral: null,
    at: '2025-09-30T00:00:00Z',
    status: null,
    broken: ['tdx.root-crl', 'tdx.pck-crl', 'tdx.tcb-info', 'tdx.qe-identity', ...UNREACHED],
  },
  { name: 'v4-pks-trailing', quote: quoteOf('v4-pks-trailing'), ...C_50806F, ...NO_LEVEL },
  { name: 'v4-gcp-module-skip', quote: quoteOf('v4-gcp-module-skip'), ...C_00806F, ...UP_TO_DATE },
  { name: 'v4-gcp-nonce', quote: () => fromBase64(gcpNonce().quote), ...C_00806F, ...UP_TO_DATE },
  {
    name: 'v4-azure-outofdate',
    quote: quoteOf('v4-azure-outofdate'),
    ...C_00806F,
    status: 'OutOfDate',
    module: 'OutOfDate',
    advisories: 'INTEL-SA-00960 INTEL-SA-00982 INTEL-SA-00986',
    broken: [],
  },
  {
    name: 'azure-vtpm/tdx-v1',
    quote: () => new Uint8Array(Buffer.from(json('azure-vtpm', 'tdx-v1.json').td_quote, 'base64url')),
    ...C_00806F,
    status: 'OutOfDate',
    broken: [],
  },
  { name: 'v5-td15-uptodate', quote: quoteOf('v5-td15-uptodate'), ...C_90C06F, ...UP_TO_DATE },
  { name: 'v5-td15-uptodate, months later', quote: quoteOf('v5-td15-uptodate'), ...COMBINED, ...UP_TO_DATE },
  { name: 'v5-td15-nomatch', quote: quoteOf('v5-td15-nomatch'), ...C_90C06F, ...NO_LEVEL },
  {
    name: 'v5-td15-servicetd',
    quote: quoteOf('v5-td15-servicetd'),
    ...C_90C06F,
    status: null,
    broken: [...NO_LEVEL.broken, 'tdx.service-td'],
  },
  { name: 'tdx-h100', quote: () => file('combined', 'tdx-h100.quote.bin'), ...COMBINED, ...UP_TO_DATE },
];

function appraise(vector: Pick<Vector, 'quote' | 'collateral' | 'at'>, expectedData: Uint8Array | null = null) {
  const { collateral, at } = vector;
  const tdx = collateral === null ? undefined : tdxEndorsementsOfPcs(readFileSync(vectorPath(collateral), 'utf8'));
  return appraiseTdx({
    report: { platform: 'tdx', quote: toBase64url(vector.quote()) },
    expectedData,
    endorsements: { ...NO_ENDORSEMENTS, tdx },
    referenceValues: null,
    instantMs: Date.parse(at),
    verify: verifyNode,
  });
}

const failed = ({ rules }: PlatformResult) => rules.filter((rule) => !rule.pass).map(({ rule }) => rule);
/** Some of the files are reserved for independent checks. */
const RESERVED = ['v4-mrconfigid-rtmr3', 'v4-pks-trailing', 'v5-td15-servicetd'];
const isThere = ({ name }: Vector) => !RESERVED.includes(name) || existsSync(vectorPath('tdx', `${name}.quote.bin`));

describe('the quotes of the field', () => {
  for (const vector of VECTORS) {
    const check = isThere(vector) ? vectorTest : test.skip;
    check(`${vector.name} is appraised as its source says`, async () => {
      const result = await appraise(vector);
      expect(failed(result).toSorted()).toEqual([...vector.broken].sort());
      const { claims } = result;
      expect(claims['tdx.tcb.status'] ?? null).toBe(vector.status);
      if (vector.module !== undefined) expect(claims['tdx.tcb.module-status']).toBe(vector.module);
      if (vector.advisories !== undefined) expect(claims['tdx.tcb.advisories']).toBe(vector.advisories);
      if (vector.status !== null) expect(claims['tdx.tcb.qe-status']).toBe('UpToDate');
      expect(result.label).toBe(`tdx-${claims['tdx.pck.ppid']?.slice(0, 16)}`);
    });
  }

  vectorTest('the collateral that has expired says which of it, and since when', async () => {
    const expired = VECTORS.find(({ name }) => name.endsWith('that has expired')) as Vector;
    const { rules } = await appraise(expired);
    const got = rules.find(({ rule }) => rule === 'tdx.tcb-info-dates')?.got;
    expect(got).toBe('endorsement_stale: the TCB info is out of date since 2025-07-19T10:16:03Z');
  });

  vectorTest('v4-gcp-nonce binds the two values of its nonce', async () => {
    const { val, iat } = gcpNonce().verifier_nonce;
    const vector = VECTORS.find(({ name }) => name === 'v4-gcp-nonce') as Vector;
    const bound = sha512(concat(fromBase64(val), fromBase64(iat)));
    expect(failed(await appraise(vector, bound))).toEqual([]);
    expect(failed(await appraise(vector, bound.with(0, (bound[0] ?? 0) ^ 1)))).toEqual(['tdx.report-data']);
  });

  vectorTest('a quote with the collateral of another platform family is refused', async () => {
    const vector = VECTORS.find(({ name }) => name === 'v4-uptodate') as Vector;
    expect(failed(await appraise({ ...vector, ...C_50806F }))).toContain('tdx.fmspc');
  });

  vectorTest('an SGX quote of version 3 is refused', async () => {
    const refused = appraise({ quote: quoteOf('sgx-v3'), collateral: null, at: '2025-06-20T00:00:00Z' });
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'unsupported_version' }));
  });

  vectorTest('the collateral of SGX does not do for a TD', async () => {
    const sgx = { collateral: 'tdx/sgx-v3.collateral.json', at: '2025-06-20T00:00:00Z' };
    const { rules } = await appraise({ quote: quoteOf('v4-uptodate'), ...sgx });
    expect(rules.find(({ rule }) => rule === 'tdx.tcb-info')?.got).toMatch(/^malformed/);
    expect(rules.find(({ rule }) => rule === 'tdx.qe-identity')?.got).toMatch(/^malformed/);
  });

  vectorTest('each says which collateral it needs', () => {
    for (const vector of VECTORS.filter(isThere)) {
      const needs = tdxNeeds({ platform: 'tdx', quote: toBase64url(vector.quote()) });
      expect(needs.ca).toBe('platform');
      expect(needs.fmspc).toMatch(/^[0-9a-f]{12}$/);
    }
  });
});

/** The fields of SOURCES.md: lines `name: value`, with zeros in words. */
const ZEROS: Readonly<Record<string, number>> = { report_data: 64 };
const value = (field: string, text: string) =>
  text === '(all zero)' ? '00'.repeat(ZEROS[field] ?? zerosOf(field)) : text;
const zerosOf = (field: string) => (field.endsWith('attributes') || field === 'xfam' ? 8 : 48);

/** The claims that a block of fields says, with the names of claims. */
function claimsOf(block: string): Record<string, string> {
  const claims: Record<string, string> = {};
  for (const line of block.trim().split('\n').slice(1)) {
    const [, field = '', text = ''] = /^([a-z0-9_]+): (.*)$/.exec(line) ?? [];
    if (field !== 'qe' && field !== 'pck') claims[`tdx.${field.replaceAll('_', '-')}`] = value(field, text);
    const pairs = text.matchAll(/([a-z]+) ([^ ]+)/g);
    if (field === 'qe' || field === 'pck') for (const [, name, of = ''] of pairs) claims[`tdx.${field}.${name}`] = of;
  }
  return claims;
}

/** The first line: `version 4 att_key_type 2 tee 0x81 sig_data_len 4300 bytes_after 70 (zero)`. */
function headerOf(block: string): Record<string, string> {
  const fields = Object.fromEntries([...block.matchAll(/([a-z_]+) (0x[0-9a-f]+|[0-9]+)/g)].map(([, k, v]) => [k, v]));
  const { version, att_key_type: keyType, tee, bytes_after: trailing } = fields;
  return { 'tdx.version': version, 'tdx.key-type': keyType, 'tdx.tee-type': tee, 'tdx.trailing-bytes': trailing };
}

describe('the fields of the quotes', () => {
  vectorTest('are those that their sources list', async () => {
    const sources = readFileSync(vectorPath('SOURCES.md'), 'utf8');
    const listed = sources.matchAll(
      /`((?:tdx|combined)\/[^`]+?)(?: \(quote\))?` \d+ bytes, sha256 (\w+)\n```\n(version [^`]+)```/g,
    );
    let compared = 0;
    for (const [, path = '', digest, block = ''] of listed) {
      if (path === 'tdx/sgx-v3.quote.bin' || !existsSync(vectorPath(path))) continue;
      const bytes = path.endsWith('.json') ? fromBase64(gcpNonce().quote) : file(path);
      expect(digestOf(bytes)).toBe(digest);
      const { claims } = await appraise({ quote: () => bytes, collateral: null, at: '2026-06-29T03:00:00Z' });
      const zeros = {
        'tdx.mr-signer-seam': 48,
        'tdx.seam-attributes': 8,
        'tdx.mr-owner': 48,
        'tdx.mr-owner-config': 48,
      };
      const unlisted = Object.entries(zeros).map(([name, length]) => [name, '00'.repeat(length)]);
      const expected = { ...Object.fromEntries(unlisted), ...headerOf(block), ...claimsOf(block) };
      expect(claims).toMatchObject(expected);
      expect(Object.keys(expected).length).toBeGreaterThanOrEqual(26);
      compared++;
    }
    expect(compared).toBeGreaterThanOrEqual(9);
  });
});

describe('the vendor’s root', () => {
  vectorTest('is the one that the vectors have', () => {
    expect(TDX_VENDOR_ROOTS).toEqual([file('tdx', 'intel-sgx-root-ca.der')]);
  });

  test('is known to the byte', () => {
    const [root = new Uint8Array()] = TDX_VENDOR_ROOTS;
    expect(isTdxVendorRoot(root)).toBe(true);
    expect(isTdxVendorRoot(root.with(100, (root[100] ?? 0) ^ 1))).toBe(false);
    expect(isTdxVendorRoot(fromHex(''))).toBe(false);
  });
});
