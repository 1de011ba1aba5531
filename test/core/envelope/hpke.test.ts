import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import fc from 'fast-check';
import { CipherSuite as PanvaSuite } from 'hpke';
import { describe, expect, test } from 'vitest';
import { concat, utf8 } from '../../../src/core/bytes.ts';
import { open, SEAL_OVERHEAD_BYTES, seal } from '../../../src/core/envelope/hpke.ts';
import { aes256Gcm, hkdfSha256, xwingKem } from '../../../src/core/envelope/suite.ts';
import {
  checkKemPublicKey,
  ENCAPSULATION_BYTES,
  encapsulate,
  KEM_PUBLIC_KEY_BYTES,
  kemKeyPairFromSeed,
} from '../../../src/core/envelope/xwing.ts';
import { seededRandom } from '../seeded-random.ts';

const code = (code: string) => expect.objectContaining({ code });
const random = seededRandom('hpke');
const INFO = utf8('info');
const PLAINTEXT = utf8('plaintext');
const { seed, publicKey } = kemKeyPairFromSeed(random(32));
const sealed = await seal(publicKey, INFO, PLAINTEXT, random);

test('what is sealed opens, and is 1,136 bytes longer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), async (info, plaintext) => {
      const envelope = await seal(publicKey, info, plaintext, random);
      expect(envelope).toHaveLength(plaintext.length + SEAL_OVERHEAD_BYTES);
      expect(await open(seed, info, envelope)).toEqual(plaintext);
    }),
    { numRuns: 20 },
  );
});

test('two seals of one plaintext have nothing in common', async () => {
  const again = await seal(publicKey, INFO, PLAINTEXT, random);
  expect(again.subarray(0, ENCAPSULATION_BYTES)).not.toEqual(sealed.subarray(0, ENCAPSULATION_BYTES));
  expect(again.subarray(ENCAPSULATION_BYTES)).not.toEqual(sealed.subarray(ENCAPSULATION_BYTES));
});

describe('beside another implementation', () => {
  const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const exact = (bytes: Uint8Array) => bytes.slice().buffer;

  test('it opens what we seal', async () => {
    const recipientKey = await suite.kem.importKey('raw', exact(seed), false);
    const opened = await suite.open(
      { recipientKey, enc: exact(sealed.subarray(0, ENCAPSULATION_BYTES)), info: exact(INFO) },
      exact(sealed.subarray(ENCAPSULATION_BYTES)),
    );
    expect(new Uint8Array(opened)).toEqual(PLAINTEXT);
  });

  test('we open what it seals', async () => {
    const recipientPublicKey = await suite.kem.deserializePublicKey(exact(publicKey));
    const { enc, ct } = await suite.seal({ recipientPublicKey, info: exact(INFO) }, exact(PLAINTEXT));
    expect(await open(seed, INFO, concat(new Uint8Array(enc), new Uint8Array(ct)))).toEqual(PLAINTEXT);
  });
});

describe('open', () => {
  const refused = (envelope: Uint8Array, info = INFO, key = seed) =>
    expect(open(key, info, envelope)).rejects.toThrow(code('envelope_invalid'));

  test('refuses every truncation', async () => {
    for (let length = 0; length < sealed.length; length++) await refused(sealed.subarray(0, length));
  });

  test('refuses a trailing byte', async () => {
    await refused(concat(sealed, new Uint8Array(1)));
  });

  test('refuses another info, and another key', async () => {
    await refused(sealed, utf8('infp'));
    await refused(sealed, new Uint8Array());
    await refused(sealed, INFO, random(32));
  });

  test('refuses two envelopes to one key with their halves exchanged', async () => {
    const other = await seal(publicKey, INFO, PLAINTEXT, random);
    await refused(concat(other.subarray(0, ENCAPSULATION_BYTES), sealed.subarray(ENCAPSULATION_BYTES)));
  });

  test('refuses a private key that is not a seed of 32 bytes', async () => {
    for (const length of [0, 31, 33]) {
      await expect(open(new Uint8Array(length), INFO, sealed)).rejects.toThrow(code('invalid_key'));
    }
  });
});

describe('public keys', () => {
  const X25519_OFFSET = 1184;
  const withX25519 = (...bytes: number[]) => {
    const key = publicKey.slice();
    key.fill(0, X25519_OFFSET);
    key.set(bytes, X25519_OFFSET);
    return key;
  };
  const PRIME = [0xed, ...Array<number>(30).fill(0xff), 0x7f];
  const invalid: Record<string, Uint8Array> = {
    'one byte short': publicKey.slice(1),
    'one byte long': concat(publicKey, new Uint8Array(1)),
    empty: new Uint8Array(),
    'an ML-KEM coefficient of 4,095': publicKey.with(0, 0xff).with(1, (publicKey[1] ?? 0) | 0x0f),
    'an ML-KEM coefficient equal to the modulus 3,329': publicKey
      .with(0, 0x01)
      .with(1, ((publicKey[1] ?? 0) & 0xf0) | 0x0d),
    'an X25519 point of order 1': withX25519(0),
    'an X25519 point of order 2': withX25519(1),
    'an X25519 coordinate equal to the prime': withX25519(...PRIME),
    'an X25519 coordinate of 9 plus the prime, spelled high': withX25519(0xf6, ...Array<number>(30).fill(0xff), 0x7f),
    'an X25519 coordinate with the unused bit set': publicKey.with(KEM_PUBLIC_KEY_BYTES - 1, 0x80),
  };

  test.each(Object.entries(invalid))('refuses %s', async (_, key) => {
    expect(() => checkKemPublicKey(key)).toThrow(code('invalid_key'));
    expect(() => encapsulate(key, random)).toThrow(code('invalid_key'));
    await expect(seal(key, INFO, PLAINTEXT, random)).rejects.toThrow(code('invalid_key'));
  });

  test('refuses a source of randomness that returns too little', async () => {
    await expect(seal(publicKey, INFO, PLAINTEXT, () => random(32))).rejects.toThrow(code('internal'));
  });

  test('returns a key that can be sealed to', () => {
    expect(checkKemPublicKey(publicKey)).toBe(publicKey);
    expect(publicKey).toHaveLength(KEM_PUBLIC_KEY_BYTES);
  });

  test('refuses a seed that is not 32 bytes', () => {
    for (const length of [0, 31, 33, 64]) {
      expect(() => kemKeyPairFromSeed(new Uint8Array(length))).toThrow(code('invalid_key'));
    }
  });
});

test('is the suite 0x647a, 0x0001, 0x0002, and derives no keys', async () => {
  const suite = new PanvaSuite(() => xwingKem(random), hkdfSha256, aes256Gcm);
  expect([suite.KEM.id, suite.KDF.id, suite.AEAD.id]).toEqual([0x647a, 0x0001, 0x0002]);
  await expect(suite.DeriveKeyPair(new Uint8Array(32))).rejects.toThrow('keys come from seeds');
});
