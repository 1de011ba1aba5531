import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { appraiseTdx } from '../../../../src/core/attest/tdx/appraise.ts';
import { tdxEndorsementsOfPcs } from '../../../../src/core/attest/tdx/collateral-json.ts';
import { parseTdxQuote } from '../../../../src/core/attest/tdx/parse.ts';
import type { TdxReferenceValues } from '../../../../src/core/attest/tdx/reference-values.ts';
import { fromBase64url, toBase64url } from '../../../../src/core/bytes.ts';
import { TwinlockError } from '../../../../src/core/errors.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { makeTdx, TDX_REFERENCE_VALUES, type WholeTdxEndorsements } from '../../../platforms/tdx.ts';
import { vectorPath, vectorTest } from '../../../vectors.ts';

interface Evidence {
  readonly quote: Uint8Array;
  readonly endorsements: WholeTdxEndorsements;
  readonly referenceValues: TdxReferenceValues | null;
  readonly instantMs: number;
}

/** Whether it passes; a quote that cannot be parsed does not. */
async function passes({ quote, endorsements, referenceValues, instantMs }: Evidence): Promise<boolean> {
  const report = { platform: 'tdx', quote: toBase64url(quote) } as const;
  const given = { expectedData: null, endorsements: { ...NO_ENDORSEMENTS, tdx: endorsements } };
  try {
    const { rules } = await appraiseTdx({ report, ...given, referenceValues, instantMs, verify: verifyNode });
    return rules.every((rule) => rule.pass);
  } catch (error) {
    expect(error).toBeInstanceOf(TwinlockError);
    return false;
  }
}

const flipped = (bytes: Uint8Array, offset: number) => bytes.with(offset, (bytes[offset] ?? 0) ^ 0x01);

/** Offsets of the quote that no rule is about, with the reason. */
function uncovered(quote: Uint8Array): { from: number; to: number; why: string }[] {
  const { trailingBytes } = parseTdxQuote(quote);
  const end = quote.length - trailingBytes;
  const begins = new TextDecoder('latin1').decode(quote).lastIndexOf('-----BEGIN');
  return [
    { from: begins, to: end, why: 'a copy of the root, of which the pinned one is used; what ends the chain’s text' },
    { from: end, to: quote.length, why: 'what the platform left after the signature data' },
  ];
}

const isUncovered = (quote: Uint8Array, offset: number) =>
  uncovered(quote).some(({ from, to }) => offset >= from && offset < to);

const range = (from: number, length: number) => Array.from({ length }, (_, i) => from + i);

/** Offsets of the header, and of every type and length, which no signature covers. */
function framingOf(quote: Uint8Array): number[] {
  const { signed, qeAuthData } = parseTdxQuote(quote);
  const certification = signed.length + 4 + 128;
  const authData = certification + 6 + 384 + 64;
  const chain = authData + 2 + qeAuthData.length;
  return [range(0, 56), range(signed.length, 4), range(certification, 6), range(authData, 2), range(chain, 6)].flat();
}

/** The bytes of the quote whose change is not noticed, among every `stride`-th and all of the framing. */
async function unnoticed(evidence: Evidence, stride: number): Promise<number[]> {
  const { quote } = evidence;
  const framing = framingOf(quote);
  const sampled = [...quote.keys()].filter((offset) => offset % stride === 0);
  const found: number[] = [];
  for (const offset of new Set([...framing, ...sampled])) {
    if (await passes({ ...evidence, quote: flipped(quote, offset) })) found.push(offset);
  }
  return found;
}

const made = makeTdx({ header: { version: 5 }, trailing: new Uint8Array(16) });
const KIT: Evidence = {
  quote: fromBase64url(made.report.quote),
  endorsements: made.endorsements,
  referenceValues: TDX_REFERENCE_VALUES,
  instantMs: 1_748_736_000_000,
};

describe('evidence with one byte flipped', () => {
  test('passes only where no rule is about the byte', async () => {
    expect(await passes(KIT)).toBe(true);
    const found = await unnoticed(KIT, 13);
    expect(found.filter((offset) => !isUncovered(KIT.quote, offset))).toEqual([]);
  });

  vectorTest('or cut short, passes only where no rule is about it, of a real quote too', async () => {
    const text = readFileSync(vectorPath('tdx', 'v4-uptodate.collateral.json'), 'utf8');
    const real: Evidence = {
      quote: new Uint8Array(readFileSync(vectorPath('tdx', 'v4-uptodate.quote.bin'))),
      endorsements: tdxEndorsementsOfPcs(text) as WholeTdxEndorsements,
      referenceValues: null,
      instantMs: Date.parse('2025-06-20T00:00:00Z'),
    };
    expect(await passes(real)).toBe(true);
    const end = real.quote.length - parseTdxQuote(real.quote).trailingBytes;
    for (let length = 2; length < end; length++) {
      const refused = expect.objectContaining({ code: 'malformed' });
      expect(() => parseTdxQuote(real.quote.subarray(0, length))).toThrow(refused);
    }
    const found = await unnoticed(real, 23);
    expect(found.filter((offset) => !isUncovered(real.quote, offset))).toEqual([]);
  });
});

describe('collateral with one byte flipped', () => {
  const { endorsements } = KIT;

  test.each(['tcbInfo', 'qeIdentity'] as const)('is refused: %s', async (member) => {
    const text = endorsements[member];
    for (let i = 0; i < text.length; i += 53) {
      const changed = `${text.slice(0, i)}${text[i] === 'x' ? 'y' : 'x'}${text.slice(i + 1)}`;
      expect(await passes({ ...KIT, endorsements: { ...endorsements, [member]: changed } })).toBe(false);
    }
  });

  test.each(['tcbInfoSignature', 'qeIdentitySignature', 'pckCrl', 'rootCaCrl'] as const)(
    'is refused: %s',
    async (member) => {
      const bytes = fromBase64url(endorsements[member]);
      for (let i = 0; i < bytes.length; i += 7) {
        const changed = { ...endorsements, [member]: toBase64url(flipped(bytes, i)) };
        expect(await passes({ ...KIT, endorsements: changed })).toBe(false);
      }
    },
  );

  test.each(['tcbInfoChain', 'qeIdentityChain'] as const)('is refused: the signer of %s', async (member) => {
    const [signer = '', ...roots] = endorsements[member];
    const bytes = fromBase64url(signer);
    for (let i = 0; i < bytes.length; i += 7) {
      const changed = { ...endorsements, [member]: [toBase64url(flipped(bytes, i)), ...roots] };
      expect(await passes({ ...KIT, endorsements: changed })).toBe(false);
    }
  });
});
