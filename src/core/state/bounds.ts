/**
 * How much of a log's history the fold keeps (FORMAT.md, Forgetting): what is not bounded here grows with custodians,
 * machines and versions, and with what is open or in effect.
 */

/**
 * Entries back from the end of a log to which a new entry may refer by a size of the log, and as far as the fold knows
 * roots, times and what was named once. A vault that records 18 entries a second, far above what people can decide, still
 * leaves the 15 minutes that a nonce may be old. It counts entries, since no clock that goes back makes them fewer.
 */
export const WINDOW_ENTRIES = 16_384;
/** The fold forgets after each entry whose index is one less than a multiple of this: to look takes time. */
export const FORGET_EVERY_ENTRIES = 1024;
/** Of proposals that are over, the latest: more than a vault lists, which is 500. */
export const OVER_PROPOSALS = 1024;
/** Of each version in quarantine, the latest evaluations with a receipt: a publication cites one. */
export const CITABLE_EVALUATIONS = 16;
/** Resumptions that a stop of everything may rest on: the latest. Each took a quorum. */
export const MAX_RESUMPTIONS = 1024;
/** Releases of a day whose bytes are kept one by one: of more, the oldest are counted together. */
export const GRANTS = 4096;
/** The latest refusals, among which a day's are counted: eight days of them, where dates only go forward. */
export const REFUSALS = 1024;
