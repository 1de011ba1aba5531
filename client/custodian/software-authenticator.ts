import { encodeCBOR } from '@levischuck/tiny-cbor';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equal, fromHex, type Hex, toBase64url, u8, u16, u32, utf8 } from '../../src/core/bytes.ts';
import { prfInput } from '../../src/core/envelope/custodian-keys.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { encodeCoseKey } from '../../src/core/signature/cose.ts';
import { ecdsaToDer } from '../../src/core/signature/der.ts';
import { SOFTWARE_AAGUID } from '../../src/core/webauthn/attestation.ts';
import { challengeOf, registerChallenge } from '../../src/core/webauthn/challenge.ts';
import {
  type Authenticator,
  type EnrolRequest,
  type Registration,
  requireCredentials,
  type Touch,
  type TouchRequest,
} from './authenticator.ts';
import type { SoftwareCredential } from './software-state.ts';

const FLAG_BITS = { userPresent: 0x01, userVerified: 0x04, backupEligible: 0x08, backedUp: 0x10 } as const;
const ATTESTED_CREDENTIAL_DATA = 0x40;
const COSE_ALG = { ES256: -7, Ed25519: -8 } as const;

/** The attestation: none, by the credential's own key, or by a P-256 key and its certificates. */
export type SoftwareAttestation =
  | { readonly kind: 'none' }
  | { readonly kind: 'self' }
  | { readonly kind: 'x5c'; readonly privateKey: Uint8Array; readonly certificates: readonly Uint8Array[] };

export interface SoftwareAuthenticatorOptions {
  readonly rpId: string;
  readonly random: RandomBytes;
  /** Its earlier state; see software-state. */
  readonly credentials?: readonly SoftwareCredential[];
  /** The page that it believes to be used by; `http://<rpId>` unless given. */
  readonly origin?: string;
  readonly algorithm?: 'ES256' | 'Ed25519';
  readonly attestation?: SoftwareAttestation;
  readonly aaguid?: Hex;
  /** A user who is present and verified, and a key that is never copied, unless said otherwise. */
  readonly flags?: Partial<Record<keyof typeof FLAG_BITS, boolean>>;
}

/**
 * An authenticator and its browser without hardware, for simulation vaults, tests and the demo. It protects
 * nothing: the keys are in this process, and no person is asked to touch. PRF as CTAP2's hmac-secret gives it. The
 * options that real ones do not have make the answers that a vault must refuse.
 */
export class SoftwareAuthenticator implements Authenticator {
  readonly rpId: string;
  readonly #options: Required<Omit<SoftwareAuthenticatorOptions, 'rpId' | 'credentials' | 'flags'>>;
  readonly #flags: number;
  readonly #credentials: SoftwareCredential[];

