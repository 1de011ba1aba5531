import { fromBase64url, fromHex, type Hex, toBase64url, wipe } from '../../src/core/bytes.ts';
import { digestOf } from '../../src/core/canonical.ts';
import { openHostShare } from '../../src/core/envelope/host-share.ts';
import { sealedSignatureClaim } from '../../src/core/envelope/sealed-signature.ts';
import { openToken } from '../../src/core/envelope/token.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { quoted } from '../../src/core/quoted.ts';
import { combineShares, verifyShare } from '../../src/core/share/combine.ts';
import type { Share } from '../../src/core/share/share.ts';
import type { Verify } from '../../src/core/signature/claim.ts';
import { type VerifiedAuthority, verifyAuthority } from '../../src/core/state/authority.ts';
import { discharge } from '../../src/core/state/discharge.ts';
import type { ManifestCore } from '../../src/core/weights/manifest.ts';
import { checkReleaseKey, releaseKey } from '../../src/core/weights/release-key.ts';
import type { Handover } from '../api/api.ts';
import { HOST_CLOCK } from './clock.ts';
import { type HostKeys, kemOf, keysOf, type PendingRelease, receiptKeyOf } from './pending-release.ts';
import { heedStops, type StopPlace } from './stops.ts';
import { leaseEnd } from './times.ts';

/** A release that this host may use: `wipe` the key when the last file is out. */
export interface OpenedRelease {
  readonly manifestDigest: Hex;
  readonly core: ManifestCore;
  /** 64 bytes, its key-check value verified. */
  readonly releaseKey: Uint8Array;
  /** Bearer token for the ciphertext. */
  readonly token: string;
  /** When the lease ends, in milliseconds since the epoch; at `now` it had not. */
  readonly leaseEndsMs: number;
  /** The verified authority of the release; the host judges later stops by it. */
  readonly authority: VerifiedAuthority;
}

type SealedShare = Handover['shares'][number];

/**
 * Opens what the vault hands over, all of it attacker-controlled: *no proof, no weights*. The authority chain is
 * verified from the fingerprint down to this host's own keys, and its times against this host's own clock, before any
 * share is opened.
 *
 * `stops` is where they are brought to this host by another way: all of it is looked at before any share is opened.
 * Throws as `verifyAuthority`, `leaseEnd` and `heedStops`; `binding_mismatch` where the release names other keys than
 * these; `signature_invalid` for a share that no custodian signed; `share_invalid` for a bad one, naming in
 * `detail.person` the custodian who signed it; `quorum_missing`, `key_check_failed`, `envelope_invalid`.
 */
export async function openRelease(
  handover: Handover,
  pending: PendingRelease,
  hostIndex: number,
  verify: Verify,
  clock: { now(): number } = HOST_CLOCK,
  stops: StopPlace | null = null,
): Promise<OpenedRelease> {
  const authority = await verified(handover.authority, pending, verify);
  const keys = keysOf(pending, hostIndex);
  requireOurKeys(authority, keys);
  const leaseEndsMs = leaseEnd(authority, pending, clock.now());
  if (stops !== null) await heedStops(authority, stops, verify);
  const { core } = authority;
  const shares = await openShares(handover.shares, authority, core, keys, verify);
  const key = combined(shares, core);
  const sealedTo = { vault: pending.vault, statement: pending.release };
  const token = await openToken(sealedTo, kemOf(keys), handover.token);
  return {
    manifestDigest: authority.release.statement.manifest,
    core,
    releaseKey: key,
    token: toBase64url(token),
    leaseEndsMs,
    authority,
  };
}

async function verified(
  chain: unknown,
  { vault, release }: PendingRelease,
  verify: Verify,
): Promise<VerifiedAuthority> {
  const { authority, claims } = verifyAuthority(chain, vault, release);
  await discharge(claims, verify);
  return authority;
}

/** The release key, held against the key-check value. Wipes the shares and what they combine to. */
function combined(shares: readonly Share[], core: ManifestCore): Uint8Array {
  try {
    const secret = combineShares(shares, core.commitments.map(fromBase64url), core.threshold);
    const key = releaseKey(secret, fromHex(core.ctx));
    wipe(secret);
    return checkReleaseKey(key, fromHex(core.keyCheck));
  } finally {
    for (const { s, r } of shares) wipe(s, r);
  }
}

/** What the custodians approved is for this host: its keys, and the evidence that binds them. */
function requireOurKeys({ release }: VerifiedAuthority, keys: HostKeys): void {
  const named = release.statement.hosts[keys.host];
  const isOurs =
    named?.kem === digestOf(kemOf(keys).publicKey) &&
    named.receiptKey === receiptKeyOf(keys) &&
    named.evidence === keys.evidence;
  must(isOurs, 'binding_mismatch', `the release names other keys for host ${keys.host} than were made here`);
}

async function openShares(
  sealed: readonly SealedShare[],
  authority: VerifiedAuthority,
  core: ManifestCore,
  keys: HostKeys,
  verify: Verify,
): Promise<readonly Share[]> {
  const persons = new Set(sealed.map((share) => share.person));
  must(persons.size === sealed.length, 'share_invalid', 'the vault handed over two shares of one custodian');
  const shares: Share[] = [];
  for (const share of sealed) shares.push(await openOne(share, authority, core, keys, verify));
  must(
    shares.length >= core.threshold,
    'quorum_missing',
    `expected the shares of ${core.threshold} custodians, got ${shares.length}: fetch again`,
  );
  return shares;
}

async function openOne(
  sealed: SealedShare,
  { vault, persons, committee, authenticators, release }: VerifiedAuthority,
  core: ManifestCore,
  keys: HostKeys,
  verify: Verify,
): Promise<Share> {
  const { person, credential } = sealed;
  const name = persons.get(person) ?? person;
  const named = `${quoted(name)}, person ${person}`;
  const isApprover = release.votes.some(
    (vote) => vote.person === person && vote.credential === credential && vote.decision === 'approve',
  );
  must(isApprover, 'share_invalid', `a share of ${named}, who has not approved this release`, { person });
  const index = committee.members.find((member) => member.person === person)?.index;
  must(index === sealed.index, 'share_invalid', `expected share ${index} of ${named}, got ${sealed.index}`, { person });
  const signing = authenticators.get(credential)?.signing;
  must(signing !== undefined, 'credential_unknown', `${named} has no authenticator with this credential`);
  const { envelope } = sealed;
  const signed = { vault, subject: release.digest, recipient: keys.host, envelope };
  await verify(sealedSignatureClaim(signed, signing, sealed.signature));
  // From here on this custodian has signed the share: they answer for every fault in it.
  try {
    const { evidence } = keys;
    const sealedTo = { vault, statement: release.digest, evidence, epoch: release.statement.epoch };
    const share = await openHostShare(sealedTo, index, kemOf(keys), envelope);
    return verifyShare(share, core.commitments.map(fromBase64url));
  } catch (cause) {
    if (!(cause instanceof TwinlockError)) throw cause;
    const message = `a share is bad (${cause.code}), which ${named} sealed and signed: keep it, and ask them why`;
    throw new TwinlockError('share_invalid', message, { person, name, index }, { cause });
  }
}
