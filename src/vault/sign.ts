import { equal } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { frontierRoot } from '../core/log/merkle.ts';
import { ed25519KeyBytes } from '../core/signature/key-text.ts';
import type { State } from '../core/state/state.ts';
import { SIGN_WITHIN_MS } from './limits.ts';
import type { CheckpointSigner } from './ports.ts';
import { requireNoteOver } from './stored-log.ts';

/** The signer has refused, has not answered in time, or has signed something else. Nothing was recorded. */
export class Unsigned extends TwinlockError {
  constructor(reason: string, cause?: unknown) {
    super(
      'unavailable',
      `the signer of the log’s checkpoints ${reason}: nothing was recorded, try again`,
      {},
      { cause },
    );
  }
}

/** Throws `checkpoint_invalid` where the signer has another key than the log's genesis names. */
export function requireKeyOf({ facts }: State, { publicKey }: CheckpointSigner): void {
  must(
    equal(publicKey, ed25519KeyBytes(facts.genesis.log.key)),
    'checkpoint_invalid',
    'log.key is not the key that the log’s genesis names: restore database and key from one copy',
  );
}

/**
 * The note of the checkpoint over this log, verified. Waits for the signer 5 s at most, and gives up sooner where
 * `interrupted` rejects; what the signer answers later is dropped. Throws `Unsigned`, and what `interrupted` throws.
 */
export async function signState(
  state: State,
  signer: CheckpointSigner,
  interrupted: Promise<never>,
): Promise<Uint8Array> {
  const { frontier } = state.chain;
  const checkpoint = { origin: state.facts.genesis.log.origin, size: frontier.size, root: frontierRoot(frontier) };
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Unsigned('does not answer')), SIGN_WITHIN_MS);
  const signing = Promise.resolve()
    .then(() => signer.sign(checkpoint))
    .catch((error: unknown) => {
      throw new Unsigned('has failed', error);
    });
  try {
    const note = await Promise.race([signing, late.promise, interrupted]);
    return unlessFalse(state, note);
  } finally {
    clearTimeout(timer);
  }
}

function unlessFalse(state: State, note: Uint8Array): Uint8Array {
  try {
    requireNoteOver(state, note, 'the checkpoint that was signed is of another log');
    return note;
  } catch (error) {
    throw new Unsigned('has signed something else', error);
  }
}
