import type { Hex } from '../../src/core/bytes.ts';
import type { SignedStop } from '../../src/core/log/signed-stop.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { statementDigest } from '../../src/core/statement/statement.ts';
import type { Api, StopAnswer } from '../api/api.ts';
import type { Replica } from '../log/replica.ts';
import { type Stopping, stopStatement } from '../statements/stop.ts';
import {
  allowed,
  archived,
  type Ceremony,
  type Custodian,
  type OwnCredential,
  sessionAuthenticator,
} from './ceremony.ts';
import { sending } from './sent.ts';

/** The last resumption that a log has, which a stop of everything rests on; null where there was none. */
export function lastResumption({ resumptions }: Facts): Hex | null {
  return resumptions.length > 1 ? (resumptions.at(-1) ?? null) : null;
}

/**
 * Signs a stop with one touch. Nothing is asked of the vault, which may be out of reach: `vault` is the fingerprint
 * that this workstation was given. Throws `malformed`, and as the Authenticator.
 */
export async function signStop(
  { authenticator, random, now }: Pick<Ceremony, 'authenticator' | 'random' | 'now'>,
  vault: Hex,
  own: OwnCredential,
  stopping: Stopping,
  resumption: Hex | null,
): Promise<SignedStop> {
  const by = { kind: 'custodian', credential: own.credential } as const;
  const statement = stopStatement(vault, by, stopping, { resumption, nowMs: now(), random });
  const signable = { label: 'stop', vault, what: statement.what, statement: statementDigest(statement) } as const;
  const { assertion } = await authenticator.touch({ ...signable, credentials: [allowed(own)], prf: false });
  return { statement, signature: { kind: 'assertion', ...archived(assertion) } };
}

/**
 * Sends a stop that was signed. May be repeated. Throws `SentError`, under the vault's codes, and `NotReachedError`.
 */
export function sendSigned(api: Api, signed: SignedStop): Promise<StopAnswer> {
  return sending({ what: 'stop', digest: statementDigest(signed.statement) }, () => api.stop(signed));
}

/** Stops with one touch, at once. Throws `credential_retired`, as `signStop`, and the vault's codes. */
export async function stop(custodian: Custodian, replica: Replica, stopping: Stopping): Promise<StopAnswer> {
  const own = sessionAuthenticator(replica.facts, custodian);
  const signed = await signStop(custodian, replica.facts.vault, own, stopping, lastResumption(replica.facts));
  return sendSigned(custodian.api, signed);
}
