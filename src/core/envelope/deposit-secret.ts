import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { must } from '../errors.ts';
import { frame } from '../frame.ts';
import type { RandomBytes } from '../random.ts';
import { keyField } from './fields.ts';
import { open, SEAL_OVERHEAD_BYTES, seal } from './hpke.ts';
import { KEM_SEED_BYTES, type KemKeyPair, kemKeyPairFromSeed } from './xwing.ts';

const SECRET_BYTES = 32;
/** 1,168 bytes. */
const SEALED_DEPOSIT_SECRET_BYTES: number = SEAL_OVERHEAD_BYTES + SECRET_BYTES;

/** A depositor's own KEM key, from their Ed25519 seed, 32 bytes (formats, "Depositors' keys"). */
export function depositorKem(seed: Uint8Array): KemKeyPair {
  return kemKeyPairFromSeed(hkdf(sha256, seed, undefined, frame('twinlock/v1/depositor-kem'), KEM_SEED_BYTES));
}

/**
 * Seals the secret of an unfinished deposit, 32 bytes, to its depositor: 1,168 bytes. `context` is of `manifestContext`.
 * Throws `malformed` for another length.
 */
export async function sealDepositSecret(
  context: Uint8Array,
  publicKey: Uint8Array,
  secret: Uint8Array,
  random: RandomBytes,
): Promise<Uint8Array> {
  must(secret.length === SECRET_BYTES, 'malformed', `expected a secret of ${SECRET_BYTES} bytes, got ${secret.length}`);
  return seal(publicKey, infoOf(context, publicKey), secret, random);
}

/** Opens it. Throws `envelope_invalid` for one of another key or version, or that is altered. */
export async function openDepositSecret(
  context: Uint8Array,
  keys: KemKeyPair,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  const { length } = sealed;
  const message = `expected a sealed secret of ${SEALED_DEPOSIT_SECRET_BYTES} bytes, got ${length}`;
  must(length === SEALED_DEPOSIT_SECRET_BYTES, 'envelope_invalid', message);
  return open(keys.seed, infoOf(context, keys.publicKey), sealed);
}

function infoOf(context: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return frame('twinlock/v1/deposit-secret', context, keyField(publicKey));
}
