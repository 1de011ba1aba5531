import { fromHex, type Hex, u8, u16 } from '../bytes.ts';
import { digestOfObject } from '../canonical.ts';
import { frame } from '../frame.ts';
import type { CustodyReceipt, HostReceipt } from './entry.ts';

/**
 * What a host signs with its one-time receipt key: frame("twinlock/v1/receipt", vault, release digest, u16
 * host, SHA-256 of the receipt's canonical form without its signature).
 */
export function hostReceiptMessage(vault: Hex, receipt: Omit<HostReceipt, 'signature'>): Uint8Array {
  return frame(
    'twinlock/v1/receipt',
    fromHex(vault),
    fromHex(receipt.release),
    u16(receipt.host),
    fromHex(digestOfObject(receipt)),
  );
}

/**
 * What a custodian signs, with the share-signing key that only their authenticator yields, once they have
 * opened and checked an envelope: frame("twinlock/v1/custody", vault, manifest digest, u8 index,
 * SHA-256(envelope)).
 */
export function custodyMessage(
  vault: Hex,
  receipt: Pick<CustodyReceipt, 'manifest' | 'envelope'>,
  index: number,
): Uint8Array {
  return frame('twinlock/v1/custody', fromHex(vault), fromHex(receipt.manifest), u8(index), fromHex(receipt.envelope));
}
