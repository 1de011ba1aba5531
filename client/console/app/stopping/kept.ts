import { signal } from '@preact/signals';
import type { Base64url, Hex } from '../../../../src/core/bytes.ts';
import type { TwinlockError } from '../../../../src/core/errors.ts';
import type { StopKit } from '../../../custodian/stop-kit.ts';
import { keptStopKit, knownCredentials } from '../local.ts';
import { asFailure } from '../parts/notice.tsx';

/** The data that this workstation keeps for a stop without the vault. */
interface Kept {
  /** Null where no custodian has signed in to the vault on this workstation. */
  readonly kit: StopKit | null;
  /** Credentials that were used here, the latest first. */
  readonly usedHere: readonly Base64url[];
  /** The error, where a kit should be there and could not be read. */
  readonly failure: TwinlockError | null;
}

/** Null until the console's server has been asked. */
export const kept = signal<Kept | null>(null);

export async function loadKept(vault: Hex): Promise<void> {
  try {
    const kit = await keptStopKit(vault);
    const usedHere = (await knownCredentials()).map(({ credential }) => credential);
    kept.value = { kit, usedHere, failure: null };
  } catch (thrown) {
    kept.value = { kit: null, usedHere: [], failure: asFailure(thrown) };
  }
}
