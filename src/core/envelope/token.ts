import type { Hex } from '../bytes.ts';
import { must } from '../errors.ts';
import { frame } from '../frame.ts';
import type { RandomBytes } from '../random.ts';
import { digestField, keyField } from './fields.ts';
import { open, SEAL_OVERHEAD_BYTES, seal } from './hpke.ts';
import type { KemKeyPair } from './xwing.ts';

/** A bearer token is 32 random bytes. */
export const TOKEN_BYTES = 32;
/** 1,168 bytes. */
export const SEALED_TOKEN_BYTES: number = SEAL_OVERHEAD_BYTES + TOKEN_BYTES;

/** The context to which a host's bearer token is bound. */
export interface TokenEnvelope {
  /** The vault fingerprint. */
  readonly vault: Hex;
  /** SHA-256 of the release statement. */
  readonly statement: Hex;
}

/**
 * Seals a bearer token to the one-time key of a host: 1,168 bytes (formats, "Envelopes"). Throws `invalid_key`,
 * and `malformed` for a token that is not 32 bytes.
 */
export async function sealToken(
  envelope: TokenEnvelope,
  publicKey: Uint8Array,
  token: Uint8Array,
  random: RandomBytes,
): Promise<Uint8Array> {
  must(token.length === TOKEN_BYTES, 'malformed', `expected a token of ${TOKEN_BYTES} bytes, got ${token.length}`);
  return seal(publicKey, infoOf(envelope, publicKey), token, random);
}

/** Opens a bearer token (attacker-controlled), 32 bytes; throws `envelope_invalid`. */
export async function openToken(envelope: TokenEnvelope, keys: KemKeyPair, sealed: Uint8Array): Promise<Uint8Array> {
  must(
    sealed.length === SEALED_TOKEN_BYTES,
    'envelope_invalid',
    `expected a sealed token of ${SEALED_TOKEN_BYTES} bytes, got ${sealed.length}`,
  );
  return open(keys.seed, infoOf(envelope, keys.publicKey), sealed);
}

function infoOf({ vault, statement }: TokenEnvelope, publicKey: Uint8Array): Uint8Array {
  return frame(
    'twinlock/v1/token',
    digestField('vault', vault),
    digestField('statement', statement),
    keyField(publicKey),
  );
}
