import { ed25519 } from '@noble/curves/ed25519.js';
import { platformRandom } from '../../client/random.ts';
import { combineShares, verifyShare } from '../../src/core/share/combine.ts';
import { decodeScalar, encodeScalar, uniformScalar } from '../../src/core/share/group.ts';
import { randomPolynomial } from '../../src/core/share/pedersen.ts';
import { evaluate, lagrangeAtZero, weightedSum } from '../../src/core/share/polynomial.ts';
import type { Share } from '../../src/core/share/share.ts';
import { splitSecret } from '../../src/core/share/split.ts';
import { race, repeated } from './measure.ts';
import { type Bench, row } from './row.ts';

const THRESHOLD = 2;
const INDICES = [1, 2, 3, 4, 5];

interface SignedShare {
  readonly index: number;
  readonly s: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Sharing a release key 2-of-5, checking one share, combining two.
 *
 * Against Shamir's scheme over the same field with shares that the dealer signs, by the same libraries: the
 * usual way to know whose share is bad. It takes the dealer's word that the shares fit together, and that is
 * all that it leaves out.
 */
export const vssBench: Bench = async ({ quick }) => {
  const times = quick ? 20 : 200;
  const secret = encodeScalar(uniformScalar(platformRandom));
  const dealer = ed25519.keygen();
  const deal = () => splitSecret({ secret, threshold: THRESHOLD, indices: INDICES }, platformRandom);
  const { shares, commitments } = deal();
  const [first, second] = shares as [Share, Share];
  const dealSigned = () => signedShares(secret, dealer.secretKey);
  const signed = dealSigned().slice(0, THRESHOLD);
  const rounds = await race(
    {
      deal: repeated(times, deal),
      dealSigned: repeated(times, dealSigned),
      verify: repeated(times, () => verifyShare(first, commitments)),
      verifySigned: repeated(times, () => signed.slice(0, 1).map((share) => isSigned(share, dealer.publicKey))),
      combine: repeated(times, () => combineShares([first, second], commitments, THRESHOLD)),
      combineSigned: repeated(times, () => combinePlain(signed)),
    },
    quick ? 3 : 9,
  );
  const scale = { unit: 'ms', work: times } as const;
  const against = (what: string, of: readonly number[]) => ({ what, rounds: of });
  return {
    rows: [
      row('vss', 'deal 2-of-5', rounds.deal, scale, against('Shamir, 5 shares signed', rounds.dealSigned)),
      row('vss', 'verify a share', rounds.verify, scale, against('its Ed25519 signature', rounds.verifySigned)),
      row('vss', 'combine 2', rounds.combine, scale, against('Shamir, unchecked', rounds.combineSigned)),
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

function isSigned({ index, s, signature }: SignedShare, publicKey: Uint8Array): void {
  if (!ed25519.verify(signature, Uint8Array.of(index, ...s), publicKey)) throw new Error('the signature is not true');
}

function combinePlain(shares: readonly SignedShare[]): Uint8Array {
  const weights = lagrangeAtZero(shares.map(({ index }) => index));
  const values = shares.map(({ s }) => decodeScalar(s));
  return encodeScalar(weightedSum(weights, values));
}
