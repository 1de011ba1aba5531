/** The algorithms that signed bytes may name. A new one is a new member, never a new meaning. */
export type SignatureAlgorithm =
  | 'Ed25519'
  | 'ES256'
  | 'ES384'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS256-longest-salt'
  | 'PS384-longest-salt';

/**
 * A signature that a pure function relies on and has not checked itself. The caller of the function
 * MUST discharge the claim, with the platform's cryptography or the reference, before the result is used.
 *
 * | algorithm | publicKey                                | signature               |
 * |-----------|------------------------------------------|-------------------------|
 * | Ed25519   | 32 bytes                                 | 64 bytes, R ‖ S         |
 * | ES256     | 65 bytes, 04 ‖ x ‖ y (P-256, SHA-256)    | 64 bytes, r ‖ s         |
 * | ES384     | 97 bytes, 04 ‖ x ‖ y (P-384, SHA-384)    | 96 bytes, r ‖ s         |
 * | RS256     | DER SubjectPublicKeyInfo, rsaEncryption  | as long as the modulus  |
 * | RS384     | as RS256                                 | as RS256                |
 * | RS512     | as RS256                                 | as RS256                |
 * | PS256     | as RS256                                 | as RS256                |
 * | PS384     | as RS256                                 | as RS256                |
 *
 * RS is RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2), PS is RSASSA-PSS (section 8.1) with MGF1 of the same hash
 * and a salt as long as the hash; PS-longest-salt is the same with the longest salt that fits, modulus bytes − hash
 * bytes − 2, which TPMs take. RSA keys have 2048 to 4096 bits and the exponent 65537.
 */
export interface SignatureClaim {
  readonly kind: 'signature';
  readonly algorithm: SignatureAlgorithm;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  /** The signed thing and its signer, for the message of a failure. */
  readonly what: string;
}

/**
 * A public key that a host or a person will sign with later, as the table of `SignatureClaim` encodes it: true where
 * `requirePublicKey` accepts it, which the platform finds out ten times as fast.
 */
export interface KeyClaim extends Pick<SignatureClaim, 'algorithm' | 'publicKey' | 'what'> {
  readonly kind: 'key';
}

/**
 * Discharges one claim: verifyNode, verifyWeb or verifyReference. Resolves where it is true; throws
 * `signature_invalid` and the other codes they name where it is not.
 */
export type Verify = (claim: SignatureClaim | KeyClaim) => void | Promise<void>;
