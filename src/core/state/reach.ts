import type { Hex } from '../bytes.ts';
import { must } from '../errors.ts';
import { type Person, personOf, personText } from './checks/persons.ts';
import { validVotes } from './checks/quorum.ts';
import { committeeInForce, committeeOf } from './committees.ts';
import { effectOf } from './kinds/table.ts';
import { type NamedPolicy, policyInForce, policyOf } from './policies.ts';
import type { Committee, Facts, Member, Proposable, Vote } from './state.ts';

/**
 * The reasons why a custodian cannot approve, or why their approval does not count. None ends while the proposal is
 * open.
 */
export const BARS = [
  'asked',
  'depositor_owner',
  'machine_owner',
  'key_owner',
  'denied',
  'vote_lapsed',
  'no_key',
] as const;
export type Bar = (typeof BARS)[number];

/** The reasons that another proposal or another act can end. The cheapest comes first. */
export const REMEDIES = [
  'denied',
  'vote_lapsed',
  'asked',
  'machine_owner',
  'key_owner',
  'depositor_owner',
] as const satisfies readonly Bar[];
type Remedy = (typeof REMEDIES)[number];

export interface Barred {
  readonly person: Hex;
  readonly why: Bar;
}

/** The custodians who can decide, as far as the log shows. */
export interface Reach {
  readonly threshold: number;
  readonly members: number;
  /** Custodians who have approved, or who can approve. */
  readonly able: readonly Hex[];
  /** The others. */
  readonly barred: readonly Barred[];
  /** Groups that policy asks for and that have no able member. */
  readonly groups: readonly string[];
  /** Whether the able custodians are a quorum. */
  readonly reachable: boolean;
  /** The reasons that must all end to make an unreachable quorum reachable. Empty if no such set exists. */
  readonly remedies: readonly Remedy[];
}

/**
 * Who can still approve: a custodian who is not barred, has not denied, and has an authenticator in use. To each of those
 * a share of every version is sealed, since a deposit leaves none out and none can be enrolled later. An authenticator
 * that is retired never returns, so what cannot be reached now never can be. `votes` must have been verified. Without a
 * committee and a policy, those in force decide.
 */
export function reachOf(
  facts: Facts,
  barred: readonly Barred[],
  votes: readonly Vote[] = [],
  { committee, policy }: Deciders = { committee: committeeInForce(facts), policy: policyInForce(facts) },
): Reach {
  const { threshold, members } = committee;
  const valid = new Set(validVotes(facts, votes));
  const whyNot = ({ person }: Member): Bar | null => {
    const why = barred.find((candidate) => candidate.person === person)?.why;
    if (why !== undefined) return why;
    const vote = votes.find((candidate) => candidate.person === person);
    if (vote?.decision === 'deny') return 'denied';
    if (vote !== undefined) return valid.has(vote) ? null : 'vote_lapsed';
    return isUsing(person) ? null : 'no_key';
  };
  const isUsing = (person: Hex) => facts.authenticators.some((one) => one.person === person && one.retiredAt === null);
  const lacks = (who: readonly Member[]) =>
    policy.document.groups.filter((group) => !who.some((member) => member.groups.includes(group)));
  const isQuorum = (who: readonly Member[]) => who.length >= threshold && lacks(who).length === 0;
  const judged = members.map((member) => ({ member, why: whyNot(member), isUsing: isUsing(member.person) }));
  const able = judged.flatMap(({ member, why }) => (why === null ? [member] : []));
  const reachable = isQuorum(able);
  return {
    threshold,
    members: members.length,
    able: able.map(({ person }) => person),
    barred: judged.flatMap(({ member: { person }, why }) => (why === null ? [] : [{ person, why }])),
    groups: lacks(able),
    reachable,
    remedies: reachable ? [] : remediesOf(judged, isQuorum),
  };
}

/** The committee whose members vote, and the policy that names the groups. */
interface Deciders {
  readonly committee: Committee;
  readonly policy: NamedPolicy;
}

interface Judged {
  readonly member: Member;
  readonly why: Bar | null;
  /** Has an authenticator in use: nothing brings back a custodian who has none. */
  readonly isUsing: boolean;
}

