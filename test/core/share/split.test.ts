import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { combineShares, interpolate, verifyShare } from '../../../src/core/share/combine.ts';
import { commitmentsDigest, decodeCommitments } from '../../../src/core/share/commitments.ts';
import { commit, decodePoint, decodeScalar, encodeScalar, H, Scalars } from '../../../src/core/share/group.ts';
import { dealPolynomials, requireMatchingShare } from '../../../src/core/share/pedersen.ts';
import { evaluate, lagrangeAtZero, weightedSum } from '../../../src/core/share/polynomial.ts';
import type { Share } from '../../../src/core/share/share.ts';
import { splitSecret } from '../../../src/core/share/split.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';
import { seededRandom } from '../seeded-random.ts';

const code = (code: string, detail: object = {}) =>
  expect.objectContaining({ code, detail: expect.objectContaining(detail) });
const SECRET = encodeScalar(0x1234_5678n);
const random = seededRandom('split');
const twoOfFive = splitSecret({ secret: SECRET, threshold: 2, indices: [1, 2, 3, 4, 5] }, random);
const pick = (...indices: number[]): Share[] =>
  indices.map((index) => twoOfFive.shares.find((share) => share.index === index) as Share);
const add = (scalar: Uint8Array, value: bigint) => encodeScalar(Scalars.add(decodeScalar(scalar), value));

/** Made with another H, of another label and tag: only the functions that take H reproduce it. */
interface PedersenVector {
  H: string;
  a: string[];
  b: string[];
  C: string[];
  shares: { i: number; s: string; r: string }[];
}

describe('vectors', () => {
  const scalars = (hex: readonly string[]) => hex.map((one) => decodeScalar(fromHex(one)));

  vectorTest('Pedersen VSS 2-of-5: reproduces commitments and shares, and combines every pair', () => {
    const vector: PedersenVector = JSON.parse(
      readFileSync(vectorPath('crypto/generated/pedersen-vss-ristretto255.json'), 'utf8'),
    );
    const h = decodePoint(fromHex(vector.H));
    const indices = vector.shares.map(({ i }) => i);
    const { shares, commitments } = dealPolynomials(scalars(vector.a), scalars(vector.b), indices, h);
    expect(commitments.map(toHex)).toEqual(vector.C);
    expect(shares.map(({ index, s, r }) => ({ i: index, s: toHex(s), r: toHex(r) }))).toEqual(vector.shares);

    const points = decodeCommitments(commitments);
    for (const share of shares) requireMatchingShare(share, points, h);
    for (const one of shares) {
      for (const other of shares.filter(({ index }) => index !== one.index)) {
        expect(toHex(encodeScalar(interpolate([one, other], points, h)))).toBe(vector.a[0]);
      }
    }
  });

  vectorTest('RFC 9591 dealer shares over ristretto255: evaluates and interpolates', () => {
    const vector: {
      group_secret_key: string;
      group_public_key: string;
      share_polynomial_coefficients: string[];
      participant_shares: { identifier: number; participant_share: string }[];
    } = JSON.parse(readFileSync(vectorPath('crypto/ristretto255/frost-ristretto255-dealer-shares.json'), 'utf8'));
    const f = scalars([vector.group_secret_key, ...vector.share_polynomial_coefficients]);
    const values = vector.participant_shares.map(({ identifier, participant_share: share }) => {
      expect(toHex(encodeScalar(evaluate(f, identifier)))).toBe(share);
      return { index: identifier, value: decodeScalar(fromHex(share)) };
    });
    for (const left of [0, 1, 2]) {
      const pair = values.filter((_, at) => at !== left);
      const secret = weightedSum(
        lagrangeAtZero(pair.map(({ index }) => index)),
        pair.map(({ value }) => value),
      );
      expect(toHex(encodeScalar(secret))).toBe(vector.group_secret_key);
      expect(toHex(commit(secret, 0n, H).toBytes())).toBe(vector.group_public_key);
    }
  });
});

