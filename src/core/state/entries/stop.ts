import { fromBase64url, type Hex, toHex, utf8, ZERO_32 } from '../../bytes.ts';
import { digestOf } from '../../canonical.ts';
import { must } from '../../errors.ts';
import type { EntryOf, ProposerSignature } from '../../log/entry.ts';
import type { SignatureClaim } from '../../signature/claim.ts';
import { parseStatement, type Stop, statementDigest } from '../../statement/statement.ts';
import { signableMessage } from '../../webauthn/challenge.ts';
import { MAX_RESUMPTIONS } from '../bounds.ts';
import { requireStillDecides } from '../checks/retirement.ts';
import { assertionClaim, currentAuthenticator, currentPrincipal, ed25519Claim } from '../checks/signatures.ts';
import type { Judgement } from '../judgement.ts';
import { advanced, proposalOf, releaseOf, unknownProposalText } from '../lifecycle.ts';
import type { EnrolledAuthenticator, Facts, LogPlace, Principal, Proposal, RecordedStop } from '../state.ts';
import { isWithdrawnVersion } from '../versions.ts';
import { withProposal } from './proposal.ts';

const ZEROS = toHex(ZERO_32);

/** A stop and its place in the log. */
interface PlacedStop {
  readonly stop: Stop;
  readonly digest: Hex;
  /** The person who signed the stop. */
  readonly person: Hex;
  readonly index: number;
  readonly time: number;
}

/**
 * Stopping needs one. No committee, epoch, policy or clock is asked for: otherwise a stop could lose a race against a
 * change, or be refused after two days in a person's pocket, and custodians could not rely on it. An old stop stops
 * nothing again because of what it rests on and of what has become of its target.
 */
export function judgeStop(facts: Facts, entry: Pick<EntryOf<'stop'>, 'kind' | 'index' | 'time' | 'body'>): Judgement {
  const stop = parseStatement(entry.body.statement);
  must(stop.kind === 'stop', 'unknown_kind', `expected a statement of kind stop, got ${stop.kind}`);
  const { claim, person } = checkStop(facts, stop, entry.body.signature);
  const digest = statementDigest(stop);
  requireUnrecorded(facts, digest);
  requireFreshStop(facts, stop, person);
  const stopped = STOPS[stop.what](facts, { stop, digest, person, index: entry.index, time: entry.time });
  return { claims: [claim], facts: { ...stopped, statements: withStop(stopped.statements, digest, entry) } };
}

/** The facts that are needed to check a stop and to find who made it. */
interface StopView extends Pick<Facts, 'vault' | 'genesis' | 'committee' | 'authenticators'> {
  readonly principals: { get(key: string): Pick<Principal, 'owner' | 'name' | 'retiredAt'> | undefined };
  readonly proposals: { get(digest: Hex): Pick<Proposal, 'statement'> | undefined };
}

/**
 * Whose stop it is, that they may, and the claim that they signed it, which is yet to be discharged. Knows a
 * stranger before anything costs much. A retired key passes where it asks for its own retirement, which `judgeStop` then
 * refuses: so a vault can answer that it is so already. Throws `wrong_vault`, `credential_unknown`,
 * `credential_retired`, `not_a_custodian`, `principal_unknown`, `principal_retired`, `not_permitted`, and as
 * checkAssertion.
 */
