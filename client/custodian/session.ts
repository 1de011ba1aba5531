import { type Hex, toBase64url } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { roleText } from '../../src/core/statement/role-text.ts';
import { allowed, archived, type Ceremony, type Custodian, type OwnCredential } from './ceremony.ts';
import { sending } from './sent.ts';

/**
 * Opens a session with a touch. Who it is of is the vault's word until `confirmedBy` the log. It lets a custodian read and send, and nothing that it signs is ever an
 * approval: that takes a touch of its own. Throws `wrong_rp_id`, `cancelled`, `credential_unknown`,
 * `not_a_custodian` and the vault's codes.
 */
export async function openSession(
  ceremony: Ceremony,
  fingerprint: Hex,
  own: readonly OwnCredential[],
): Promise<Custodian> {
  const { api, authenticator } = ceremony;
  const { rpId } = await api.vault();
  must(rpId === authenticator.rpId, 'wrong_rp_id', `the vault is ${rpId}, this console serves ${authenticator.rpId}`);
  const { nonce } = await api.challenge();
  const credentials = own.map(allowed);
  const touch = await authenticator.touch({ label: 'session', vault: fingerprint, nonce, credentials, prf: false });
  const credential = toBase64url(touch.credential);
  const assertion = archived(touch.assertion);
  const body = { kind: 'custodian', nonce, credential, assertion } as const;
  const session = await sending({ what: 'sign-in', digest: null }, () => api.openSession(body));
  must(
    session.role === 'custodian',
    'not_a_custodian',
    `expected a custodian’s session, got that of ${roleText(session.role)}`,
  );
  const { person, name, token } = session;
  return inSession(ceremony, { fingerprint, person, name, credential, token });
}

/** A session that was opened: what `openSession` has learnt and been given. */
export type OpenedSession = Pick<Custodian, 'fingerprint' | 'person' | 'name' | 'credential' | 'token'>;

/** The custodian of a session that is open. No touch is asked for; the vault says whether it still knows the session. */
export function inSession(ceremony: Ceremony, session: OpenedSession): Custodian {
  return { ...ceremony, ...session, api: ceremony.api.withBearer(session.token) };
}

/**
 * The custodian as the log knows them, by the credential that was touched. Throws `binding_mismatch` where the vault
 * opened the session for another person, and `credential_unknown` where no log of this vault enrols the credential.
 */
export function confirmedBy({ authenticators, persons }: Facts, custodian: Custodian): Custodian {
  const { credential, person } = custodian;
  const enrolled = authenticators.get(credential);
  must(enrolled !== undefined, 'credential_unknown', 'the log enrols no authenticator that you touched: use another');
  must(enrolled.person === person, 'binding_mismatch', 'the vault takes you for another person than the log does');
  return { ...custodian, name: persons.get(person) ?? person };
}
