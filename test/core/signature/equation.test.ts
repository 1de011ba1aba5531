import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { describe, expect, test, vi } from 'vitest';
import { utf8 } from '../../../src/core/bytes.ts';
import type { SignatureClaim } from '../../../src/core/signature/claim.ts';
import { verifyReference } from '../../../src/core/signature/reference.ts';

const MESSAGE = utf8('message');
const SEED = new Uint8Array(32).fill(5);
const claim = (algorithm: SignatureClaim['algorithm'], publicKey: Uint8Array, signature: Uint8Array) =>
  ({ kind: 'signature', algorithm, publicKey, message: MESSAGE, signature, what: 'test' }) satisfies SignatureClaim;

function ecdsa(algorithm: 'ES256' | 'ES384'): SignatureClaim {
  const curve = algorithm === 'ES256' ? p256 : p384;
  const { secretKey } = curve.keygen(new Uint8Array(curve.lengths.seed ?? 0).fill(5));
  return claim(algorithm, curve.getPublicKey(secretKey, false), curve.sign(MESSAGE, secretKey));
}

// What the library's own `verify` answers to an error of the engine, an overflow of the stack too: false.
vi.mock('@noble/curves/ed25519.js', async (load) => {
  const library = await load<typeof import('@noble/curves/ed25519.js')>();
  return { ...library, ed25519: { ...library.ed25519, verify: () => false } };
});
vi.mock('@noble/curves/nist.js', async (load) => {
  const library = await load<typeof import('@noble/curves/nist.js')>();
  const deaf = { verify: () => false };
  return { ...library, p256: { ...library.p256, ...deaf }, p384: { ...library.p384, ...deaf } };
});

const CLAIMS = [
  claim('Ed25519', ed25519.getPublicKey(SEED), ed25519.sign(MESSAGE, SEED)),
  ecdsa('ES256'),
  ecdsa('ES384'),
];

describe('the verdict on a signature does not come from a function that swallows errors of the engine', () => {
  test.each(CLAIMS.map((each) => [each.algorithm, each] as const))('%s', (_, each) => {
    expect(() => verifyReference(each)).not.toThrow();
    const other = { ...each, message: utf8('another message') };
    expect(() => verifyReference(other)).toThrow(expect.objectContaining({ code: 'signature_invalid' }));
  });
});
