import { type Hex, toHex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { Replica } from '../log/replica.ts';
import { allowed, type Custodian, keysText } from './ceremony.ts';
import { custodyOf, fetchOwnEnvelopes, openOwnShare } from './own-share.ts';
import { sending } from './sent.ts';

/**
 * Opens and checks one's share of a version without deciding anything, with one touch, and says so in the
 * log: a version is durable once every envelope has been confirmed. Only authenticators whose envelope is
 * unconfirmed may answer. Throws `custody_known` where there is none, and as `openOwnShare`.
 */
export async function confirmCustody(
  custodian: Custodian,
  replica: Replica,
  manifestDigest: Hex,
): Promise<{ readonly index: number }> {
  const { api, authenticator, random, fingerprint } = custodian;
  const fetched = await fetchOwnEnvelopes(custodian, replica, manifestDigest);
  const { confirmed } = fetched.version;
  const envelopes = fetched.envelopes.filter(({ name }) => !confirmed.includes(name.credential));
  must(envelopes.length > 0, 'custody_known', 'all of your envelopes of this version have been confirmed');
  const credentials = envelopes.map((envelope) => allowed(envelope.authenticator));
  // The receipt is signed with the key that the touch yields. The assertion itself goes nowhere: it is that of
  // a login, over a nonce that no vault has given.
  const nonce = toHex(random(32));
  const asked = keysText(envelopes.map((envelope) => envelope.authenticator));
  const touch = await naming(asked, () =>
    authenticator.touch({ label: 'session', vault: fingerprint, nonce, credentials, prf: true }),
  );
  const opened = await openOwnShare(authenticator, touch, { ...fetched, envelopes });
  let custody: ReturnType<typeof custodyOf>;
  try {
    custody = custodyOf(opened, fetched);
  } finally {
    opened.end();
  }
  return sending({ what: 'custody', digest: manifestDigest }, () => api.confirmCustody(custody));
}

/**
 * Another key than the one that is wanted blames itself otherwise: a browser says of it only that nothing was signed.
 */
async function naming<T>(asked: string, touch: () => Promise<T>): Promise<T> {
  try {
    return await touch();
  } catch (error) {
    const isOtherKey =
      error instanceof TwinlockError && (error.code === 'cancelled' || error.code === 'credential_unknown');
    if (!isOtherKey) throw error;
    throw new TwinlockError(error.code, `expected ${asked}, which has not confirmed its share: ${error.message}`);
  }
}
