import { fromUtf8, type Hex, toBase64url, toHex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { parseEntry } from '../core/log/entry.ts';
import { type AuthorityChain, authorityOf, countedApprovals, objectsInChain } from '../core/state/authority-chain.ts';
import type { Proposal } from '../core/state/state.ts';
import type { StatementOf } from '../core/statement/statement.ts';
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

/** Returns what a released host receives. Only the holder of the host's one-time key can read the secrets in it. */
export async function handOver(
  context: Context,
  caller: PrincipalCaller,
  releaseDigest: Hex,
  hostIndex: number,
): Promise<Handover> {
  const proposal = liveRelease(context, releaseDigest);
  const isOwn = proposal.statement.proposer.key === caller.key;
  must(isOwn, 'not_permitted', 'the release was requested with another key');
  must(hostIndex < proposal.statement.hosts.length, 'proposal_unknown', `the release has no host ${hostIndex}`);
  const token = await context.log.tokenOf(releaseDigest, hostIndex);
  must(token !== null, 'proposal_unknown', `nothing is kept for host ${hostIndex}: the lease has ended`);
  const approved = new Set(countedApprovals(context.recorder.facts, proposal).map((vote) => vote.credential));
  const shares = (await context.log.hostShares(releaseDigest, hostIndex)).filter((share) =>
    approved.has(share.credential),
  );
  return { shares, token: token.sealed, authority: await authorityChainOf(context, proposal) };
}

/** Returns the entries and objects that authorise the release, with proofs that the log holds them. */
async function authorityChainOf(
  { recorder, log }: Context,
  { digest, statement }: Pick<Proposal<StatementOf<'release'>>, 'digest' | 'statement'>,
): Promise<AuthorityChain> {
  const { facts, proofs, published: checkpoint, size } = recorder;
  const entries: { text: string; proof: Hex[] }[] = [];
  const named = new Set([statement.manifest]);
  const sizes = new Set<number>();
  for (const index of authorityOf(facts, digest)) {
    const [row] = await log.entries(index, 1);
    must(row !== undefined, 'storage_corrupt', `entry ${index} is not in the store`);
    const entry = parseEntry(row.bytes);
    for (const name of objectsInChain(entry)) named.add(name);
    if (entry.kind === 'approval') sizes.add(entry.body.checkpoint.size);
    const proof = await proofs.inclusionProof(index, size);
    entries.push({ text: fromUtf8(row.bytes), proof: proof.map(toHex) });
  }
  sizes.delete(size);
  const prefixes: AuthorityChain['prefixes'] = [];
  for (const earlier of sizes) {
    const [root, proof] = [await proofs.rootAt(earlier), await proofs.consistencyProof(earlier, size)];
    prefixes.push({ size: earlier, root: toHex(root), proof: proof.map(toHex) });
  }
  const objects = await log.objects([...named]);
  return {
    checkpoint: fromUtf8(checkpoint),
    entries,
    objects: Object.fromEntries([...objects].map(([name, bytes]) => [name, toBase64url(bytes)])),
    prefixes,
  };
}
