import { type Checkpoint, openCheckpoint } from '../log/checkpoint.ts';
import { formatVkey } from '../log/note-key.ts';
import { ed25519KeyBytes } from '../signature/key-text.ts';
import type { StatementOf } from '../statement/statement.ts';

/** Opens an attacker-controlled note with the log key of a verified genesis. Throws as `openCheckpoint`. */
export function openWithLogKey({ origin, key }: StatementOf<'genesis'>['log'], note: Uint8Array): Checkpoint {
  return openCheckpoint(note, formatVkey(origin, ed25519KeyBytes(key)));
}
