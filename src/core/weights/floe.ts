import { hmac } from '@noble/hashes/hmac.js';
import { sha384 } from '@noble/hashes/sha2.js';
import { concat, equal, u8, u32, u64, utf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import type { RandomBytes } from '../random.ts';
import { AEAD_IV_BYTES, AEAD_KEY_BYTES, AEAD_TAG_BYTES, type Aead } from './bulk-crypto.ts';

/**
 * FLOE, random-access authenticated encryption (C2SP FLOE; ePrint 2025/2275) with AES-256-GCM and
 * HKDF-Expand-SHA-384. See FORMAT.md for the layout.
 */
export interface FloeParameters {
  readonly encryptedSegmentBytes: number;
  /** The AEAD key changes every 2^rotationMaskBits segments. */
  readonly rotationMaskBits: number;
  readonly ivBytes: number;
}

/** The one parameter set of weights: plaintext segments of exactly 1 MiB. */
export const FLOE_WEIGHTS: FloeParameters = { encryptedSegmentBytes: 1_048_608, rotationMaskBits: 20, ivBytes: 32 };

const HEADER_TAG_BYTES = 32;
const MESSAGE_KEY_BYTES = 48;
/** The offset of a segment's ciphertext: after its length and its IV. */
const CIPHERTEXT_OFFSET = 4 + AEAD_IV_BYTES;
const SEGMENT_OVERHEAD_BYTES = CIPHERTEXT_OFFSET + AEAD_TAG_BYTES;
/** The length field of a segment that is not the last. */
const NOT_LAST = 0xffffffff;
/** FLOE's limit for this AEAD. */
const MAX_SEGMENTS = 2 ** 40;

/**
 * One encryption. Segments can be encrypted in any order, and again after an interruption: each call takes a
 * fresh IV. Nothing here knows how long the whole is: see `encryptFile`, which does.
 */
export interface FloeEncryption {
  /** Parameters ‖ iv ‖ tag; 74 bytes for `FLOE_WEIGHTS`. */
  readonly header: Uint8Array;
  /**
   * Encrypts segment `k`, a full one unless it is the `last`. Throws `malformed` for another length, an empty
   * last segment after a full one among them, and `range_not_satisfiable` for an impossible `k`.
   */
  segment(k: number, plaintext: Uint8Array, last: boolean): Uint8Array;
}

export interface FloeDecryption {
  /**
   * Decrypts segment `k` (attacker-controlled). `k` and `last` must come from a size that is authenticated,
   * never from the stream: FLOE commits to its key only then. Throws `ciphertext_invalid`, and
   * `range_not_satisfiable` for an impossible `k`.
   */
  segment(k: number, encrypted: Uint8Array, last: boolean): Uint8Array;
}

/** Starts an encryption under a 32-byte `key`, which may encrypt any number of texts. Throws `malformed`. */
export function startEncryption(
  key: Uint8Array,
  aad: Uint8Array,
  random: RandomBytes,
  aead: Aead,
  parameters: FloeParameters = FLOE_WEIGHTS,
): FloeEncryption {
  return encryption(
    keySchedule(key, randomBytes(random, parameters.ivBytes), aad, parameters),
    random,
    aead,
    parameters,
  );
}

/**
 * Goes on with an encryption that `startEncryption` began under this `key` and `aad`: its `header` says so. Each segment
 * takes a fresh IV, those that are encrypted again too. Throws `ciphertext_invalid` for another header, and `malformed`.
 */
export function continueEncryption(
  key: Uint8Array,
  aad: Uint8Array,
  header: Uint8Array,
  random: RandomBytes,
  aead: Aead,
  parameters: FloeParameters = FLOE_WEIGHTS,
): FloeEncryption {
  return encryption(checkedSchedule(key, aad, header, parameters), random, aead, parameters);
}

function encryption(
  schedule: KeySchedule,
  random: RandomBytes,
  aead: Aead,
  parameters: FloeParameters,
): FloeEncryption {
  const fullBytes = plaintextSegmentBytes(parameters);
  return {
    header: schedule.header,
    segment(k, plaintext, last) {
      const isRightLength = last
        ? plaintext.length <= fullBytes && (plaintext.length > 0 || k === 0)
        : plaintext.length === fullBytes;
      must(isRightLength, 'malformed', `segment ${k}: unexpected plaintext of ${plaintext.length} bytes`);
      const segmentKey = schedule.segmentKey(k);
      const encrypted = new Uint8Array(plaintext.length + SEGMENT_OVERHEAD_BYTES);
      const iv = randomBytes(random, AEAD_IV_BYTES);
      encrypted.set(u32(last ? encrypted.length : NOT_LAST));
      encrypted.set(iv, 4);
      aead.seal(segmentKey, iv, segmentAad(k, last), plaintext, encrypted.subarray(CIPHERTEXT_OFFSET));
      return encrypted;
    },
  };
}

/**
 * Checks a header (attacker-controlled) against a 32-byte `key` and `aad`, in constant time: its tag commits to
 * the key, the IV and the AAD. Throws `ciphertext_invalid`, also for other parameters; `malformed` for the key.
 */
export function startDecryption(
  key: Uint8Array,
  aad: Uint8Array,
  header: Uint8Array,
  aead: Aead,
  parameters: FloeParameters = FLOE_WEIGHTS,
): FloeDecryption {
  const schedule = checkedSchedule(key, aad, header, parameters);
  return {
    segment(k, encrypted, last) {
      const { length } = encrypted;
      const isRightLength = last
        ? length >= SEGMENT_OVERHEAD_BYTES + (k === 0 ? 0 : 1) && length <= parameters.encryptedSegmentBytes
        : length === parameters.encryptedSegmentBytes;
      must(isRightLength, 'ciphertext_invalid', `segment ${k}: unexpected length of ${length} bytes`);
      const isMarked = equal(encrypted.subarray(0, 4), u32(last ? length : NOT_LAST));
      must(isMarked, 'ciphertext_invalid', `segment ${k}: expected ${last ? 'the last' : 'not the last'} segment`);
      const iv = encrypted.subarray(4, CIPHERTEXT_OFFSET);
      return aead.open(schedule.segmentKey(k), iv, segmentAad(k, last), encrypted.subarray(CIPHERTEXT_OFFSET));
    },
  };
}

/**
 * The number of segments for `plainBytes` bytes of plaintext: at least one. Throws `malformed` unless it is a length.
 */
export function segmentCount(plainBytes: number, parameters: FloeParameters = FLOE_WEIGHTS): number {
  must(Number.isSafeInteger(plainBytes) && plainBytes >= 0, 'malformed', 'expected a length in bytes');
  return Math.max(1, Math.ceil(plainBytes / plaintextSegmentBytes(parameters)));
}

/** The length of header and segments together. Throws as `segmentCount`. */
export function encryptedBytes(plainBytes: number, parameters: FloeParameters = FLOE_WEIGHTS): number {
  const segments = segmentCount(plainBytes, parameters) * SEGMENT_OVERHEAD_BYTES + plainBytes;
  return headerBytes(parameters) + segments;
}

export interface SegmentSpan {
  /** From the start of the header. */
  readonly offset: number;
  /** The length of the encrypted segment. */
  readonly bytes: number;
  readonly plainBytes: number;
  readonly last: boolean;
}

/** The place of segment `k` of a file of `plainBytes`. Throws `range_not_satisfiable` if there is none. */
export function segmentSpan(k: number, plainBytes: number, parameters: FloeParameters = FLOE_WEIGHTS): SegmentSpan {
  const count = segmentCount(plainBytes, parameters);
  const exists = Number.isSafeInteger(k) && k >= 0 && k < count;
  must(exists, 'range_not_satisfiable', `expected a segment below ${count}, got ${k}`);
  const last = k === count - 1;
  const fullBytes = plaintextSegmentBytes(parameters);
  const segmentPlainBytes = last ? plainBytes - k * fullBytes : fullBytes;
  return {
    offset: headerBytes(parameters) + k * parameters.encryptedSegmentBytes,
    bytes: segmentPlainBytes + SEGMENT_OVERHEAD_BYTES,
    plainBytes: segmentPlainBytes,
    last,
  };
}

export function plaintextSegmentBytes(parameters: FloeParameters = FLOE_WEIGHTS): number {
  return parameters.encryptedSegmentBytes - SEGMENT_OVERHEAD_BYTES;
}

function headerBytes(parameters: FloeParameters): number {
  return encodeParameters(parameters).length + parameters.ivBytes + HEADER_TAG_BYTES;
}

/** AEAD 0 (AES-256-GCM) ‖ KDF 0 (HKDF-Expand-SHA-384) ‖ u32 segment ‖ u32 IV, 10 bytes. */
function encodeParameters({ encryptedSegmentBytes, ivBytes }: FloeParameters): Uint8Array {
  return concat(u8(0), u8(0), u32(encryptedSegmentBytes), u32(ivBytes));
}

/**
 * The key of a header, which commits to key and AAD. Throws `ciphertext_invalid` for a header of another key or AAD.
 */
function checkedSchedule(
  key: Uint8Array,
  aad: Uint8Array,
  header: Uint8Array,
  parameters: FloeParameters,
): KeySchedule {
  const ivOffset = encodeParameters(parameters).length;
  const iv = header.slice(ivOffset, ivOffset + parameters.ivBytes);
  const schedule = keySchedule(key, iv, aad, parameters);
  must(equal(schedule.header, header), 'ciphertext_invalid', 'the header is not of this key and this file');
  return schedule;
}

interface KeySchedule {
  readonly header: Uint8Array;
  segmentKey(k: number): Uint8Array;
}

function keySchedule(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, parameters: FloeParameters): KeySchedule {
  must(key.length === AEAD_KEY_BYTES, 'malformed', `expected a key of ${AEAD_KEY_BYTES} bytes, got ${key.length}`);
  const prefix = concat(encodeParameters(parameters), iv);
  const derive = (from: Uint8Array, purpose: Uint8Array, length: number) =>
    expandOneBlock(from, concat(prefix, purpose, aad), length);
  const messageKey = derive(key, utf8('MESSAGE_KEY:'), MESSAGE_KEY_BYTES);
  const rotation = 2 ** parameters.rotationMaskBits;
  let current: { readonly first: number; readonly key: Uint8Array } | null = null;
  return {
    header: concat(prefix, derive(key, utf8('HEADER_TAG:'), HEADER_TAG_BYTES)),
    segmentKey(k) {
      const exists = Number.isSafeInteger(k) && k >= 0 && k < MAX_SEGMENTS;
      must(exists, 'range_not_satisfiable', `expected a segment below 2^40, got ${k}`);
      const first = k - (k % rotation);
      if (current?.first === first) return current.key;
      const segmentKey = derive(messageKey, concat(utf8('DEK:'), u64(first)), AEAD_KEY_BYTES);
      current = { first, key: segmentKey };
      return segmentKey;
    },
  };
}

/**
 * HKDF-Expand-SHA-384 (RFC 5869 section 2.3) for at most 48 bytes, which are one block. The library's own
 * refuses a key shorter than the hash, and FLOE's is of 32 uniform bytes.
 */
function expandOneBlock(key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return hmac(sha384, key, concat(info, u8(1))).slice(0, length);
}

function segmentAad(k: number, last: boolean): Uint8Array {
  return concat(u64(k), u8(last ? 1 : 0));
}

/** A generator that returns too little would make IVs repeat, and that is the one thing GCM does not survive. */
function randomBytes(random: RandomBytes, length: number): Uint8Array {
  const bytes = random(length);
  must(bytes.length === length, 'internal', `expected ${length} random bytes, got ${bytes.length}`);
  return bytes;
}
