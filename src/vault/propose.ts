import { type Base64url, fromBase64url, type Hex } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import type { ProposerSignature } from '../core/log/entry.ts';
import { objectsOfStatement } from '../core/state/apply.ts';
import { isPending } from '../core/state/lifecycle.ts';
import { standingOf } from '../core/state/standing.ts';
import type { Facts } from '../core/state/state.ts';
import {
  type Proposer,
  parseStatement,
  type ReleaseHost,
  type Statement,
  type StatementOf,
  statementDigest,
} from '../core/statement/statement.ts';
import type { Context } from './context.ts';
import { ENTRIES_A_DAY_A_KEY, ENTRIES_AN_HOUR_A_KEY, OPEN_PROPOSALS_A_KEY } from './limits.ts';
import type { Recorded } from './recorder.ts';
import type { OpenRequest } from './requests.ts';
import { type Caller, callerNameOf } from './sessions.ts';

/** A place becomes free when people decide: how soon it is worth asking again. */
const DECISIONS_MS = 5_000;
const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

export interface RecordedProposal extends Recorded {
  readonly digest: Hex;
}

interface Proposing {
  readonly statement: Record<string, unknown>;
  readonly signature: ProposerSignature;
  /** Bytes in base64url by digest: those that the statement names are looked at, and no others. */
  readonly objects: Readonly<Record<Hex, Base64url>>;
}

/**
 * Puts a statement before the custodians. A release also uses up the request that its evidence answers, and names
 * only what this vault reached for that request, and has kept: nothing else is looked at. Throws `rate_limited`,
 * `challenge_unknown`, `appraisal_mismatch`, `binding_mismatch`, and as `Recorder.record`.
 */
export async function propose(
  context: Context,
  caller: Caller,
  { signature, objects, ...request }: Proposing,
): Promise<RecordedProposal> {
  const statement = parseStatement(request.statement);
  requireCallersOwn(caller, statement);
  const propose = () => (statement.kind === 'release' ? release(statement) : record(named(statement, objects)));
  return context.shares.recording(callerNameOf(caller), propose);

  function release({ request, proposer, hosts }: StatementOf<'release'>): Promise<RecordedProposal> {
    must(proposer.kind === 'principal', 'not_permitted', 'a release is requested by a principal');
    const { reached } = context.requests.find(request, proposer.key);
    const kept = hosts.flatMap((host, position) => [...reachedFor(reached, host, position)]);
    return context.requests.spend(request, proposer.key, () => record(new Map(kept)));
  }

  async function record(objects: ReadonlyMap<Hex, Uint8Array>): Promise<RecordedProposal> {
    const recorded = await context.recorder.record((facts) => {
      if (facts !== null)
        requireAffordable(facts, caller, {
          nowMs: context.clock.now(),
          overMs: context.watch.overMs(facts.attestedMs),
        });
      return { objects, drafts: [{ kind: 'proposal', body: { statement: { ...statement }, signature } }] };
    });
    return { ...recorded, digest: statementDigest(statement) };
  }
}

/** The evidence that this vault has appraised for the request. It appraises no other evidence again. */
function reachedFor(
  reached: OpenRequest['reached'],
  host: ReleaseHost,
  position: number,
): ReadonlyMap<Hex, Uint8Array> {
  const own = reached.get(host.appraisal);
  must(
    own !== undefined,
    'appraisal_mismatch',
    `host ${position}: the appraisal ${host.appraisal} is none that this vault reached for the request`,
  );
  const { evidence, endorsements } = own.named;
  const same = evidence === host.evidence && endorsements === host.endorsements;
  must(same, 'binding_mismatch', `host ${position}: its appraisal is of other evidence or endorsements`);
  return own.objects;
}

/** Milliseconds since the epoch. */
interface Times {
  /** By the wall clock, which dates proposals. */
  readonly nowMs: number;
  /** As `ClockWatch.overMs`: a clock that has jumped frees no place for another open proposal. */
  readonly overMs: number;
}

/**
 * No caller makes the log too long to replay: what they have proposed is counted in the log, which a restart does not
 * change; of a custodian with all their authenticators. A machine, which proposes without a touch, has so many open at
 * once. Throws `rate_limited`.
 */
export function requireAffordable(facts: Facts, caller: Caller, { nowMs, overMs }: Times): void {
  const own = facts.proposals.filter(({ statement: { proposer } }) => isCaller(caller, proposer));
  // One that has expired, also before an entry says so, or that something has overtaken counts no longer.
  const open = own.count((proposal) => isPending(standingOf(facts, proposal, overMs)));
  must(
    caller.role === 'custodian' || open < OPEN_PROPOSALS_A_KEY,
    'rate_limited',
    `expected at most ${OPEN_PROPOSALS_A_KEY} open proposals of one key: wait for decisions, or withdraw some`,
    { retryAfterMs: DECISIONS_MS },
  );
  const stated = facts.statements.valueSeq().filter(({ by }) => by === proposerName(caller));
  const within = (most: number, windowMs: number, window: string) => {
    const times = stated.map(({ time }) => time).filter((time) => Math.abs(nowMs - time) < windowMs);
    const message = `expected at most ${most} proposals of one proposer in ${window}: try again later`;
    must(times.count() < most, 'rate_limited', message, { retryAfterMs: (times.min() ?? nowMs) + windowMs - nowMs });
  };
  within(ENTRIES_AN_HOUR_A_KEY, HOUR_MS, 'an hour');
  within(ENTRIES_A_DAY_A_KEY, DAY_MS, 'a day');
}

/** One proposes in one's own name. */
function requireCallersOwn(caller: Caller, statement: Statement): void {
  must(statement.kind !== 'stop', 'not_permitted', 'a statement of kind stop is not proposed');
  const own = isCaller(caller, statement.proposer);
  must(own, 'not_permitted', 'expected a statement whose proposer is the caller');
}

/** As the log names who has proposed something. */
function proposerName(caller: Caller): string {
  return caller.role === 'custodian' ? caller.person : caller.key;
}

function isCaller(caller: Caller, proposer: Proposer): boolean {
  return caller.role === 'custodian'
    ? proposer.kind === 'custodian' && proposer.person === caller.person
    : proposer.kind === 'principal' && proposer.key === caller.key;
}

/** The vault decodes and stores only objects that the statement names. */
function named(statement: Statement, objects: Proposing['objects']): Map<Hex, Uint8Array> {
  const brought = objectsOfStatement(statement).filter((digest) => Object.hasOwn(objects, digest));
  return new Map(brought.map((digest) => [digest, fromBase64url(objects[digest] ?? '')]));
}
