import { constants, generateKeyPairSync, type KeyObject, type SigningOptions, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import type { SignatureClaim } from '../../src/core/signature/claim.ts';
import { ecdsaFromDer } from '../../src/core/signature/der.ts';
import { verifyReference } from '../../src/core/signature/reference.ts';
import { cacheKeys } from '../../src/platform/key-cache.ts';
import { DischargingThreads } from '../../src/platform/threads/discharging-threads.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { verifyWeb } from '../../src/platform/verify-web.ts';
import { vectorPath, vectorTest } from '../vectors.ts';

const MESSAGE = utf8('twinlock');

/** 'true', or the code of the refusal; anything that is not an error of ours fails the test. */
async function verdict(verify: () => void | Promise<void>): Promise<string> {
  try {
    await verify();
    return 'true';
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    return error.code;
  }
}

const thread = new DischargingThreads(1, 0);
afterAll(() => thread.end());

/** The same as verifyNode, beyond a message to a thread. */
async function verifyOnThread(claim: SignatureClaim): Promise<void> {
  const refuted = await thread.firstRefuted([claim]);
  if (refuted !== null) throw refuted.error;
}

/** What all four verifiers say, which must be the same. */
async function agreedVerdict(claim: SignatureClaim, name: string): Promise<string> {
  const [reference, node, threads, web] = [
    await verdict(() => verifyReference(claim)),
    await verdict(() => verifyNode(claim)),
    await verdict(() => verifyOnThread(claim)),
    await verdict(() => verifyWeb(claim)),
  ];
  expect({ node, threads, web }, name).toEqual({ node: reference, threads: reference, web: reference });
  return reference;
}

const load = <T>(...path: string[]): T => JSON.parse(readFileSync(vectorPath(...path), 'utf8')) as T;

interface WycheproofCase {
  tcId: number;
  comment: string;
  msg: string;
  sig: string;
  result: 'valid' | 'invalid' | 'acceptable';
}
interface Wycheproof {
  numberOfTests: number;
  testGroups: { publicKey: { uncompressed?: string; pk?: string }; tests: WycheproofCase[] }[];
}

async function runWycheproof(
  file: string,
  claimOf: (publicKey: Uint8Array, test: WycheproofCase) => SignatureClaim | null,
) {
  const { numberOfTests, testGroups } = load<Wycheproof>('crypto', 'wycheproof', file);
  let count = 0;
  for (const { publicKey, tests } of testGroups) {
    const key = fromHex(publicKey.uncompressed ?? publicKey.pk ?? '');
    for (const item of tests) {
      const name = `${file} ${item.tcId} ${item.comment}`;
      const claim = claimOf(key, item);
      const isTrue = claim !== null && (await agreedVerdict(claim, name)) === 'true';
      expect(isTrue, name).toBe(item.result === 'valid');
      count++;
    }
  }
  expect(count).toBe(numberOfTests);
}

const claim = (
  algorithm: SignatureClaim['algorithm'],
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): SignatureClaim => ({ kind: 'signature', algorithm, publicKey, message, signature, what: 'test' });

describe('the three verifiers agree', () => {
  const ECDSA = [
    ['ES256', 'secp256r1_sha256'],
    ['ES384', 'secp384r1_sha384'],
  ] as const;

  for (const [algorithm, curve] of ECDSA) {
    vectorTest(`on every ${algorithm} case, r and s plain`, { timeout: 60_000 }, async () => {
      await runWycheproof(`ecdsa_${curve}_p1363_test.json`, (publicKey, { msg, sig }) =>
        claim(algorithm, publicKey, fromHex(msg), fromHex(sig)),
      );
    });

    vectorTest(`on every ${algorithm} case, in DER that is strict`, { timeout: 60_000 }, async () => {
      await runWycheproof(`ecdsa_${curve}_test.json`, (publicKey, { msg, sig, tcId }) => {
        try {
          return claim(algorithm, publicKey, fromHex(msg), ecdsaFromDer(fromHex(sig), algorithm));
        } catch (error) {
          expect(error, String(tcId)).toMatchObject({ code: 'malformed' });
          return null;
        }
      });
    });
  }

  vectorTest('on every Ed25519 case', async () => {
    await runWycheproof('ed25519_test.json', (publicKey, { msg, sig }) =>
      claim('Ed25519', publicKey, fromHex(msg), fromHex(sig)),
    );
  });

  interface Edge {
    number: number;
    key: string;
    sig: string;
    msg: string;
    flags: string[] | null;
  }

  vectorTest('on every Ed25519 edge case that others disagree about', { timeout: 60_000 }, async () => {
    const edges = load<Edge[]>('tlog', 'cctv-ed25519.json');
    expect(edges).toHaveLength(914);
    expect(load<Edge[]>('crypto', 'ed25519-edge', 'ed25519vectors.json')).toEqual(edges);
    const accepted: number[] = [];
    for (const { number, key, sig, msg } of edges) {
      const edge = claim('Ed25519', fromHex(key), utf8(msg), fromHex(sig));
      if ((await agreedVerdict(edge, `edge ${number}`)) === 'true') accepted.push(number);
    }
    // Each of the others has a component of low order or another encoding in A or R.
    const plain = edges.filter(({ flags }) => flags === null || flags.length === 0);
    expect(accepted).toEqual(plain.map(({ number }) => number));
  });

  test('on an R that is the identity or has a component of low order, made by a holder of the key', async () => {
    const { Point } = ed25519;
    const { scalar, pointBytes: key } = ed25519.utils.getExtendedPublicKey(new Uint8Array(32).fill(7));
    // The eight points of low order are the multiples of this one (RFC 7748's curve, encoded as in RFC 8032).
    const low = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
    const made = (nonce: bigint, component: InstanceType<typeof Point>) => {
      const r = (nonce === 0n ? Point.ZERO : Point.BASE.multiply(nonce)).add(component).toBytes();
      const challenge = sha512(concat(r, key, MESSAGE)).toReversed();
      const k = Point.Fn.create(BigInt(`0x${toHex(challenge)}`));
      const s = Point.Fn.toBytes(Point.Fn.add(nonce, Point.Fn.mul(k, scalar)));
      return claim('Ed25519', key, MESSAGE, concat(r, s));
    };
    expect(await agreedVerdict(made(5n, Point.ZERO), 'prime order')).toBe('true');
    expect(await agreedVerdict(made(0n, Point.ZERO), 'identity')).toBe('signature_invalid');
    for (let i = 1n; i < 8n; i++) {
      expect(await agreedVerdict(made(5n, low.multiplyUnsafe(i)), `low order ${i}`)).toBe('signature_invalid');
      expect(await agreedVerdict(made(0n, low.multiplyUnsafe(i)), `only low order ${i}`)).toBe('signature_invalid');
    }
  });

  test('on any bit of a claim that is flipped', async () => {
    const { secretKey } = p256.keygen(new Uint8Array(48).fill(9));
    const seed = new Uint8Array(32).fill(9);
    const honest = [
      claim('ES256', p256.getPublicKey(secretKey, false), MESSAGE, p256.sign(MESSAGE, secretKey)),
      claim('Ed25519', ed25519.getPublicKey(seed), MESSAGE, ed25519.sign(MESSAGE, seed)),
    ];
    for (const one of honest) {
      expect(await agreedVerdict(one, one.algorithm)).toBe('true');
      for (const field of ['publicKey', 'message', 'signature'] as const) {
        for (let i = 0; i < one[field].length; i++) {
          const flipped = { ...one, [field]: one[field].with(i, (one[field][i] ?? 0) ^ (1 << (i % 8))) };
          const result = await agreedVerdict(flipped, `${one.algorithm} ${field} ${i}`);
          expect(result).toBe(result === 'invalid_key' && field === 'publicKey' ? result : 'signature_invalid');
        }
      }
    }
  });

  test('on both forms of s', async () => {
    for (const [algorithm, curve] of [
      ['ES256', p256],
      ['ES384', p384],
    ] as const) {
      const { secretKey } = curve.keygen(new Uint8Array(curve.lengths.seed ?? 0).fill(9));
      const { Fn } = curve.Point;
      const low = curve.sign(MESSAGE, secretKey, { lowS: true });
      const high = concat(low.subarray(0, Fn.BYTES), Fn.toBytes(Fn.neg(Fn.fromBytes(low.subarray(Fn.BYTES)))));
      for (const signature of [low, high]) {
        const one = claim(algorithm, curve.getPublicKey(secretKey, false), MESSAGE, signature);
        expect(await agreedVerdict(one, algorithm)).toBe('true');
      }
    }
  });
});

const RSA = {
  RS256: { hash: 'sha256', options: {} },
  RS384: { hash: 'sha384', options: {} },
  RS512: { hash: 'sha512', options: {} },
  PS256: { hash: 'sha256', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
  PS384: { hash: 'sha384', options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 } },
  // Node knows by itself how long the longest salt is.
  'PS256-longest-salt': {
    hash: 'sha256',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN },
  },
  'PS384-longest-salt': {
    hash: 'sha384',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN },
  },
} as const;
type RsaAlgorithm = keyof typeof RSA;
const RSA_ALGORITHMS = Object.keys(RSA) as RsaAlgorithm[];

