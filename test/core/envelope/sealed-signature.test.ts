import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { fromHex, toHex, u16, utf8 } from '../../../src/core/bytes.ts';
import {
  type SealedMessage,
  sealedSignatureClaim,
  sealedSignatureMessage,
  signSealed,
} from '../../../src/core/envelope/sealed-signature.ts';
import { frame } from '../../../src/core/frame.ts';
import { seededRandom } from '../seeded-random.ts';

const code = (code: string) => expect.objectContaining({ code });
const random = seededRandom('sealed-signature');
const seed = random(32);
const publicKey = ed25519.getPublicKey(seed);
const sealed: SealedMessage = {
  vault: toHex(sha256(utf8('vault'))),
  subject: toHex(sha256(utf8('statement'))),
  recipient: 300,
  envelope: random(1202),
};
const signature = signSealed(sealed, seed);

test('signs the frame that the formats name', () => {
  const message = frame(
    'twinlock/v1/sealed',
    fromHex(sealed.vault),
    fromHex(sealed.subject),
    u16(300),
    sha256(sealed.envelope),
  );
  expect(sealedSignatureMessage(sealed)).toEqual(message);
  expect(signature).toHaveLength(64);
  expect(ed25519.verify(signature, message, publicKey)).toBe(true);
});

test('claims what was signed, for the caller to discharge', () => {
  expect(sealedSignatureClaim(sealed, publicKey, signature)).toEqual({
    kind: 'signature',
    algorithm: 'Ed25519',
    publicKey,
    message: sealedSignatureMessage(sealed),
    signature,
    what: `envelope to recipient 300 of ${sealed.subject}`,
  });
});

test('a signature is of one vault, subject, recipient and envelope only', () => {
  for (const changed of [
    { vault: sealed.subject },
    { subject: sealed.vault },
    { recipient: 299 },
    { envelope: sealed.envelope.with(0, (sealed.envelope[0] ?? 0) ^ 1) },
  ]) {
    const { message } = sealedSignatureClaim({ ...sealed, ...changed }, publicKey, signature);
    expect(ed25519.verify(signature, message, publicKey)).toBe(false);
  }
});

test('refuses a signature, a key or a seed of another length', () => {
  expect(() => sealedSignatureClaim(sealed, publicKey, signature.slice(1))).toThrow(code('signature_invalid'));
  expect(() => sealedSignatureClaim(sealed, publicKey.slice(1), signature)).toThrow(code('invalid_key'));
  expect(() => signSealed(sealed, seed.slice(1))).toThrow(code('invalid_key'));
});

test('refuses a recipient above 16 bits and a digest that is not one', () => {
  expect(() => sealedSignatureMessage({ ...sealed, recipient: 65_536 })).toThrow(code('malformed'));
  expect(() => sealedSignatureMessage({ ...sealed, vault: '00' })).toThrow(code('malformed'));
});
