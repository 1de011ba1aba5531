import { generateKeyPairSync } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, utf8 } from '../../../src/core/bytes.ts';
import type { SignatureAlgorithm, SignatureClaim } from '../../../src/core/signature/claim.ts';
import { precheck, requirePublicKey, requireSignatureForm } from '../../../src/core/signature/precheck.ts';
import { rsaModulusBytes } from '../../../src/core/signature/rsa.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const MESSAGE = utf8('message');
const SEED = new Uint8Array(32).fill(5);

const ed25519Claim: SignatureClaim = {
  kind: 'signature',
  algorithm: 'Ed25519',
  publicKey: ed25519.getPublicKey(SEED),
  message: MESSAGE,
  signature: ed25519.sign(MESSAGE, SEED),
  what: 'test',
};
const ecdsaClaim = (algorithm: 'ES256' | 'ES384'): SignatureClaim => {
  const curve = algorithm === 'ES256' ? p256 : p384;
  const { secretKey } = curve.keygen(new Uint8Array(curve.lengths.seed ?? 0).fill(5));
  const signature = curve.sign(MESSAGE, secretKey);
  const publicKey = curve.getPublicKey(secretKey, false);
  return { kind: 'signature', algorithm, publicKey, message: MESSAGE, signature, what: 'test' };
};

/** The eight points whose order divides 8, canonically encoded; each verifies for somebody. */
const LOW_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
].map(fromHex);
const NOT_CANONICAL = [
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // y = p
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // y = p + 1
  '0100000000000000000000000000000000000000000000000000000000000080', // x = 0 with its sign set
].map(fromHex);
const OFF_CURVE = fromHex('0200000000000000000000000000000000000000000000000000000000000000');
/** A point of prime order plus one of order 2: on the curve, but outside the group. */
const MIXED = ed25519.Point.fromBytes(ed25519Claim.publicKey)
  .add(ed25519.Point.fromBytes(LOW_ORDER[1] ?? OFF_CURVE))
  .toBytes();
const BAD_POINTS = [...LOW_ORDER, ...NOT_CANONICAL, OFF_CURVE, MIXED];

test('passes honest signatures of every algorithm', () => {
  for (const claim of [ed25519Claim, ecdsaClaim('ES256'), ecdsaClaim('ES384')])
    expect(() => precheck(claim)).not.toThrow();
});

test('refuses an algorithm that came past the type checker', () => {
  for (const name of ['none', 'HS256', 'PS512', 'ES512', 'rs256', '', 'toString', '__proto__']) {
    const algorithm = name as SignatureAlgorithm;
    const claim = { ...ed25519Claim, algorithm };
    expect(() => precheck(claim), name).toThrow(code('unsupported_algorithm'));
    expect(() => requireSignatureForm(claim), name).toThrow(code('unsupported_algorithm'));
    expect(() => requirePublicKey(algorithm, claim.publicKey), name).toThrow(code('unsupported_algorithm'));
  }
});

describe('Ed25519', () => {
  test('refuses a key that is not a canonical point of prime order', () => {
    for (const publicKey of [
      ...BAD_POINTS,
      new Uint8Array(0),
      ed25519Claim.publicKey.subarray(1),
      new Uint8Array(33),
    ]) {
      expect(() => precheck({ ...ed25519Claim, publicKey })).toThrow(code('invalid_key'));
    }
  });

  test('refuses an R that is not a canonical point of prime order', () => {
    for (const point of BAD_POINTS) {
      const signature = concat(point, ed25519Claim.signature.subarray(32));
      expect(() => precheck({ ...ed25519Claim, signature })).toThrow(code('signature_invalid'));
    }
  });

  test('refuses an S that is not below the order, the malleable twin of a true signature first', () => {
    const { Fn } = ed25519.Point;
    const littleEndian = (value: bigint) => fromHex(value.toString(16).padStart(64, '0')).reverse();
    const twin = Fn.fromBytes(ed25519Claim.signature.subarray(32)) + Fn.ORDER;
    for (const s of [twin, Fn.ORDER, (1n << 256n) - 1n]) {
      const signature = concat(ed25519Claim.signature.subarray(0, 32), littleEndian(s));
      expect(() => precheck({ ...ed25519Claim, signature })).toThrow(code('signature_invalid'));
    }
  });

  test('refuses another length', () => {
    for (const signature of [new Uint8Array(0), ed25519Claim.signature.subarray(1), new Uint8Array(65)]) {
      expect(() => precheck({ ...ed25519Claim, signature })).toThrow(code('signature_invalid'));
    }
  });
});

