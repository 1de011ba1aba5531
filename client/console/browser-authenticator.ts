import { equal, fromHex, toBase64url } from '../../src/core/bytes.ts';
import { prfInput } from '../../src/core/envelope/custodian-keys.ts';
import { type Code, must, TwinlockError } from '../../src/core/errors.ts';
import { parseCoseKey } from '../../src/core/signature/cose.ts';
import { attestedCredential } from '../../src/core/webauthn/attestation.ts';
import { challengeOf, registerChallenge } from '../../src/core/webauthn/challenge.ts';
import {
  type AllowedCredential,
  type Authenticator,
  checkCredentials,
  type EnrolRequest,
  type Registration,
  type Touch,
  type TouchRequest,
} from '../custodian/authenticator.ts';

/** How long a person has to find the key and touch it. */
const TIMEOUT_MS = 120_000;
const ES256 = -7;
const EDDSA = -8;
/** Newer than the types of the DOM library. */
const HINTS = { hints: ['security-key'] };

/** The browser's names of failures (WebAuthn sections 5.1.3 and 5.1.4), and what they mean to us. */
const FAILURES: Readonly<Record<string, readonly [Code, string]>> = {
  NotAllowedError: ['cancelled', 'the authenticator was not touched in time, or the request was declined'],
  AbortError: ['cancelled', 'the request was given up'],
  TimeoutError: ['cancelled', 'the authenticator was not touched in time'],
  InvalidStateError: ['credential_exists', 'this authenticator is enrolled already; take another one'],
  ConstraintError: ['user_unverified', 'this authenticator cannot verify its user: set a PIN or fingerprint first'],
  NotSupportedError: ['unsupported_algorithm', 'this authenticator has none of the algorithms ES256 and EdDSA'],
  SecurityError: ['wrong_rp_id', 'this page may not use the RP ID of the vault; open the console under its own name'],
};

/** The Authenticator port on navigator.credentials (design: webauthn, "Ceremonies"). */
export class BrowserAuthenticator implements Authenticator {
  readonly rpId: string;
  readonly #credentials: CredentialsContainer;

  constructor(rpId: string, credentials: CredentialsContainer = navigator.credentials) {
    this.rpId = rpId;
    this.#credentials = credentials;
  }

  async enrol(request: EnrolRequest): Promise<Registration> {
    const challenge = registerChallenge(request);
    const created = await this.#create(request, challenge);
    const response = created.response as AuthenticatorAttestationResponse;
    const credential = new Uint8Array(created.rawId);
    const object = new Uint8Array(response.attestationObject);
    const attested = attestedCredential(object, this.rpId);
    must(equal(attested.credentialId, credential), 'binding_mismatch', 'the browser names another credential');
    parseCoseKey(attested.publicKey);

    // Keys without hmac-secret at creation answer at the first get(): a second touch.
    const first = created.getClientExtensionResults().prf?.results?.first;
    const allowed = { id: credential, keyEpoch: request.keyEpoch };
    const prf = prfBytes(first) ?? prfResult(await this.#get(challenge, [allowed], true));
    return {
      credential,
      publicKey: attested.publicKey,
      attestation: { object, clientDataJSON: new Uint8Array(response.clientDataJSON) },
      prf,
    };
  }

  /** The parts are picked by hand: toJSON() of a credential contains the PRF's output. */
  async touch(request: TouchRequest): Promise<Touch> {
    checkCredentials(request);
    const answer = await this.#get(challengeOf(request), request.credentials, request.prf);
    const credential = new Uint8Array(answer.rawId);
    const asked = request.credentials.some(({ id }) => equal(id, credential));
    must(asked, 'credential_unknown', 'a credential answered that was not asked');
    const { authenticatorData, clientDataJSON, signature } = answer.response as AuthenticatorAssertionResponse;
    return {
      credential,
      assertion: {
        authenticatorData: new Uint8Array(authenticatorData),
        clientDataJSON: new Uint8Array(clientDataJSON),
        signature: new Uint8Array(signature),
      },
      prf: request.prf ? prfResult(answer) : null,
    };
  }

  #create({ person, name, keyEpoch, exclude }: EnrolRequest, challenge: Uint8Array): Promise<PublicKeyCredential> {
    const extensions = {
      prf: { eval: { first: source(prfInput(this.rpId, keyEpoch)) } },
      credentialProtectionPolicy: 'userVerificationRequired',
    };
    return answered(() =>
      this.#credentials.create({
        publicKey: {
          rp: { id: this.rpId, name: 'twinlock' },
          user: { id: source(fromHex(person)), name, displayName: name },
          challenge: source(challenge),
          attestation: 'direct',
          pubKeyCredParams: [ES256, EDDSA].map((alg) => ({ type: 'public-key', alg })),
          authenticatorSelection: {
            authenticatorAttachment: 'cross-platform',
            residentKey: 'discouraged',
            userVerification: 'required',
          },
          ...HINTS,
          excludeCredentials: exclude.map((id) => ({ type: 'public-key', id: source(id) })),
          timeout: TIMEOUT_MS,
          extensions,
        },
      }),
    );
  }

  #get(challenge: Uint8Array, allowed: readonly AllowedCredential[], prf: boolean): Promise<PublicKeyCredential> {
    return answered(() =>
      this.#credentials.get({
        publicKey: {
          rpId: this.rpId,
          challenge: source(challenge),
          userVerification: 'required',
          ...HINTS,
          allowCredentials: allowed.map(({ id }) => ({ type: 'public-key', id: source(id) })),
          timeout: TIMEOUT_MS,
          ...(prf ? { extensions: { prf: this.#prfInputs(allowed) } } : {}),
        },
      }),
    );
  }

  /** Password managers fail on evalByCredential, so it is used only where one input does not do. */
  #prfInputs(allowed: readonly AllowedCredential[]): AuthenticationExtensionsPRFInputs {
    const inputs = allowed.map(({ id, keyEpoch }) => {
      const first = source(prfInput(this.rpId, keyEpoch));
      return [toBase64url(id), { first }] as const;
    });
    const [only] = inputs;
    if (only !== undefined && inputs.length === 1) return { eval: only[1] };
    return { evalByCredential: Object.fromEntries(inputs) };
  }
}

async function answered(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch (cause) {
    const name = cause instanceof DOMException ? cause.name : '';
    const [code, message] = FAILURES[name] ?? ['unavailable', 'the browser could not use the authenticator'];
    throw new TwinlockError(code, message, {}, { cause });
  }
  must(credential instanceof PublicKeyCredential, 'unavailable', 'expected the browser to return a credential');
  return credential;
}

function prfResult(credential: PublicKeyCredential): Uint8Array {
  const prf = prfBytes(credential.getClientExtensionResults().prf?.results?.first);
  must(prf !== null, 'prf_missing', 'this authenticator has no PRF (hmac-secret); take a FIDO2 security key that has');
  return prf;
}

function prfBytes(result: BufferSource | undefined): Uint8Array | null {
  if (result === undefined) return null;
  const bytes = ArrayBuffer.isView(result)
    ? new Uint8Array(result.buffer, result.byteOffset, result.byteLength)
    : new Uint8Array(result);
  must(bytes.length === 32, 'prf_missing', `expected 32 bytes of PRF, got ${bytes.length}`);
  return bytes;
}

/** A copy that is not of shared memory, which is all that the browser takes. */
function source(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