export function checkStop(
  facts: StopView,
  stop: Stop,
  signature: ProposerSignature,
): { readonly person: Hex; readonly claim: SignatureClaim } {
  const { by, vault, what } = stop;
  must(vault === facts.vault, 'wrong_vault', `expected vault ${facts.vault}, got ${vault}`);
  if (by.kind === 'custodian' && signature.kind === 'assertion') {
    const known = facts.authenticators.get(by.credential);
    must(known !== undefined, 'credential_unknown', 'this authenticator is not enrolled in this vault');
    const isAgain = known.retiredAt !== null && retiresItself(stop);
    const authenticator = isAgain ? known : currentAuthenticator(facts, known.person, by.credential);
    const { kind: _, ...assertion } = signature;
    const signable = { label: 'stop', vault, what, statement: statementDigest(stop) } as const;
    return { person: known.person, claim: assertionClaim(facts, authenticator, signable, assertion) };
  }
  must(
    by.kind === 'principal' && signature.kind === 'ed25519',
    'not_permitted',
    `expected the signature of a ${by.kind}, got ${signature.kind}`,
  );
  const known = facts.principals.get(by.key);
  const isAgain = known !== undefined && known.retiredAt !== null && retiresItself(stop);
  const { owner } = isAgain ? known : currentPrincipal(facts, by.key);
  requireMayStop(facts, by.key, stop);
  const message = signableMessage({ label: 'stop', vault, what, statement: statementDigest(stop) });
  return { person: owner, claim: ed25519Claim(by.key, message, signature.signature, 'stop by a principal') };
}

/** A key that has retired itself asks for nothing more when it does so again: it is told that it is so. */
function retiresItself({ what, target, by }: Stop): boolean {
  return by.kind === 'custodian'
    ? what === 'authenticator' && target === digestOf(fromBase64url(by.credential))
    : what === 'principal' && target === keyDigest(by.key);
}

/** Any custodian may stop anything; a principal only what it has itself proposed, and itself. */
function requireMayStop(facts: Pick<StopView, 'proposals'>, key: string, { what, target }: Stop): void {
  const proposed = facts.proposals.get(target)?.statement.proposer;
  const isOwn = (what === 'proposal' || what === 'release') && proposed?.kind === 'principal' && proposed.key === key;
  const isItself = what === 'principal' && target === keyDigest(key);
  must(isOwn || isItself, 'not_permitted', 'a principal stops only what it has proposed, and itself');
}

function withStop(statements: Facts['statements'], digest: Hex, { index, time }: LogPlace): Facts['statements'] {
  return statements.set(digest, { index, time, by: null });
}

/**
 * A stop counts once. Says what became of it and how the vault stands, for a person who relies on it: no name, no
 * reason.
 */
function requireUnrecorded({ statements, stopped }: Facts, digest: Hex): void {
  const stated = statements.get(digest);
  if (stated === undefined) return;
  const recorded = `this stop was recorded as entry ${stated.index}`;
  const isInForce = stopped?.some((stop) => stop.digest === digest) === true;
  const since = `${recorded}, and a quorum has resumed the vault since`;
  const now =
    stopped === null
      ? `${since}: ${NOT_STOPPED}`
      : `${since}; another stop holds it now: to add yours, sign a new stop`;
  must(false, 'statement_seen', isInForce ? `${recorded}, and is in force: a stop counts once` : now);
}

const NOT_STOPPED = 'the vault is NOT stopped: sign a new stop';

/**
 * A stop of everything counts once, and is not used up by a resumption whose voters never heard it: it rests
 * on the last resumption that its signer knew of, and that must be a later one than their word was last heard
 * in, by a stop that was recorded or by their part in a resumption. Every other stop is used up by what it does.
 */
function requireFreshStop(facts: Facts, { what, base }: Stop, person: Hex): void {
  if (what !== 'all') {
    must(base === ZEROS, 'wrong_base', 'stop.base: expected zeros');
    return;
  }
  const { resumptions } = facts;
  const latest = resumptions.at(-1) as Hex;
  const known = resumptions.indexOf(base);
  must(
    known !== -1,
    'wrong_base',
    `stop.base: expected ${latest} or one of the ${MAX_RESUMPTIONS - 1} resumptions before it, got ${base}: sign a new stop`,
  );
  must(
    !isHeard(facts, base, person),
    'wrong_base',
    facts.stopped === null
      ? `stop.base: made before the resumption ${latest}, after which this person was heard: ${NOT_STOPPED}`
      : 'stop.base: this person has stopped the vault already',
  );
}

