import { ristretto255 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes } from '../../../src/core/canonical.ts';
import { frame } from '../../../src/core/frame.ts';
import { type InnerManifest, parseInnerManifest } from '../../../src/core/weights/inner-manifest.ts';
import {
  MAX_CORE_BYTES,
  MAX_FILES,
  type ManifestCore,
  manifestDigest,
  manifestSignatureMessage,
  parseManifest,
  plainBytes,
} from '../../../src/core/weights/manifest.ts';
import { manifestContext } from '../../../src/core/weights/release-key.ts';

const VAULT = '11'.repeat(32);
const HEADER = toBase64url(new Uint8Array(74));
const ROOT = '22'.repeat(32);

const INNER: InnerManifest = {
  v: 1,
  kind: 'inner-manifest',
  model: 'acme/ocr',
  version: '1',
  files: [
    { path: 'config.json', size: '3', sha256: '33'.repeat(32) },
    { path: 'model/weights.safetensors', size: '17592186044416', sha256: '44'.repeat(32) },
  ],
  modelSignature: null,
};

const CORE: ManifestCore = {
  v: 1,
  kind: 'manifest',
  vault: VAULT,
  committee: '55'.repeat(16),
  epoch: 1,
  model: 'acme/ocr',
  version: '1',
  ctx: toHex(manifestContext(VAULT, 'acme/ocr', '1')),
  threshold: 2,
  indices: [1, 2, 5],
  commitments: [1n, 2n].map((scalar) => toBase64url(ristretto255.Point.BASE.multiply(scalar).toBytes())),
  keyCheck: '66'.repeat(32),
  depositor: `ed25519:${toBase64url(new Uint8Array(32))}`,
  created: 1_700_000_000_000,
  files: [String(canonicalBytes(INNER).length), ...INNER.files.map(({ size }) => size)].map((size) => ({
    size,
    header: HEADER,
    root: ROOT,
  })),
};

const code = (name: string) => expect.objectContaining({ code: name });
const parse = (core: object) => parseManifest(canonicalBytes(core));
const parseInner = (inner: object, core = CORE) => {
  const bytes = canonicalBytes(inner);
  const [self, ...files] = core.files;
  return parseInnerManifest(bytes, {
    ...core,
    files: [{ ...self, size: String(bytes.length) }, ...files] as ManifestCore['files'],
  });
};

/** A flipped byte is refused, or it makes another manifest; that one the signature refuses. */
function expectRefusedOrOther<T>(bytes: Uint8Array, original: T, parseBytes: (bytes: Uint8Array) => T): void {
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    let parsed: T;
    try {
      parsed = parseBytes(flipped);
    } catch (error) {
      expect((error as { code?: string }).code, `byte ${at}`).toMatch(
        /^(malformed|not_canonical|invalid_|manifest_mismatch)/,
      );
      continue;
    }
    expect(parsed, `byte ${at}`).not.toEqual(original);
  }
}

