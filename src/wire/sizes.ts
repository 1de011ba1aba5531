/** Bytes of a request or an answer at most. The vault refuses a larger request, and a client a larger answer. */

/** Bodies: statements are small. */
export const SMALL_BODY_BYTES = 256 * 1024;
/**
 * Largest body from a caller who has not signed in: the largest assertion with its credential id is 10 KiB in
 * base64url.
 */
export const STRANGERS_BODY_BYTES = 16 * 1024;
/** A policy of at most 1 MiB in base64url, and its statement. */
export const POLICY_BODY_BYTES = (1 << 20) * 1.5 + SMALL_BODY_BYTES;
/** Evidence of at most 1 MiB and endorsements of 512 KiB, in base64url. */
export const APPRAISAL_BODY_BYTES = 3 << 20;
/** A manifest core of at most 4 MiB in base64url, and the envelopes of 32 custodians. */
export const DEPOSIT_BODY_BYTES = 6 << 20;
/** Segments of one PUT, 8 MiB: what is sent again after a failure, and fsynced once; a client holds two of them. */
export const PART_SEGMENTS = 8;
export const PART_BODY_BYTES = (PART_SEGMENTS + 1) << 20;

/** Larger than any answer that is not a page of the log or made of one. */
export const SMALL_ANSWER_BYTES = 8 << 20;
/** A page of the log and its objects; a host's authority chain. */
export const LOG_ANSWER_BYTES = 128 << 20;
/** 32 bytes for each of the 2^24 segments of the largest file. */
export const LEAVES_ANSWER_BYTES = 512 << 20;
