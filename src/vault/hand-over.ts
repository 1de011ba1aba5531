import { fromUtf8, type Hex, toBase64url, toHex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { parseEntry } from '../core/log/entry.ts';
import { objectsNamed } from '../core/state/apply.ts';
import { type AuthorityChain, authorityOf, sizesNamed } from '../core/state/authority.ts';
import type { Context } from './context.ts';
import type { HostShareRow } from './ports.ts';
import { liveRelease } from './release.ts';
import type { PrincipalCaller } from './sessions.ts';

export interface Handover {
  readonly shares: readonly HostShareRow[];
  /** The bearer token, sealed to the host's KEM key. */
  readonly token: Uint8Array;
  readonly authority: AuthorityChain;
}

/** What a released host is handed: nothing in it is a secret to anybody but the holder of its one-time key. */
export async function handOver(
  context: Context,
  caller: PrincipalCaller,
  release: Hex,
  host: number,
): Promise<Handover> {
  const proposal = liveRelease(context, release);
  const isOwn = proposal.statement.proposer.key === caller.key;
  must(isOwn, 'not_permitted', 'the release was requested with another key');
  must(host < proposal.statement.hosts.length, 'release_unknown', `the release has no host ${host}`);
  const token = await context.log.tokenOf(release, host);
  must(token !== null, 'release_unknown', `nothing is kept for host ${host}: the lease has ended`);
  const approved = new Set(proposal.votes.filter((vote) => vote.decision === 'approve').map((vote) => vote.credential));
  const shares = (await context.log.hostShares(release, host)).filter((share) => approved.has(share.credential));
  return { shares, token: token.sealed, authority: await authorityChainOf(context, release) };
}

/** The entries that the release rests on, with what proves that they are in the log. */
async function authorityChainOf(context: Context, release: Hex): Promise<AuthorityChain> {
  const { recorder, log } = context;
  const { facts, proofs, checkpoint } = recorder;
  const size = recorder.size;
  const objects = new Map<Hex, Uint8Array>();
  const entries: { text: string; proof: Hex[] }[] = [];
  const sizes = new Set<number>();
  for (const index of authorityOf(facts, release)) {
    const [row] = await log.entries(index, 1);
    must(row !== undefined, 'storage_corrupt', `entry ${index} is not in the store`);
    const entry = parseEntry(row.bytes);
    const named = await log.objects(objectsNamed(entry));
    for (const [digest, bytes] of named) objects.set(digest, bytes);
    for (const named of sizesNamed(entry, objects)) sizes.add(named);
    const proof = await proofs.inclusionProof(index, size);
    entries.push({ text: fromUtf8(row.bytes), proof: proof.map(toHex) });
  }
  sizes.delete(size);
  const prefixes: AuthorityChain['prefixes'] = [];
  for (const earlier of sizes) {
    const [root, proof] = [await proofs.rootAt(earlier), await proofs.consistencyProof(earlier, size)];
    prefixes.push({ size: earlier, root: toHex(root), proof: proof.map(toHex) });
  }
  return {
    checkpoint: fromUtf8(checkpoint),
    entries,
    objects: Object.fromEntries([...objects].map(([digest, bytes]) => [digest, toBase64url(bytes)])),
    prefixes,
  };
}
