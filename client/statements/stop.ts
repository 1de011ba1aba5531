import { type Base64url, fromBase64url, type Hex, toHex, utf8, ZERO_32 } from '../../src/core/bytes.ts';
import { digestOf } from '../../src/core/canonical.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { parseStatement, type Stop } from '../../src/core/statement/statement.ts';

const ZEROS = toHex(ZERO_32);

/** The target of a stop. One person is enough. */
export type Stopping =
  | { readonly what: 'all'; readonly reason: string }
  /** A release by its digest, a version by its manifest, a proposal of one's own by its digest. */
  | { readonly what: 'release' | 'version' | 'proposal'; readonly target: Hex; readonly reason: string }
  /** A machine's key, of any owner. */
  | { readonly what: 'principal'; readonly key: string; readonly reason: string }
  /** An authenticator of one's own, by its credential. */
  | { readonly what: 'authenticator'; readonly credential: Base64url; readonly reason: string };

/** What the signer brings besides: the last resumption that they know of, null for none; their clock; randomness. */
export interface StopSurroundings {
  readonly resumption: Hex | null;
  readonly nowMs: number;
  readonly random: RandomBytes;
}

/**
 * The statement of a stop. The vault need not be reached for it: its fingerprint is all that is asked of it.
 * Throws `malformed`, for a reason that is none for instance.
 */
export function stopStatement(
  vault: Hex,
  by: Stop['by'],
  stopping: Stopping,
  { resumption, nowMs, random }: StopSurroundings,
): Stop {
  const { what, reason } = stopping;
  const statement: Stop = {
    v: 1,
    kind: 'stop',
    vault,
    by,
    what,
    target: targetOf(stopping),
    base: what === 'all' ? (resumption ?? vault) : ZEROS,
    reason,
    nonce: toHex(random(32)),
    created: nowMs,
  };
  parseStatement(statement);
  return statement;
}

function targetOf(stopping: Stopping): Hex {
  switch (stopping.what) {
    case 'all':
      return ZEROS;
    case 'authenticator':
      return digestOf(fromBase64url(stopping.credential));
    case 'principal':
      return digestOf(utf8(stopping.key));
    default:
      return stopping.target;
  }
}
