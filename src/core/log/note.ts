import { ed25519 } from '@noble/curves/ed25519.js';
import { ByteReader } from '../byte-reader.ts';
import { concat, equal, fromBase64, fromUtf8, toBase64, utf8 } from '../bytes.ts';
import { must } from '../errors.ts';
import { type Layout, readLayout } from '../layout.ts';
import { verifyReference } from '../signature/reference.ts';
import { keyIdOf, type NoteKey, NoteKeyType, requireKeyName } from './note-key.ts';

/** A note is a checkpoint and its signatures; sixteen post-quantum cosignatures still fit. */
export const NOTE_BYTES_MAX = 65_536;
/** The specification asks for at least 16. Each costs a look-up, and a known one a verification. */
export const NOTE_SIGNATURES_MAX = 64;

const KEY_ID_BYTES = 4;
const SEED_BYTES = 32;

export interface NoteSignature {
  /** The signer's name, as the line claims it. */
  readonly name: string;
  /** 4 bytes: a hint, which says nothing before the signature has been verified. */
  readonly keyId: Uint8Array;
  /** The bytes after the key id: 64 bytes of Ed25519, 72 of a cosignature, at least 1 of another type. */
  readonly signature: Uint8Array;
}

/** A parsed note; nothing in it has been verified. `text` ends with its newline. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A signature that was verified; `timeSeconds` is what a cosigner vouches for, null for other signatures. */
interface VerifiedSignature {
  readonly key: NoteKey;
  readonly timeSeconds: bigint | null;
}

export interface VerifiedNote {
  readonly text: string;
  /** One for each known key that signed, in the order of the lines; never empty. */
  readonly verified: readonly VerifiedSignature[];
  /** The number of unknown keys that the other lines name. */
  readonly unknownCount: number;
}

/**
 * Parses a signed note (C2SP signed-note; FORMAT.md) out of attacker-controlled bytes. Verifies nothing.
 * Throws `too_large` (bytes or signatures), `malformed` or `invalid_name`.
 */
export function parseNote(bytes: Uint8Array): Note {
  must(bytes.length <= NOTE_BYTES_MAX, 'too_large', `expected at most ${NOTE_BYTES_MAX} bytes, got ${bytes.length}`);
  const isControl = (byte: number): boolean => byte < 0x20 && byte !== 0x0a;
  must(!bytes.some(isControl), 'malformed', 'a note has no control characters but the newline');
  const whole = fromUtf8(bytes);

  // The text may hold empty lines of its own, so the last one is the border.
  const border = whole.lastIndexOf('\n\n');
  must(border >= 0 && whole.endsWith('\n'), 'malformed', 'expected a text, an empty line and signature lines');
  const lines = whole.slice(border + 2, -1).split('\n');
  must(lines.length <= NOTE_SIGNATURES_MAX, 'too_large', `expected at most ${NOTE_SIGNATURES_MAX} signatures`);
  return { text: whole.slice(0, border + 1), signatures: lines.map(parseLine) };
}

/** `— name base64(key id ‖ signature)`. */
function parseLine(line: string): NoteSignature {
  const [dash, name, encoded, ...more] = line.split(' ');
  const isLine = dash === '—' && name !== undefined && encoded !== undefined && more.length === 0;
  must(isLine, 'malformed', 'expected a signature line: em dash, name, base64');
  requireKeyName(name);
  const bytes = fromBase64(encoded);
  must(bytes.length > KEY_ID_BYTES, 'malformed', 'expected a key id and a signature');
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) };
}

/** The bytes of a note; `parseNote` of them gives the note again. Throws as `parseNote`. */
export function formatNote({ text, signatures }: Note): Uint8Array {
  const line = ({ name, keyId, signature }: NoteSignature) => `— ${name} ${toBase64(concat(keyId, signature))}\n`;
  const bytes = utf8(`${text}\n${signatures.map(line).join('')}`);
  must(parseNote(bytes).text === text, 'malformed', 'expected a text that UTF-8 can carry');
  return bytes;
}

/**
 * Verifies a note under the keys that the caller trusts. Lines of unknown keys are ignored; a false signature
 * under a known key condemns the note. Throws `signature_invalid` for that and when no known key signed, and
 * `invalid_key` when two of the keys have the name and id of a line.
 */
export function verifyNote(note: Note, keys: readonly NoteKey[]): VerifiedNote {
  const verified = new Map<NoteKey, VerifiedSignature>();
  const unknown = new Set<string>();
  for (const signature of note.signatures) {
    const [key, ...others] = keys.filter((key) => key.name === signature.name && equal(key.id, signature.keyId));
    must(others.length === 0, 'invalid_key', `two known keys are called ${signature.name}`);
    if (key === undefined) {
      unknown.add(`${signature.name} ${toBase64(signature.keyId)}`);
      continue;
    }
    const result = verifySignature(note.text, signature.signature, key);
    if (!verified.has(key)) verified.set(key, result);
  }
  must(verified.size > 0, 'signature_invalid', 'no known key signed the note');
  return { text: note.text, verified: [...verified.values()], unknownCount: unknown.size };
}

function verifySignature(text: string, blob: Uint8Array, key: NoteKey): VerifiedSignature {
  const { message, signature, timeSeconds } =
    key.type === NoteKeyType.ed25519
      ? { message: text, signature: blob, timeSeconds: null }
      : openCosignature(text, blob, key.name);
  verifyReference({
    kind: 'signature',
    algorithm: 'Ed25519',
    publicKey: key.publicKey,
    message: utf8(message),
    signature,
    what: `note signed by ${key.name}`,
  });
  return { key, timeSeconds };
}

/** An Ed25519 cosignature (C2SP tlog-cosignature), whose signature is over a header and the text. */
const COSIGNATURE = { timeSeconds: [0, 8, 'u64be'], signature: [8, 64, 'bytes'] } as const satisfies Layout;

function openCosignature(text: string, blob: Uint8Array, name: string) {
  must(blob.length === 72, 'signature_invalid', `cosignature by ${name}: expected 72 bytes, got ${blob.length}`);
  const { timeSeconds, signature } = readLayout(new ByteReader(blob, `cosignature by ${name}`), COSIGNATURE);
  return { message: `cosignature/v1\ntime ${timeSeconds}\n${text}`, signature, timeSeconds };
}

/**
 * The Ed25519 signature (type 01) of a text under `name`. `seed` is the 32-byte private key; `text` ends with a
 * newline. Throws `invalid_key` or `invalid_name`.
 */
export function signNote(text: string, name: string, seed: Uint8Array): NoteSignature {
  must(seed.length === SEED_BYTES, 'invalid_key', `expected a seed of ${SEED_BYTES} bytes, got ${seed.length}`);
  requireKeyName(name);
  const keyId = keyIdOf(name, NoteKeyType.ed25519, ed25519.getPublicKey(seed));
  return { name, keyId, signature: ed25519.sign(utf8(text), seed) };
}