test('any threshold of the shares give the secret back, for all indices', () => {
  const sharing = fc
    .record({
      secret: fc.bigInt({ min: 0n, max: Scalars.ORDER - 1n }).map(encodeScalar),
      indices: fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { minLength: 2, maxLength: 6 }),
      label: fc.string(),
    })
    .chain(({ secret, indices, label }) =>
      fc.record({
        secret: fc.constant(secret),
        indices: fc.constant(indices),
        label: fc.constant(label),
        threshold: fc.integer({ min: 2, max: indices.length }),
        order: fc.shuffledSubarray(indices, { minLength: indices.length, maxLength: indices.length }),
      }),
    );
  fc.assert(
    fc.property(sharing, ({ secret, indices, label, threshold, order }) => {
      const { shares, commitments } = splitSecret({ secret, threshold, indices }, seededRandom(label));
      expect(shares.map(({ index }) => index)).toEqual(indices);
      expect(commitments).toHaveLength(threshold);
      const chosen = order.slice(0, threshold).map((index) => shares.find((share) => share.index === index) as Share);
      for (const share of chosen) expect(verifyShare(share, commitments)).toBe(share);
      expect(combineShares(chosen, commitments, threshold)).toEqual(secret);
    }),
    { numRuns: 25 },
  );
});

describe('splitSecret', () => {
  test('refuses a threshold below 2, above the number of indices, or not an integer', () => {
    for (const threshold of [-1, 0, 1, 1.5, 4, 256, Number.NaN]) {
      expect(() => splitSecret({ secret: SECRET, threshold, indices: [1, 2, 3] }, random)).toThrow(
        code('invalid_threshold'),
      );
    }
  });

  test('refuses index 0, indices above 255 and duplicates', () => {
    for (const indices of [
      [0, 1, 2],
      [1, 256],
      [1, 1],
      [1, 2, 1],
      [1.5, 2],
      [-1, 2],
    ]) {
      expect(() => splitSecret({ secret: SECRET, threshold: 2, indices }, random)).toThrow(code('invalid_index'));
    }
  });

  test('refuses a secret that is not a canonical scalar', () => {
    const secret = new Uint8Array(32).fill(255);
    expect(() => splitSecret({ secret, threshold: 2, indices: [1, 2] }, random)).toThrow(code('invalid_scalar'));
  });

  test('draws zero coefficients like any other', () => {
    let calls = 0;
    const zeroFirst = (length: number) => (calls++ === 0 ? new Uint8Array(length) : random(length));
    const { shares, commitments } = splitSecret({ secret: SECRET, threshold: 2, indices: [1, 2, 3] }, zeroFirst);
    for (const share of shares) expect(share.s).toEqual(SECRET);
    expect(combineShares(shares, commitments, 2)).toEqual(SECRET);
  });

  test('shares among 255 custodians', () => {
    const indices = Array.from({ length: 255 }, (_, k) => k + 1);
    const { shares, commitments } = splitSecret({ secret: SECRET, threshold: 3, indices }, random);
    expect(combineShares(shares.slice(-3), commitments, 3)).toEqual(SECRET);
  });

  test('refuses one share fewer than the threshold, which interpolate to something else', () => {
    const { shares, commitments } = splitSecret({ secret: SECRET, threshold: 3, indices: [1, 2, 3] }, random);
    const known = shares.slice(0, 2);
    expect(() => combineShares(known, commitments, 3)).toThrow(code('invalid_threshold'));
    const weights = lagrangeAtZero(known.map(({ index }) => index));
    expect(
      encodeScalar(
        weightedSum(
          weights,
          known.map(({ s }) => decodeScalar(s)),
        ),
      ),
    ).not.toEqual(SECRET);
  });
});

describe('verifyShare', () => {
  const { commitments } = twoOfFive;
  const [share] = pick(3) as [Share];

  test('refuses a share with another s, another r, or under another index, and names it', () => {
    for (const wrong of [
      { ...share, s: add(share.s, 1n) },
      { ...share, r: add(share.r, 1n) },
      { ...share, s: share.r, r: share.s },
    ]) {
      expect(() => verifyShare(wrong, commitments)).toThrow(code('share_invalid', { index: 3 }));
    }
    expect(() => verifyShare({ ...share, index: 4 }, commitments)).toThrow(code('share_invalid', { index: 4 }));
  });

  test('refuses every flipped byte of a share', () => {
    for (const half of ['s', 'r'] as const) {
      for (let at = 0; at < 32; at++) {
        const bytes = share[half].with(at, (share[half][at] ?? 0) ^ 0x80);
        expect(() => verifyShare({ ...share, [half]: bytes }, commitments)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^(share_invalid|invalid_scalar)$/) }),
        );
      }
    }
  });

  test('refuses the commitments of another sharing, reordered, or one too many', () => {
    const other = splitSecret({ secret: SECRET, threshold: 2, indices: [1, 2] }, random).commitments;
    for (const wrong of [other, commitments.toReversed(), [...commitments, ...other]]) {
      expect(() => verifyShare(share, wrong)).toThrow(code('share_invalid'));
    }
  });

  test('refuses one commitment alone: it would be a threshold of 1', () => {
    for (const wrong of [[], commitments.slice(0, 1)]) {
      expect(() => verifyShare(share, wrong)).toThrow(code('invalid_threshold'));
    }
  });

  test('refuses the identity or an undecodable point among the commitments', () => {
    for (const wrong of [new Uint8Array(32), new Uint8Array(32).fill(255), new Uint8Array(31)]) {
      expect(() => verifyShare(share, commitments.with(1, wrong))).toThrow(code('invalid_point'));
    }
  });

  test('refuses index 0, which would be the secret itself', () => {
    expect(() => verifyShare({ ...share, index: 0 }, commitments)).toThrow(code('invalid_index'));
  });

  test('refuses a scalar that is not canonical though it is congruent', () => {
    const congruent = Uint8Array.from(
      fromHex((decodeScalar(share.s) + Scalars.ORDER).toString(16).padStart(64, '0')),
    ).reverse();
    expect(() => verifyShare({ ...share, s: congruent }, commitments)).toThrow(code('invalid_scalar'));
  });
});

