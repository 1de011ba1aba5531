import { fromUtf8 } from '../../../src/core/bytes.ts';

/** U+FEFF in UTF-8. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * The UTF-8 text of a file, without the byte order mark that tools on Windows write before it (RFC 8259 section 8.1 lets
 * a reader of JSON pass over it). Throws `malformed`.
 */
export function textOf(bytes: Uint8Array): string {
  const isMarked = BYTE_ORDER_MARK.every((byte, i) => byte === bytes[i]);
  return fromUtf8(isMarked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes);
}
