import * as z from 'zod/mini';
import { fromBase64url, toBase64url } from '../../src/core/bytes.ts';
import { canonicalBytes, parseCanonical } from '../../src/core/canonical.ts';
import { binary, credentialId, parseAs } from '../../src/core/schema.ts';

const MAX_BYTES = 65_536;

/** A credential of a software authenticator, its secrets included. */
export interface SoftwareCredential {
  readonly id: Uint8Array;
  readonly algorithm: 'ES256' | 'Ed25519';
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
  /** 32 bytes, the hmac-secret: what a hardware authenticator never lets out. */
  readonly prfSecret: Uint8Array;
  signCount: number;
}

const state = z.strictObject({
  v: z.literal(1),
  kind: z.literal('software-authenticator'),
  credentials: z
    .array(
      z.strictObject({
        id: credentialId,
        algorithm: z.enum(['ES256', 'Ed25519']),
        privateKey: binary(32, 32),
        prfSecret: binary(32, 32),
        signCount: z.int().check(z.gte(0), z.lte(0xffff_ffff)),
      }),
    )
    .check(z.maxLength(64)),
});

/**
 * The credentials of a software authenticator as canonical JSON: `{v: 1, kind, credentials: [{id, algorithm,
 * privateKey, prfSecret, signCount}]}`, byte strings in base64url. A holder of these bytes can open its shares.
 */
export function exportCredentials(credentials: readonly SoftwareCredential[]): Uint8Array {
  return canonicalBytes({
    v: 1,
    kind: 'software-authenticator',
    credentials: credentials.map(({ id, algorithm, privateKey, prfSecret, signCount }) => ({
      id: toBase64url(id),
      algorithm,
      privateKey: toBase64url(privateKey),
      prfSecret: toBase64url(prfSecret),
      signCount,
    })),
  });
}

/** The inverse of `exportCredentials`. Throws `too_large`, `malformed` or `not_canonical`. */
export function importCredentials(bytes: Uint8Array): SoftwareCredential[] {
  const { credentials } = parseAs(state, parseCanonical(bytes, MAX_BYTES), 'software authenticator');
  return credentials.map(({ id, algorithm, privateKey, prfSecret, signCount }) => ({
    id: fromBase64url(id),
    algorithm,
    privateKey: fromBase64url(privateKey),
    prfSecret: fromBase64url(prfSecret),
    signCount,
  }));
}
