import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toBase64, utf8 } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import {
  checkpointText,
  openCheckpoint,
  parseCheckpointText,
  signCheckpoint,
} from '../../../src/core/log/checkpoint.ts';
import { leafHash, rootOf } from '../../../src/core/log/merkle.ts';
import { formatNote, NOTE_BYTES_MAX, parseNote, signNote } from '../../../src/core/log/note.ts';
import { formatVkey } from '../../../src/core/log/note-key.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';

const SEED = new Uint8Array(32).fill(7);
const ORIGIN = 'vault.example/log';
const vkeyOf = (origin: string, seed: Uint8Array) => formatVkey(origin, ed25519.getPublicKey(seed));
const VKEY = vkeyOf(ORIGIN, SEED);
const ROOT = new Uint8Array(32).fill(9);
const SIGNED = signCheckpoint({ origin: ORIGIN, size: 42, root: ROOT }, SEED);
const code = (expected: string) => expect.objectContaining({ code: expected });

const signedText = (text: string, seed = SEED, name = ORIGIN): Uint8Array =>
  formatNote({ text, signatures: [signNote(text, name, seed)] });

describe('the text of a checkpoint', () => {
  vectorTest('parses or fails as the specification says, but for extension lines', () => {
    const { checkpoint_text } = JSON.parse(readFileSync(vectorPath('tlog', 'text-formats.json'), 'utf8')) as {
      checkpoint_text: { name: string; text: string; error: boolean }[];
    };
    expect(checkpoint_text).toHaveLength(21);
    for (const { name, text, error } of checkpoint_text) {
      // The specification allows extension lines. Ours has none, and a signer should not sign what is not defined:
      // a client that skipped them would call two different signed texts the same checkpoint.
      if (error || name === 'extension lines') {
        expect(() => parseCheckpointText(text), name).toThrow(code('checkpoint_invalid'));
      } else {
        expect(checkpointText(parseCheckpointText(text)), name).toBe(text);
      }
    }
  });

  test('has a size in strict decimal below 2^53', () => {
    const textOf = (size: string) => `${ORIGIN}\n${size}\n${toBase64(ROOT)}\n`;
    const bad = ['', '01', '00', '+1', '-1', ' 1', '1 ', '1e3', '0x1', '1.0', '٣', '9007199254740992', '1'.repeat(40)];
    for (const size of bad) {
      expect(() => parseCheckpointText(textOf(size)), size).toThrow(code('checkpoint_invalid'));
    }
    expect(parseCheckpointText(textOf('9007199254740991')).size).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('of size 0 has the root of the empty tree', () => {
    const empty = { origin: ORIGIN, size: 0, root: rootOf([]) };
    expect(parseCheckpointText(checkpointText(empty))).toEqual(empty);
    expect(() => checkpointText({ ...empty, root: ROOT })).toThrow(code('checkpoint_invalid'));
  });

  test('cannot be made of a size, root or origin that does not read back', () => {
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53, 1e21]) {
      expect(() => checkpointText({ origin: ORIGIN, size, root: ROOT }), String(size)).toThrow(TwinlockError);
    }
    for (const root of [ROOT.subarray(1), concat(ROOT, ROOT), new Uint8Array(0)]) {
      expect(() => checkpointText({ origin: ORIGIN, size: 1, root })).toThrow(code('checkpoint_invalid'));
    }
    for (const origin of ['', 'two\nlines']) {
      expect(() => checkpointText({ origin, size: 1, root: ROOT })).toThrow(code('checkpoint_invalid'));
    }
  });
});

