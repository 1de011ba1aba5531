import type { Hex } from '../bytes.ts';
import { must } from '../errors.ts';
import { effectOf } from './effects/table.ts';
import { type Person, personOf, personText } from './persons.ts';
import { validVotes } from './quorum.ts';
import type { Facts, Member, Proposable, Vote } from './state.ts';

/** Why a custodian’s approval cannot come, or counts for nothing. None of it ends while the proposal is open. */
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

export interface Barred {
  readonly person: Hex;
  readonly why: Bar;
}

/** Who decides, as far as the log shows it: whether they will is theirs. */
export interface Reach {
  readonly threshold: number;
  readonly members: number;
  /** Custodians who have approved, or who can. */
  readonly able: readonly Hex[];
  /** The others. */
  readonly barred: readonly Barred[];
  /** Groups that policy asks for and of which none is able. */
  readonly groups: readonly string[];
  /** Whether those who are able are a quorum. */
  readonly reachable: boolean;
}

/**
 * Who can still approve: a custodian who is not barred, has not denied, and has an authenticator in use. To each of those
 * a share of every version is sealed, since a deposit leaves none out and none can be enrolled later. An authenticator that
 * is retired never returns, so what cannot be reached now never can be. `votes` must have been verified.
 */
export function reachOf(facts: Facts, barred: readonly Barred[], votes: readonly Vote[] = []): Reach {
  const { threshold, members } = facts.committee;
  const valid = new Set(validVotes(facts, votes));
  const whyNot = ({ person }: Member): Bar | null => {
    const why = barred.find((candidate) => candidate.person === person)?.why;
    if (why !== undefined) return why;
    const vote = votes.find((candidate) => candidate.person === person);
    if (vote !== undefined && !valid.has(vote)) return 'vote_lapsed';
    if (vote !== undefined) return vote.decision === 'deny' ? 'denied' : null;
    const isUsing = facts.authenticators.some((one) => one.person === person && one.retiredAt === null);
    return isUsing ? null : 'no_key';
  };
  const judged = members.map((member) => ({ member, why: whyNot(member) }));
  const able = judged.flatMap(({ member, why }) => (why === null ? [member] : []));
  const groups = facts.policy.document.groups.filter((group) => !able.some((member) => member.groups.includes(group)));
  return {
    threshold,
    members: members.length,
    able: able.map(({ person }) => person),
    barred: judged.flatMap(({ member: { person }, why }) => (why === null ? [] : [{ person, why }])),
    groups,
    reachable: able.length >= threshold && groups.length === 0,
  };
}

/** The same of what is proposed, or would be. */
export function reachOfStatement(facts: Facts, statement: Proposable, votes: readonly Vote[] = []): Reach {
  const barred = effectOf(statement).barred(facts, statement);
  return reachOf(
    facts,
    barred.map((person) => ({ person, why: whyBarred(facts, statement, person) })),
    votes,
  );
}

/** The first reason that another who asks would not remove. */
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

/** What makes a quorum reachable: another who asks, or another deposit. */
export function reachAdvice({ barred, able, threshold }: Pick<ReachSaid, 'barred' | 'able' | 'threshold'>): string {
  const asks = barred.filter(({ why }) => why === 'asked').length;
  const owns = barred.filter(({ why }) => why === 'depositor_owner').length;
  if (asks > 0 && able.length + asks >= threshold) return 'let somebody ask who is no custodian, or another custodian';
  if (asks + owns > 0 && able.length + asks + owns >= threshold)
    return 'let a machine deposit and ask whose owner is no custodian';
  if (barred.some(({ why }) => why === 'vote_lapsed'))
    return 'ask for it anew: a custodian whose vote lapsed can approve that with another key';
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