function remediesOf(judged: readonly Judged[], isQuorum: (who: readonly Member[]) => boolean): readonly Remedy[] {
  const present = REMEDIES.filter((remedy) => judged.some(({ why, isUsing }) => isUsing && why === remedy));
  // The owner of a key retires it without a quorum.
  if (present.includes('key_owner')) return ['key_owner'];
  const suffice = (ended: readonly Bar[]) =>
    isQuorum(
      judged.filter(({ why, isUsing }) => why === null || (isUsing && ended.includes(why))).map(({ member }) => member),
    );
  const one = present.find((remedy) => suffice([remedy]));
  if (one !== undefined) return [one];
  return suffice(present) ? present : [];
}

/** The same for a statement that is proposed, or that could be. */
export function reachOfStatement(facts: Facts, statement: Proposable, votes: readonly Vote[] = []): Reach {
  const barred = effectOf(statement).barred(facts, statement);
  return reachOf(
    facts,
    barred.map((person) => ({ person, why: whyBarred(facts, statement, person) })),
    votes,
    { committee: committeeOf(facts, statement), policy: policyOf(facts, statement) },
  );
}

/** The first reason that another requester would not remove. */
function whyBarred({ versions }: Facts, statement: Proposable, person: Hex): Bar {
  if (statement.kind === 'principal') return 'machine_owner';
  if (statement.kind === 'authenticator') return 'key_owner';
  const isOwner = statement.kind === 'publish' && versions.get(statement.manifest)?.owner === person;
  return isOwner ? 'depositor_owner' : 'asked';
}

/** After “their name ”. */
export const BAR_TEXT: Readonly<Record<Bar, string>> = {
  asked: 'asks for it, or a machine of theirs does',
  depositor_owner: 'owns the machine that deposited the version',
  machine_owner: 'owns the machine that it is about',
  key_owner: 'owns the security key that it is about',
  denied: 'has denied it',
  vote_lapsed: 'approved it with a security key that has been retired since',
  no_key: 'has no security key in use',
};

/** The same with the names of persons, for people. */
export interface NamedReach extends Omit<Reach, 'able' | 'barred'> {
  readonly able: readonly Person[];
  readonly barred: readonly (Person & { readonly why: Bar })[];
}

export function namedReach(facts: Facts, { able, barred, ...reach }: Reach): NamedReach {
  return {
    ...reach,
    able: able.map((person) => personOf(facts, person)),
    barred: barred.map(({ person, why }) => ({ ...personOf(facts, person), why })),
  };
}

/** In one line: how many must approve and how many can, and who cannot and why. */
export function reachText({ threshold, members, able, barred, groups }: ReachSaid): string {
  const lacks = groups.map((group) => `, and none of the group ${group}`).join('');
  const why = barred.map(({ why, ...person }) => `${personText(person)}, ${BAR_TEXT[why]}`);
  return `${threshold} of ${members} custodians must approve, and ${able.length} can${lacks}${why.length === 0 ? '' : `: ${why.join('; ')}`}`;
}

/** As a vault says it, too. */
type ReachSaid = Pick<NamedReach, 'threshold' | 'members'> & {
  readonly able: readonly unknown[];
  readonly barred: readonly (Omit<Person, 'firstSeen'> & { readonly why: Bar })[];
  readonly groups: readonly string[];
};

const REMEDY_TEXT: Readonly<Record<Remedy, string>> = {
  denied: 'ask for it anew: those who denied this can approve that',
  vote_lapsed: 'ask for it anew: those whose security key was retired can approve that with another key of theirs',
  asked: 'let a machine ask for it whose owner is no custodian or cannot approve it anyway',
  machine_owner: 'let the machine have an owner who is no custodian, if one answers for it',
  key_owner: 'let its owner retire it, with it or with another key of theirs: that takes no quorum',
  depositor_owner: 'let a machine deposit it, as another version, whose owner is no custodian',
};

/** What is to be done where no quorum is reachable. */
export function reachAdvice({ remedies }: Pick<Reach, 'remedies'>): string {
  if (remedies.length > 0) return remedies.map((remedy) => REMEDY_TEXT[remedy]).join('; and ');
  return 'security keys that are retired never return, so no quorum of this vault can approve it';
}

/** Throws `quorum_unreachable`, which names who cannot approve and why. */
export function requireReachable(facts: Facts, reach: Reach): void {
  const named = namedReach(facts, reach);
  must(
    reach.reachable,
    'quorum_unreachable',
    `its quorum cannot be reached: ${reachText(named)}: ${reachAdvice(named)}`,
  );
}
