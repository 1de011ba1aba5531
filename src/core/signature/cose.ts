import { concat, equal, fromHex } from '../bytes.ts';
import { type CborMap, readWholeCborMap } from '../cbor.ts';
import { must } from '../errors.ts';
import type { SignatureClaim } from './claim.ts';
import { requirePublicKey } from './precheck.ts';

// Labels and values of RFC 9052 section 7 and RFC 9053 sections 2 and 7.
const KTY = 1;
const ALG = 3;
const CRV = -1;
const X = -2;
const Y = -3;
const EC2 = { kty: 2, alg: -7, crv: 1 } as const;
const OKP = { kty: 1, alg: -8, crv: 6 } as const;

/** Ours take 77 and 42 bytes; an RSA key, which is refused by its name, up to about 550. */
const COSE_KEY_BYTES_MAX = 1024;

/** A public key in the form that a claim takes. */
export interface CoseKey extends Pick<SignatureClaim, 'publicKey'> {
  readonly algorithm: 'ES256' | 'Ed25519';
}

/**
 * Parses a COSE_Key (RFC 9052 section 7) as authenticators write it: ES256 on P-256, or EdDSA on Ed25519.
 *
 * Attacker-controlled. One encoding is accepted: exactly the members of that type, in CTAP2 canonical CBOR,
 * and nothing after them. Throws `malformed`, `not_canonical`, `unsupported_algorithm`, or `invalid_key` for
 * a key that `requirePublicKey` refuses.
 */
export function parseCoseKey(bytes: Uint8Array): CoseKey {
  const members = decodeMap(bytes);
  const key = members.get(KTY) === EC2.kty ? parseEs256(members) : parseEd25519(members);
  must(equal(encodeCoseKey(key), bytes), 'not_canonical', 'expected canonical CBOR of exactly the members of the key');
  requirePublicKey(key.algorithm, key.publicKey);
  return key;
}

/** Maps of kty, alg, crv and the coordinates, up to the bytes of x, and between x and y. */
const ES256_HEAD = fromHex('a5010203262001215820');
const ES256_MIDDLE = fromHex('225820');
const EDDSA_HEAD = fromHex('a4010103272006215820');

/** The one COSE_Key of a public key: 77 bytes for ES256 (65-byte point), 42 for Ed25519 (32 bytes). */
export function encodeCoseKey({ algorithm, publicKey }: CoseKey): Uint8Array {
  if (algorithm === 'Ed25519') return concat(EDDSA_HEAD, publicKey);
  return concat(ES256_HEAD, publicKey.subarray(1, 33), ES256_MIDDLE, publicKey.subarray(33));
}

function decodeMap(bytes: Uint8Array): CborMap {
  must(bytes.length <= COSE_KEY_BYTES_MAX, 'malformed', `expected at most ${COSE_KEY_BYTES_MAX} bytes of COSE_Key`);
  return readWholeCborMap(bytes, 'COSE_Key');
}

function parseEs256(members: CborMap): CoseKey {
  requireKeyType(members, EC2);
  const publicKey = new Uint8Array(65);
  publicKey[0] = 0x04;
  publicKey.set(coordinate(members, X), 1);
  publicKey.set(coordinate(members, Y), 33);
  return { algorithm: 'ES256', publicKey };
}

function parseEd25519(members: CborMap): CoseKey {
  requireKeyType(members, OKP);
  return { algorithm: 'Ed25519', publicKey: coordinate(members, X) };
}

function requireKeyType(members: CborMap, { kty, alg, crv }: typeof EC2 | typeof OKP): void {
  const named = members.get(KTY) === kty && members.get(ALG) === alg && members.get(CRV) === crv;
  must(named, 'unsupported_algorithm', 'expected an ES256 key on P-256 or an EdDSA key on Ed25519');
}

function coordinate(members: CborMap, label: number): Uint8Array {
  const value = members.get(label);
  must(value instanceof Uint8Array && value.length === 32, 'malformed', `expected 32 bytes as member ${label}`);
  return value;
}
