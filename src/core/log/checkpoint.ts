import { equal, fromBase64, toBase64 } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import { unlessRefused } from '../refusal.ts';
import { EMPTY_FRONTIER, frontierRoot, HASH_BYTES } from './merkle.ts';
import { formatNote, parseNote, signNote, verifyNote } from './note.ts';
import { NoteKeyType, parseVkey } from './note-key.ts';

/** A log's statement about itself: its first `size` entries have this root. */
export interface Checkpoint {
  /** The log's name, and the name of the key that signs for it. */
  readonly origin: string;
  /** Entries, below 2^53. */
  readonly size: number;
  /** RFC 6962 root, 32 bytes. */
  readonly root: Uint8Array;
}

/** The text that is signed: `origin\nsize\nbase64 root\n` (FORMAT.md). Throws as `parseCheckpointText`. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  const text = `${origin}\n${size}\n${toBase64(root)}\n`;
  parseCheckpointText(text);
  return text;
}

/**
 * Parses the text of a checkpoint, attacker-controlled until its note has been verified. Strict: three lines
 * and no more, a size without sign and leading zeros, the root of the empty tree for size 0. Throws
 * `checkpoint_invalid`.
 */
export function parseCheckpointText(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin, sizeText, rootText, end] = lines;
  const hasLines = origin !== undefined && sizeText !== undefined && rootText !== undefined;
  mustHold(hasLines && lines.length === 4 && end === '', 'expected three lines, each ended by a newline');
  mustHold(origin !== '', 'expected an origin');
  const size = /^(?:0|[1-9][0-9]{0,15})$/.test(sizeText) ? Number(sizeText) : Number.NaN;
  mustHold(Number.isSafeInteger(size), 'expected a size in decimal, below 2^53');
  const root = orInvalid(() => fromBase64(rootText));
  mustHold(root.length === HASH_BYTES, `expected a root of ${HASH_BYTES} bytes, got ${root.length}`);
  mustHold(size > 0 || equal(root, frontierRoot(EMPTY_FRONTIER)), 'size 0 has the root of the empty tree');
  return { origin, size, root };
}

/**
 * The signed note of a checkpoint, under the log's 32-byte Ed25519 seed; the key's name is the origin. Throws
 * `checkpoint_invalid`, `invalid_name` for an origin that no key can be called, and `invalid_key`.
 */
export function signCheckpoint(checkpoint: Checkpoint, seed: Uint8Array): Uint8Array {
  const text = checkpointText(checkpoint);
  return formatNote({ text, signatures: [signNote(text, checkpoint.origin, seed)] });
}

/**
 * Verifies attacker-controlled bytes as a checkpoint of the log whose vkey this is, which the caller got
 * from a place it trusts. Cosignatures are ignored here. Throws `foreign_checkpoint` for another origin or
 * a note without a signature of this key, `checkpoint_invalid` for a false signature and everything that
 * is malformed, and as `parseVkey`.
 */
export function openCheckpoint(bytes: Uint8Array, vkey: string): Checkpoint {
  const key = parseVkey(vkey);
  must(key.type === NoteKeyType.ed25519, 'unsupported_algorithm', 'a cosigner does not sign for a log');
  const note = orInvalid(() => parseNote(bytes));
  const checkpoint = parseCheckpointText(note.text);
  must(checkpoint.origin === key.name, 'foreign_checkpoint', `expected a checkpoint of ${key.name}`);
  const isSigned = note.signatures.some(({ name, keyId }) => name === key.name && equal(keyId, key.id));
  must(isSigned, 'foreign_checkpoint', `expected a signature by the key of ${key.name}`);
  orInvalid(() => verifyNote(note, [key]));
  return checkpoint;
}

function mustHold(condition: boolean, message: string): asserts condition {
  must(condition, 'checkpoint_invalid', `checkpoint: ${message}`);
}

function orInvalid<T>(read: () => T): T {
  return unlessRefused(TwinlockError, read, (cause) => {
    throw new TwinlockError('checkpoint_invalid', `checkpoint: ${cause.message}`, {}, { cause });
  });
}
