import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromBase64, toBase64, toHex, u8, u64, utf8 } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import {
  formatNote,
  NOTE_BYTES_MAX,
  NOTE_SIGNATURES_MAX,
  parseNote,
  signNote,
  verifyNote,
} from '../../../src/core/log/note.ts';
import { formatVkey, keyIdOf, type NoteKey, NoteKeyType, parseVkey } from '../../../src/core/log/note-key.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';

const SEED = new Uint8Array(32).fill(1);
const OTHER_SEED = new Uint8Array(32).fill(2);
const KEY = parseVkey(formatVkey('log.example/a', ed25519.getPublicKey(SEED)));
const OTHER_KEY = parseVkey(formatVkey('log.example/b', ed25519.getPublicKey(OTHER_SEED)));
const TEXT = 'the text\n\nwith an empty line\n';
const NOTE = formatNote({ text: TEXT, signatures: [signNote(TEXT, KEY.name, SEED)] });

const code = (expected: string) => expect.objectContaining({ code: expected });
const nameOf = ({ name, id }: NoteKey): string => `${name}+${toHex(id)}`;

interface Vectors {
  notes: {
    name: string;
    vkeys: string[];
    note_b64: string;
    verified?: string[];
    unverified?: number;
    error?: string;
  }[];
  good_vkeys: string[];
  bad_vkeys: { name: string; vkey: string }[];
}
const vectors = (): Vectors => JSON.parse(readFileSync(vectorPath('tlog', 'signed-note.json'), 'utf8')) as Vectors;

describe('vectors', () => {
  vectorTest('verify, or fail, as the other implementation says', () => {
    const { notes } = vectors();
    expect(notes).toHaveLength(27);
    for (const vector of notes) {
      const open = () => verifyNote(parseNote(fromBase64(vector.note_b64)), vector.vkeys.map(parseVkey));
      if (vector.error !== undefined) {
        expect(open, vector.name).toThrow(TwinlockError);
        continue;
      }
      const { verified, unknownCount } = open();
      expect(
        verified.map(({ key }) => nameOf(key)),
        vector.name,
      ).toEqual(vector.verified);
      expect(unknownCount, vector.name).toBe(vector.unverified);
      expect(formatNote(parseNote(fromBase64(vector.note_b64))), vector.name).toEqual(fromBase64(vector.note_b64));
    }
  });

  vectorTest('of cosignatures give the time that was signed', () => {
    const cosigned = vectors().notes.filter(({ name }) => name.includes('0x04'));
    expect(cosigned).toHaveLength(3);
    for (const { note_b64, vkeys } of cosigned) {
      const { verified } = verifyNote(parseNote(fromBase64(note_b64)), vkeys.map(parseVkey));
      expect(verified.map(({ timeSeconds }) => timeSeconds)).toEqual([1767139200n]);
    }
  });

  vectorTest('of keys parse, and format as they were', () => {
    const { good_vkeys, bad_vkeys } = vectors();
    expect([good_vkeys.length, bad_vkeys.length]).toEqual([5, 24]);
    for (const vkey of good_vkeys) {
      const { name, type, publicKey } = parseVkey(vkey);
      if (type === NoteKeyType.ed25519) expect(formatVkey(name, publicKey)).toBe(vkey);
    }
    for (const { name, vkey } of bad_vkeys) expect(() => parseVkey(vkey), name).toThrow(TwinlockError);
  });
});

describe('a note', () => {
  test('gives its text and who signed it', () => {
    const { text, verified, unknownCount } = verifyNote(parseNote(NOTE), [OTHER_KEY, KEY]);
    expect({ text, verified, unknownCount }).toEqual({
      text: TEXT,
      verified: [{ key: KEY, timeSeconds: null }],
      unknownCount: 0,
    });
  });

  test('is refused cut short anywhere', () => {
    for (let length = 0; length < NOTE.length; length++) {
      expect(() => verifyNote(parseNote(NOTE.subarray(0, length)), [KEY]), String(length)).toThrow(TwinlockError);
    }
  });

  test('is refused with any byte changed', () => {
    for (let i = 0; i < NOTE.length; i++) {
      const changed = NOTE.with(i, (NOTE[i] ?? 0) ^ 1);
      expect(() => verifyNote(parseNote(changed), [KEY]), String(i)).toThrow(TwinlockError);
    }
  });

  test('is refused with anything after the last signature', () => {
    for (const more of ['\n', ' ', '— x\n', 'x']) {
      expect(() => parseNote(concat(NOTE, utf8(more))), JSON.stringify(more)).toThrow(TwinlockError);
    }
  });

  test('is not believed without a known key', () => {
    expect(() => verifyNote(parseNote(NOTE), [OTHER_KEY])).toThrow(code('signature_invalid'));
    expect(() => verifyNote(parseNote(NOTE), [])).toThrow(code('signature_invalid'));
    expect(() => verifyNote({ text: TEXT, signatures: [] }, [KEY])).toThrow(code('signature_invalid'));
  });

  test('with one false signature of a known key is refused, however many others are true', () => {
    const truth = signNote(TEXT, KEY.name, SEED);
    const lie = signNote('another text\n', OTHER_KEY.name, OTHER_SEED);
    const note = { text: TEXT, signatures: [truth, lie] };
    expect(() => verifyNote(note, [KEY, OTHER_KEY])).toThrow(code('signature_invalid'));
    expect(() =>
      verifyNote({ text: TEXT, signatures: [truth, { ...truth, signature: lie.signature }] }, [KEY]),
    ).toThrow(code('signature_invalid'));
    expect(verifyNote(note, [KEY]).unknownCount).toBe(1);
  });

  test('names a key by name and id together', () => {
    const renamed = { ...signNote(TEXT, KEY.name, SEED), name: 'log.example/c' };
    expect(() => verifyNote({ text: TEXT, signatures: [renamed] }, [KEY])).toThrow(code('signature_invalid'));
  });

  test('counts a key once', () => {
    const signature = signNote(TEXT, KEY.name, SEED);
    expect(verifyNote({ text: TEXT, signatures: [signature, signature] }, [KEY]).verified).toHaveLength(1);
  });

  test('takes 64 signatures and no more', () => {
    const signatures = Array.from({ length: NOTE_SIGNATURES_MAX + 1 }, () => signNote(TEXT, KEY.name, SEED));
    expect(() => formatNote({ text: TEXT, signatures })).toThrow(code('too_large'));
    expect(parseNote(formatNote({ text: TEXT, signatures: signatures.slice(1) })).signatures).toHaveLength(64);
  });

  test('is refused above 64 KiB before it is read', () => {
    expect(() => parseNote(new Uint8Array(NOTE_BYTES_MAX + 1))).toThrow(code('too_large'));
  });

  test('cannot be made of a text that it would not give back', () => {
    const signatures = [signNote(TEXT, KEY.name, SEED)];
    for (const text of ['', 'no newline', 'control\u0007\n', 'lone \ud800 surrogate\n']) {
      expect(() => formatNote({ text, signatures }), JSON.stringify(text)).toThrow(code('malformed'));
    }
    expect(() => formatNote({ text: TEXT, signatures: [] })).toThrow(code('malformed'));
  });

  test('comes back as it was, for every text', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/\p{Cc}|\ufeff/gu, ''));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const note = { text: `${lines.join('\n')}\n`, signatures: [signNote(TEXT, KEY.name, SEED)] };
        expect(parseNote(formatNote(note))).toEqual(note);
      }),
    );
  });
});

