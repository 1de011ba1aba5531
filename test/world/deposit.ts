import { sha256 } from '@noble/hashes/sha2.js';
import { type Hex, toBase64url, toHex, utf8 } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { sealCustodianShare } from '../../src/core/envelope/custodian-share.ts';
import type { EnvelopeName } from '../../src/core/log/entry.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { commitmentsDigest } from '../../src/core/share/commitments.ts';
import { encodeScalar, uniformScalar } from '../../src/core/share/group.ts';
import type { Share } from '../../src/core/share/share.ts';
import { splitSecret } from '../../src/core/share/split.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import { ciphertextRoot } from '../../src/core/weights/ciphertext-tree.ts';
import { encryptFile } from '../../src/core/weights/file.ts';
import type { InnerManifest } from '../../src/core/weights/inner-manifest.ts';
import { type ManifestCore, manifestDigest } from '../../src/core/weights/manifest.ts';
import { keyCheckValue, manifestContext, releaseKey } from '../../src/core/weights/release-key.ts';
import { platformBulkCrypto } from '../../src/platform/aead.ts';
import { encodeLeaves } from '../core/weights/leaves.ts';
import type { Founder } from './people.ts';

const PLAINTEXT = utf8('the weights of a very small model\n');

interface SealedFile {
  readonly header: Uint8Array;
  readonly leaves: Uint8Array;
  readonly segments: readonly Uint8Array[];
}

interface SealedEnvelope {
  readonly name: EnvelopeName;
  readonly sealed: Uint8Array;
}

/** A model version as its depositor's client makes it: one small file, real shares, real envelopes. */
export interface Deposit {
  readonly core: ManifestCore;
  readonly coreBytes: Uint8Array;
  readonly manifest: Hex;
  readonly commitments: Hex;
  readonly plaintext: Uint8Array;
  readonly files: readonly SealedFile[];
  readonly shares: readonly Share[];
  readonly envelopes: readonly SealedEnvelope[];
}

export interface DepositInput {
  readonly vault: Hex;
  readonly genesis: StatementOf<'genesis'>;
  readonly founders: readonly Founder[];
  readonly depositor: string;
  readonly model: string;
  readonly version: string;
  readonly nowMs: number;
  readonly random: RandomBytes;
  /** Go into the manifest core before anything is sealed to it. */
  readonly changes: Partial<ManifestCore>;
}

export async function makeDeposit(input: DepositInput): Promise<Deposit> {
  const { vault, genesis, model, version, random } = input;
  const indices = genesis.members.map((member) => member.index).sort((a, b) => a - b);
  const secret = encodeScalar(uniformScalar(random));
  const { shares, commitments } = splitSecret({ secret, threshold: genesis.threshold, indices }, random);
  const context = manifestContext(vault, model, version);
  const key = releaseKey(secret, context);
  const inner: InnerManifest = {
    v: 1,
    kind: 'inner-manifest',
    model,
    version,
    files: [{ path: 'weights.bin', size: String(PLAINTEXT.length), sha256: toHex(sha256(PLAINTEXT)) }],
    modelSignature: null,
  };
  const plaintexts = [canonicalBytes(inner), PLAINTEXT];
  const files = plaintexts.map((plaintext, index) => {
    const encryption = encryptFile(
      { releaseKey: key, context, index, plainBytes: plaintext.length },
      random,
      platformBulkCrypto,
    );
    const segment = encryption.segment(0, plaintext);
    return { header: encryption.header, leaves: [segment.leaf], segments: [segment.bytes] };
  });
  const core: ManifestCore = {
    v: 1,
    kind: 'manifest',
    vault,
    committee: genesis.committee,
    epoch: genesis.epoch,
    model,
    version,
    ctx: toHex(context),
    threshold: genesis.threshold,
    indices,
    commitments: commitments.map(toBase64url),
    keyCheck: toHex(keyCheckValue(key)),
    depositor: input.depositor,
    created: input.nowMs,
    files: files.map(({ header, leaves }, i) => ({
      size: String(plaintexts[i]?.length),
      header: toBase64url(header),
      root: toHex(ciphertextRoot(leaves)),
    })),
    ...input.changes,
  };
  const manifest = manifestDigest(core);
  return {
    core,
    coreBytes: canonicalBytes(core),
    manifest,
    commitments: commitmentsDigest(commitments),
    plaintext: PLAINTEXT,
    files: files.map((file) => ({ ...file, leaves: encodeLeaves(file.leaves) })),
    shares,
    envelopes: await sealAll(input, { vault, manifest, epoch: core.epoch }, shares),
  };
}

async function sealAll(
  { founders, random }: DepositInput,
  bound: { readonly vault: Hex; readonly manifest: Hex; readonly epoch: number },
  shares: readonly Share[],
): Promise<SealedEnvelope[]> {
  const envelopes: SealedEnvelope[] = [];
  for (const { person, index, authenticators } of founders) {
    const share = shares.find((candidate) => candidate.index === index);
    if (share === undefined) continue;
    for (const { credential, keys } of authenticators) {
      const sealed = await sealCustodianShare(bound, keys.kem.publicKey, share, random);
      envelopes.push({
        name: { person, index, credential: toBase64url(credential), digest: digestOf(sealed) },
        sealed,
      });
    }
  }
  return envelopes;
}
