import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { fromHex, type Hex, toHex, u8, u32, utf8 } from '../../../src/core/bytes.ts';
import { openCustodianShare, sealCustodianShare } from '../../../src/core/envelope/custodian-share.ts';
import { openHostShare, sealHostShare } from '../../../src/core/envelope/host-share.ts';
import { open, seal } from '../../../src/core/envelope/hpke.ts';
import { SEALED_SHARE_BYTES } from '../../../src/core/envelope/sealed-share.ts';
import { openSubShare, sealSubShare } from '../../../src/core/envelope/sub-share.ts';
import { openToken, SEALED_TOKEN_BYTES, sealToken, TOKEN_BYTES } from '../../../src/core/envelope/token.ts';
import { kemKeyPairFromSeed } from '../../../src/core/envelope/xwing.ts';
import { frame } from '../../../src/core/frame.ts';
import { encodeScalar } from '../../../src/core/share/group.ts';
import { encodeShare, type Share } from '../../../src/core/share/share.ts';
import { seededRandom } from '../seeded-random.ts';

const code = (code: string) => expect.objectContaining({ code });
const digest = (text: string): Hex => toHex(sha256(utf8(text)));
const random = seededRandom('wrappers');
const keys = kemKeyPairFromSeed(random(32));
const otherKeys = kemKeyPairFromSeed(random(32));
const share: Share = { index: 7, s: encodeScalar(123n), r: encodeScalar(456n) };
const [VAULT, MANIFEST, STATEMENT, EVIDENCE, TRANSCRIPT] = [
  'vault',
  'manifest',
  'statement',
  'evidence',
  'transcript',
].map(digest) as [Hex, Hex, Hex, Hex, Hex];
const OTHER = digest('other');

describe('a share for a custodian', async () => {
  const envelope = { vault: VAULT, manifest: MANIFEST, epoch: 3 };
  const sealed = await sealCustodianShare(envelope, keys.publicKey, share, random);
  const info = (label: 'twinlock/v1/share' | 'twinlock/v1/release' = 'twinlock/v1/share') =>
    frame(label, fromHex(VAULT), fromHex(MANIFEST), u32(3), u8(7), sha256(keys.publicKey));
  const refused = (changed: object, index = 7, recipient = keys) =>
    expect(openCustodianShare({ ...envelope, ...changed }, index, recipient, sealed)).rejects.toThrow(
      code('envelope_invalid'),
    );

  test('is 1,202 bytes and opens', async () => {
    expect(sealed).toHaveLength(1202);
    expect(SEALED_SHARE_BYTES).toBe(1202);
    expect(await openCustodianShare(envelope, 7, keys, sealed)).toEqual(share);
  });

  test('is bound to the frame that the formats name', async () => {
    expect(await open(keys.seed, info(), sealed)).toEqual(encodeShare(share));
  });

  test('refuses another vault, manifest, epoch, index or key', async () => {
    await refused({ vault: OTHER });
    await refused({ manifest: OTHER });
    await refused({ vault: MANIFEST, manifest: VAULT });
    await refused({ epoch: 4 });
    await refused({}, 8);
    await refused({}, 7, otherKeys);
    await refused({}, 7, { ...keys, publicKey: otherKeys.publicKey });
  });

  test('refuses every truncation, and a byte too many, by its length', async () => {
    for (let length = 0; length < sealed.length; length++) {
      await expect(openCustodianShare(envelope, 7, keys, sealed.subarray(0, length))).rejects.toThrow(
        code('envelope_invalid'),
      );
    }
    await expect(openCustodianShare(envelope, 7, keys, new Uint8Array([...sealed, 0]))).rejects.toThrow(
      code('envelope_invalid'),
    );
  });

  // A stride of 7 that also takes every byte of the ciphertext and the tag: the whole takes seconds.
  test('refuses every flipped byte', async () => {
    for (let at = 0; at < sealed.length; at += at < 1120 ? 7 : 1) {
      const flipped = sealed.with(at, (sealed[at] ?? 0) ^ (1 << (at % 8)));
      await expect(openCustodianShare(envelope, 7, keys, flipped)).rejects.toThrow(code('envelope_invalid'));
    }
  });

  test('refuses to seal to an invalid key, an invalid share, or under a field that does not fit', async () => {
    const attempts: [string, Promise<Uint8Array>][] = [
      ['invalid_key', sealCustodianShare(envelope, keys.publicKey.slice(1), share, random)],
      ['invalid_index', sealCustodianShare(envelope, keys.publicKey, { ...share, index: 0 }, random)],
      ['invalid_scalar', sealCustodianShare(envelope, keys.publicKey, { ...share, s: share.s.slice(1) }, random)],
      ['malformed', sealCustodianShare({ ...envelope, epoch: 2 ** 32 }, keys.publicKey, share, random)],
      ['malformed', sealCustodianShare({ ...envelope, epoch: -1 }, keys.publicKey, share, random)],
      ['malformed', sealCustodianShare({ ...envelope, vault: VAULT.slice(2) }, keys.publicKey, share, random)],
      ['malformed', sealCustodianShare({ ...envelope, manifest: 'FF'.repeat(32) }, keys.publicKey, share, random)],
    ];
    for (const [expected, attempt] of attempts) await expect(attempt).rejects.toThrow(code(expected));
  });

  test('refuses what a sealer put in place of the share of this index', async () => {
    const plaintext = encodeShare(share);
    const forged: [string, Uint8Array][] = [
      ['invalid_index', encodeShare({ ...share, index: 8 })],
      ['invalid_index', plaintext.with(1, 0)],
      ['unsupported_version', plaintext.with(0, 2)],
      ['invalid_scalar', plaintext.with(33, 0xff)],
    ];
    for (const [expected, bytes] of forged) {
      const envelopeOf = await seal(keys.publicKey, info(), bytes, random);
      await expect(openCustodianShare(envelope, 7, keys, envelopeOf)).rejects.toThrow(code(expected));
    }
  });
});

