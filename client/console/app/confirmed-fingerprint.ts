import type { Hex } from '../../../src/core/bytes.ts';
import { digest } from '../../../src/core/schema.ts';

/**
 * The fingerprint that a founder's page has computed, and that the founder has compared, signed and kept. The tab
 * keeps it, because the console was started before there was one. It is no secret, and it never comes from the vault.
 */
const FINGERPRINT = 'twinlock-confirmed-fingerprint';

export function keepConfirmedFingerprint(hex: Hex): void {
  sessionStorage.setItem(FINGERPRINT, hex);
}

/** Null in every other tab. What is no fingerprint is not taken. */
export function confirmedFingerprint(): Hex | null {
  const kept = digest.safeParse(sessionStorage.getItem(FINGERPRINT));
  return kept.success ? kept.data : null;
}
