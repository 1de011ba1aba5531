import { wordlist } from '@scure/bip39/wordlists/english.js';
import { fromHex, type Hex } from '../bytes.ts';
import { must } from '../errors.ts';

/** 132 bits are compared where a false genesis or enrolment must be out of reach. */
export const GENESIS_WORDS = 12;
/** 44 bits are compared where a person waits: a request, on a second screen. */
export const REQUEST_WORDS = 4;

/**
 * The first 11·`count` bits of a 32-byte digest as words of the BIP-39 English list (2,048 words; no two
 * share their first four letters). A word is a big-endian group of 11 bits; there is no checksum, so that
 * every word carries its full 11 bits.
 */
export function comparisonCode(digest: Hex, count: typeof GENESIS_WORDS | typeof REQUEST_WORDS): string {
  const bytes = fromHex(digest);
  must(bytes.length === 32, 'malformed', `expected a digest of 32 bytes, got ${bytes.length}`);
  const bits = BigInt(`0x${digest}`);
  const words = Array.from({ length: count }, (_, i) => Number((bits >> BigInt(256 - 11 * (i + 1))) & 0x7ffn));
  return words.map((index) => wordlist[index]).join(' ');
}