describe('a manifest core', () => {
  test('parses to itself and its digest', () => {
    expect(parse(CORE)).toEqual({ core: CORE, digest: manifestDigest(CORE) });
    expect(CORE.files.map(plainBytes)).toEqual([canonicalBytes(INNER).length, 3, 2 ** 44]);
  });

  test('is signed as a frame of vault and digest', () => {
    const digest = manifestDigest(CORE);
    const expected = frame('twinlock/v1/manifest', new Uint8Array(32).fill(0x11), Buffer.from(digest, 'hex'));
    expect(manifestSignatureMessage(VAULT, digest)).toEqual(expected);
  });

  test.each([
    ['another version of the format', { v: 2 }, 'malformed'],
    ['another kind', { kind: 'inner-manifest' }, 'malformed'],
    ['a field that is not specified', { note: '' }, 'malformed'],
    ['a vault that is no digest', { vault: '11' }, 'malformed'],
    ['an upper-case digest', { keyCheck: 'AA'.repeat(32) }, 'malformed'],
    ['a model in upper case', { model: 'Acme/ocr' }, 'malformed'],
    ['the context of another version', { version: '2' }, 'manifest_mismatch'],
    ['the context of another model', { model: 'acme/ocs' }, 'manifest_mismatch'],
    ['the context of another vault', { vault: '12'.repeat(32) }, 'manifest_mismatch'],
    ['a threshold of zero', { threshold: 0, commitments: [] }, 'invalid_threshold'],
    ['a threshold of one', { threshold: 1, commitments: CORE.commitments.slice(1) }, 'invalid_threshold'],
    ['a threshold above the number of shares', { indices: [1] }, 'invalid_threshold'],
    ['fewer commitments than the threshold', { commitments: CORE.commitments.slice(1) }, 'invalid_threshold'],
    [
      'more commitments than the threshold',
      { commitments: [...CORE.commitments, ...CORE.commitments] },
      'invalid_threshold',
    ],
    [
      'the identity as a commitment',
      { commitments: [CORE.commitments[0], toBase64url(new Uint8Array(32))] },
      'invalid_point',
    ],
    [
      'a commitment that is no point',
      { commitments: [CORE.commitments[0], toBase64url(new Uint8Array(32).fill(255))] },
      'invalid_point',
    ],
    ['the index zero', { indices: [0, 1, 2] }, 'invalid_index'],
    ['an index above 255', { indices: [1, 2, 256] }, 'invalid_index'],
    ['an index twice', { indices: [1, 1, 2] }, 'invalid_index'],
    ['indices in another order', { indices: [2, 1] }, 'invalid_index'],
    ['an epoch of zero', { epoch: 0 }, 'malformed'],
    ['a depositor without an algorithm', { depositor: 'A'.repeat(43) }, 'malformed'],
    ['no files', { files: [] }, 'malformed'],
    ['an inner manifest and no file', { files: CORE.files.slice(0, 1) }, 'malformed'],
    ['too many files', { files: new Array(MAX_FILES + 1).fill(CORE.files[1]) }, 'malformed'],
    ['a size above 2^44', { files: [CORE.files[0], { ...CORE.files[1], size: '17592186044417' }] }, 'malformed'],
    ['a size with a leading zero', { files: [CORE.files[0], { ...CORE.files[1], size: '03' }] }, 'malformed'],
    ['a size that is a number', { files: [CORE.files[0], { ...CORE.files[1], size: 3 }] }, 'malformed'],
    [
      'a header of 73 bytes',
      { files: [CORE.files[0], { ...CORE.files[1], header: HEADER.slice(0, 98) }] },
      'malformed',
    ],
    ['a file with a name', { files: [CORE.files[0], { ...CORE.files[1], path: 'config.json' }] }, 'malformed'],
    ['an empty inner manifest', { files: [{ ...CORE.files[0], size: '0' }, CORE.files[1]] }, 'malformed'],
    ['an inner manifest above 4 MiB', { files: [{ ...CORE.files[0], size: '4194305' }, CORE.files[1]] }, 'malformed'],
  ])('with %s is refused', (_, change, expected) => {
    expect(() => parse({ ...CORE, ...change })).toThrow(code(expected));
  });

  test('with the most files fits its limit', () => {
    const large = { ...CORE, files: new Array(MAX_FILES).fill(CORE.files[2]).with(0, CORE.files[0]) };
    expect(parse(large).core.files).toHaveLength(MAX_FILES);
  });

  test('in any other form than the canonical one is refused', () => {
    expect(() => parseManifest(utf8(JSON.stringify(CORE)))).toThrow(code('not_canonical'));
    expect(() => parseManifest(concat(canonicalBytes(CORE), utf8(' ')))).toThrow(code('not_canonical'));
    expect(() => parseManifest(new Uint8Array(MAX_CORE_BYTES + 1))).toThrow(code('too_large'));
  });

  test('refuses every truncation', () => {
    const bytes = canonicalBytes(CORE);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseManifest(bytes.slice(0, length)), `${length} bytes`).toThrow(code('malformed'));
    }
  });

  test('is another one, or none, with any byte flipped', () => {
    expectRefusedOrOther(canonicalBytes(CORE), CORE, (bytes) => parseManifest(bytes).core);
  });

  test('of any sizes comes back', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: 0, max: 2 ** 44 }), { minLength: 1, maxLength: 20 }),
      (sizes) => {
        const files = [CORE.files[0], ...sizes.map((size) => ({ size: String(size), header: HEADER, root: ROOT }))];
        expect(
          parse({ ...CORE, files })
            .core.files.slice(1)
            .map(plainBytes),
        ).toEqual(sizes);
      },
    );
    fc.assert(property, { numRuns: 30 });
  });
});

describe('an inner manifest', () => {
  test('parses to itself against its core', () => {
    expect(parseInnerManifest(canonicalBytes(INNER), CORE)).toEqual(INNER);
    const signed = { ...INNER, modelSignature: toBase64url(utf8('{}')) };
    expect(parseInner(signed)).toEqual(signed);
  });

  const [first, second] = INNER.files as [InnerManifest['files'][0], InnerManifest['files'][0]];
  test.each([
    ['another version of the format', { v: 2 }, 'malformed'],
    ['the kind of a core', { kind: 'manifest' }, 'malformed'],
    ['a field that is not specified', { note: '' }, 'malformed'],
    ['another model', { model: 'acme/ocs' }, 'manifest_mismatch'],
    ['another version', { version: '2' }, 'manifest_mismatch'],
    ['no files', { files: [] }, 'malformed'],
    ['a file fewer', { files: [first] }, 'manifest_mismatch'],
    ['a file more', { files: [first, second, { ...first, path: 'c' }] }, 'manifest_mismatch'],
    ['files in another order', { files: [second, first] }, 'manifest_mismatch'],
    ['another size', { files: [{ ...first, size: '4' }, second] }, 'manifest_mismatch'],
    ['a path out of the folder', { files: [{ ...first, path: '../../etc/passwd' }, second] }, 'invalid_name'],
    ['an absolute path', { files: [{ ...first, path: '/etc/passwd' }, second] }, 'invalid_name'],
    ['two files of one name', { files: [first, { ...second, path: 'Config.json' }] }, 'invalid_name'],
    ['a file that is a folder', { files: [first, { ...second, path: 'config.json/x' }] }, 'invalid_name'],
    ['a digest in base64url', { files: [{ ...first, sha256: toBase64url(new Uint8Array(32)) }, second] }, 'malformed'],
    ['an empty model signature', { modelSignature: '' }, 'malformed'],
    ['a model signature with padding', { modelSignature: 'e30=' }, 'malformed'],
  ])('with %s is refused', (_, change, expected) => {
    expect(() => parseInner({ ...INNER, ...change })).toThrow(code(expected));
  });

  test('of another length than the core says is refused', () => {
    const signed = canonicalBytes({ ...INNER, modelSignature: 'e30' });
    expect(() => parseInnerManifest(signed, CORE)).toThrow(code('manifest_mismatch'));
  });

  test('refuses every truncation', () => {
    const bytes = canonicalBytes(INNER);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseInnerManifest(bytes.slice(0, length), CORE), `${length} bytes`).toThrow(code('malformed'));
    }
  });

  test('is another one, or none, with any byte flipped', () => {
    expectRefusedOrOther(canonicalBytes(INNER), INNER, (bytes) => parseInnerManifest(bytes, CORE));
  });
});
