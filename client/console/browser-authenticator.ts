import { equal, fromHex, toBase64url } from '../../src/core/bytes.ts';
import { prfInput } from '../../src/core/envelope/custodian-keys.ts';
import { type Code, must, TwinlockError } from '../../src/core/errors.ts';
import { parseCoseKey } from '../../src/core/signature/cose.ts';
import { attestedCredential } from '../../src/core/webauthn/attestation.ts';
import { challengeOf, registerChallenge } from '../../src/core/webauthn/challenge.ts';
import {
  type AllowedCredential,
  type Authenticator,
  type EnrolRequest,
  type Registration,
  requireCredentials,
  type Touch,
  type TouchRequest,
} from '../custodian/authenticator.ts';
import { browserName } from './browser-name.ts';

/** Milliseconds that a person has to find the key and touch it. */
const TIMEOUT_MS = 120_000;
const ES256 = -7;
const EDDSA = -8;
/** A member that the types of the DOM library do not have yet. */
const HINTS = { hints: ['security-key'] };

type Failures = Readonly<Record<string, readonly [Code, string]>>;

/** The codes and messages for the browser's failures (WebAuthn sections 5.1.3 and 5.1.4). */
const FAILURES: Failures = {
  AbortError: ['cancelled', 'the request was given up'],
  TimeoutError: ['cancelled', 'the security key was not touched in time'],
  OperationError: ['unavailable', 'the browser is asking for a security key already: end that request, then try again'],
  UnknownError: ['unavailable', 'the security key failed: take it out, insert it again, then try again'],
  SecurityError: ['wrong_rp_id', 'this page may not use the RP ID of the vault: open the console under its own name'],
};
const CREATE_FAILURES: Failures = {
  ...FAILURES,
  NotAllowedError: ['cancelled', 'the security key was not touched in time, or the request was declined'],
  InvalidStateError: ['credential_exists', 'this security key is enrolled already: take another one'],
  ConstraintError: ['user_unverified', 'this security key cannot verify its user: set a PIN or fingerprint first'],
  NotSupportedError: ['unsupported_algorithm', 'this security key has none of the algorithms ES256 and EdDSA'],
};
/** Browsers do not tell a page that a key is unknown, since that could identify its holder. */
const GET_FAILURES: Failures = {
  ...FAILURES,
  NotAllowedError: [
    'cancelled',
    'the security key was not touched in time, the request was declined, or the key is none of those that were asked for',
  ],
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

    const allowed = { id: credential, keyEpoch: request.keyEpoch };
    const prf = prfAtCreation(created) ?? prfOf(await this.#get(challenge, [allowed], true));
    return {
      credential,
      publicKey: attested.publicKey,
      attestation: { object, clientDataJSON: new Uint8Array(response.clientDataJSON) },
      prf,
    };
  }

  /**
   * The parts are picked by hand: toJSON() of a credential contains the PRF's output. Throws `prf_unusable` where the
   * browser gives none: every key that is enrolled has shown that it has one.
   */
  async touch(request: TouchRequest): Promise<Touch> {
    requireCredentials(request);
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
      prf: request.prf ? prfOf(answer) : null,
    };
  }

  #create({ person, name, keyEpoch, exclude }: EnrolRequest, challenge: Uint8Array): Promise<PublicKeyCredential> {
    const extensions = {
      prf: { eval: { first: source(prfInput(this.rpId, keyEpoch)) } },
      credentialProtectionPolicy: 'userVerificationRequired',
    };
    return answered(CREATE_FAILURES, () =>
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
    return answered(GET_FAILURES, () =>
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

  /**
   * The input is the same for all keys of one epoch, and then it is given once: password managers and browsers fail on
   * evalByCredential, which is for keys of several epochs.
   */
  #prfInputs(allowed: readonly AllowedCredential[]): AuthenticationExtensionsPRFInputs {
    const epochs = new Set(allowed.map(({ keyEpoch }) => keyEpoch));
    const inputOf = (keyEpoch: number) => ({ first: source(prfInput(this.rpId, keyEpoch)) });
    const [only] = epochs;
    if (only !== undefined && epochs.size === 1) return { eval: inputOf(only) };
    return {
      evalByCredential: Object.fromEntries(allowed.map(({ id, keyEpoch }) => [toBase64url(id), inputOf(keyEpoch)])),
    };
  }
}

async function answered(failures: Failures, ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch (cause) {
    const name = cause instanceof Error || cause instanceof DOMException ? cause.name : typeof cause;
    const unknown = ['unavailable', `${browserName()} could not use the security key (${name})`] as const;
    const [code, message] = failures[name] ?? unknown;
    throw new TwinlockError(code, message, {}, { cause });
  }
  must(credential instanceof PublicKeyCredential, 'unavailable', `expected a credential of ${browserName()}, got none`);
  return credential;
}

/** Returns null for a key that gives its PRF output only at the first get(), with a second touch. */
function prfAtCreation(created: PublicKeyCredential): Uint8Array | null {
  const { prf } = created.getClientExtensionResults();
  // A browser that knows the extension says whether the key has it (WebAuthn section 10.1.4).
  must(prf !== undefined, 'prf_unusable', `${browserName()} does not know the PRF extension`);
  must(prf.enabled !== false, 'prf_missing', `${browserName()} says that this security key has no PRF (hmac-secret)`);
  return prfBytes(prf.results?.first);
}

/** The PRF output of a key that has a PRF; where it is missing, the browser did not pass it on. */
function prfOf(credential: PublicKeyCredential): Uint8Array {
  const prf = prfBytes(credential.getClientExtensionResults().prf?.results?.first);
  must(prf !== null, 'prf_unusable', `${browserName()} does not pass on the PRF of this security key, which has one`);
  return prf;
}

function prfBytes(result: BufferSource | undefined): Uint8Array | null {
  if (result === undefined) return null;
  const bytes = ArrayBuffer.isView(result)
    ? new Uint8Array(result.buffer, result.byteOffset, result.byteLength)
    : new Uint8Array(result);
  must(bytes.length === 32, 'prf_unusable', `expected 32 bytes of PRF of ${browserName()}, got ${bytes.length}`);
  return bytes;
}

/** Copies bytes to unshared memory, which the browser requires. */
function source(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