describe('a share for a host', async () => {
  const envelope = { vault: VAULT, statement: STATEMENT, evidence: EVIDENCE, epoch: 3 };
  const sealed = await sealHostShare(envelope, keys.publicKey, share, random);
  const refused = (changed: object, index = 7, recipient = keys) =>
    expect(openHostShare({ ...envelope, ...changed }, index, recipient, sealed)).rejects.toThrow(
      code('envelope_invalid'),
    );

  test('is 1,202 bytes, opens, and is bound to the frame that the formats name', async () => {
    expect(sealed).toHaveLength(1202);
    expect(await openHostShare(envelope, 7, keys, sealed)).toEqual(share);
    const info = frame(
      'twinlock/v1/release',
      fromHex(VAULT),
      fromHex(STATEMENT),
      sha256(keys.publicKey),
      fromHex(EVIDENCE),
      u32(3),
      u8(7),
    );
    expect(await open(keys.seed, info, sealed)).toEqual(encodeShare(share));
  });

  test('refuses another vault, statement, evidence, epoch, index or key', async () => {
    await refused({ vault: OTHER });
    await refused({ statement: OTHER });
    await refused({ evidence: OTHER });
    await refused({ statement: EVIDENCE, evidence: STATEMENT });
    await refused({ epoch: 4 });
    await refused({}, 8);
    await refused({}, 7, otherKeys);
  });

  test('refuses a share that was sealed to a custodian with the same key', async () => {
    const stored = await sealCustodianShare(
      { vault: VAULT, manifest: STATEMENT, epoch: 3 },
      keys.publicKey,
      share,
      random,
    );
    await expect(openHostShare(envelope, 7, keys, stored)).rejects.toThrow(code('envelope_invalid'));
  });
});

describe('a sub-share', async () => {
  const envelope = { vault: VAULT, transcript: TRANSCRIPT, oldEpoch: 3 };
  const sealed = await sealSubShare(envelope, keys.publicKey, { dealer: 2, share }, random);
  const refused = (changed: object, dealer = 2, recipient = 7, to = keys) =>
    expect(openSubShare({ ...envelope, ...changed }, { dealer, recipient }, to, sealed)).rejects.toThrow(
      code('envelope_invalid'),
    );

  test('is 1,202 bytes, opens, and is bound to the frame that the formats name', async () => {
    expect(sealed).toHaveLength(1202);
    expect(await openSubShare(envelope, { dealer: 2, recipient: 7 }, keys, sealed)).toEqual({ dealer: 2, share });
    const info = frame(
      'twinlock/v1/subshare',
      fromHex(VAULT),
      fromHex(TRANSCRIPT),
      u32(3),
      u8(2),
      u8(7),
      sha256(keys.publicKey),
    );
    expect(await open(keys.seed, info, sealed)).toEqual(encodeShare(share));
  });

  test('refuses another vault, transcript, epoch, dealer, recipient or key', async () => {
    await refused({ vault: OTHER });
    await refused({ transcript: OTHER });
    await refused({ oldEpoch: 4 });
    await refused({}, 3);
    await refused({}, 7, 2);
    await refused({}, 2, 8);
    await refused({}, 2, 7, otherKeys);
  });

  test('refuses dealer 0', async () => {
    await expect(sealSubShare(envelope, keys.publicKey, { dealer: 0, share }, random)).rejects.toThrow(
      code('invalid_index'),
    );
  });
});

describe('a bearer token', async () => {
  const envelope = { vault: VAULT, statement: STATEMENT };
  const token = random(TOKEN_BYTES);
  const sealed = await sealToken(envelope, keys.publicKey, token, random);
  const refused = (changed: object, recipient = keys, bytes = sealed) =>
    expect(openToken({ ...envelope, ...changed }, recipient, bytes)).rejects.toThrow(code('envelope_invalid'));

  test('is 1,168 bytes, opens, and is bound to the frame that the formats name', async () => {
    expect(sealed).toHaveLength(1168);
    expect(SEALED_TOKEN_BYTES).toBe(1168);
    expect(await openToken(envelope, keys, sealed)).toEqual(token);
    const info = frame('twinlock/v1/token', fromHex(VAULT), fromHex(STATEMENT), sha256(keys.publicKey));
    expect(await open(keys.seed, info, sealed)).toEqual(token);
  });

  test('refuses another vault, statement, key or length', async () => {
    await refused({ vault: OTHER });
    await refused({ statement: OTHER });
    await refused({}, otherKeys);
    await refused({}, keys, sealed.subarray(1));
    await refused({}, keys, new Uint8Array([...sealed, 0]));
  });

  test('refuses to seal a token that is not 32 bytes', async () => {
    for (const length of [0, 31, 33]) {
      await expect(sealToken(envelope, keys.publicKey, new Uint8Array(length), random)).rejects.toThrow(
        code('malformed'),
      );
    }
  });
});