/** Whether a person was heard after the resumption that a stop of everything of theirs rests on. */
export function isHeard(
  {
    resumptions,
    heard,
  }: { readonly resumptions: readonly Hex[]; readonly heard: { get(person: Hex): Hex | undefined } },
  base: Hex,
  person: Hex,
): boolean {
  const known = resumptions.indexOf(base);
  const last = heard.get(person);
  // One that was heard before all that are kept was not heard after any of these.
  return known !== -1 && last !== undefined && known <= resumptions.indexOf(last);
}

/** The digest by which a stop names a principal's key. */
export function keyDigest(key: string): Hex {
  return digestOf(utf8(key));
}

/** The authenticator that a stop names. */
export function authenticatorNamed(facts: Facts, target: Hex): EnrolledAuthenticator | undefined {
  return facts.authenticators.find((a) => digestOf(fromBase64url(a.credential)) === target);
}

/** The effect of each stop on the facts, after a check of its target. */
const STOPS: { [W in Stop['what']]: (facts: Facts, placed: PlacedStop) => Facts } = {
  all(facts, placed) {
    const { stop, person } = placed;
    must(stop.target === ZEROS, 'stop_unknown', 'stop.target: expected zeros for all');
    const inForce = recordedStopOf(facts, placed);
    return {
      ...facts,
      // Also where it is stopped already: a resumption must know of every person who wants it stopped.
      stopped: facts.stopped === null ? [inForce] : [...facts.stopped, inForce],
      heard: facts.heard.set(person, facts.resumptions.at(-1) as Hex),
    };
  },
  release(facts, placed) {
    const { target } = placed.stop;
    const release = releaseOf(facts, target);
    must(release !== null, 'proposal_unknown', unknownProposalText(target));
    return withProposal(facts, { ...advanced(release, 'stop', placed.index), stop: recordedStopOf(facts, placed) });
  },
  version(facts, placed) {
    const { target } = placed.stop;
    const version = facts.versions.get(target);
    must(version !== undefined, 'version_unknown', `no version has the manifest ${target}`);
    must(!isWithdrawnVersion(version), 'version_withdrawn', 'the version has been withdrawn already');
    const withdrawn = { ...version, phase: 'withdrawn', stop: recordedStopOf(facts, placed) } as const;
    return { ...facts, versions: facts.versions.set(target, withdrawn) };
  },
  authenticator(facts, placed) {
    const { stop, person, index } = placed;
    const { target } = stop;
    const authenticator = authenticatorNamed(facts, target);
    must(
      authenticator?.person === person,
      'not_permitted',
      'one retires an authenticator of one’s own: another’s is retired by a quorum, propose it',
    );
    must(authenticator.retiredAt === null, 'credential_retired', 'the authenticator has been retired already');
    const own = { ...authenticator, retiredAt: index, stop: recordedStopOf(facts, placed) };
    const authenticators = facts.authenticators.set(authenticator.credential, own);
    const retired = { ...facts, authenticators };
    requireStillDecides(retired);
    return retired;
  },
  principal(facts, placed) {
    const { stop, index } = placed;
    const { target } = stop;
    const named = facts.principals.find(({ key }) => keyDigest(key) === target);
    must(named !== undefined, 'principal_unknown', `no key with the digest ${target} is enrolled`);
    const principal = currentPrincipal(facts, named.key);
    return {
      ...facts,
      principals: facts.principals.set(principal.key, {
        ...principal,
        retiredAt: index,
        stop: recordedStopOf(facts, placed),
      }),
    };
  },
  proposal(facts, placed) {
    const proposal = proposalOf(facts, placed.stop.target);
    must(
      proposal.statement.proposer.person === placed.person,
      'not_permitted',
      'one withdraws a proposal of one’s own',
    );
    return withProposal(facts, {
      ...advanced(proposal, 'withdraw', placed.index),
      stop: recordedStopOf(facts, placed),
    });
  },
};

/** A stop as people are told of it. */
export function recordedStopOf(
  { persons }: Pick<Facts, 'persons'>,
  { stop, digest, person, index, time }: PlacedStop,
): RecordedStop {
  const { reason, created } = stop;
  return { digest, person, name: persons.get(person) ?? person, reason, created, time, index };
}
