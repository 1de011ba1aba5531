import { hkdfSync } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { concat, toHex, u32, utf8 } from '../../../src/core/bytes.ts';
import { deriveCustodianKeys, prfInput } from '../../../src/core/envelope/custodian-keys.ts';
import { open, seal } from '../../../src/core/envelope/hpke.ts';
import { kemKeyPairFromSeed } from '../../../src/core/envelope/xwing.ts';
import { frame, type Label } from '../../../src/core/frame.ts';
import { seededRandom } from '../seeded-random.ts';

const code = (code: string) => expect.objectContaining({ code });
const RP_ID = 'tl-abcdefghijklmnop.localhost';
const input = {
  prfFirst: new Uint8Array(32).fill(1),
  rpId: RP_ID,
  credentialId: new Uint8Array(16).fill(2),
  keyEpoch: 1,
};
const keys = deriveCustodianKeys(input);

test('asks the authenticator for the frame of RP ID and key epoch', () => {
  expect(toHex(prfInput('tl-x.localhost', 258))).toBe(
    [
      '000f',
      toHex(utf8('twinlock/v1/prf')),
      '0002',
      '0000000e',
      toHex(utf8('tl-x.localhost')),
      '00000004',
      '00000102',
    ].join(''),
  );
});

describe('deriveCustodianKeys', () => {
  test('derives both seeds as the platform does by HKDF-SHA-256', () => {
    const salt = sha256(concat(utf8(RP_ID), new Uint8Array(1), input.credentialId));
    const derived = (label: Label) =>
      new Uint8Array(hkdfSync('sha256', input.prfFirst, salt, frame(label, u32(1)), 32));
    expect(keys.kem.seed).toEqual(derived('twinlock/v1/kem-seed'));
    expect(keys.signing.seed).toEqual(derived('twinlock/v1/sign-seed'));
    expect(keys.kem.publicKey).toEqual(kemKeyPairFromSeed(keys.kem.seed).publicKey);
    expect(keys.signing.publicKey).toEqual(ed25519.getPublicKey(keys.signing.seed));
  });

  test('gives the same keys again: what enrolment relies on', async () => {
    const again = deriveCustodianKeys({ ...input, prfFirst: input.prfFirst.slice() });
    expect(again).toEqual(keys);
    const sealed = await seal(keys.kem.publicKey, utf8('info'), utf8('share'), seededRandom('custodian-keys'));
    expect(await open(again.kem.seed, utf8('info'), sealed)).toEqual(utf8('share'));
  });

  test('gives other keys for another PRF result, RP ID, credential or key epoch', () => {
    for (const changed of [
      { prfFirst: input.prfFirst.with(0, 0) },
      { rpId: 'tl-bbcdefghijklmnop.localhost' },
      { credentialId: input.credentialId.slice(1) },
      { keyEpoch: 2 },
    ]) {
      const other = deriveCustodianKeys({ ...input, ...changed });
      expect(other.kem.seed).not.toEqual(keys.kem.seed);
      expect(other.kem.publicKey).not.toEqual(keys.kem.publicKey);
      expect(other.signing.publicKey).not.toEqual(keys.signing.publicKey);
    }
  });

  test('refuses a PRF result that is not 32 bytes', () => {
    for (const length of [0, 31, 33, 64]) {
      expect(() => deriveCustodianKeys({ ...input, prfFirst: new Uint8Array(length) })).toThrow(code('malformed'));
    }
  });

  test('refuses an RP ID with a zero byte, which could be moved into the credential id', () => {
    expect(() => deriveCustodianKeys({ ...input, rpId: 'a\0b' })).toThrow(code('malformed'));
  });

  test('refuses a key epoch that is not an unsigned 32-bit integer', () => {
    for (const keyEpoch of [-1, 2 ** 32]) {
      expect(() => deriveCustodianKeys({ ...input, keyEpoch })).toThrow(code('malformed'));
      expect(() => prfInput(RP_ID, keyEpoch)).toThrow(code('malformed'));
    }
  });
});
