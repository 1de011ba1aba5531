import { type Hex, u8, u32 } from '../bytes.ts';
import { frame } from '../frame.ts';
import type { RandomBytes } from '../random.ts';
import type { Share } from '../share/share.ts';
import { digestField, keyField } from './fields.ts';
import { openShare, sealShare } from './sealed-share.ts';
import type { KemKeyPair } from './xwing.ts';

/**
 * The context to which a custodian's envelope is bound. All of it comes from the signed manifest core or transcript,
 * none from the sender.
 */
export interface CustodianEnvelope {
  /** The vault fingerprint. */
  readonly vault: Hex;
  /** SHA-256 of the manifest core. */
  readonly manifest: Hex;
  /** The committee's epoch, 32 bits. */
  readonly epoch: number;
}

/**
 * Seals a share to one authenticator of a custodian: 1,202 bytes (formats, "Envelopes"). Throws `invalid_key`,
 * `invalid_index`, `invalid_scalar`, and `malformed` for a field that does not fit.
 */
export async function sealCustodianShare(
  envelope: CustodianEnvelope,
  publicKey: Uint8Array,
  share: Share,
  random: RandomBytes,
): Promise<Uint8Array> {
  return sealShare(publicKey, infoOf(envelope, share.index, publicKey), share, random);
}

/**
 * Opens the envelope (attacker-controlled) of the custodian with this index. Throws `envelope_invalid`,
 * `invalid_index`, `invalid_scalar`, `unsupported_version`. The share is still to be verified.
 */
export async function openCustodianShare(
  envelope: CustodianEnvelope,
  index: number,
  keys: KemKeyPair,
  sealed: Uint8Array,
): Promise<Share> {
  return openShare(keys.seed, infoOf(envelope, index, keys.publicKey), index, sealed);
}

function infoOf({ vault, manifest, epoch }: CustodianEnvelope, index: number, publicKey: Uint8Array): Uint8Array {
  return frame(
    'twinlock/v1/share',
    digestField('vault', vault),
    digestField('manifest', manifest),
    u32(epoch),
    u8(index),
    keyField(publicKey),
  );
}
