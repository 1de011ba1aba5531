import { sha256 } from '@noble/hashes/sha2.js';
import { fromHex, type Hex, u32, u64, utf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { frame, frameDigest } from '../frame.ts';
import type { StatementOf } from '../statement/statement.ts';

/** The person who registers an authenticator, the vault, and the invitation. */
export interface RegisterFields {
  /** The vault fingerprint; zeros before genesis. */
  readonly vault: Hex;
  /** The digest of the invitation; zeros when a custodian adds an authenticator. */
  readonly invitation: Hex;
  /** The person's id, 16 bytes in hex. */
  readonly person: Hex;
}

interface EnrolFields extends RegisterFields {
  /** 1 to 1023 bytes. */
  readonly credential: Uint8Array;
  readonly keyEpoch: number;
  /** The X-Wing public key, 1216 bytes. */
  readonly kem: Uint8Array;
  /** The Ed25519 share-signing key, 32 bytes. */
  readonly signing: Uint8Array;
  /** The name that its person gave the authenticator. */
  readonly name: string;
}

export interface ApproveFields {
  readonly vault: Hex;
  readonly statement: Hex;
  readonly decision: 'approve' | 'deny';
  /** The log as the client verified it. */
  readonly origin: string;
  readonly size: number;
  readonly root: Hex;
  /** Digest of the roster of that log (core/state/roster.ts). */
  readonly roster: Hex;
  /** The client's clock. */
  readonly timeMs: number;
  /** The client's, so that no decision is signed twice over the same bytes. */
  readonly nonce: Hex;
  /** Why it is denied; null where nothing is said. */
  readonly reason: string | null;
}

/**
 * Everything that is signed with a touch or with a principal's key, by label (design: formats, "Challenges").
 *
 * What is signed is never chosen by the other side: a caller names a label and typed fields, and the frame is
 * computed here. Every label is another frame, so what was signed for one purpose never serves another.
 * A vault (its fingerprint), digest, root or nonce is 32 bytes in hex.
 */
export type Signable =
  /** `nonce` is one that the vault issued, once. */
  | { readonly label: 'session'; readonly vault: Hex; readonly nonce: Hex }
  | ({ readonly label: 'enrol' } & EnrolFields)
  | { readonly label: 'genesis'; readonly statement: Hex }
  | { readonly label: 'propose'; readonly vault: Hex; readonly statement: Hex }
  | ({ readonly label: 'approve' } & ApproveFields)
  | {
      readonly label: 'stop';
      readonly vault: Hex;
      readonly what: StatementOf<'stop'>['what'];
      /** The digest of the stop statement. */
      readonly statement: Hex;
    }
  | { readonly label: 'transcript'; readonly vault: Hex; readonly transcript: Hex };

/** The frame itself, which a principal signs with Ed25519. Throws `malformed` for a field of the wrong length. */
export function signableMessage(signable: Signable): Uint8Array {
  switch (signable.label) {
    case 'session':
      return frame('twinlock/v1/session', bytes32(signable.vault), bytes32(signable.nonce));
    case 'enrol':
      return enrolMessage(signable);
    case 'genesis':
      return frame('twinlock/v1/genesis', bytes32(signable.statement));
    case 'propose':
      return frame('twinlock/v1/propose', bytes32(signable.vault), bytes32(signable.statement));
    case 'approve':
      return approveMessage(signable);
    case 'stop':
      return frame('twinlock/v1/stop', bytes32(signable.vault), utf8(signable.what), bytes32(signable.statement));
    case 'transcript':
      return frame('twinlock/v1/transcript', bytes32(signable.vault), bytes32(signable.transcript));
  }
}

/** Returns the challenge: SHA-256 of the frame, 32 bytes. Throws as `signableMessage`. */
export function challengeOf(signable: Signable): Uint8Array {
  return sha256(signableMessage(signable));
}

/**
 * The 32-byte challenge of a registration, navigator.credentials.create(): SHA-256 of
 * frame("twinlock/v1/register", vault, invitation digest, person). No assertion is ever checked against it.
 * Throws `malformed`.
 */
export function registerChallenge(fields: RegisterFields): Uint8Array {
  return frameDigest('twinlock/v1/register', ...registerFields(fields));
}

function registerFields({ vault, invitation, person }: RegisterFields): Uint8Array[] {
  return [bytes32(vault), bytes32(invitation), exactly(fromHex(person), 16, 'a person')];
}

function enrolMessage(fields: EnrolFields): Uint8Array {
  const { credential, keyEpoch, kem, signing, name } = fields;
  must(credential.length >= 1 && credential.length <= 1023, 'malformed', 'expected a credential id of 1 to 1023 bytes');
  return frame(
    'twinlock/v1/enrol',
    ...registerFields(fields),
    credential,
    u32(whole(keyEpoch)),
    exactly(kem, 1216, 'a KEM key'),
    exactly(signing, 32, 'a signing key'),
    utf8(name),
  );
}

function approveMessage(fields: ApproveFields): Uint8Array {
  const { vault, statement, decision, origin, size, root, roster, timeMs, nonce, reason } = fields;
  must(reason !== '', 'malformed', 'expected a reason of at least one character, or null');
  return frame(
    'twinlock/v1/approve',
    bytes32(vault),
    bytes32(statement),
    utf8(decision),
    utf8(origin),
    u64(whole(size)),
    bytes32(root),
    bytes32(roster),
    u64(whole(timeMs)),
    bytes32(nonce),
    utf8(reason ?? ''),
  );
}

const bytes32 = (hex: Hex): Uint8Array => exactly(fromHex(hex), 32, 'a digest or nonce');

function exactly(bytes: Uint8Array, length: number, what: string): Uint8Array {
  must(bytes.length === length, 'malformed', `expected ${what} of ${length} bytes, got ${bytes.length}`);
  return bytes;
}

/** A safe integer: neither a fraction nor a number that lost digits. Throws `malformed`. */
function whole(value: number): number {
  must(Number.isSafeInteger(value), 'malformed', 'expected an integer below 2^53');
  return value;
}
