import type { ByteReader } from '../../byte-reader.ts';
import { must } from '../../errors.ts';

/**
 * Reads a TPM2B (TPM 2.0 Library part 2, section 10.4): two bytes of size, big-endian, then so many bytes. `what` names
 * the structure and the field. Throws `malformed` for another size than `min` to `max`.
 */
export function readTpm2b(reader: ByteReader, what: string, max: number, min = 0): Uint8Array {
  const at = reader.offset;
  const size = reader.u16be();
  const expected = min === 0 ? `at most ${max}` : `${min} to ${max}`;
  must(size >= min && size <= max, 'malformed', `${what} at offset ${at}: expected ${expected} bytes, got ${size}`);
  return reader.bytes(size);
}
