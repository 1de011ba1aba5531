import { toHex } from '../core/bytes.ts';
import type { KeyClaim, SignatureAlgorithm } from '../core/signature/claim.ts';
import { requirePublicKey } from '../core/signature/precheck.ts';

/** More signers than one log has; a bound, because a sender can make up keys. */
const KEYS_MAX = 1024;

/** The key of a claim of either kind. */
type ClaimedKey = Omit<KeyClaim, 'kind'>;

interface CacheOptions {
  /** Refuses what `requirePublicKey` does, and nothing else. */
  readonly requireKey?: (algorithm: SignatureAlgorithm, publicKey: Uint8Array) => void;
  readonly keysMax?: number;
}

/**
 * Remembers imported public keys, because checking and importing one costs more than verifying with it. The
 * least recently used goes first. Only keys that passed `requireKey` are imported or kept; of imports
 * that take their time, only those that succeed.
 */
export function cacheKeys<Key>(
  importKey: (claim: ClaimedKey) => Key,
  { requireKey = requirePublicKey, keysMax = KEYS_MAX }: CacheOptions = {},
): (claim: ClaimedKey) => Key {
  const keys = new Map<string, Key>();
  return (claim) => {
    const id = `${claim.algorithm} ${toHex(claim.publicKey)}`;
    let key = keys.get(id);
    if (key === undefined) {
      requireKey(claim.algorithm, claim.publicKey);
      key = importKey(claim);
      // An import that failed says nothing of the next: the engine may have been short of memory.
      if (key instanceof Promise) key.catch(() => keys.delete(id));
    }
    // A map keeps the order of insertion: out and in again makes it the most recent.
    keys.delete(id);
    keys.set(id, key);
    const [oldest] = keys.keys();
    if (keys.size > keysMax && oldest !== undefined) keys.delete(oldest);
    return key;
  };
}
