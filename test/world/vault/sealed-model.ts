import { ed25519 } from '@noble/curves/ed25519.js';
import type { Api } from '../../../client/api/api.ts';
import { dealShares } from '../../../client/depositor/deal.ts';
import { type Hex, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../../src/core/canonical.ts';
import { encodeScalar, uniformScalar } from '../../../src/core/share/group.ts';
import { ciphertextRoot } from '../../../src/core/weights/ciphertext-tree.ts';
import { encryptFile } from '../../../src/core/weights/file.ts';
import { type ManifestCore, manifestDigest, manifestSignatureMessage } from '../../../src/core/weights/manifest.ts';
import { manifestContext, releaseKey } from '../../../src/core/weights/release-key.ts';
import { platformBulkCrypto } from '../../../src/platform/aead.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import type { Vault } from './vault.ts';

/** By one machine, in the place of no other's upload. */
export const OPENED_HERE = { opener: '0a'.repeat(16), replaces: null } as const;

/** A version as a depositor's client would make it, held in memory, for a test that sends it in its own way. */
export interface SealedModel {
  readonly model: string;
  readonly version: string;
  readonly core: ManifestCore;
  /** Encrypted segments by file. */
  readonly parts: readonly Uint8Array[];
  /** The request that opens the upload. */
  readonly opening: Parameters<Api['openUpload']>[0];
  /** The request that makes the upload a version. `core` may be a changed one; it is signed as it is. */
  depositOf(upload: Hex, core?: ManifestCore): DepositBody;
}

type DepositBody = Parameters<Api['deposit']>[0];

/** One file of at most a segment. */
export async function sealModel(
  { daemon, depositor, fingerprint }: Pick<Vault, 'daemon' | 'depositor' | 'fingerprint'>,
  { model = 'acme/ocr', version = '1', plaintext = utf8('the weights') } = {},
): Promise<SealedModel> {
  const { facts } = daemon.context.recorder;
  const { key, seed } = depositor.principal;
  const sha256 = digestOf(plaintext);
  const inner = { v: 1, kind: 'inner-manifest', model, version, modelSignature: null };
  const files = [{ path: 'weights.bin', size: String(plaintext.length), sha256 }];
  const secret = encodeScalar(uniformScalar(platformRandom));
  const context = manifestContext(fingerprint, model, version);
  const named = { context, releaseKey: releaseKey(secret, context) };
  const sealed = [canonicalBytes({ ...inner, files }), plaintext].map((bytes, index) => {
    const file = { ...named, index, plainBytes: bytes.length };
    const { header, segment } = encryptFile(file, platformRandom, platformBulkCrypto);
    const { bytes: encrypted, leaf } = segment(0, bytes);
    const root = toHex(ciphertextRoot([leaf]));
    return { encrypted, entry: { size: String(bytes.length), header: toBase64url(header), root } };
  });
  const entries = sealed.map(({ entry }) => entry);
  const toDeal = { model, version, depositor: key, created: Date.now(), files: entries, secret, ...named };
  const { core, envelopes } = await dealShares(facts, toDeal, platformRandom);
  return {
    ...{ model, version, core },
    parts: sealed.map(({ encrypted }) => encrypted),
    opening: { model, version, files: entries.map(({ size }) => size), ...OPENED_HERE },
    depositOf(upload, changed = core) {
      const message = manifestSignatureMessage(fingerprint, manifestDigest(changed));
      const manifest = canonicalBytes(changed);
      return { upload, manifest, signature: toBase64url(ed25519.sign(message, seed)), envelopes: [...envelopes] };
    },
  };
}
