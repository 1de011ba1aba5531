import { type Base64url, fromBase64url, type Hex, toBase64url } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { quoted } from '../../src/core/quoted.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import type { ArchivedAssertion } from '../../src/core/schema.ts';
import type { Verify } from '../../src/core/signature/claim.ts';
import { committeeInForce } from '../../src/core/state/committees.ts';
import type { EnrolledAuthenticator, Facts } from '../../src/core/state/state.ts';
import type { Assertion } from '../../src/core/webauthn/assertion.ts';
import type { Api } from '../api/api.ts';
import type { CheckpointMemory } from '../log/checkpoint-memory.ts';
import type { StateMemory } from '../log/kept-state.ts';
import { Replica } from '../log/replica.ts';
import type { AllowedCredential, Authenticator } from './authenticator.ts';

/** The parts of every ceremony: the vault, the custodian's security key and the workstation. */
export interface Ceremony {
  /** Without a bearer, or with the session's in `Custodian`. */
  readonly api: Api;
  readonly authenticator: Authenticator;
  readonly verify: Verify;
  readonly memory: CheckpointMemory;
  /** The states that this workstation keeps of verified logs; without them, it replays the logs. */
  readonly states?: StateMemory;
  readonly random: RandomBytes;
  /** Milliseconds since the epoch, by the workstation's clock. */
  readonly now: () => number;
}

/** A custodian in a session. */
export interface Custodian extends Ceremony {
  readonly fingerprint: Hex;
  readonly person: Hex;
  readonly name: string;
  /** The credential that opened the session; the custodian proposes and stops with it. */
  readonly credential: Base64url;
  /** The session's bearer token: for `api`, and to go on with the session after a reload of the page. */
  readonly token: Base64url;
}

/** One of the custodian's own credentials, as the workstation keeps it. */
export interface OwnCredential {
  readonly credential: Base64url;
  readonly keyEpoch: number;
}

export function allowed({ credential, keyEpoch }: OwnCredential): AllowedCredential {
  return { id: fromBase64url(credential), keyEpoch };
}

/** An assertion as it is sent and archived. */
export function archived({ authenticatorData, clientDataJSON, signature }: Assertion): ArchivedAssertion {
  return {
    authenticatorData: toBase64url(authenticatorData),
    clientDataJSON: toBase64url(clientDataJSON),
    signature: toBase64url(signature),
  };
}

/** Replays the log from the fingerprint; `replica.extend()` goes on from there. Throws as `Replica.follow`. */
export function followLog(
  { api, verify, memory, states, now, fingerprint }: Custodian,
  onProgress: (entries: number, of: number) => void = () => undefined,
): Promise<Replica> {
  const options = { fingerprint, verify, memory, now, onProgress };
  return Replica.follow(api, states === undefined ? options : { ...options, states });
}

/** The custodian's authenticators in use. Throws `not_a_custodian`, and `credential_retired` where none is left. */
export function ownAuthenticators(facts: Facts, person: Hex): readonly EnrolledAuthenticator[] {
  const isMember = committeeInForce(facts).members.some((member) => member.person === person);
  must(isMember, 'not_a_custodian', 'you are no custodian of this committee');
  const own = facts.authenticators
    .valueSeq()
    .filter((authenticator) => authenticator.person === person && authenticator.retiredAt === null)
    .toArray();
  must(own.length > 0, 'credential_retired', 'all of your authenticators have been retired');
  return own;
}

/** The authenticator that is used to propose and stop: that of the session, while it is in use. */
export function sessionAuthenticator(facts: Facts, { person, credential }: Custodian): EnrolledAuthenticator {
  const found = ownAuthenticators(facts, person).find((candidate) => candidate.credential === credential);
  must(found !== undefined, 'credential_retired', 'the authenticator of this session has been retired: use another');
  return found;
}

/**
 * Names the keys that may answer, by the names that their person gave them: `the security key “blue” (id ki9xXSPA)`.
 */
export function keysText(keys: readonly Pick<EnrolledAuthenticator, 'name' | 'credential'>[]): string {
  const named = keys.map(({ name, credential }) => `${quoted(name)} (id ${credential})`);
  return `the security key ${named.join(' or ')}`;
}
