/**
 * What the daemon allows an outsider, all in one place. A bound is of one caller: of a key or credential that has
 * signed in, of the holder of a host's token, or of an address. None is shared, so no caller is kept from the vault by
 * what another spends. test/repository/limits.test.ts lists the test in which each of them acts.
 */

// Connections, before anything is known of who asks

/** Sockets in all: below what an operating system gives a service (LimitNOFILE), and 4096 of them are 300 MB. */
export const MAX_CONNECTIONS = 4096;
/** Connections of one address, or of one IPv6 network of 64 bits: 64 hosts behind one address, 8 connections each. */
export const CONNECTIONS_AN_ADDRESS = 512;
/** A TLS handshake is two messages; a connection that has not ended it says nothing. */
export const HANDSHAKE_MS = 5_000;
/** For a request's headers, which are one packet. */
export const HEADERS_MS = 10_000;
export const MAX_HEADER_BYTES = 16 * 1024;
/** How often a connection is looked at for the two limits above and below. */
export const CONNECTIONS_CHECKED_MS = 2_000;
/** For a whole request: a part of an upload over a slow line. */
export const REQUEST_WITHIN_MS = 10 * 60_000;
/** For the body of any other request. */
export const BODY_WITHIN_MS = 30_000;
export const KEEP_ALIVE_MS = 65_000;
/** Nothing sent and nothing taken; longer than the longest poll. */
export const SILENCE_MS = 2 * 60_000;

// The access log

/** Lines a minute of refusals with one status and code; what is more is counted, and told with the next line. */
export const REFUSED_LINES_A_MINUTE = 30;
/** Log lines a minute for answers that are no refusals. */
export const SERVED_LINES_A_MINUTE = 600;
/** Characters of a path in a log line. The sender chooses the path. */
export const LOGGED_PATH_CHARACTERS = 200;

// Signing in

/** A challenge is answered by a person with a key in hand. */
export const CHALLENGE_MS = 2 * 60_000;
/**
 * Sign-ins of one key or credential during the life of a challenge. The vault remembers used challenges for that long.
 */
export const SIGN_INS_A_KEY = 64;
/** That named one key or credential and came from one address, and whose signature was then not by it. */
export const FAILED_SIGN_INS_A_MINUTE = 30;
/** A working day; a workstation that was left alone overnight signs in again. */
export const SESSION_MS = 8 * 60 * 60_000;
export const MAX_SESSIONS = 10_000;
/** Sessions of one credential or key. When another begins, the oldest ends. */
export const SESSIONS_A_CALLER = 32;

// Requests: each caller's own places, and bytes

/** A console asks half a dozen things at once; hosts may share a key. */
export const REQUESTS_AT_ONCE_A_KEY = 32;
/** Requests at once of one key whose answer or body has megabytes: pages of the log, hand-overs, deposits. */
export const LARGE_AT_ONCE_A_KEY = 4;
/** Long polls: a release has at most 64 hosts. */
export const WAITS_AT_ONCE_A_KEY = 64;
/** Reads at once of one host. More do not make a disk or a network faster. */
export const READS_AT_ONCE_A_HOST = 16;
/** The vault cuts off a client that takes no bytes of an answer for this long. */
export const READER_SILENCE_MS = 60_000;
/** Parsing them takes a second or two; the evidence of 64 hosts is less. */
export const BODY_BYTES_A_MINUTE_A_KEY = 128 << 20;
/** Of one request, by its route. */
export {
  APPRAISAL_BODY_BYTES,
  DEPOSIT_BODY_BYTES,
  PART_BODY_BYTES,
  PART_SEGMENTS,
  POLICY_BODY_BYTES,
  SMALL_BODY_BYTES,
  STRANGERS_BODY_BYTES,
} from '../wire/sizes.ts';

// Requests for releases

