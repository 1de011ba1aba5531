import { shake256 } from '@noble/hashes/sha3.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { RandomBytes } from '../../src/core/random.ts';

/** Reproducible randomness: the output of SHAKE256 of a label, read on from call to call. */
export function seededRandom(label: string): RandomBytes {
  const xof = shake256.create({}).update(utf8ToBytes(label));
  return (length) => xof.xof(length);
}
