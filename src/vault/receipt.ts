import type { Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import type { HostReceipt } from '../core/log/entry.ts';
import type { Context } from './context.ts';
import type { Recorded } from './recorder.ts';
import type { PrincipalCaller } from './sessions.ts';

/** Records a host's signed receipt. */
export function giveReceipt(
  context: Context,
  caller: PrincipalCaller,
  releaseDigest: Hex,
  receipt: Omit<HostReceipt, 'type' | 'release'>,
): Promise<Recorded> {
  return context.recorder.record((facts) => {
    const proposer = facts?.proposals.get(releaseDigest)?.statement.proposer;
    must(proposer !== undefined, 'proposal_unknown', `there is no release ${releaseDigest}`);
    const isOwn = proposer.kind === 'principal' && proposer.key === caller.key;
    must(isOwn, 'not_permitted', 'the release was requested with another key');
    const drafts = [{ kind: 'receipt', body: { type: 'host', release: releaseDigest, ...receipt } }] as const;
    return { timeMs: context.watch.nowMs, drafts };
  });
}
