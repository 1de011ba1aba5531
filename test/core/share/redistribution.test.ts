import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { combineShares, verifyShare } from '../../../src/core/share/combine.ts';
import { decodeCommitments } from '../../../src/core/share/commitments.ts';
import { decodePoint, decodeScalar, encodeScalar, Scalars } from '../../../src/core/share/group.ts';
import { dealPolynomials, requireMatchingShare } from '../../../src/core/share/pedersen.ts';
import { lagrangeAtZero } from '../../../src/core/share/polynomial.ts';
import {
  combineCommitments,
  combineSubShares,
  combineVerified,
  dealSubShares,
  type PublishedDealing,
  type RedistributionRun,
  type SubShare,
  verifySubShare,
} from '../../../src/core/share/redistribution.ts';
import type { Share } from '../../../src/core/share/share.ts';
import { splitSecret } from '../../../src/core/share/split.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';
import { seededRandom } from '../seeded-random.ts';

const code = (code: string, detail: object = {}) =>
  expect.objectContaining({ code, detail: expect.objectContaining(detail) });
const SECRET = encodeScalar(0xfeed_beefn);

interface Sharing {
  readonly indices: readonly number[];
  readonly threshold: number;
}
interface Redistributed {
  readonly run: RedistributionRun;
  readonly subSharesOf: (recipient: number) => SubShare[];
  readonly old: { readonly shares: readonly Share[]; readonly commitments: readonly Uint8Array[] };
}

/** The first holders of the old sharing deal to the new committee. */
function redistribute(from: Sharing, to: Sharing, label: string): Redistributed {
  const random = seededRandom(label);
  const old = splitSecret({ secret: SECRET, ...from }, random);
  const dealt = old.shares.slice(0, from.threshold).map((share) => ({
    dealer: share.index,
    ...dealSubShares({ share, newThreshold: to.threshold, recipients: to.indices }, random),
  }));
  return {
    old,
    run: {
      oldCommitments: old.commitments,
      newThreshold: to.threshold,
      dealings: dealt.map(({ dealer, commitments }) => ({ dealer, commitments })),
    },
    subSharesOf: (recipient) =>
      dealt.map(({ dealer, shares }) => ({
        dealer,
        share: shares.find(({ index }) => index === recipient) as Share,
      })),
  };
}

interface VectorShare {
  i: number;
  s: string;
  r: string;
}
interface RedistributionVector {
  H: string;
  C: string[];
  shares: VectorShare[];
  redistribution: {
    B: number[];
    t2: number;
    lambda: string[];
    deals: { i: number; a: string[]; b: string[]; E: string[]; subshares: VectorShare[] }[];
    new_shares: VectorShare[];
    new_C: string[];
  };
}

const shareOf = ({ i, s, r }: VectorShare): Share => ({ index: i, s: fromHex(s), r: fromHex(r) });
const written = ({ index, s, r }: Share): VectorShare => ({ i: index, s: toHex(s), r: toHex(r) });

// The file's H is of another label and tag, so what checks an opening takes H; the commitments need none.
vectorTest('2-of-5 to 3-of-4: reproduces weights, dealings, sub-shares, new shares and new commitments', () => {
  const vector: RedistributionVector = JSON.parse(
    readFileSync(vectorPath('crypto/generated/pedersen-vss-ristretto255.json'), 'utf8'),
  );
  const h = decodePoint(fromHex(vector.H));
  const { B, t2, lambda, deals, new_shares: newShares, new_C: newC } = vector.redistribution;
  const recipients = newShares.map(({ i }) => i);
  expect(lagrangeAtZero(B).map((weight) => toHex(encodeScalar(weight)))).toEqual(lambda);

  for (const { i, a, b, E, subshares } of deals) {
    const scalars = (hex: string[]) => hex.map((one) => decodeScalar(fromHex(one)));
    expect([a[0], b[0]]).toEqual([vector.shares[i - 1]?.s, vector.shares[i - 1]?.r]);
    const dealt = dealPolynomials(scalars(a), scalars(b), recipients, h);
    expect(dealt.commitments.map(toHex)).toEqual(E);
    expect(dealt.shares.map(written)).toEqual(subshares);
    for (const share of dealt.shares) requireMatchingShare(share, decodeCommitments(dealt.commitments), h);
  }

  const combined = combineCommitments({
    oldCommitments: vector.C.map(fromHex),
    newThreshold: t2,
    dealings: deals.map(({ i, E }) => ({ dealer: i, commitments: E.map(fromHex) })),
  });
  expect(combined.map(toHex)).toEqual(newC);
  for (const expected of newShares) {
    const subShares = deals.map(({ subshares }) => shareOf(subshares[expected.i - 1] as VectorShare));
    const share = combineVerified(expected.i, B, subShares);
    expect(written(share)).toEqual(expected);
    requireMatchingShare(share, decodeCommitments(combined), h);
  }
});

test('the new committee holds the same secret under its own threshold', () => {
  const sharing = fc
    .uniqueArray(fc.integer({ min: 1, max: 255 }), { minLength: 2, maxLength: 4 })
    .chain((indices) =>
      fc.record({ indices: fc.constant(indices), threshold: fc.integer({ min: 2, max: indices.length }) }),
    );
  fc.assert(
    fc.property(sharing, sharing, fc.string(), (from, to, label) => {
      const { run, subSharesOf } = redistribute(from, to, label);
      const commitments = combineCommitments(run);
      const shares = to.indices.map((recipient) => {
        const received = combineSubShares(subSharesOf(recipient), run);
        expect(received.commitments).toEqual(commitments);
        return verifyShare(received.share, commitments);
      });
      expect(combineShares(shares.toReversed(), commitments, to.threshold)).toEqual(SECRET);
    }),
    { numRuns: 10 },
  );
});

