import { ed25519 } from '@noble/curves/ed25519.js';
import { type Hex, toBase64url } from '../../src/core/bytes.ts';
import { canonicalBytes } from '../../src/core/canonical.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { manifestSignatureMessage } from '../../src/core/weights/manifest.ts';
import { Patience, type RetryPolicy } from '../api/retry.ts';
import type { Replica } from '../log/replica.ts';
import type { PrincipalSession } from '../principal/principal.ts';
import type { Dealt } from './deal.ts';
import { UPLOAD_HELD_FOR_MS } from './upload.ts';

/** Nothing of a deposit rests on the vault's clock: one that is wrong for a moment must not cost hours of uploading. */
export const BY_ANY_CLOCK = { now: null } as const;

/**
 * Has a finished upload recorded as a version. Where the answer was lost, the log says whether the deposit was
 * recorded.
 */
export async function recordDeposit(
  { api, principal }: PrincipalSession,
  replica: Replica,
  upload: Hex,
  { core, manifestDigest: manifest, envelopes }: Dealt,
  retry: RetryPolicy,
): Promise<void> {
  const signature = ed25519.sign(manifestSignatureMessage(core.vault, manifest), principal.seed);
  const body = {
    upload,
    manifest: canonicalBytes(core),
    signature: toBase64url(signature),
    envelopes: [...envelopes],
  };
  const patience = new Patience(retry);
  let mayBeRecorded = false;
  for (;;) {
    try {
      if (mayBeRecorded) await replica.extend(BY_ANY_CLOCK);
      if (replica.facts.versions.has(manifest)) return;
      await api.deposit(body);
      return;
    } catch (error) {
      mayBeRecorded ||= error instanceof TwinlockError && error.code === 'unavailable';
      await patience.wait(error, UPLOAD_HELD_FOR_MS);
    }
  }
}
