import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { formatNote, parseNote, signNote, verifyNote } from '../../src/core/log/note.ts';
import { keyIdOf, NoteKeyType } from '../../src/core/log/note-key.ts';
import { decodePoint, H } from '../../src/core/share/group.ts';
import type { SignatureClaim } from '../../src/core/signature/claim.ts';
import { requirePublicKey } from '../../src/core/signature/precheck.ts';
import { verifyReference } from '../../src/core/signature/reference.ts';

const SEED = new Uint8Array(32).fill(5);
const MESSAGE = utf8('message');

/** How often in a row `work` must have had stack enough. */
const ENOUGH = 10;

/** What `work` says from each frame of a full stack, from the last one upwards, until it has enough of it. */
function answers(work: () => unknown): string[] {
  const said: string[] = [];
  const isOver = () => said.length >= ENOUGH && said.slice(-ENOUGH).every((one) => one === 'true');
  const descend = (): void => {
    try {
      descend();
    } catch {
      // The stack is full: from here on there is a frame more at each return.
    }
    if (!isOver()) said.push(answerOf(work));
  };
  descend();
  return [...new Set(said)].sort();
}

function answerOf(work: () => unknown): string {
  try {
    work();
    return 'true';
  } catch (error) {
    if (error instanceof TwinlockError) return error.code;
    return error instanceof RangeError ? 'stack' : `crash: ${error}`;
  }
}

function ecdsa(algorithm: 'ES256' | 'ES384'): SignatureClaim {
  const curve = algorithm === 'ES256' ? p256 : p384;
  const { secretKey } = curve.keygen(new Uint8Array(curve.lengths.seed ?? 0).fill(5));
  const signature = curve.sign(MESSAGE, secretKey);
  return {
    kind: 'signature',
    algorithm,
    publicKey: curve.getPublicKey(secretKey, false),
    message: MESSAGE,
    signature,
    what: 'test',
  };
}

const [ecdsa256, ecdsa384] = [ecdsa('ES256'), ecdsa('ES384')];
const publicKey = ed25519.getPublicKey(SEED);
const edwards: SignatureClaim = {
  ...{ kind: 'signature', algorithm: 'Ed25519', publicKey, message: MESSAGE, what: 'test' },
  signature: ed25519.sign(MESSAGE, SEED),
};
const name = 'log.example';
const note = parseNote(formatNote({ text: 'text\n', signatures: [signNote('text\n', name, SEED)] }));
const type = NoteKeyType.ed25519;
const noteKey = { name, type, publicKey, id: keyIdOf(name, type, publicKey) };

describe('what is true is never refused where the stack ends in the middle', () => {
  test.each<[string, () => unknown]>([
    ['a signature of Ed25519', () => verifyReference(edwards)],
    ['a signature of P-256', () => verifyReference(ecdsa256)],
    ['a signature of P-384', () => verifyReference(ecdsa384)],
    ['a note', () => verifyNote(note, [noteKey])],
    ['a key of Ed25519', () => requirePublicKey('Ed25519', publicKey)],
    ['a key of P-256', () => requirePublicKey('ES256', ecdsa256.publicKey)],
    ['a point of the group of shares', () => decodePoint(H.toBytes())],
  ])('%s', (_, work) => {
    expect(answers(work)).toEqual(['stack', 'true']);
  });
});