/** From an opened request to its proposal; the fold refuses older nonces too. */
export const REQUEST_MS = 15 * 60_000;
export const MAX_REQUESTS = 1_000;
export const REQUESTS_A_KEY = 64;
/** Appraisals for each host of a request: the first, and again with what was missing. */
export const APPRAISALS_A_HOST = 4;
export const APPRAISALS_AT_ONCE_A_KEY = 4;
/** Evidence, endorsements and appraisals that passed, kept for the proposals of one key: what 64 hosts show. */
export const REACHED_BYTES_A_KEY = 48 << 20;

// Entries that stay in the log, which every client replays

/** While one is recorded, every other act waits. */
export const ACTS_AT_ONCE_A_KEY = 1;
/**
 * Proposals and deposits of one key. Proposals are counted in the log as well, a custodian's with all their keys. What
 * follows from one is bounded by it: a vote a custodian, a receipt a host.
 */
export const ENTRIES_AN_HOUR_A_KEY = 60;
export const ENTRIES_A_DAY_A_KEY = 240;
/** Open proposals of one principal. A custodian proposes by a touch. */
export const OPEN_PROPOSALS_A_KEY = 16;
/** Distinct refusals that are told apart while they wait to be told. */
export const MAX_REFUSALS = 64;
/** Of those, one caller's. */
export const REFUSALS_A_CALLER = 8;
/** Between two looks at what may be told. */
export const REFUSALS_MS = 60_000;

// Uploads

/** An upload that has not ended by then is dropped. */
export const UPLOAD_MS = 7 * 24 * 60 * 60_000;
/**
 * Without a part, a look or another act of its depositor: one who was killed leaves ciphertext that no one can use
 * without the state on the depositor's machine. Long enough to be started again.
 */
export const UPLOAD_SILENCE_MS = 60 * 60_000;
/**
 * Of what a depositor has under way: it ends before `UPLOAD_MS` where a step of it comes in each `UPLOAD_SILENCE_MS`.
 */
export const UPLOAD_STEPS: number = UPLOAD_MS / UPLOAD_SILENCE_MS;
/**
 * A depositor who goes on reads again what is stored, and sends nothing meanwhile: some 76 MB a second, a slow disk.
 */
export const UPLOAD_READ_BYTES_AN_HOUR: number = 2 ** 38;
/**
 * Of it, what the time between two rounds of upkeep counts for at the most: a longer one is a pause of this machine.
 */
export const SILENCE_A_ROUND_MS = 60_000;
/** Under way. */
export const UPLOADS_A_KEY = 8;
/** Begun: one that is begun anew has the one before removed from the disk. */
export const UPLOADS_AN_HOUR_A_KEY = 60;

// The log

/** How long an act waits for the signer of checkpoints: a stop that it leaves unsigned is heeded from then on. */
export const SIGN_WITHIN_MS = 5_000;
/** Stops that are heeded while the signer leaves them unsigned; each key has only so many a minute. */
export const MAX_UNSIGNED_STOPS = 256;

// Answers

/** Bytes of entries and objects in one page of the log; a page has at least one entry. */
export const PAGE_BYTES = 4 << 20;
/** Entries that are read from the disk at a time for a page. */
export const ENTRIES_A_READ = 64;
/** Proposals in a list, and the bytes of their statements: the newest come first. */
export const MAX_PROPOSALS = 500;
export const PROPOSALS_BYTES = 8 << 20;

// Founding

/** Authenticators that one founder may enrol. */
export const MAX_AUTHENTICATORS_PER_FOUNDER = 4;

// Stops, which spend nothing else

/**
 * Stops of one key that are recorded: more than a person or a machine can mean. Nothing else is counted: otherwise an
 * attacker at a custodian's address could keep that custodian from stopping, by sending stops that are not true or by
 * sending again what the log shows.
 */
export const STOPS_A_MINUTE_A_KEY = 60;
/** Connections at the address that takes stops alone. A stop is one connection for a moment. */
export const STOP_CONNECTIONS = 256;
export const STOP_CONNECTIONS_AN_ADDRESS = 16;
