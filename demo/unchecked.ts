import { allowed, archived, ownAuthenticators } from '../client/custodian/ceremony.ts';
import { fetchOwnEnvelopes, openOwnShare } from '../client/custodian/own-share.ts';
import { review } from '../client/custodian/review.ts';
import { type Hex, toBase64url, toHex } from '../src/core/bytes.ts';
import { sealHostShare } from '../src/core/envelope/host-share.ts';
import { signSealed } from '../src/core/envelope/sealed-signature.ts';
import type { ArchivedAssertion } from '../src/core/schema.ts';
import type { Share } from '../src/core/share/share.ts';
import { rosterDigest } from '../src/core/state/roster.ts';
import type { StatementOf } from '../src/core/statement/statement.ts';
import type { CustodianWorkstation } from './founders.ts';

/**
 * Acts as a custodian's client that an attacker has changed: approves a release without the client's own checks, and
 * seals the share as `corrupt` changes it.
 */
export async function approveUnchecked(
  { custodian, replica }: CustodianWorkstation,
  releaseDigest: Hex,
  corrupt: (share: Share) => Share,
): Promise<void> {
  await replica.extend();
  const { statement, hosts } = await review(custodian, replica, releaseDigest);
  const { manifest, epoch, vault } = statement as StatementOf<'release'>;
  const fetched = await fetchOwnEnvelopes(custodian, replica, manifest);
  const credentials = fetched.envelopes.map(({ authenticator }) => allowed(authenticator));
  const fields = decisionFields(custodian.now(), toHex(custodian.random(32)), replica);
  const signable = { label: 'approve', vault, statement: releaseDigest, ...fields } as const;
  const touch = await custodian.authenticator.touch({ ...signable, credentials, prf: true });
  const { share, keys, end } = await openOwnShare(custodian.authenticator, touch, fetched);
  const envelopes = [];
  for (const { position, kem, evidence } of hosts) {
    const sealedTo = { vault, statement: releaseDigest, evidence, epoch };
    const envelope = await sealHostShare(sealedTo, kem, corrupt(share), custodian.random);
    const sealed = { vault, subject: releaseDigest, recipient: position, envelope };
    envelopes.push({ host: position, envelope, signature: signSealed(sealed, keys.signing.seed) });
  }
  end();
  const credential = toBase64url(touch.credential);
  const assertion = archived(touch.assertion);
  await custodian.api.decide(releaseDigest, { ...sent(fields), credential, assertion, envelopes, custody: null });
}

/** Acts as an attacker who has recorded a custodian's login, with its session and its assertion. */
export async function replayLogin({ custodian, replica }: CustodianWorkstation, proposalDigest: Hex): Promise<void> {
  const { assertion, credential } = await logIn({ custodian, replica });
  const fields = decisionFields(custodian.now(), toHex(custodian.random(32)), replica);
  await custodian.api.decide(proposalDigest, { ...sent(fields), credential, assertion, envelopes: [], custody: null });
}

/** A login that the vault accepts, and the assertion that it was made with. */
async function logIn({ custodian, replica }: Pick<CustodianWorkstation, 'custodian' | 'replica'>): Promise<{
  readonly credential: string;
  readonly assertion: ArchivedAssertion;
}> {
  await replica.extend();
  const { api, authenticator, fingerprint, person } = custodian;
  const { nonce } = await api.challenge();
  const credentials = ownAuthenticators(replica.facts, person).map(allowed);
  const touch = await authenticator.touch({ label: 'session', vault: fingerprint, nonce, credentials, prf: false });
  const credential = toBase64url(touch.credential);
  const assertion = archived(touch.assertion);
  await api.openSession({ kind: 'custodian', nonce, credential, assertion });
  return { credential, assertion };
}

interface DecisionFields {
  readonly decision: 'approve';
  readonly reason: null;
  readonly origin: string;
  readonly size: number;
  readonly root: Hex;
  readonly roster: Hex;
  readonly timeMs: number;
  readonly nonce: Hex;
}

function decisionFields(
  timeMs: number,
  nonce: Hex,
  { checkpoint, facts }: CustodianWorkstation['replica'],
): DecisionFields {
  const { origin, size, root } = checkpoint;
  return { decision: 'approve', origin, size, root, roster: rosterDigest(facts), timeMs, nonce, reason: null };
}

function sent({ decision, origin, size, root, roster, timeMs: time, nonce }: DecisionFields) {
  return { decision, checkpoint: { origin, size, root }, roster, time, nonce, reason: null };
}
