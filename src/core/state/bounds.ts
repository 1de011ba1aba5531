/**
 * The bounds of what the fold keeps of a log's history (FORMAT.md, Forgetting). All other parts of a state grow only with
 * the number of custodians, machines and versions, and with what is open or in effect.
 */

/**
 * How many entries back a new entry may refer to by a size of the log. The fold knows the roots, times and named digests
 * of so many entries. A nonce may be 15 minutes old: a vault that records 18 entries a second, far more than people can
 * decide, stays within the bound. The bound counts entries, not time, because a clock may go back.
 */
export const WINDOW_ENTRIES = 16_384;
/**
 * The fold forgets after each entry whose index is one less than a multiple of this. Forgetting takes time, so it is
 * not done at each entry.
 */
export const FORGET_EVERY_ENTRIES = 1024;
/** The latest proposals that are over. A vault lists 500, which is fewer. */
export const OVER_PROPOSALS = 1024;
/** The latest evaluations with a receipt of each version in quarantine. A publication cites one. */
export const CITABLE_EVALUATIONS = 16;
/** The latest resumptions: a stop of everything may rest on one. Each resumption took a quorum. */
export const MAX_RESUMPTIONS = 1024;
/** Releases of a day whose bytes are kept one by one. If there are more, the oldest are added up. */
export const GRANTS = 4096;
/**
 * The latest refusals; the limits of a day are counted among them. Eight days of refusals fit while dates only go
 * forward.
 */
export const REFUSALS = 1024;