  constructor({ rpId, credentials = [], flags = {}, ...options }: SoftwareAuthenticatorOptions) {
    this.rpId = rpId;
    this.#options = {
      origin: `http://${rpId}`,
      algorithm: 'ES256',
      attestation: { kind: 'self' },
      aaguid: SOFTWARE_AAGUID, // a production vault refuses it, even if its policy lists it
      ...options,
    };
    const defaults = { userPresent: true, userVerified: true, backupEligible: false, backedUp: false };
    const chosen = Object.entries({ ...defaults, ...flags }).filter(([, set]) => set);
    this.#flags = chosen.reduce((bits, [name]) => bits | FLAG_BITS[name as keyof typeof FLAG_BITS], 0);
    this.#credentials = credentials.map((credential) => ({ ...credential }));
  }

  /** Everything that it holds, secrets included; give it to another instance to go on. */
  get credentials(): readonly SoftwareCredential[] {
    return this.#credentials;
  }

  async enrol(request: EnrolRequest): Promise<Registration> {
    const { random, algorithm } = this.#options;
    const excluded = request.exclude.some((id) => this.#find(id) !== undefined);
    must(!excluded, 'credential_exists', 'this authenticator is enrolled already; take another one');
    const credential: SoftwareCredential = {
      id: random(16),
      algorithm,
      privateKey: algorithm === 'ES256' ? p256.utils.randomSecretKey(random(48)) : random(32),
      prfSecret: random(32),
      signCount: 0,
    };
    this.#credentials.push(credential);
    const publicKey = encodeCoseKey({ algorithm, publicKey: publicKeyOf(credential) });
    const clientDataJSON = this.#clientData('webauthn.create', registerChallenge(request));
    const object = this.#attest(credential, publicKey, clientDataJSON);
    const prf = this.#prf(credential, request.keyEpoch);
    return { credential: credential.id, publicKey, attestation: { object, clientDataJSON }, prf };
  }

  async touch(request: TouchRequest): Promise<Touch> {
    requireCredentials(request);
    for (const { id, keyEpoch } of request.credentials) {
      const credential = this.#find(id);
      if (credential === undefined) continue;
      credential.signCount++;
      const authenticatorData = this.#authenticatorData(this.#flags, credential.signCount);
      const clientDataJSON = this.#clientData('webauthn.get', challengeOf(request));
      const signature = sign(credential, concat(authenticatorData, sha256(clientDataJSON)));
      return {
        credential: credential.id,
        assertion: { authenticatorData, clientDataJSON, signature },
        prf: request.prf ? this.#prf(credential, keyEpoch) : null,
      };
    }
    throw new TwinlockError('credential_unknown', 'this authenticator holds none of the credentials');
  }

  #find(id: Uint8Array): SoftwareCredential | undefined {
    return this.#credentials.find((credential) => equal(credential.id, id));
  }

  #clientData(type: string, challenge: Uint8Array): Uint8Array {
    const { origin } = this.#options;
    return utf8(JSON.stringify({ type, challenge: toBase64url(challenge), origin, crossOrigin: false }));
  }

  #authenticatorData(flags: number, signCount: number): Uint8Array {
    return concat(sha256(utf8(this.rpId)), u8(flags), u32(signCount));
  }

  #attest(credential: SoftwareCredential, publicKey: Uint8Array, clientDataJSON: Uint8Array): Uint8Array {
    const { aaguid, attestation } = this.#options;
    const { id } = credential;
    const authData = concat(
      this.#authenticatorData(this.#flags | ATTESTED_CREDENTIAL_DATA, credential.signCount),
      concat(fromHex(aaguid), u16(id.length), id, publicKey),
    );
    const message = concat(authData, sha256(clientDataJSON));
    const statement = new Map<string, number | Uint8Array | Uint8Array[]>();
    if (attestation.kind === 'self') {
      statement.set('alg', COSE_ALG[credential.algorithm]).set('sig', sign(credential, message));
    } else if (attestation.kind === 'x5c') {
      const { privateKey, certificates } = attestation;
      statement.set('alg', COSE_ALG.ES256).set('sig', sign({ algorithm: 'ES256', privateKey }, message));
      statement.set('x5c', [...certificates]);
    }
    return encodeCBOR(
      new Map<string, string | Map<string, number | Uint8Array | Uint8Array[]> | Uint8Array>([
        ['fmt', attestation.kind === 'none' ? 'none' : 'packed'],
        ['attStmt', statement],
        ['authData', authData],
      ]),
    );
  }

  /** The browser hashes its input so (WebAuthn section 10.1.4), the key computes hmac-secret (CTAP 2.1, 12.5). */
  #prf(credential: SoftwareCredential, keyEpoch: number): Uint8Array {
    const salt = sha256(concat(utf8('WebAuthn PRF'), u8(0), prfInput(this.rpId, keyEpoch)));
    return hmac(sha256, credential.prfSecret, salt);
  }
}

function publicKeyOf({ algorithm, privateKey }: SoftwareCredential): Uint8Array {
  return algorithm === 'ES256' ? p256.getPublicKey(privateKey, false) : ed25519.getPublicKey(privateKey);
}

function sign(
  { algorithm, privateKey }: Pick<SoftwareCredential, 'algorithm' | 'privateKey'>,
  message: Uint8Array,
): Uint8Array {
  if (algorithm === 'Ed25519') return ed25519.sign(message, privateKey);
  return ecdsaToDer(p256.sign(message, privateKey), 'ES256');
}