describe('a signed checkpoint', () => {
  test('opens to what was signed', () => {
    expect(openCheckpoint(SIGNED, VKEY)).toEqual({ origin: ORIGIN, size: 42, root: ROOT });
  });

  test('has the bytes of the worked example in FORMAT.md', () => {
    const seed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
    const vkey = 'vault.example/log+4b439e20+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea';
    const note = [
      'vault.example/log',
      '1',
      'KKOhj2zWQGsIbp/9ofm4oT289EsPPzLLkDGhH9BTrPk=',
      '',
      '— vault.example/log S0OeIHdtZj7E6z5TR57NrEfEPIjdwWC5xxXMLZFV6K2Oz7r61lrT+hQ6TlJv+IkAlcM5QSA2IdiKAwGUPLHVlUdZigI=',
      '',
    ].join('\n');
    expect(vkeyOf('vault.example/log', seed)).toBe(vkey);
    const checkpoint = { origin: 'vault.example/log', size: 1, root: rootOf([leafHash(utf8('{}'))]) };
    expect(new TextDecoder().decode(signCheckpoint(checkpoint, seed))).toBe(note);
    expect(openCheckpoint(utf8(note), vkey)).toEqual(checkpoint);
  });

  test('is refused cut short anywhere', () => {
    for (let length = 0; length < SIGNED.length; length++) {
      expect(() => openCheckpoint(SIGNED.subarray(0, length), VKEY), String(length)).toThrow(
        code('checkpoint_invalid'),
      );
    }
  });

  test('is refused with any byte changed', () => {
    const refused = /checkpoint_invalid|foreign_checkpoint/;
    for (let i = 0; i < SIGNED.length; i++) {
      const changed = SIGNED.with(i, (SIGNED[i] ?? 0) ^ 1);
      const expected = expect.objectContaining({ code: expect.stringMatching(refused) });
      expect(() => openCheckpoint(changed, VKEY), String(i)).toThrow(expected);
    }
  });

  test('of another log is foreign, even under the same key', () => {
    const other = signCheckpoint({ origin: 'other.example/log', size: 42, root: ROOT }, SEED);
    expect(() => openCheckpoint(other, VKEY)).toThrow(code('foreign_checkpoint'));
  });

  test('of the same origin under another key is foreign', () => {
    const imposter = signCheckpoint({ origin: ORIGIN, size: 42, root: ROOT }, new Uint8Array(32).fill(8));
    expect(() => openCheckpoint(imposter, VKEY)).toThrow(code('foreign_checkpoint'));
  });

  test('of another origin is foreign, though this log signed the text', () => {
    const text = checkpointText({ origin: 'other.example/log', size: 42, root: ROOT });
    expect(() => openCheckpoint(signedText(text), VKEY)).toThrow(code('foreign_checkpoint'));
  });

  test('with extension lines is refused, though this log signed them', () => {
    const text = `${checkpointText({ origin: ORIGIN, size: 42, root: ROOT })}extension\n`;
    expect(() => openCheckpoint(signedText(text), VKEY)).toThrow(code('checkpoint_invalid'));
  });

  test('opens with cosignatures beside the log signature, known or not', () => {
    const { text, signatures } = parseNote(SIGNED);
    const cosignature = { name: 'witness', keyId: new Uint8Array(4), signature: new Uint8Array(72) };
    expect(openCheckpoint(formatNote({ text, signatures: [cosignature, ...signatures] }), VKEY).size).toBe(42);
  });

  test('is never opened on a cosigner key alone', () => {
    const cosigner = 'mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O';
    expect(() => openCheckpoint(SIGNED, cosigner)).toThrow(code('unsupported_algorithm'));
  });

  test('is refused above 64 KiB', () => {
    expect(() => openCheckpoint(new Uint8Array(NOTE_BYTES_MAX + 1), VKEY)).toThrow(code('checkpoint_invalid'));
  });

  test('is not made for an origin that cannot be the name of a key', () => {
    for (const origin of ['go.sum database tree', 'a+b']) {
      expect(() => signCheckpoint({ origin, size: 1, root: ROOT }, SEED)).toThrow(code('invalid_name'));
    }
  });

  test('comes back as it was', () => {
    const size = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    const root = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(size, root, (size, root) => {
        const checkpoint = { origin: ORIGIN, size, root };
        expect(openCheckpoint(signCheckpoint(checkpoint, SEED), VKEY)).toEqual(checkpoint);
      }),
      { numRuns: 20 },
    );
  });
});