describe.each(['ES256', 'ES384'] as const)('%s', (algorithm) => {
  const claim = ecdsaClaim(algorithm);
  const curve = algorithm === 'ES256' ? p256 : p384;
  const fieldBytes = claim.signature.length / 2;
  const bytesOf = (value: bigint) => fromHex(value.toString(16).padStart(2 * fieldBytes, '0'));

  test('refuses r or s outside [1, n - 1]', () => {
    const { ORDER } = curve.Point.Fn;
    const [r, s] = [claim.signature.subarray(0, fieldBytes), claim.signature.subarray(fieldBytes)];
    for (const value of [0n, ORDER, ORDER + 1n, (1n << BigInt(8 * fieldBytes)) - 1n].map(bytesOf)) {
      expect(() => precheck({ ...claim, signature: concat(value, s) })).toThrow(code('signature_invalid'));
      expect(() => precheck({ ...claim, signature: concat(r, value) })).toThrow(code('signature_invalid'));
    }
  });

  test('passes s in its upper half', () => {
    const { Fn } = curve.Point;
    const s = Fn.neg(Fn.fromBytes(claim.signature.subarray(fieldBytes)));
    const signature = concat(claim.signature.subarray(0, fieldBytes), bytesOf(s));
    expect(() => precheck({ ...claim, signature })).not.toThrow();
  });

  test('refuses another length, DER too', () => {
    for (const length of [0, 2 * fieldBytes - 1, 2 * fieldBytes + 1, 72]) {
      const signature = new Uint8Array(length).fill(1);
      expect(() => precheck({ ...claim, signature })).toThrow(code('signature_invalid'));
    }
  });

  test('refuses a key that is not an uncompressed point of the curve', () => {
    const compressed = curve.Point.fromBytes(claim.publicKey).toBytes(true);
    const { publicKey } = claim;
    const offCurve = publicKey.with(-1, (publicKey.at(-1) ?? 0) ^ 1);
    const hybrid = publicKey.with(0, 6);
    const tooLarge = new Uint8Array(publicKey.length).fill(0xff).with(0, 4);
    const bad = [
      compressed,
      offCurve,
      hybrid,
      tooLarge,
      publicKey.subarray(1),
      concat(publicKey, publicKey),
      Uint8Array.of(0),
    ];
    for (const key of bad) expect(() => requirePublicKey(algorithm, key)).toThrow(code('invalid_key'));
  });
});

describe('RSA', () => {
  const spkiOf = (options: { modulusLength: number; publicExponent?: number }): Uint8Array =>
    new Uint8Array(generateKeyPairSync('rsa', options).publicKey.export({ type: 'spki', format: 'der' }));
  const SPKI = spkiOf({ modulusLength: 2048 });

  test('takes a modulus of 2048 bits', () => {
    expect(rsaModulusBytes(SPKI)).toBe(256);
  });

  test('refuses a modulus below 2048 bits or above 4096', () => {
    expect(() => rsaModulusBytes(spkiOf({ modulusLength: 1024 }))).toThrow(code('invalid_key'));
    expect(() => rsaModulusBytes(spkiOf({ modulusLength: 2040 }))).toThrow(code('invalid_key'));
    expect(() => rsaModulusBytes(spkiWithModulus(fromHex(`01${'00'.repeat(511)}01`)))).toThrow(code('invalid_key'));
    expect(rsaModulusBytes(spkiWithModulus(fromHex(`ff${'00'.repeat(510)}01`)))).toBe(512);
  });

  test('refuses an even modulus', () => {
    expect(() => rsaModulusBytes(spkiWithModulus(fromHex(`ff${'00'.repeat(255)}`)))).toThrow(code('invalid_key'));
  });

  test('refuses another exponent than 65537', () => {
    expect(() => rsaModulusBytes(spkiOf({ modulusLength: 2048, publicExponent: 3 }))).toThrow(code('invalid_key'));
  });

  test('refuses a key of another kind', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
    expect(() => rsaModulusBytes(spki)).toThrow(code('invalid_key'));
  });

  test('refuses a key cut short anywhere or with anything behind it', () => {
    for (let length = 0; length < SPKI.length; length++) {
      expect(() => rsaModulusBytes(SPKI.subarray(0, length)), String(length)).toThrow(code('malformed'));
    }
    expect(() => rsaModulusBytes(concat(SPKI, Uint8Array.of(0)))).toThrow(code('malformed'));
  });

  test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384'] as const)(
    '%s asks for a key and a signature of RSA',
    (algorithm) => {
      const claim = { ...ed25519Claim, algorithm, publicKey: SPKI };
      for (const length of [0, 64, 255, 257, 512]) {
        expect(() => precheck({ ...claim, signature: new Uint8Array(length) })).toThrow(code('signature_invalid'));
      }
      expect(() => requirePublicKey(algorithm, ecdsaClaim('ES384').publicKey)).toThrow(code('malformed'));
      expect(() => precheck({ ...claim, signature: new Uint8Array(256) })).not.toThrow();
    },
  );

  /** SubjectPublicKeyInfo of 65537 and a modulus of 256 to 513 bytes whose first bit may be set. */
  function spkiWithModulus(modulus: Uint8Array): Uint8Array {
    const wrap = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
      const body = concat(...parts);
      return concat(Uint8Array.of(tag, 0x82, body.length >> 8, body.length & 0xff), body);
    };
    const sign = new Uint8Array((modulus[0] ?? 0) >= 0x80 ? 1 : 0);
    const key = wrap(0x30, wrap(0x02, sign, modulus), fromHex('0203010001'));
    return wrap(0x30, fromHex('300d06092a864886f70d0101010500'), wrap(0x03, new Uint8Array(1), key));
  }
});
