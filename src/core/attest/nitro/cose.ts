import { concat, u8, u16, utf8 } from '../../bytes.ts';
import { type CborValue, readWholeCbor, readWholeCborMap } from '../../cbor.ts';
import { must } from '../../errors.ts';

/** The protected header's label for the algorithm (RFC 9052 section 3.1), and ES384 (RFC 9053 section 2.1). */
const ALGORITHM = 1;
const ES384 = -35;
/** r ‖ s. */
const SIGNATURE_BYTES = 96;

/** A message that one key signed by ES384, parsed and not trusted. */
export interface CoseSign1 {
  readonly payload: Uint8Array;
  /** The bytes that are signed: the Sig_structure (RFC 9052 section 4.4). */
  readonly signedBytes: Uint8Array;
  /** 96 bytes, r ‖ s. */
  readonly signature: Uint8Array;
}

/**
 * Parses attacker-controlled bytes as an untagged COSE_Sign1 (RFC 9052 section 4.2), which is how the hypervisor
 * writes it: a protected header of the algorithm alone, no unprotected header, a payload, a signature, and nothing
 * after them. Throws `malformed`, and `unsupported_algorithm` for another algorithm than ES384. The caller bounds the
 * length.
 */
export function parseCoseSign1(bytes: Uint8Array): CoseSign1 {
  const message = readWholeCbor(bytes, 'COSE_Sign1');
  must(isFour(message), 'malformed', 'expected a COSE_Sign1: an array of four');
  const [protectedHeader, unprotectedHeader, payload, signature] = message;
  must(protectedHeader instanceof Uint8Array, 'malformed', 'protected header: expected bytes');
  must(unprotectedHeader instanceof Map, 'malformed', 'unprotected header: expected a map');
  must(unprotectedHeader.size === 0, 'malformed', 'unprotected header: expected nothing, for nothing signs it');
  must(payload instanceof Uint8Array, 'malformed', 'payload: expected bytes');
  const isSignature = signature instanceof Uint8Array && signature.length === SIGNATURE_BYTES;
  must(isSignature, 'malformed', `signature: expected ${SIGNATURE_BYTES} bytes`);
  requireEs384(protectedHeader);
  return { payload, signedBytes: sigStructure(protectedHeader, payload), signature };
}

function isFour(value: CborValue): value is readonly [CborValue, CborValue, CborValue, CborValue] {
  return Array.isArray(value) && value.length === 4;
}

function requireEs384(protectedHeader: Uint8Array): void {
  const header = readWholeCborMap(protectedHeader, 'protected header');
  must(header.size === 1 && header.has(ALGORITHM), 'malformed', 'protected header: expected the algorithm alone');
  const algorithm = header.get(ALGORITHM);
  const message = `protected header: expected the algorithm ${ES384}, got ${String(algorithm).slice(0, 16)}`;
  must(algorithm === ES384, 'unsupported_algorithm', message);
}

/** `["Signature1", protected header, no external data, payload]` in CBOR. */
function sigStructure(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array {
  const context = utf8('Signature1');
  return concat(
    ...[u8(0x84), u8(0x60 | context.length), context],
    ...[byteString(protectedHeader), byteString(new Uint8Array(0)), byteString(payload)],
  );
}

const BYTE_STRING = 0x40;
/** The least length that does not fit into the head, or into one byte after it. */
const ONE_BYTE_LENGTH = 24;
const TWO_BYTE_LENGTH = 256;

/** A byte string of up to 65,535 bytes with its head. */
function byteString(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length < ONE_BYTE_LENGTH) return concat(u8(BYTE_STRING | length), bytes);
  if (length < TWO_BYTE_LENGTH) return concat(u8(BYTE_STRING | 24), u8(length), bytes);
  return concat(u8(BYTE_STRING | 25), u16(length), bytes);
}
