import { type Base64url, type Hex, toBase64url, toHex, wipe } from '../../src/core/bytes.ts';
import { sealCustodianShare } from '../../src/core/envelope/custodian-share.ts';
import { must } from '../../src/core/errors.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import type { Share } from '../../src/core/share/share.ts';
import { splitSecret } from '../../src/core/share/split.ts';
import { committeeInForce } from '../../src/core/state/committees.ts';
import type { Committee, Facts } from '../../src/core/state/state.ts';
import { type ManifestCore, type ManifestFile, manifestDigest } from '../../src/core/weights/manifest.ts';
import { keyCheckValue } from '../../src/core/weights/release-key.ts';

/** The secret to share, and its version. */
export interface ToDeal {
  readonly model: string;
  readonly version: string;
  readonly depositor: string;
  readonly created: number;
  readonly files: readonly ManifestFile[];
  /** 32 bytes, of `manifestContext`. */
  readonly context: Uint8Array;
  readonly releaseKey: Uint8Array;
  /** The scalar that the release key is made of: 32 secret bytes. */
  readonly secret: Uint8Array;
}

interface SealedShare {
  readonly person: Hex;
  readonly index: number;
  readonly credential: Base64url;
  readonly envelope: Uint8Array;
}

export interface Dealt {
  readonly core: ManifestCore;
  readonly manifestDigest: Hex;
  /** One for each authenticator in use of each custodian. */
  readonly envelopes: readonly SealedShare[];
}

/**
 * Splits the secret among the committee as it is now, and seals each custodian's share to every authenticator
 * that they use. `facts` are of a replica: the KEM keys are those that the custodians bound themselves. The
 * shares are wiped.
 */
export async function dealShares(facts: Facts, toDeal: ToDeal, random: RandomBytes): Promise<Dealt> {
  const committee = committeeInForce(facts);
  const indices = committee.members.map((member) => member.index).sort((a, b) => a - b);
  const { threshold } = committee;
  const { shares, commitments } = splitSecret({ secret: toDeal.secret, threshold, indices }, random);
  try {
    const core = coreOf(facts.vault, committee, toDeal, indices, commitments);
    const manifest = manifestDigest(core);
    const recipients = facts.authenticators
      .valueSeq()
      .filter(({ retiredAt }) => retiredAt === null)
      .toArray();
    const envelopes: SealedShare[] = [];
    for (const { person, index } of committee.members) {
      for (const { credential, kem } of recipients.filter((authenticator) => authenticator.person === person)) {
        const sealedTo = { vault: facts.vault, manifest, epoch: committee.epoch };
        const envelope = await sealCustodianShare(sealedTo, kem, shareOf(shares, index), random);
        envelopes.push({ person, index, credential, envelope });
      }
    }
    return { core, manifestDigest: manifest, envelopes };
  } finally {
    for (const { s, r } of shares) wipe(s, r);
  }
}

function shareOf(shares: readonly Share[], index: number): Share {
  const share = shares.find((candidate) => candidate.index === index);
  must(share !== undefined, 'internal', `no share was made for index ${index}`);
  return share;
}

function coreOf(
  vault: Hex,
  committee: Committee,
  { model, version, depositor, created, files, context, releaseKey }: ToDeal,
  indices: readonly number[],
  commitments: readonly Uint8Array[],
): ManifestCore {
  return {
    v: 1,
    kind: 'manifest',
    vault,
    committee: committee.id,
    epoch: committee.epoch,
    model,
    version,
    ctx: toHex(context),
    threshold: committee.threshold,
    indices: [...indices],
    commitments: commitments.map(toBase64url),
    keyCheck: toHex(keyCheckValue(releaseKey)),
    depositor,
    created,
    files: [...files],
  };
}
