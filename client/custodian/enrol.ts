import { equal, fromBase64url, type Hex, toBase64url, toHex, wipe, ZERO_32 } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { type CustodianKeys, deriveCustodianKeys } from '../../src/core/envelope/custodian-keys.ts';
import { must } from '../../src/core/errors.ts';
import { thingName } from '../../src/core/name/name.ts';
import { parseAs } from '../../src/core/schema.ts';
import { ed25519KeyText } from '../../src/core/signature/key-text.ts';
import { requireDistinctAuthenticator } from '../../src/core/state/checks/names.ts';
import { discharge } from '../../src/core/state/discharge.ts';
import type { Signable } from '../../src/core/webauthn/challenge.ts';
import { checkEnrolment, type Enrolment, parseEnrolment } from '../../src/core/webauthn/enrolment.ts';
import type { InvitationStatus } from '../api/api.ts';
import type { Authenticator, Registration } from './authenticator.ts';
import { allowed, archived, type Ceremony, type OwnCredential } from './ceremony.ts';
import { sending } from './sent.ts';

/** The first key epoch, which a new credential has. */
const KEY_EPOCH = 1;
const ZEROS = toHex(ZERO_32);

/** The record that the workstation keeps of an authenticator that it enrolled; the review of the genesis needs it. */
export interface Enrolled extends OwnCredential {
  readonly person: Hex;
  readonly name: string;
  /** The name that the person gave the authenticator. */
  readonly keyName: string;
  readonly rpId: string;
  /** SHA-256 of the enrolment document. */
  readonly digest: Hex;
}

/**
 * Enrols an authenticator before genesis, in two or three touches: it makes a credential, derives the keys
 * from its PRF, and a second touch binds person, credential, name and keys, which must come out the same.
 * `keyName` is what the person calls it, by the rules of a thing's name; `already` are those that this person has
 * enrolled before. Throws as the Authenticator, `malformed` and `credential_exists` for the name, `wrong_rp_id`,
 * `prf_unusable` where the PRF does not repeat, and the vault's codes.
 */
export async function enrol(
  ceremony: Ceremony,
  invitation: string,
  keyName: string,
  already: readonly Enrolled[] = [],
): Promise<Enrolled> {
  const { authenticator, verify } = ceremony;
  const api = ceremony.api.withBearer(invitation);
  const invited = await api.invitation();
  const { rpId } = authenticator;
  must(invited.rpId === rpId, 'wrong_rp_id', `the vault is ${invited.rpId}, this console serves ${rpId}`);
  const own = digestOf(fromBase64url(invitation));
  must(invited.digest === own, 'invitation_unknown', 'the vault answers for another invitation than was given');
  parseAs(thingName, keyName, 'the name of the key');
  const { person, name } = invited;
  requireDistinctAuthenticator(
    already.map((enrolled) => ({ person, name: enrolled.keyName })),
    { person, name: keyName },
  );
  const document = await makeDocument(authenticator, invited, keyName, already);
  const bytes = canonicalBytes(document);
  const { claims } = checkEnrolment(parseEnrolment(bytes), { kind: 'any' });
  await discharge(claims, verify);
  const digest = digestOf(bytes);
  const body = { document: bytes };
  const answer = await sending({ what: 'enrolment', digest: null }, () => api.enrol(body));
  must(
    answer.digest === digest,
    'digest_mismatch',
    `the vault stored another document than was sent: ${answer.digest}`,
  );
  return { person, name, keyName, rpId, credential: document.credential, keyEpoch: KEY_EPOCH, digest };
}

async function makeDocument(
  authenticator: Authenticator,
  { person, name, digest: invitation }: InvitationStatus,
  keyName: string,
  already: readonly Enrolled[],
): Promise<Enrolment> {
  const { rpId } = authenticator;
  const fields = { vault: ZEROS, invitation, person };
  const exclude = already.map((enrolled) => allowed(enrolled).id);
  const registration = await authenticator.enrol({ ...fields, name, keyEpoch: KEY_EPOCH, exclude });
  const { credential, publicKey, attestation } = registration;
  const keys = publicKeysOf(rpId, registration);
  const binding = await bind(authenticator, { ...fields, credential, keyEpoch: KEY_EPOCH, ...keys, name: keyName });
  return {
    v: 1,
    kind: 'enrolment',
    person,
    rpId,
    name: keyName,
    credential: toBase64url(credential),
    publicKey: toBase64url(publicKey),
    attestation: { object: toBase64url(attestation.object), clientDataJSON: toBase64url(attestation.clientDataJSON) },
    keyEpoch: KEY_EPOCH,
    kem: toBase64url(keys.kem),
    signing: ed25519KeyText(keys.signing),
    vault: fields.vault,
    invitation,
    binding,
  };
}

type BindingFields = Omit<Extract<Signable, { label: 'enrol' }>, 'label'>;

/** The binding touch, whose PRF must give the keys that it signs: else no share could ever be opened again. */
async function bind(authenticator: Authenticator, fields: BindingFields): Promise<Enrolment['binding']> {
  const credentials = [{ id: fields.credential, keyEpoch: fields.keyEpoch }];
  const { assertion, prf } = await authenticator.touch({ label: 'enrol', ...fields, credentials, prf: true });
  must(prf !== null, 'prf_missing', 'the authenticator answered without its PRF');
  const again = publicKeysOf(authenticator.rpId, { credential: fields.credential, prf });
  const same = equal(again.kem, fields.kem) && equal(again.signing, fields.signing);
  must(same, 'prf_unusable', 'the PRF gave other keys the second time: try another browser, then another security key');
  return archived(assertion);
}

/** The public halves; everything secret is wiped. */
function publicKeysOf(rpId: string, { credential, prf }: Pick<Registration, 'credential' | 'prf'>) {
  const keys = deriveCustodianKeys({ prfFirst: prf, rpId, credentialId: credential, keyEpoch: KEY_EPOCH });
  wipe(prf);
  wipeKeys(keys);
  return { kem: keys.kem.publicKey, signing: keys.signing.publicKey };
}

function wipeKeys({ kem, signing }: CustodianKeys): void {
  wipe(kem.seed, signing.seed);
}
