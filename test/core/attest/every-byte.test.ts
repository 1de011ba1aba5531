import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { type RawEvidence, subjectOfRaw } from '../../../client/appraise/raw.ts';
import { appraiseParts } from '../../../src/core/attest/compose.ts';
import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { NO_EVIDENCE } from '../../client/appraise/no-evidence.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';

/**
 * Every byte of every report among the vectors, flipped one at a time: minutes of work, and so only where it is
 * asked for. What runs always (the platforms' own tests) flips a part of them.
 */
const isWanted = process.env['TWINLOCK_TEST_EVERY_BYTE'] === '1';
const wantedTest = isWanted ? vectorTest : vectorTest.skip;
const TIMEOUT_MS = 20 * 60_000;

const file = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(vectorPath(...path)));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

interface Row {
  readonly name: string;
  readonly at: string;
  readonly bytes: Uint8Array;
  readonly raw: (bytes: Uint8Array) => Partial<RawEvidence>;
  /** Where changes go unnoticed, as [from, to): bytes that no rule covers. */
  readonly uncovered: readonly (readonly [from: number, to: number])[];
}

async function passes({ at, raw }: Row, bytes: Uint8Array): Promise<boolean> {
  try {
    const { parts, endorsements } = subjectOfRaw({ ...NO_EVIDENCE, ...raw(bytes) }, { nonce: null, reportData: null });
    const measure = { referenceValues: null, instantMs: Date.parse(at), verify: verifyNode };
    const result = await appraiseParts(parts, { ...measure, endorsements: endorsements ?? NO_ENDORSEMENTS });
    return result.verdict === 'pass';
  } catch (error) {
    if (error instanceof TwinlockError) return false;
    throw error;
  }
}

function snpRows(): Row[] {
  const rows = [
    ['milan-v2', 'milan', '2023-06-01', 'vcek'],
    ['milan-v2-idblock', 'milan', '2023-06-01', 'vcek'],
    ['milan-v3-vlek-vmpl1', 'milan-vlek', '2025-06-01', 'vlek'],
    ['milan-v5-nodata', 'milan', '2026-01-15', 'vcek'],
    ['milan-v5-x25519-vmpl1', 'milan', '2026-01-15', 'vcek'],
    ['genoa-v3-hpke', 'genoa', '2026-07-01', 'vcek'],
  ] as const;
  return rows
    .filter(([name]) => existsSync(vectorPath('snp', `${name}.report.bin`)))
    .map(([name, ca, at, vek]) => ({
      name,
      at,
      bytes: file('snp', `${name}.report.bin`),
      raw: (snpReport) => ({ snpReport, vek: file('snp', `${name}.${vek}.der`), ca: file('snp', `ca-${ca}.pem`) }),
      uncovered: [],
    }));
}

function tdxRows(): Row[] {
  const rows = [
    ['tdx/v4-uptodate.quote.bin', 'tdx/v4-uptodate.collateral.json', '2025-06-20'],
    ['tdx/v4-gcp-module-skip.quote.bin', 'tdx/collateral-00806f050000-2025-09.json', '2025-09-30'],
    ['tdx/v5-td15-uptodate.quote.bin', 'tdx/collateral-90c06f000000-2026-02.json', '2026-02-20'],
    ['combined/tdx-h100.quote.bin', 'combined/tdx-h100.collateral.json', '2026-06-29T03:00:00Z'],
  ] as const;
  return rows.map(([name, collateral, at]) => {
    const bytes = file(name);
    // The quote's own copy of the root: the pinned one is what counts. After it a byte that ends the text, and
    // what the platform left behind the signature data.
    const root = text(bytes).lastIndexOf('-----BEGIN CERTIFICATE-----');
    const raw = (tdxQuote: Uint8Array) => ({ tdxQuote, collateral: file(collateral) });
    return { name, at, bytes, raw, uncovered: [[root, bytes.length]] as const };
  });
}

function nvidiaRows(): Row[] {
  const names = existsSync(vectorPath('nvidia')) ? readdirSync(vectorPath('nvidia')) : [];
  return names
    .filter((name) => name.endsWith('.spdm.bin') && !name.startsWith('bad-'))
    .map((name) => {
      const bytes = file('nvidia', name);
      const chain = file('nvidia', name.replace('.spdm.bin', '.chain.pem'));
      const trailing = name.includes('trailing-byte') ? 1 : 0;
      const raw = (spdm: Uint8Array) => ({ spdm: [spdm], chain: [chain] });
      return { name, at: '2026-06-01', bytes, raw, uncovered: [[bytes.length - trailing, bytes.length]] as const };
    });
}

describe('every flipped byte is refused', () => {
  const rows = existsSync(vectorPath()) ? [...snpRows(), ...tdxRows(), ...nvidiaRows()] : [];
  if (rows.length === 0) vectorTest.skip('of the vectors, which are not here', () => undefined);
  wantedTest.for(rows.map((row) => [row.name, row] as const))('%s', { timeout: TIMEOUT_MS }, async ([, row]) => {
    expect(await passes(row, row.bytes)).toBe(true);
    const unnoticed: number[] = [];
    for (const at of row.bytes.keys()) {
      const flipped = row.bytes.with(at, (row.bytes[at] ?? 0) ^ (1 << (at % 8)));
      if (await passes(row, flipped)) unnoticed.push(at);
    }
    const covered = unnoticed.filter((at) => !row.uncovered.some(([from, to]) => at >= from && at < to));
    expect(covered).toEqual([]);
  });
});
