import type { Hex } from '../core/bytes.ts';
import { TwinlockError } from '../core/errors.ts';
import type { SignedStop } from '../core/log/signed-stop.ts';
import { authenticatorNamed, checkStop, judgeStop, keyDigest } from '../core/state/entries/stop.ts';
import { hasTakenEffect, isEnd } from '../core/state/lifecycle.ts';
import type { EnrolledAuthenticator, Facts, Principal, RecordedStop } from '../core/state/state.ts';
import { type StopNames, stopNames, untrueStop } from '../core/state/stop-text.ts';
import { isWithdrawnVersion } from '../core/state/versions.ts';
import { type Stop, statementDigest } from '../core/statement/statement.ts';
import type { Context } from './context.ts';

export interface StopAnswer {
  /** Entry that holds the stop; null where something else had ended before what it would end. */
  readonly index: number | null;
  readonly checkpoint: Uint8Array;
  readonly digest: Hex;
  /** Whether the effect of the stop already held. The vault then records no new entry. */
  readonly already: boolean;
  /**
   * The stop since which it is so already, as `names` are told; null where nothing was so, or a quorum or an end made
   * it so.
   */
  readonly earlier: RecordedStop | null;
  /** Those of everything, as `names` are told, and not to a key that was retired before; null while the vault runs. */
  readonly stopped: readonly RecordedStop[] | null;
  /**
   * The log's names for its keys, for its signer and the operator. Null if another person may have read the stop in the
   * log.
   */
  readonly names: StopNames | null;
}

/** The sender of a stop: any caller, or the operator, who may read the log on the vault's own machine. */
export type StopSender = 'anybody' | 'operator';

/**
 * Records a stop from any sender; the signature shows the signer. A stop goes before all waiting acts. It needs no
 * session, no challenge and no clock, and spends only the stop allowance of its own key. A stop whose effect already
 * holds succeeds. Only recorded stops count, because readers of the log can send a true stop again. A stop that the fold
 * refuses takes no turn and leaves no refusal in the log. Throws as `checkStop`, `judgeStop` and
 * `Recorder.recordUrgent`, `signature_invalid`, and `rate_limited` after `STOPS_A_MINUTE_A_KEY` stops of a key in a
 * minute.
 */
export async function stop(
  { recorder, verify, stops, refusals }: Pick<Context, 'recorder' | 'verify' | 'stops' | 'refusals'>,
  { statement, signature }: SignedStop,
  sender: StopSender = 'anybody',
): Promise<StopAnswer> {
  const digest = statementDigest(statement);
  const { facts } = recorder;
  // Every reader of the log can send a stop that the log shows.
  const isRead = isKnown(facts, statement, digest) && sender !== 'operator';
  const isOut = isSignerRetired(facts, statement) && sender !== 'operator';
  const answer = (index: number | null, already: boolean, earlier: RecordedStop | null = null): StopAnswer => {
    const { facts: now, committed: checkpoint } = recorder;
    const told = isRead
      ? { earlier: null, stopped: null, names: null }
      : { earlier, stopped: isOut ? null : now.stopped, names: stopNames(now, statement) };
    return { index, checkpoint, digest, already, ...told };
  };
  // The log holds this very stop. The vault verified its signature when it recorded it.
  if (isStopInForce(facts, statement, digest)) {
    return answer(null, true, alreadyOf(facts, statement, (other) => other.digest === digest)?.earlier);
  }
  const { person, claim } = checkStop(facts, statement, signature);
  try {
    verify(claim);
  } catch (error) {
    throw untrueStop(error, statement);
  }
  const standing = alreadyOf(facts, statement, (other) => other.person === person);
  if (standing !== null) return answer(standing.index, true, standing.earlier);
  const draft = { kind: 'stop', body: { statement: { ...statement }, signature } } as const;
  const judge = (now: Facts) => judgeStop(now, { ...draft, index: recorder.size, time: 0 });
  judge(facts);
  const key = statement.by.kind === 'custodian' ? statement.by.credential : statement.by.key;
  try {
    let isCounted = false;
    const { index } = await recorder.recordUrgent(digest, () => {
      // Others may have been recorded while this one waited for its turn, or for the signer.
      judge(recorder.facts);
      if (!isCounted) stops.take(key);
      isCounted = true;
      return { drafts: [draft] };
    });
    return answer(index, false);
  } catch (error) {
    if (isStopInForce(recorder.facts, statement, digest)) return answer(null, true);
    if (error instanceof TwinlockError && error.code === 'rate_limited') refusals.note(error.code, 'stop', key);
    throw error;
  }
}

/** Whether this very stop has been recorded, and no resumption has taken it back since. */
function isStopInForce(facts: Facts, statement: Stop, digest: Hex): boolean {
  const { what } = statement;
  const { stopped } = facts;
  return what === 'all' ? (stopped ?? []).some((stop) => stop.digest === digest) : isKnown(facts, statement, digest);
}

/**
 * Whether the state shows that the log holds this stop: as a recent statement, or as the stop that ended its target.
 */
function isKnown(facts: Facts, statement: Stop, digest: Hex): boolean {
  const isThis = (stop: RecordedStop) => stop.digest === digest;
  const earlier = alreadyOf(facts, statement, isThis)?.earlier ?? null;
  return facts.statements.has(digest) || (earlier !== null && isThis(earlier));
}

/** Whether the key that signed it has been retired. */
function isSignerRetired({ authenticators, principals }: Facts, { by }: Stop): boolean {
  const key = by.kind === 'custodian' ? authenticators.get(by.credential) : principals.get(by.key);
  return key !== undefined && key.retiredAt !== null;
}

/** The entry and the stop by which the effect of a stop already holds; null where unknown. */
interface Already {
  readonly index: number | null;
  readonly earlier: RecordedStop | null;
}

/**
 * Returns null if the effect of the stop does not hold yet. `isOwn` selects the stop of everything that has it already.
 */
function alreadyOf(facts: Facts, { what, target }: Stop, isOwn: (stop: RecordedStop) => boolean): Already | null {
  switch (what) {
    case 'all': {
      const own = facts.stopped?.find(isOwn);
      return own === undefined ? null : { index: own.index, earlier: own };
    }
    case 'release':
    case 'proposal': {
      const proposal = facts.proposals.get(target);
      if (proposal === undefined || !isEnd(proposal.phase)) return null;
      // A proposal that took effect was not withdrawn, even if it is over now. The sender must not be told that it was.
      const hadEffect = what === 'proposal' && hasTakenEffect(proposal);
      return hadEffect ? null : { index: null, earlier: proposal.stop };
    }
    case 'version': {
      const version = facts.versions.get(target);
      return version !== undefined && isWithdrawnVersion(version) ? { index: null, earlier: version.stop } : null;
    }
    case 'authenticator':
      return retired(authenticatorNamed(facts, target));
    case 'principal':
      return retired(facts.principals.find(({ key }) => keyDigest(key) === target));
  }
}

function retired(key: Principal | EnrolledAuthenticator | undefined): Already | null {
  return key === undefined || key.retiredAt === null ? null : { index: key.retiredAt, earlier: key.stop };
}
