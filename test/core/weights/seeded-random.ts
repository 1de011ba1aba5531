import { sha256 } from '@noble/hashes/sha2.js';
import { concat, u32, utf8 } from '../../../src/core/bytes.ts';
import type { RandomBytes } from '../../../src/core/random.ts';

/** Reproducible and never twice the same: for tests alone. */
export function seededRandom(seed: string): RandomBytes {
  let calls = 0;
  return (length) => {
    calls += 1;
    const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
      sha256(concat(utf8(seed), u32(calls), u32(i))),
    );
    return concat(...blocks).slice(0, length);
  };
}
