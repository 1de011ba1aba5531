import { must } from '../../src/core/errors.ts';
import type { Assertion } from '../../src/core/webauthn/assertion.ts';
import type { RegisterFields, Signable } from '../../src/core/webauthn/challenge.ts';

/** Most credentials that browsers and keys accept in one request. */
const MAX_CREDENTIALS = 64;

/** A credential that may answer, and the key epoch it was enrolled for, on which its PRF input depends. */
export interface AllowedCredential {
  readonly id: Uint8Array;
  readonly keyEpoch: number;
}

/**
 * What a custodian is asked to touch for: a label and its typed fields, from which the authenticator
 * computes the challenge itself, so that nothing chosen by the other side is ever signed.
 */
export type TouchRequest = Signable & {
  /** 1 to 64: any of them may answer. */
  readonly credentials: readonly AllowedCredential[];
  /** Whether this touch also opens shares: without need, the PRF is not asked. */
  readonly prf: boolean;
};

export interface Touch {
  /** The id of the credential that answered. */
  readonly credential: Uint8Array;
  readonly assertion: Assertion;
  /** 32 secret bytes for deriveCustodianKeys, which the caller wipes; null where they were not asked for. */
  readonly prf: Uint8Array | null;
}

export interface EnrolRequest extends RegisterFields {
  /** The person's name for the authenticator's own screen. */
  readonly name: string;
  readonly keyEpoch: number;
  /** The person's credentials: an authenticator that holds one of them refuses to enrol. */
  readonly exclude: readonly Uint8Array[];
}

export interface Registration {
  readonly credential: Uint8Array;
  /** COSE_Key. */
  readonly publicKey: Uint8Array;
  readonly attestation: { readonly object: Uint8Array; readonly clientDataJSON: Uint8Array };
  /** 32 secret bytes for deriveCustodianKeys, which the caller wipes. */
  readonly prf: Uint8Array;
}

/**
 * A custodian's authenticators, for one RP ID. Every call waits for a human being, and one call runs at a
 * time. Nothing is kept between calls.
 *
 * Both throw `cancelled` when the person declines or takes too long, `user_unverified` when the
 * authenticator cannot verify them, `prf_missing` when it has no PRF, `prf_unusable` when the browser does not give the
 * PRF that it has, and `wrong_rp_id` when it cannot be used for this RP ID from here.
 */
export interface Authenticator {
  readonly rpId: string;
  /**
   * Makes a credential and asks its PRF once, in one touch or two. Also throws `credential_exists` when the
   * authenticator holds an excluded one. The binding assertion is another touch, label `enrol`.
   */
  enrol(request: EnrolRequest): Promise<Registration>;
  /** Also throws `credential_unknown` when it can tell that it holds none of the credentials. */
  touch(request: TouchRequest): Promise<Touch>;
}

/** Throws `limit_exceeded` unless there are 1 to 64 credentials: an empty list would let any one answer. */
export function requireCredentials({ credentials }: Pick<TouchRequest, 'credentials'>): void {
  must(
    credentials.length >= 1 && credentials.length <= MAX_CREDENTIALS,
    'limit_exceeded',
    `expected 1 to ${MAX_CREDENTIALS} credentials, got ${credentials.length}`,
  );
}
