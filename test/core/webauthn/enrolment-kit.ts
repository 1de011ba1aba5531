import type { Authenticator } from '../../../client/custodian/authenticator.ts';
import { toBase64url, toHex, ZERO_32 } from '../../../src/core/bytes.ts';
import { deriveCustodianKeys } from '../../../src/core/envelope/custodian-keys.ts';
import { ed25519KeyText } from '../../../src/core/signature/key-text.ts';
import type { Enrolment } from '../../../src/core/webauthn/enrolment.ts';

const zeros = toHex(ZERO_32);
const PERSON = '00112233445566778899aabbccddeeff';

/** The document that a person makes with an authenticator: registration, keys, binding touch. */
export async function enrol(
  authenticator: Authenticator,
  { vault = zeros, invitation = zeros, person = PERSON, keyEpoch = 1, name = 'YubiKey blue' }: Partial<Enrolment> = {},
): Promise<Enrolment> {
  const { rpId } = authenticator;
  const registered = { vault, invitation, person };
  const made = await authenticator.enrol({ ...registered, name: 'Ada', keyEpoch, exclude: [] });
  const keys = deriveCustodianKeys({ prfFirst: made.prf, rpId, credentialId: made.credential, keyEpoch });
  const [kem, signing] = [keys.kem.publicKey, keys.signing.publicKey];
  const touch = await authenticator.touch({
    label: 'enrol',
    ...registered,
    credential: made.credential,
    keyEpoch,
    kem,
    signing,
    name,
    credentials: [{ id: made.credential, keyEpoch }],
    prf: true,
  });
  return {
    v: 1,
    kind: 'enrolment',
    person,
    rpId,
    name,
    credential: toBase64url(made.credential),
    publicKey: toBase64url(made.publicKey),
    attestation: {
      object: toBase64url(made.attestation.object),
      clientDataJSON: toBase64url(made.attestation.clientDataJSON),
    },
    keyEpoch,
    kem: toBase64url(kem),
    signing: ed25519KeyText(signing),
    vault,
    invitation,
    binding: {
      authenticatorData: toBase64url(touch.assertion.authenticatorData),
      clientDataJSON: toBase64url(touch.assertion.clientDataJSON),
      signature: toBase64url(touch.assertion.signature),
    },
  };
}
