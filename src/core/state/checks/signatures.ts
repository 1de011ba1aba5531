import { type Base64url, fromBase64url } from '../../bytes.ts';
import { must } from '../../errors.ts';
import type { ProposerSignature } from '../../log/entry.ts';
import { quoted } from '../../quoted.ts';
import type { ArchivedAssertion } from '../../schema.ts';
import type { SignatureClaim } from '../../signature/claim.ts';
import { ed25519KeyBytes } from '../../signature/key-text.ts';
import { possessionMessage } from '../../statement/principal.ts';
import type { PrincipalRecord, Proposer } from '../../statement/statement.ts';
import { assertionBytes, checkAssertion } from '../../webauthn/assertion.ts';
import { challengeOf, type Signable, signableMessage } from '../../webauthn/challenge.ts';
import { committeeInForce } from '../committees.ts';
import type { EnrolledAuthenticator, Facts, Principal } from '../state.ts';

/**
 * The authenticator behind a credential, if that person may use it today. Throws `not_a_custodian`,
 * `credential_unknown` (also for another person's) or `credential_retired`.
 */
export function currentAuthenticator(
  facts: Pick<Facts, 'committee' | 'authenticators'>,
  person: string,
  credential: Base64url,
): EnrolledAuthenticator {
  must(
    committeeInForce(facts).members.some((member) => member.person === person),
    'not_a_custodian',
    `expected a custodian of this committee, got person ${person}`,
  );
  const authenticator = facts.authenticators.get(credential);
  must(
    authenticator !== undefined && authenticator.person === person,
    'credential_unknown',
    `person ${person} has no authenticator with this credential`,
  );
  must(authenticator.retiredAt === null, 'credential_retired', 'this authenticator has been retired; use another');
  return authenticator;
}

/** The principal behind a key that is in use today. Throws `principal_unknown` or `principal_retired`. */
export function currentPrincipal<P extends Pick<Principal, 'name' | 'retiredAt'>>(
  facts: { readonly principals: { get(key: string): P | undefined } },
  key: string,
): P {
  const principal = facts.principals.get(key);
  must(
    principal !== undefined,
    'principal_unknown',
    `the key ${key} is not enrolled, or its proposal waits for approvals: a custodian proposes it in the console, and a quorum approves`,
  );
  must(
    principal.retiredAt === null,
    'principal_retired',
    `the key ${quoted(principal.name)} has been retired; enrol another`,
  );
  return principal;
}

/** The statement for which a custodian touched their authenticator. The challenge is computed here from the entry. */
export function assertionClaim(
  facts: Pick<Facts, 'vault'> & { readonly genesis: { readonly rpId: string } },
  authenticator: Pick<EnrolledAuthenticator, 'algorithm' | 'publicKey' | 'person'>,
  signable: Signable,
  assertion: ArchivedAssertion,
): SignatureClaim {
  const { claim } = checkAssertion({
    assertion: assertionBytes(assertion),
    challenge: challengeOf(signable),
    rpId: facts.genesis.rpId,
    credential: authenticator,
  });
  return { ...claim, what: `${signable.label} by person ${authenticator.person}` };
}

export function ed25519Claim(key: string, message: Uint8Array, signature: Base64url, what: string): SignatureClaim {
  return {
    kind: 'signature',
    algorithm: 'Ed25519',
    publicKey: ed25519KeyBytes(key),
    message,
    signature: fromBase64url(signature),
    what,
  };
}

/**
 * The proposer's signature over what they propose: a custodian's touch or a principal's key.
 * Throws `not_permitted` where the signature is not of the proposer's kind, and as currentAuthenticator.
 */
export function proposerClaim(
  facts: Facts,
  proposer: Exclude<Proposer, { kind: 'founders' }>,
  signable: Signable,
  signature: ProposerSignature,
): SignatureClaim {
  if (proposer.kind === 'custodian' && signature.kind === 'assertion') {
    const { kind: _, ...assertion } = signature;
    const authenticator = currentAuthenticator(facts, proposer.person, proposer.credential);
    return assertionClaim(facts, authenticator, signable, assertion);
  }
  must(
    proposer.kind === 'principal' && signature.kind === 'ed25519',
    'not_permitted',
    `expected the signature of a ${proposer.kind}, got ${signature.kind}`,
  );
  return ed25519Claim(proposer.key, signableMessage(signable), signature.signature, `${signable.label} by a principal`);
}

/** The key's own signature: it shows that its holder enrols it. */
export function possessionClaim(record: PrincipalRecord): SignatureClaim {
  return ed25519Claim(
    record.key,
    possessionMessage(record),
    record.possession,
    `possession of key ${quoted(record.name)}`,
  );
}
