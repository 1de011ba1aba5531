import type { Base64url, Hex } from '../core/bytes.ts';
import { SEALED_SHARE_BYTES } from '../core/envelope/sealed-share.ts';
import { sealedSignatureClaim } from '../core/envelope/sealed-signature.ts';
import { type Code, must, TwinlockError } from '../core/errors.ts';
import type { EntryBodyOf, EntryDraft } from '../core/log/entry.ts';
import { currentAuthenticator } from '../core/state/checks/signatures.ts';
import { committeeOf } from '../core/state/committees.ts';
import { proposalOf } from '../core/state/lifecycle.ts';
import { rosterBytes } from '../core/state/roster.ts';
import type { Facts } from '../core/state/state.ts';
import type { Pause } from './act.ts';
import type { Context } from './context.ts';
import type { HostShareRow } from './ports.ts';
import type { Recorded } from './recorder.ts';
import { grantOf } from './release.ts';
import type { CustodianCaller } from './sessions.ts';

interface HostEnvelope {
  readonly host: number;
  readonly envelope: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Custody {
  readonly manifest: Hex;
  readonly credential: Base64url;
  readonly envelope: Hex;
  readonly signature: Base64url;
}

export interface Decision extends Omit<EntryBodyOf<'approval'>, 'person' | 'proposal'> {
  readonly envelopes: readonly HostEnvelope[];
  readonly custody: Custody | null;
}

/**
 * Records a custodian's decision with its envelopes and receipt. If the decision completes the quorum, the same
 * transaction records the release. If a stop or the day's budget forbids the release now, only the decision is recorded.
 * Upkeep then tries the release again until the proposal expires.
 */
export async function decide(
  context: Context,
  caller: CustodianCaller,
  proposalDigest: Hex,
  decision: Decision,
): Promise<Recorded> {
  const { envelopes, custody, ...body } = decision;
  let waitsFor: Code | null = null;
  const follow = async (facts: Facts, timeMs: number, pause: Pause) => {
    try {
      return await grantOf(context, facts, proposalDigest, timeMs, pause);
    } catch (error) {
      if (!(error instanceof TwinlockError)) throw error;
      waitsFor = error.code;
      return null;
    }
  };
  const recorded = await context.recorder.record((facts) => {
    must(facts !== null, 'genesis_incomplete', 'the vault has not been founded');
    const confirmed =
      custody !== null && (facts.versions.get(custody.manifest)?.confirmed ?? []).includes(custody.credential);
    const drafts: EntryDraft[] = [
      { kind: 'approval', body: { ...body, proposal: proposalDigest, person: caller.person } },
    ];
    if (custody !== null && !confirmed) drafts.unshift(custodyDraft(caller, custody));
    const objects = new Map([[decision.roster, rosterBytes(facts)]]);
    return { drafts, objects, hostShares: hostShares(context, facts, caller, proposalDigest, decision), follow };
  });
  // The decision carries a signed time, which may confirm the clock.
  context.watch.look(context.recorder.facts);
  if (waitsFor !== null) context.refusals.note(waitsFor, 'release', null);
  return recorded;
}

/** Records that a custodian has opened one of their envelopes and checked the share in it. */
export function confirmCustody(context: Context, caller: CustodianCaller, custody: Custody): Promise<Recorded> {
  return context.recorder.record(() => ({ timeMs: context.watch.nowMs, drafts: [custodyDraft(caller, custody)] }));
}

function custodyDraft(caller: CustodianCaller, custody: Custody): EntryDraft {
  return { kind: 'receipt', body: { type: 'custody', person: caller.person, ...custody } };
}

/**
 * Checks the shares that come with the approval of a release: one for each host, each signed with the custodian's
 * share-signing key. Shares are erasable, so the fold never sees them. This function and the host verify the signature
 * of each share, so that no custodian is blamed for the share of another.
 */
function hostShares(
  context: Context,
  facts: Facts,
  caller: CustodianCaller,
  releaseDigest: Hex,
  { decision, credential, envelopes }: Decision,
): readonly HostShareRow[] {
  const { statement } = proposalOf(facts, releaseDigest);
  const wanted = statement.kind === 'release' && decision === 'approve' ? statement.hosts.length : 0;
  const hosts = new Set(envelopes.map((e) => e.host));
  const isComplete =
    envelopes.length === wanted && hosts.size === wanted && [...hosts].every((hostIndex) => hostIndex < wanted);
  must(isComplete, 'envelopes_mismatch', `expected ${wanted} envelopes, one for each host, got ${envelopes.length}`);
  const { signing } = currentAuthenticator(facts, caller.person, credential);
  const index = committeeOf(facts, statement).members.find((member) => member.person === caller.person)?.index ?? 0;
  return envelopes.map(({ host, envelope, signature }) => {
    const bytes = envelope.length;
    must(
      bytes === SEALED_SHARE_BYTES,
      'envelope_invalid',
      `expected an envelope of ${SEALED_SHARE_BYTES} bytes, got ${bytes}`,
    );
    const sealed = { vault: facts.vault, subject: releaseDigest, recipient: host, envelope };
    context.verify(sealedSignatureClaim(sealed, signing, signature));
    return { release: releaseDigest, host, person: caller.person, index, credential, envelope, signature };
  });
}