describe('a refresh', () => {
  const committee = { indices: [1, 2, 3], threshold: 2 };
  const { old, run, subSharesOf } = redistribute(committee, committee, 'refresh');
  const renewed = committee.indices.map((recipient) => combineSubShares(subSharesOf(recipient), run));

  test('keeps C₀ and the secret, and changes everything else', () => {
    const [{ commitments }] = renewed as [(typeof renewed)[0]];
    expect(commitments[0]).toEqual(old.commitments[0]);
    expect(commitments[1]).not.toEqual(old.commitments[1]);
    for (const [k, { share }] of renewed.entries()) expect(share.s).not.toEqual(old.shares[k]?.s);
  });

  test('makes an old share worthless beside a new one', () => {
    const mixed = [old.shares[0] as Share, renewed[1]?.share as Share];
    for (const commitments of [old.commitments, renewed[0]?.commitments ?? []]) {
      expect(() => combineShares(mixed, commitments, 2)).toThrow(code('share_invalid'));
    }
  });
});

describe('refusals', () => {
  const { run, subSharesOf, old } = redistribute(
    { indices: [1, 2, 5], threshold: 2 },
    { indices: [1, 3, 4], threshold: 3 },
    'refusals',
  );
  const [first, second] = run.dealings as [PublishedDealing, PublishedDealing];
  const [subShare, otherSubShare] = subSharesOf(3) as [SubShare, SubShare];
  const random = seededRandom('forged');

  test('refuses fewer or more dealers than the old threshold', () => {
    for (const dealings of [[], [first], [first, second, { ...second, dealer: 5 }]]) {
      expect(() => combineCommitments({ ...run, dealings })).toThrow(code('invalid_threshold'));
    }
  });

  test('refuses the same dealer twice, and dealer 0', () => {
    expect(() => combineCommitments({ ...run, dealings: [first, first] })).toThrow(code('invalid_index'));
    expect(() => combineCommitments({ ...run, dealings: [first, { ...second, dealer: 0 }] })).toThrow(
      code('invalid_index'),
    );
  });

  test('refuses another number of commitments than the new threshold, and names the dealer', () => {
    for (const commitments of [second.commitments.slice(0, 2), [...second.commitments, ...first.commitments]]) {
      expect(() => combineCommitments({ ...run, dealings: [first, { ...second, commitments }] })).toThrow(
        code('invalid_threshold', { dealer: 2 }),
      );
    }
  });

  test('refuses a new threshold below 2', () => {
    for (const newThreshold of [0, 1]) {
      const dealings = run.dealings.map(({ dealer, commitments }) => ({
        dealer,
        commitments: commitments.slice(0, newThreshold),
      }));
      expect(() => combineCommitments({ ...run, newThreshold, dealings })).toThrow(code('invalid_threshold'));
    }
  });

  test('refuses a dealer who deals another value than their share, and names them', () => {
    const share = { ...(old.shares[1] as Share), s: SECRET };
    const { commitments } = dealSubShares({ share, newThreshold: 3, recipients: [1, 3, 4] }, random);
    const forged = { ...run, dealings: [first, { dealer: 2, commitments }] };
    expect(() => combineCommitments(forged)).toThrow(code('share_invalid', { dealer: 2 }));
    expect(() => combineSubShares(subSharesOf(3), forged)).toThrow(code('share_invalid', { dealer: 2 }));
  });

  test('refuses a dealing under the name of another dealer', () => {
    const swapped = { ...run, dealings: [first, { ...first, dealer: 2 }] };
    expect(() => combineCommitments(swapped)).toThrow(code('share_invalid', { dealer: 2 }));
  });

  test('refuses the identity among the published commitments', () => {
    const commitments = second.commitments.with(2, new Uint8Array(32));
    expect(() => combineCommitments({ ...run, dealings: [first, { ...second, commitments }] })).toThrow(
      code('invalid_point'),
    );
  });

  test('refuses a sub-share that was altered, and names its dealer', () => {
    const s = encodeScalar(Scalars.add(decodeScalar(otherSubShare.share.s), 1n));
    const altered = { dealer: 2, share: { ...otherSubShare.share, s } };
    expect(() => verifySubShare(altered, run)).toThrow(code('share_invalid', { dealer: 2, index: 3 }));
    expect(() => combineSubShares([subShare, altered], run)).toThrow(code('share_invalid', { dealer: 2, index: 3 }));
    expect(verifySubShare(otherSubShare, run)).toBe(otherSubShare);
  });

  test('refuses a sub-share from outside the run', () => {
    expect(() => verifySubShare({ ...subShare, dealer: 5 }, run)).toThrow(code('invalid_index', { dealer: 5 }));
  });

  test('refuses a missing sub-share, one dealer twice, and sub-shares of two recipients', () => {
    expect(() => combineSubShares([subShare], run)).toThrow(code('invalid_threshold'));
    expect(() => combineSubShares([subShare, subShare], run)).toThrow(code('invalid_index'));
    expect(() => combineSubShares([subShare, subSharesOf(4)[1] as SubShare], run)).toThrow(code('invalid_index'));
  });

  test('refuses to deal to fewer recipients than the new threshold, or to index 0', () => {
    const share = old.shares[0] as Share;
    expect(() => dealSubShares({ share, newThreshold: 3, recipients: [1, 2] }, random)).toThrow(
      code('invalid_threshold'),
    );
    expect(() => dealSubShares({ share, newThreshold: 2, recipients: [0, 2] }, random)).toThrow(code('invalid_index'));
  });
});
