import { type Hex, toHex } from '../bytes.ts';
import { must } from '../errors.ts';
import type { SignatureAlgorithm } from '../signature/claim.ts';
import { ecdsaFromDer, requireDer } from '../signature/der.ts';
import { INTEGER } from '../signature/der-form.ts';
import { signatureAlgorithmOf } from './algorithm-identifier.ts';
import { type DerReader, enterWhole, SEQUENCE } from './der-reader.ts';

/** 20 bytes (RFC 5280 section 4.1.2.2) and the zero before a high bit. */
const SERIAL_BYTES_MAX = 21;

/** The form that certificates and revocation lists share (RFC 5280 sections 4.1.1 and 5.1.1). */
export interface SignedParts {
  /** The signed part, whole. */
  readonly tbs: Uint8Array;
  /** The AlgorithmIdentifier, whole; the signed part repeats it. */
  readonly identifier: Uint8Array;
  /** The signature in the BIT STRING, in the form of its algorithm. */
  readonly signatureBits: Uint8Array;
}

/** Opens attacker-controlled DER. Throws `malformed`. */
export function openSigned(der: Uint8Array): SignedParts {
  requireDer(der);
  const outer = enterWhole(der, SEQUENCE);
  const tbs = outer.readWhole(SEQUENCE);
  const identifier = outer.readWhole(SEQUENCE);
  const signatureBits = outer.readBitString();
  outer.end();
  return { tbs, identifier, signatureBits };
}

export interface ReadSignature {
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** As a claim carries it. */
  readonly signature: Uint8Array;
}

/** The signature in the form of a claim. Throws `unsupported_algorithm` or `malformed`. */
export function readSignature({ identifier, signatureBits }: SignedParts): ReadSignature {
  const signatureAlgorithm = signatureAlgorithmOf(identifier);
  return { signatureAlgorithm, signature: claimedSignature(signatureAlgorithm, signatureBits) };
}

/** A signature as X.509 and WebAuthn encode it (DER for ECDSA), in the form of a claim. Throws `malformed`. */
export function claimedSignature(algorithm: SignatureAlgorithm, signature: Uint8Array): Uint8Array {
  return algorithm === 'ES256' || algorithm === 'ES384' ? ecdsaFromDer(signature, algorithm) : signature;
}

/** A CertificateSerialNumber as its content bytes; AMD's are 0. Throws `malformed` for a negative one. */
export function readSerial(fields: DerReader): Hex {
  const body = fields.read(INTEGER);
  must(body.length <= SERIAL_BYTES_MAX, 'malformed', 'expected a serial number of 1 to 21 bytes');
  must((body[0] ?? 0) < 0x80, 'malformed', 'expected a serial number that is not negative');
  return toHex(body);
}