describe('a cosignature', () => {
  const type = NoteKeyType.ed25519Cosignature;
  const publicKey = ed25519.getPublicKey(SEED);
  const cosigner: NoteKey = { name: 'witness', type, publicKey, id: keyIdOf('witness', type, publicKey) };
  const cosign = (text: string, time: number): Uint8Array =>
    concat(u64(time), ed25519.sign(utf8(`cosignature/v1\ntime ${time}\n${text}`), SEED));
  const noteOf = (signature: Uint8Array) => ({
    text: TEXT,
    signatures: [{ name: cosigner.name, keyId: cosigner.id, signature }],
  });

  test('vouches for a time', () => {
    const { verified } = verifyNote(noteOf(cosign(TEXT, 1_700_000_000)), [cosigner]);
    expect(verified).toEqual([{ key: cosigner, timeSeconds: 1_700_000_000n }]);
  });

  test('is refused with another time, another length, or as a plain signature', () => {
    const good = cosign(TEXT, 1_700_000_000);
    const bad = [good.with(7, (good[7] ?? 0) ^ 1), good.subarray(1), concat(good, u8(0)), new Uint8Array(1)];
    for (const signature of [...bad, signNote(TEXT, 'witness', SEED).signature]) {
      expect(() => verifyNote(noteOf(signature), [cosigner])).toThrow(code('signature_invalid'));
    }
  });
});

describe('a verifier key', () => {
  const vkeyOf = (name: string, typed: Uint8Array): string => {
    const id = keyIdOf(name, (typed[0] ?? 0) as NoteKeyType, typed.subarray(1));
    return `${name}+${toHex(id)}+${toBase64(typed)}`;
  };
  const publicKey = ed25519.getPublicKey(SEED);

  test('is refused under a name with white space, a control character or a plus, and without one', () => {
    for (const name of ['', 'a b', 'a\tb', 'a\u00a0b', 'a\u2003b', 'a\u0001b', 'a+b', 'a\ud800']) {
      expect(() => formatVkey(name, publicKey), JSON.stringify(name)).toThrow(code('invalid_name'));
      expect(() => parseVkey(vkeyOf(name, concat(u8(1), publicKey))), JSON.stringify(name)).toThrow(TwinlockError);
      expect(() => signNote(TEXT, name, SEED), JSON.stringify(name)).toThrow(code('invalid_name'));
    }
  });

  test('is refused with another id than its own, or one that is spelt otherwise', () => {
    const vkey = formatVkey('log', publicKey);
    const [, id = ''] = vkey.split('+');
    expect(() => parseVkey(vkey.replace(id, '00000000'))).toThrow(code('invalid_key'));
    expect(() => parseVkey(vkey.replace(id, id.toUpperCase()))).toThrow(code('malformed'));
    expect(() => parseVkey(vkey.replace(id, `${id}00`))).toThrow(code('invalid_key'));
  });

  test('is refused for a type that this verifier does not know', () => {
    expect(() => parseVkey(vkeyOf('log', concat(u8(6), publicKey)))).toThrow(code('unsupported_algorithm'));
    expect(() => parseVkey('log+00000000+')).toThrow(code('unsupported_algorithm'));
  });

  test('is refused when everybody could sign for it: a point of low order', () => {
    const identity = new Uint8Array(32).with(0, 1);
    expect(() => parseVkey(vkeyOf('log', concat(u8(1), identity)))).toThrow(code('invalid_key'));
    expect(() => formatVkey('log', identity)).toThrow(code('invalid_key'));
  });

  test('is needed in full to sign', () => {
    expect(() => signNote(TEXT, 'log', SEED.subarray(1))).toThrow(code('invalid_key'));
  });
});
