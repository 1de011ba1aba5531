import { Map as PersistentMap } from 'immutable';
import { digestOfObject } from '../canonical.ts';
import type { Entry, EntryOf } from '../log/entry.ts';
import type { Stop } from '../statement/statement.ts';
import type { Facts, Grounds, Proposable } from './state.ts';

type Indices = readonly number[];

/** Before entry 0. */
export const NO_GROUNDS: Grounds = {
  constitution: [],
  principals: PersistentMap(),
  versions: PersistentMap(),
  proposals: PersistentMap(),
};

/**
 * The facts after an entry, with the entry among the grounds of everything that rests on it: what an authority chain
 * must hold. Only this file appends to them. `facts` are those that the entry's rule gave, with the grounds before it.
 */
export function withGrounds(facts: Facts, entry: Entry): Facts {
  const judged = GROUNDS_AFTER[entry.kind] as (facts: Facts, entry: Entry) => Grounds;
  return { ...facts, grounds: judged(facts, entry) };
}

/** Every kind of entry has a row, so that none is forgotten. */
const GROUNDS_AFTER: { readonly [K in Entry['kind']]: (facts: Facts, entry: EntryOf<K>) => Grounds } = {
  genesis: ({ principals }, { index }) => ({
    ...NO_GROUNDS,
    constitution: [index],
    principals: principals.map(() => [index]),
  }),
  deposit({ grounds, versions }, { index, body: { manifest } }) {
    const depositor = versions.get(manifest)?.depositor;
    return withVersion(grounds, manifest, [...ofMachine(grounds, depositor), index]);
  },
  proposal({ grounds, proposals }, { index, body }) {
    const digest = digestOfObject(body.statement);
    const proposer = proposals.get(digest)?.statement.proposer;
    const machine = proposer?.kind === 'principal' ? proposer.key : undefined;
    return withProposal(grounds, digest, [...ofMachine(grounds, machine), index]);
  },
  approval({ grounds, proposals }, { index, body }) {
    const after = withProposal(grounds, body.proposal, [index]);
    const proposal = proposals.get(body.proposal);
    return proposal?.phase === 'executed' ? afterEffect(after, proposal.statement, body.proposal) : after;
  },
  release: ({ grounds }, { index, body }) => withProposal(grounds, body.proposal, [index]),
  receipt: ({ grounds }, { index, body }) =>
    body.type === 'host' ? withProposal(grounds, body.release, [index]) : withVersion(grounds, body.manifest, [index]),
  stop: (facts, { index, body }) => afterStop(facts, body.statement as unknown as Stop, index),
  expiry: ({ grounds }, { index, body }) => withProposal(grounds, body.proposal, [index]),
  // The vault writes these by itself: nothing rests on them.
  refusal: ({ grounds }) => grounds,
  heartbeat: ({ grounds }) => grounds,
};

function afterStop({ grounds, principals }: Facts, { what, target }: Stop, index: number): Grounds {
  switch (what) {
    case 'all':
    case 'authenticator':
      return withConstitution(grounds, [index]);
    case 'principal': {
      // With its enrolment: a chain that holds the retirement must know whose key it retires.
      const retired = principals.findKey(({ retiredAt }) => retiredAt === index);
      return withConstitution(grounds, [...ofMachine(grounds, retired), index]);
    }
    case 'version':
      return withVersion(grounds, target, [index]);
    case 'release':
    case 'proposal':
      return withProposal(grounds, target, [index]);
  }
}

type AfterEffect<S extends Proposable> = (grounds: Grounds, statement: S, entries: Indices) => Grounds;
const changesConstitution: AfterEffect<Proposable> = (grounds, _, entries) => withConstitution(grounds, entries);

/** What rests on a proposal's entries once its last approval has made it effective. */
const GROUNDS_AFTER_EFFECT: { readonly [S in Proposable as S['kind']]: AfterEffect<S> } = {
  authenticator: changesConstitution,
  clock: changesConstitution,
  policy: changesConstitution,
  resume: changesConstitution,
  principal: (grounds, { principal: { key } }, entries) => ({
    ...grounds,
    principals: grounds.principals.set(key, entries),
  }),
  publish: (grounds, { manifest, evaluation }, entries) =>
    withVersion(grounds, manifest, [...ofProposal(grounds, evaluation), ...entries]),
  // A release takes effect with an entry of its own, which is the release's.
  release: (grounds) => grounds,
};

function afterEffect(grounds: Grounds, statement: Proposable, digest: string): Grounds {
  const after = GROUNDS_AFTER_EFFECT[statement.kind] as AfterEffect<Proposable>;
  return after(grounds, statement, ofProposal(grounds, digest));
}

function ofMachine({ principals }: Grounds, key: string | undefined): Indices {
  return key === undefined ? [] : (principals.get(key) ?? []);
}

function ofProposal({ proposals }: Grounds, digest: string | null): Indices {
  return digest === null ? [] : (proposals.get(digest) ?? []);
}

function withConstitution(grounds: Grounds, entries: Indices): Grounds {
  return { ...grounds, constitution: [...grounds.constitution, ...entries] };
}

function withVersion(grounds: Grounds, manifest: string, entries: Indices): Grounds {
  const { versions } = grounds;
  return { ...grounds, versions: versions.set(manifest, [...(versions.get(manifest) ?? []), ...entries]) };
}

function withProposal(grounds: Grounds, digest: string, entries: Indices): Grounds {
  const { proposals } = grounds;
  return { ...grounds, proposals: proposals.set(digest, [...ofProposal(grounds, digest), ...entries]) };
}
