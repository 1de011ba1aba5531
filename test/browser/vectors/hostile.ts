import { isMap } from 'immutable';
import { type ComponentChild, h, render } from 'preact';
import { CommitteeScreen } from '../../../client/console/app/committee.tsx';
import { GenesisPanels } from '../../../client/console/app/founding/genesis.tsx';
import { Header } from '../../../client/console/app/header.tsx';
import { measureCutOff } from '../../../client/console/app/parts/cut-off.ts';
import { Screen } from '../../../client/console/app/parts/screen.tsx';
import { ProposalsScreen } from '../../../client/console/app/proposals/list.tsx';
import { ProposalReview } from '../../../client/console/app/proposals/proposal.tsx';
import { ProposeScreen } from '../../../client/console/app/propose/propose.tsx';
import { StopScreen } from '../../../client/console/app/stopping/stop-screen.tsx';
import * as console from '../../../client/console/app/vault.ts';
import { VersionsScreen } from '../../../client/console/app/versions.tsx';
import type { Custodian } from '../../../client/custodian/ceremony.ts';
import { type Review, review } from '../../../client/custodian/review.ts';
import type { Replica } from '../../../client/log/replica.ts';
import type { Hex } from '../../../src/core/bytes.ts';
import { type Facts, versionKey } from '../../../src/core/state/state.ts';
import { verifyWeb } from '../../../src/platform/verify-web.ts';
import { type CarriedLog, factsOf, objectsOf } from './core-run.ts';

/** As long as a schema lets any text be, or longer, and as bad as a text can be to a layout. */
const TEXTS = [
  'W'.repeat(500),
  'iiii.'.repeat(40),
  `a${'\u0301'.repeat(63)}na`,
  `${'שלום'.repeat(30)} (1) <x>`,
  ` two  spaces,${' '.repeat(60)}and one more\u00a0`,
  '漢字'.repeat(60),
  `${'🏳️‍🌈'.repeat(30)}`,
  '/'.repeat(200),
  'no-break\u00a0'.repeat(20),
  '﷽﷽﷽',
  'ﷺ'.repeat(80),
];

/** What people and machines are called, say or send: everything that is shown and is not of a fixed form. */
const WRITTEN =
  /^(?:name|ownerName|reason|label|model|version|key|credential|path|before|after|value|got|expected|message|groups|missingGroups|models|rpId|origin|witnesses|advisories|roots|aaguids)$/;

/** The same with hostile text in every place for text. */
function hostile<T>(value: T): T {
  let next = 0;
  const text = () => TEXTS[next++ % TEXTS.length] ?? '';
  const of = (inner: unknown, member: string): unknown => {
    if (typeof inner === 'string') return WRITTEN.test(member) || member.startsWith('claims.') ? text() : inner;
    if (inner === null || typeof inner !== 'object' || ArrayBuffer.isView(inner)) return inner;
    if (isMap(inner)) return inner.map((item) => of(item, 'name'));
    if (Array.isArray(inner)) return inner.map((item) => of(item, member));
    if (Object.getPrototypeOf(inner) !== Object.prototype) return inner;
    const within = member === 'claims' ? 'claims.' : '';
    return Object.fromEntries(Object.entries(inner).map(([name, item]) => [name, of(item, within + name)]));
  };
  return of(value, '') as T;
}

export type HostileScreen =
  | 'list'
  | 'versions'
  | 'committee'
  | 'propose'
  | 'stop'
  | 'genesis'
  | { readonly proposal: Hex };

/** Shows a screen with all the texts in it exchanged for hostile ones, releases with 64 hosts. */
export async function showHostile(log: CarriedLog, screen: HostileScreen, person: Hex): Promise<void> {
  const objects = objectsOf(log);
  const followed = await factsOf(log);
  const some = async (digests: readonly Hex[]) => new Map([...objects].filter(([name]) => digests.includes(name)));
  const replica = { facts: followed, objects: some } as Partial<Replica> as Replica;
  const custodian = { person, name: TEXTS[0], credential: TEXTS[0], now: Date.now, verify: verifyWeb };
  const self = custodian as Partial<Custodian> as Custodian;
  const facts = hostile(followed);
  console.custodian.value = self;
  // What has taken effect has overtaken what asks for it again.
  const versions = facts.versions.map((version) => ({ ...version, phase: 'quarantined' as const }));
  const enrolled = { principals: facts.principals.clear(), persons: facts.persons.clear() };
  const undecided = { ...facts, ...enrolled, versions, proposals: facts.proposals.clear() };
  console.facts.value = undecided;
  const shown =
    typeof screen === 'string'
      ? screenOf(screen, { ...facts, names: namesOf(facts) }, self)
      : h(ProposalReview, {
          review: hostile(manyHosts(await review(self, replica, screen.proposal))),
          facts: undecided,
        });
  const root = document.getElementById('app');
  if (root === null) throw new Error('the page has no #app');
  // As narrow as the console gets: the mark of a simulation takes its width, too.
  document.body.dataset['grade'] = 'simulation';
  render(null, root);
  render(h('div', { class: 'page' }, h(Header, {}), shown), root);
}

/** The versions by the names that their proposals have now. */
function namesOf({ names, proposals }: Facts): Facts['names'] {
  let named = names;
  for (const { statement } of proposals.values()) {
    if (!('manifest' in statement)) continue;
    named = named.set(versionKey(statement.model, statement.version), statement.manifest);
  }
  return named;
}

function screenOf(screen: HostileScreen & string, facts: Facts, custodian: Custodian): ComponentChild {
  switch (screen) {
    case 'list':
      return h(ProposalsScreen, { facts, custodian });
    case 'versions':
      return h(VersionsScreen, { facts, custodian });
    case 'committee':
      return h(CommitteeScreen, { facts, custodian });
    case 'propose':
      return h(ProposeScreen, { facts });
    case 'stop':
      return h(StopScreen, { facts });
    case 'genesis':
      return h(Screen, { title: 'Genesis', children: h(GenesisPanels, { review: genesisOf(facts) }) });
  }
}

/** The genesis of a vault, as its founders see it before they sign. */
export function genesisOf({ genesis, policy, committee, authenticators, vault }: Facts) {
  const founders = committee.members.map((member) => ({
    ...member,
    authenticators: authenticators.valueSeq().toArray(),
    signed: false,
  }));
  return { statement: genesis, policy: policy.document, founders, fingerprint: vault, code: '' };
}

/** What the page itself says is cut off. */
export function measure(): string | null {
  const screen = document.querySelector('main');
  return screen === null ? 'there is no screen' : measureCutOff(screen);
}

/** Anything that stands in the way of an approval is for other tests. */
function manyHosts(of: Review): Review {
  const open = {
    ...of,
    obstacles: [],
    denialObstacles: [],
    isPending: true,
    proposal: { ...of.proposal, phase: 'open' as const },
  };
  const { statement } = of;
  if (statement.kind !== 'release') return open;
  const many = <T>(items: readonly T[]) => Array.from({ length: 64 }, (_, i) => items[i % items.length] as T);
  const hosts = many(of.hosts).map((host, position) => ({ ...host, position }));
  return { ...open, hosts, statement: { ...statement, hosts: many(statement.hosts) } };
}
