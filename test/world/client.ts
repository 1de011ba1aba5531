import type { RetryPolicy } from '../../client/api/retry.ts';
import { type Fetch, platformFetch } from '../../client/api/transport.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from '../../client/log/checkpoint-memory.ts';
import type { Hex } from '../../src/core/bytes.ts';
import type { Verify } from '../../src/core/signature/claim.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';

/** Reads the clock at every call: tests set it. */
export const wallClock = (): number => Date.now();

export const verify: Verify = async (claim) => verifyNode(claim);

export class MapMemory implements CheckpointMemory {
  readonly checkpoints: Map<Hex, VerifiedCheckpoint> = new Map<Hex, VerifiedCheckpoint>();

  async get(fingerprint: Hex): Promise<VerifiedCheckpoint | null> {
    return this.checkpoints.get(fingerprint) ?? null;
  }
  async put(fingerprint: Hex, checkpoint: VerifiedCheckpoint): Promise<void> {
    this.checkpoints.set(fingerprint, checkpoint);
  }
}

/** Fails at once: what a test breaks on purpose stays broken. */
export const IMPATIENT: RetryPolicy = { tries: 1, forMs: 0, now: () => 0, sleep: async () => undefined };
/** Tries as often as it takes, without waiting. */
export const PATIENT: RetryPolicy = { ...IMPATIENT, forMs: Number.POSITIVE_INFINITY };

/** A test's change of an exchange: it answers in place of the vault, or changes the vault's answer. */
export type Meddling = (
  request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Headers;
    /** The parsed JSON of a body; null for other bodies and for none. */
    readonly body: unknown;
  },
  next: () => Promise<Response>,
) => Promise<Response>;

export const passOn: Meddling = (_, next) => next();

/** A client's way to the vault, on which a test stands. `meddling` is asked at every exchange. */
export function meddledFetch(meddling: () => Meddling): Fetch {
  return async (url, init) => {
    const { method, headers, body } = init;
    const json: unknown = typeof body === 'string' ? JSON.parse(body) : null;
    return meddling()({ method, url, headers: new Headers(headers), body: json }, () => platformFetch(url, init));
  };
}
