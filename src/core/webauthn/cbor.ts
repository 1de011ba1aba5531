import { type CBORType, decodePartialCBOR, encodeCBOR } from '@levischuck/tiny-cbor';
import { equal } from '../bytes.ts';
import { TwinlockError } from '../errors.ts';

export type CborMap = ReadonlyMap<string | number, CBORType>;

/**
 * Reads the CBOR map at the start of attacker-controlled bytes and says how many of them it takes.
 *
 * One accepted encoding (CTAP2 canonical CBOR without its order of keys, which some authenticators ignore):
 * the shortest form of every length and integer, no indefinite lengths, no duplicate keys. What decodes is
 * encoded again and must be the same bytes, so nothing depends on what the decoder tolerates. Throws
 * `malformed`. The caller bounds the length.
 */
export function readCborMap(bytes: Uint8Array): { map: CborMap; length: number } {
  // A plain copy: the decoder refuses subclasses (Node's Buffer) and reads past the end of a view.
  const own = new Uint8Array(bytes);
  try {
    const [value, length] = decodePartialCBOR(own, 0);
    if (value instanceof Map && length <= own.length && equal(encodeCBOR(value), own.subarray(0, length))) {
      return { map: value, length };
    }
  } catch {
    // the same answer for every way of being wrong
  }
  throw new TwinlockError('malformed', 'expected a CBOR map in its shortest form');
}

/** Reads a CBOR map that is all of the bytes. Throws `malformed`. */
export function readWholeCborMap(bytes: Uint8Array, what: string): CborMap {
  const { map, length } = readCborMap(bytes);
  if (length !== bytes.length) throw new TwinlockError('malformed', `${what}: bytes follow the CBOR map`);
  return map;
}