describe('combineShares', () => {
  const { commitments } = twoOfFive;

  test('uses the first of more shares than it needs', () => {
    const spoilt = { ...(pick(5)[0] as Share), s: SECRET };
    expect(combineShares([...pick(4, 2), spoilt], commitments, 2)).toEqual(SECRET);
  });

  test('refuses a share that was altered', () => {
    const [one, other] = pick(1, 2) as [Share, Share];
    for (const wrong of [
      { ...other, s: add(other.s, 1n) },
      { ...other, r: add(other.r, 1n) },
      { ...other, index: 3 },
    ]) {
      expect(() => combineShares([one, wrong], commitments, 2)).toThrow(code('share_invalid'));
    }
  });

  test('refuses shares of two sharings of the same secret', () => {
    const other = splitSecret({ secret: SECRET, threshold: 2, indices: [1, 2] }, random);
    expect(() => combineShares([...pick(1), other.shares[1] as Share], commitments, 2)).toThrow(code('share_invalid'));
  });

  test('refuses index 0 and two shares of one index, also past the threshold', () => {
    const zero = { ...(pick(3)[0] as Share), index: 0 };
    for (const shares of [[...pick(1), zero], pick(1, 1), pick(1, 2, 1), [...pick(1, 2), zero]]) {
      expect(() => combineShares(shares, commitments, 2)).toThrow(code('invalid_index'));
    }
  });

  test('refuses fewer shares than the threshold', () => {
    for (const shares of [[], pick(1)]) {
      expect(() => combineShares(shares, commitments, 2)).toThrow(code('invalid_threshold'));
    }
  });

  test('refuses a threshold that is not the number of commitments, or below 2', () => {
    expect(() => combineShares(pick(1, 2, 3), commitments, 3)).toThrow(code('invalid_threshold'));
    expect(() => combineShares(pick(1, 2), commitments.slice(0, 1), 1)).toThrow(code('invalid_threshold'));
    expect(() => combineShares(pick(1, 2), [], 0)).toThrow(code('invalid_threshold'));
  });

  test('refuses a scalar that is not canonical', () => {
    const [one, other] = pick(1, 2) as [Share, Share];
    const wrong = { ...other, r: new Uint8Array(32).fill(255) };
    expect(() => combineShares([one, wrong], commitments, 2)).toThrow(code('invalid_scalar'));
  });
});

describe('commitmentsDigest', () => {
  const { commitments } = twoOfFive;

  test('is of the frame over all commitments in their order', () => {
    const fixed = [H.toBytes(), H.multiplyUnsafe(2n).toBytes()];
    expect(commitmentsDigest(fixed)).toBe('b2d6208f49ef5438fb142a530231f3d09d63d501020ed336279f10ba33fd74d8');
    expect(commitmentsDigest(fixed)).not.toBe(commitmentsDigest(fixed.toReversed()));
  });

  test('refuses what is not a list of commitments', () => {
    expect(() => commitmentsDigest([])).toThrow(code('invalid_threshold'));
    expect(() => commitmentsDigest(commitments.slice(1))).toThrow(code('invalid_threshold'));
    expect(() => commitmentsDigest(commitments.with(0, new Uint8Array(32)))).toThrow(code('invalid_point'));
  });
});
