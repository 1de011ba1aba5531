import type { Hex } from '../core/bytes.ts';
import { TwinlockError } from '../core/errors.ts';
import type { SignedStop } from '../core/log/signed-stop.ts';
import { authenticatorNamed, checkStop, judgeStop, keyDigest } from '../core/state/rules/stop.ts';
import type { Facts, RecordedStop } from '../core/state/state.ts';
import { type StopNames, stopNames, untrueStop } from '../core/state/stop-text.ts';
import { type Stop, statementDigest } from '../core/statement/statement.ts';
import type { Context } from './context.ts';

export interface StopAnswer {
  /** Entry that holds the stop; null where something else had ended before what it would end. */
  readonly index: number | null;
  readonly checkpoint: Uint8Array;
  readonly digest: Hex;
  /** Nothing was recorded now: what it asks for is so already. */
  readonly already: boolean;
  /** Those of everything, for the signer of this one; null where the log has shown it to others, and while the vault runs. */
  readonly stopped: readonly RecordedStop[] | null;
  /** What the log calls its keys, told to its signer alone; null where the log has shown it to others. */
  readonly names: StopNames | null;
}

/**
 * Records a stop, from any sender: the signature says whose it is. It goes before all that waits, needs no
 * session, no challenge and no clock, and spends the budget of its own key alone. What is stopped already is no
 * failure. The log shows every stop, and its readers can send one again with a true signature: so only what is
 * recorded is counted. One that the fold refuses takes no turn and leaves no refusal in the log. Throws as `checkStop`,
 * `judgeStop` and `Recorder.record`, `signature_invalid`, and `rate_limited` for a key that stops more in a minute than
 * a person or a machine can mean.
 */
export async function stop(
  { recorder, verify, stops, refusals }: Pick<Context, 'recorder' | 'verify' | 'stops' | 'refusals'>,
  { statement, signature }: SignedStop,
): Promise<StopAnswer> {
  const digest = statementDigest(statement);
  const { facts } = recorder;
  // Then its sender may be anybody who reads the log.
  const isRead = facts.statements.has(digest);
  const answer = (index: number | null, already: boolean): StopAnswer => {
    const { facts: now, checkpoint } = recorder;
    const told = isRead ? { stopped: null, names: null } : { stopped: now.stopped, names: stopNames(now, statement) };
    return { index, checkpoint, digest, already, ...told };
  };
  // The same one by another route. Its signature was found to be true the first time.
  if (isInForce(facts, statement, digest)) return answer(null, true);
  const { person, claim } = checkStop(facts, statement, signature);
  try {
    verify(claim);
  } catch (error) {
    throw untrueStop(error, statement);
  }
  const standing = standingOf(facts, statement, person);
  if (standing !== null) return answer(standing.index, true);
  const draft = { kind: 'stop', body: { statement: { ...statement }, signature } } as const;
  const judge = (now: Facts) => judgeStop(now, { ...draft, index: recorder.size, time: 0 });
  judge(facts);
  const key = statement.by.kind === 'custodian' ? statement.by.credential : statement.by.key;
  try {
    const { index } = await recorder.record(() => {
      // Others may have been recorded while this one waited for its turn.
      judge(recorder.facts);
      stops.take(key);
      return { drafts: [draft] };
    }, 'urgent');
    return answer(index, false);
  } catch (error) {
    if (isInForce(recorder.facts, statement, digest)) return answer(null, true);
    if (error instanceof TwinlockError && error.code === 'rate_limited') refusals.note(error.code, 'stop', key);
    throw error;
  }
}

/** Whether this very stop has been recorded, and no resumption has taken it back since. */
function isInForce({ statements, stopped }: Facts, { what }: Stop, digest: Hex): boolean {
  if (!statements.has(digest)) return false;
  return what !== 'all' || (stopped ?? []).some((stop) => stop.digest === digest);
}

/** Whether what a stop asks for is so already, and since which entry, where that is known. */
function standingOf(facts: Facts, { what, target }: Stop, person: Hex): { readonly index: number | null } | null {
  switch (what) {
    case 'all': {
      const own = facts.stopped?.find((stop) => stop.person === person);
      return own === undefined ? null : { index: own.index };
    }
    case 'release':
    case 'proposal': {
      const proposal = facts.proposals.get(target);
      const isLive = proposal?.phase === 'open' || proposal?.phase === 'approved';
      const isServed = proposal?.phase === 'executed' && !proposal.ended;
      return proposal === undefined || isLive || isServed ? null : { index: null };
    }
    case 'version':
      return facts.versions.get(target)?.phase === 'withdrawn' ? { index: null } : null;
    case 'authenticator':
      return retired(authenticatorNamed(facts, target));
    case 'principal':
      return retired(facts.principals.find(({ key }) => keyDigest(key) === target));
  }
}

function retired(key: { readonly retiredAt: number | null } | undefined): { readonly index: number } | null {
  return key === undefined || key.retiredAt === null ? null : { index: key.retiredAt };
}
