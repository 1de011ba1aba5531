import { type Hex, toBase64url } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { allowed, archived, type Ceremony, type Custodian, type OwnCredential } from './ceremony.ts';

/**
 * Opens a session with a touch. It lets a custodian read and send, and nothing that it signs is ever an
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
  const session = await api.openSession({ kind: 'custodian', nonce, credential, assertion });
  must(session.role === 'custodian', 'not_a_custodian', `expected a custodian’s session, got a ${session.role}’s`);
  const { person, name, token } = session;
  return { ...ceremony, api: api.withBearer(token), fingerprint, person, name, credential };
}