/** Made when first asked for, and once: 4096 bits take a second. */
const rsaKeys = new Map<string, { publicKey: KeyObject; privateKey: KeyObject }>();
function rsaKey(modulusLength: number, label = '') {
  const id = `${modulusLength} ${label}`;
  const keys = rsaKeys.get(id) ?? generateKeyPairSync('rsa', { modulusLength });
  rsaKeys.set(id, keys);
  return keys;
}

describe.each(RSA_ALGORITHMS)('%s', (algorithm) => {
  const { hash, options } = RSA[algorithm];
  const keys = rsaKey(2048);
  const spkiOf = (key: KeyObject) => new Uint8Array(key.export({ type: 'spki', format: 'der' }));
  const signAs = (key: KeyObject, by: string, how: SigningOptions = {}) =>
    new Uint8Array(sign(by, MESSAGE, { key, ...how }));
  const honest = claim(algorithm, spkiOf(keys.publicKey), MESSAGE, signAs(keys.privateKey, hash, options));
  const agreed = async (one: SignatureClaim, name = algorithm as string) => {
    const [node, threads, web] = [
      await verdict(() => verifyNode(one)),
      await verdict(() => verifyOnThread(one)),
      await verdict(() => verifyWeb(one)),
    ];
    expect([threads, web], name).toEqual([node, node]);
    return node;
  };

  test('verifies on both platforms, and is not for the reference', async () => {
    expect(await agreed(honest)).toBe('true');
    expect(await verdict(() => verifyReference(honest))).toBe('unsupported_algorithm');
  });

  test.each([3072, 4096])('verifies under a key of %i bits', async (modulusLength) => {
    const { publicKey, privateKey } = rsaKey(modulusLength);
    const signature = signAs(privateKey, hash, options);
    expect(signature).toHaveLength(modulusLength / 8);
    expect(await agreed({ ...honest, publicKey: spkiOf(publicKey), signature })).toBe('true');
  });

  test('is refused with any byte of the signature flipped, or another message', async () => {
    for (let i = 0; i < honest.signature.length; i++) {
      const signature = honest.signature.with(i, (honest.signature[i] ?? 0) ^ (1 << (i % 8)));
      expect(await agreed({ ...honest, signature }, `byte ${i}`)).toBe('signature_invalid');
    }
    expect(await agreed({ ...honest, message: utf8('other') })).toBe('signature_invalid');
    expect(await agreed({ ...honest, message: new Uint8Array(0) })).toBe('signature_invalid');
  });

  test('is refused in another length, or as a number that is not below the modulus', async () => {
    const { signature } = honest;
    const lengths = [
      new Uint8Array(0),
      signature.subarray(1),
      concat(Uint8Array.of(0), signature),
      signature.subarray(0, 255),
    ];
    for (const other of [...lengths, new Uint8Array(256), new Uint8Array(256).fill(0xff)]) {
      expect(await agreed({ ...honest, signature: other })).toBe('signature_invalid');
    }
  });

  test('is refused with another algorithm, or a salt of another length', async () => {
    const others = RSA_ALGORITHMS.filter((other) => other !== algorithm);
    for (const other of others) {
      const signature = signAs(keys.privateKey, RSA[other].hash, RSA[other].options);
      expect(await agreed({ ...honest, signature }, other)).toBe('signature_invalid');
    }
    const longest = algorithm.endsWith('longest-salt') ? [205, 207, 221] : [constants.RSA_PSS_SALTLEN_MAX_SIGN];
    for (const saltLength of [0, 20, 31, 33, 47, 49, ...longest].filter((length) => length <= 206)) {
      const signature = signAs(keys.privateKey, hash, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
      expect(await agreed({ ...honest, signature }, `salt ${saltLength}`)).toBe('signature_invalid');
    }
  });

  test('is refused under another key, one that is too small, and one of another kind', async () => {
    const other = rsaKey(2048, 'other');
    expect(await agreed({ ...honest, publicKey: spkiOf(other.publicKey) })).toBe('signature_invalid');
    const small = rsaKey(1024);
    const signature = signAs(small.privateKey, hash, options);
    expect(await agreed({ ...honest, publicKey: spkiOf(small.publicKey), signature })).toBe('invalid_key');
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    expect(await agreed({ ...honest, publicKey: spkiOf(publicKey) })).toBe('invalid_key');
    const restricted = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    expect(await agreed({ ...honest, publicKey: spkiOf(restricted.publicKey) })).toBe('invalid_key');
  });

  test('is refused with any bit of the key flipped', async () => {
    // The key is of 294 bytes: what is before the modulus, every eighth of the modulus, the exponent.
    const { publicKey } = honest;
    for (let i = 0; i < publicKey.length; i += i < 34 || i > 286 ? 1 : 8) {
      const flipped = publicKey.with(i, (publicKey[i] ?? 0) ^ (1 << (i % 8)));
      expect(await agreed({ ...honest, publicKey: flipped }, `byte ${i}`)).toMatch(
        /^(invalid_key|malformed|signature_invalid)$/,
      );
    }
  });
});

describe('an import of WebCrypto that fails', () => {
  const once = (name: string) =>
    vi.spyOn(crypto.subtle, 'importKey').mockRejectedValueOnce(new DOMException('not now', name));
  const fresh = (byte: number) => {
    const seed = new Uint8Array(32).fill(byte);
    return claim('Ed25519', ed25519.getPublicKey(seed), MESSAGE, ed25519.sign(MESSAGE, seed));
  };

  test.each([
    ['DataError', 'invalid_key'],
    ['NotSupportedError', 'unsupported_algorithm'],
  ])('for %s is a verdict on the key', async (name, code) => {
    once(name);
    await expect(verifyWeb(fresh(0x71))).rejects.toThrow(expect.objectContaining({ code }));
  });

  // Each row has a key of its own: one that was imported is remembered.
  test.each([
    ['OperationError', 0x72],
    ['UnknownError', 0x73],
    ['InvalidStateError', 0x74],
  ])('for %s is none: it is thrown as it came, and the key is imported again', async (name, seed) => {
    once(name);
    await expect(verifyWeb(fresh(seed))).rejects.toThrow(expect.objectContaining({ name }));
    await expect(verifyWeb(fresh(seed))).resolves.toBeUndefined();
  });
});

describe('the cache of keys', () => {
  const claimOf = (i: number): SignatureClaim => {
    const seed = new Uint8Array(32);
    new DataView(seed.buffer).setUint32(0, i);
    return claim('Ed25519', ed25519.getPublicKey(seed), MESSAGE, new Uint8Array(64));
  };

  test('imports a key once, and one of another algorithm for itself', () => {
    let imports = 0;
    const keyOf = cacheKeys(() => ++imports);
    expect([keyOf(claimOf(1)), keyOf(claimOf(1)), keyOf(claimOf(2)), keyOf(claimOf(1))]).toEqual([1, 1, 2, 1]);
  });

  test('keeps no key that was refused', () => {
    const keyOf = cacheKeys(() => 'imported');
    const low = { ...claimOf(1), publicKey: new Uint8Array(32) };
    for (let i = 0; i < 2; i++) {
      expect(() => keyOf(low)).toThrow(expect.objectContaining({ code: 'invalid_key' }));
    }
  });

  test('forgets the least recently used when it is full', () => {
    let imports = 0;
    const keyOf = cacheKeys(() => ++imports, { keysMax: 2 });
    const [a, b, c] = [claimOf(1), claimOf(2), claimOf(3)];
    expect([keyOf(a), keyOf(b), keyOf(a), keyOf(c), keyOf(a), keyOf(b)]).toEqual([1, 2, 1, 3, 1, 4]);
  });
});
