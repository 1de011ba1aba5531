import { readFileSync } from 'node:fs';
import { expand, hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { frame } from '../../../src/core/frame.ts';
import {
  checkReleaseKey,
  fileKey,
  keyCheckValue,
  manifestContext,
  releaseKey,
} from '../../../src/core/weights/release-key.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';

const VAULT = '11'.repeat(32);
const SCALAR = new Uint8Array(32).fill(0x22, 0, 31);
const CONTEXT = manifestContext(VAULT, 'acme/ocr', '1');
const KEY = releaseKey(SCALAR, CONTEXT);

describe('the key tree', () => {
  test('derives the worked example of FORMAT.md', () => {
    expect({
      context: toHex(CONTEXT),
      key: toHex(KEY),
      keyCheck: toHex(keyCheckValue(KEY)),
      file0: toHex(fileKey(KEY, 0)),
      file1: toHex(fileKey(KEY, 1)),
    }).toEqual({
      context: '0dbb72feb21c31043a2aaf2b8f13275b058689479af4387e866e788ddd166020',
      key: '92b839429d8419e6ba8f773accc79e82d536883b62083d5e45fb84f33557383822aab1321214e3a82ca2d47d487cb97a98e3cd2d7d88efd4b5bc2db42882dfb6',
      keyCheck: 'adccd3640c1442c6a3489053cef74fbca18b540bdd3e8b5bfa7ecfbd273bde6d',
      file0: '8493a433a62dc8e74ab87f36cea18c931c815b8a278eef7827cce3e2a7f4d38d',
      file1: '31da05e37a2d266a5c7b3dbbaf23a3baca1aab1a7232766e7eba19039a95f409',
    });
  });

  test('is HMAC-SHA-512 by hand', () => {
    expect(KEY).toEqual(hmac(sha512, CONTEXT, SCALAR));
    expect(keyCheckValue(KEY)).toEqual(expand(sha512, KEY, frame('twinlock/v1/kcv'), 32));
  });

  test('changes with the vault, the model and the version', () => {
    const contexts = [
      manifestContext('12'.repeat(32), 'acme/ocr', '1'),
      manifestContext(VAULT, 'acme/ocr', '2'),
      manifestContext(VAULT, 'acme/ocr1', ''),
      manifestContext(VAULT, 'acme/oc', 'r1'),
      CONTEXT,
    ];
    expect(new Set(contexts.map((context) => toHex(releaseKey(SCALAR, context)))).size).toBe(contexts.length);
  });

  test('returns the key that its check value belongs to', () => {
    expect(checkReleaseKey(KEY, keyCheckValue(KEY))).toBe(KEY);
  });

  test('refuses the release key of another secret', () => {
    const other = releaseKey(new Uint8Array(32), CONTEXT);
    const error = expect.objectContaining({ code: 'key_check_failed' });
    expect(() => checkReleaseKey(other, keyCheckValue(KEY))).toThrow(error);
  });

  test('refuses a check value with any byte flipped, or cut', () => {
    const error = expect.objectContaining({ code: 'key_check_failed' });
    for (let at = 0; at < 32; at++) {
      const flipped = keyCheckValue(KEY);
      flipped[at] = (flipped[at] as number) ^ 1;
      expect(() => checkReleaseKey(KEY, flipped)).toThrow(error);
      expect(() => checkReleaseKey(KEY, keyCheckValue(KEY).slice(0, at))).toThrow(error);
    }
  });

  test.each([new Uint8Array(31), new Uint8Array(33), new Uint8Array(32).fill(0xff)])(
    'refuses a secret that is no canonical scalar',
    (scalar) => {
      expect(() => releaseKey(scalar, CONTEXT)).toThrow(expect.objectContaining({ code: 'invalid_scalar' }));
    },
  );

  test('derives nothing from a key of another length', () => {
    expect(() => fileKey(KEY.slice(1), 0)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});

interface HkdfGroup {
  readonly tests: readonly {
    readonly tcId: number;
    readonly ikm: string;
    readonly salt: string;
    readonly info: string;
    readonly size: number;
    readonly okm: string;
    readonly result: string;
  }[];
}
interface MacGroup {
  readonly tagSize: number;
  readonly tests: readonly {
    readonly tcId: number;
    readonly key: string;
    readonly msg: string;
    readonly tag: string;
    readonly result: string;
  }[];
}

function wycheproof<Group>(name: string): readonly Group[] {
  return JSON.parse(readFileSync(vectorPath('crypto', 'wycheproof', `${name}.json`), 'utf8')).testGroups;
}

describe('the library underneath', () => {
  vectorTest.each([
    ['hkdf_sha256_test', sha256],
    ['hkdf_sha384_test', sha384],
    ['hkdf_sha512_test', sha512],
  ])('passes %s', (name, hash) => {
    for (const { tests } of wycheproof<HkdfGroup>(name)) {
      for (const { tcId, ikm, salt, info, size, okm, result } of tests) {
        const run = () => toHex(hkdf(hash, fromHex(ikm), fromHex(salt), fromHex(info), size));
        if (result === 'valid') expect(run(), `tcId ${tcId}`).toBe(okm);
        else expect(run, `tcId ${tcId}`).toThrow();
      }
    }
  });

  vectorTest('passes hmac_sha256_test', () => {
    for (const { tagSize, tests } of wycheproof<MacGroup>('hmac_sha256_test')) {
      for (const { tcId, key, msg, tag, result } of tests) {
        const computed = toHex(hmac(sha256, fromHex(key), fromHex(msg))).slice(0, tagSize / 4);
        expect(computed === tag, `tcId ${tcId}`).toBe(result === 'valid');
      }
    }
  });
});
