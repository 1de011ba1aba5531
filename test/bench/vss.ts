import { ed25519 } from '@noble/curves/ed25519.js';
import { combineShares, verifyShare } from '../../src/core/share/combine.ts';
import { decodeScalar, encodeScalar, uniformScalar } from '../../src/core/share/group.ts';
import { randomPolynomial } from '../../src/core/share/pedersen.ts';
import { evaluate, lagrangeAtZero, weightedSum } from '../../src/core/share/polynomial.ts';
import type { Share } from '../../src/core/share/share.ts';
import { splitSecret } from '../../src/core/share/split.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { type Rounds, race, repeated } from './measure.ts';
import { type Bench, row } from './row.ts';

const THRESHOLD = 2;
const INDICES = [1, 2, 3, 4, 5];

interface SignedShare {
  readonly index: number;
  readonly s: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Sharing a release key 2-of-5, checking one share, and what a host does with two: check each, combine.
 *
 * Against Shamir's scheme over the same field with shares that the dealer signs, by the same libraries: the
 * usual way to know whose share is bad. It takes the dealer's word that the shares fit together, and that is
 * all that it leaves out.
 */
export const vssBench: Bench = async ({ quick }) => {
  const times = quick ? 10 : 50;
  const secret = encodeScalar(uniformScalar(platformRandom));
  const dealer = ed25519.keygen();
  const deal = () => splitSecret({ secret, threshold: THRESHOLD, indices: INDICES }, platformRandom);
  const { shares, commitments } = deal();
  const two = shares.slice(0, THRESHOLD);
  const dealSigned = () => signedShares(secret, dealer.secretKey);
  const twoSigned = dealSigned().slice(0, THRESHOLD);
  const verify = (share: Share) => verifyShare(share, commitments);
  const verifySigned = (share: SignedShare) => mustBeSigned(share, dealer.publicKey);
  const combine = (verified: readonly Share[]) => combineShares(verified, commitments, THRESHOLD);
  const rounds = await race(
    {
      deal: repeated(times, deal),
      dealSigned: repeated(times, dealSigned),
      verify: repeated(times, () => two.slice(0, 1).map(verify)),
      verifySigned: repeated(times, () => twoSigned.slice(0, 1).map(verifySigned)),
      recover: repeated(times, () => combine(two.map(verify))),
      recoverSigned: repeated(times, () => combineUnchecked(twoSigned.map(verifySigned))),
      combine: repeated(times, () => combine(two)),
    },
    quick ? 3 : 9,
  );
  const scale = { unit: 'ms', work: times } as const;
  const line = (what: string, ours: Rounds, against: string, theirs: Rounds) =>
    row('vss', what, ours, scale, { what: against, rounds: theirs });
  return {
    rows: [
      line('deal 2-of-5', rounds.deal, 'Shamir, 5 shares signed', rounds.dealSigned),
      line('verify a share', rounds.verify, 'an Ed25519 signature', rounds.verifySigned),
      line('verify 2 shares and combine', rounds.recover, 'Shamir, 2 signatures verified', rounds.recoverSigned),
      row('vss', 'combine 2 verified shares', rounds.combine, scale, null),
    ],
    skipped: [],
  };
};

function signedShares(secret: Uint8Array, signingKey: Uint8Array): SignedShare[] {
  const polynomial = randomPolynomial(decodeScalar(secret), THRESHOLD, platformRandom);
  return INDICES.map((index) => {
    const s = encodeScalar(evaluate(polynomial, index));
    return { index, s, signature: ed25519.sign(Uint8Array.of(index, ...s), signingKey) };
  });
}

function mustBeSigned(share: SignedShare, publicKey: Uint8Array): SignedShare {
  const isSigned = ed25519.verify(share.signature, Uint8Array.of(share.index, ...share.s), publicKey);
  if (!isSigned) throw new Error('the signature is not true');
  return share;
}

function combineUnchecked(shares: readonly SignedShare[]): Uint8Array {
  const weights = lagrangeAtZero(shares.map(({ index }) => index));
  const values = shares.map(({ s }) => decodeScalar(s));
  return encodeScalar(weightedSum(weights, values));
}
