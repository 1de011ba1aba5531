import { committeeInForce } from '../../../src/core/state/committees.ts';
import { policyInForce } from '../../../src/core/state/policies.ts';
import type { EnrolledAuthenticator, Facts } from '../../../src/core/state/state.ts';
import { GENESIS_WORDS } from '../../../src/core/statement/comparison-code.ts';
import type { Custodian } from '../../custodian/ceremony.ts';
import { Digest } from './parts/digest.tsx';
import { Mark } from './parts/notice.tsx';
import { KeyName, MachineName, Person } from './parts/person.tsx';
import { PolicyFacts } from './parts/policy.tsx';
import { FactList, Panel, Screen } from './parts/screen.tsx';
import { Words } from './parts/words.tsx';
import { After } from './propose/key.tsx';
import { StopForm } from './stopping/stop-form.tsx';

/** The custodians, their keys, the machines and the policy. */
export function CommitteeScreen({ facts, custodian }: { facts: Facts; custodian: Custodian }) {
  const { genesis, vault } = facts;
  const [committee, policy] = [committeeInForce(facts), policyInForce(facts)];
  return (
    <Screen title="Committee">
      <Panel title="This vault">
        <FactList
          of={[
            ['Fingerprint', <Digest key="vault" hex={vault} />],
            [
              'Grade',
              <Mark key="grade" tone={genesis.grade === 'simulation' ? 'warn' : 'good'}>
                {genesis.grade}, for life
              </Mark>,
            ],
            ['Quorum', `${committee.threshold} of ${committee.members.length} custodians, epoch ${committee.epoch}`],
            ['RP ID', <code key="rp">{genesis.rpId}</code>],
          ]}
        />
        <details>
          <summary>The fingerprint in words</summary>
          <Words digest={vault} count={GENESIS_WORDS} />
        </details>
      </Panel>
      <Panel title="Custodians">
        <ul class="rows">
          {committee.members.map(({ person, index, groups }) => (
            <li key={person} class="stack">
              <div class="row">
                <span>
                  <Person facts={facts} person={person} />
                </span>
                {person === custodian.person ? <span class="quiet">you</span> : null}
                <span class="quiet">share {index}</span>
                {groups.map((group) => (
                  <Mark key={group} tone="plain">
                    {group}
                  </Mark>
                ))}
              </div>
              {keysOf(facts, person).map((key) => (
                <Key
                  facts={facts}
                  key={key.credential}
                  authenticator={key}
                  isOwn={person === custodian.person}
                  custodian={custodian}
                />
              ))}
            </li>
          ))}
        </ul>
      </Panel>
      <Machines facts={facts} />
      <Panel title="Policy">
        <FactList of={[['Digest', <Digest key="policy" hex={policy.digest} />]]} />
        <PolicyFacts policy={policy.document} />
      </Panel>
    </Screen>
  );
}

function keysOf({ authenticators }: Facts, person: string): readonly EnrolledAuthenticator[] {
  return authenticators
    .valueSeq()
    .filter((authenticator) => authenticator.person === person)
    .toArray();
}

function Key(props: { facts: Facts; authenticator: EnrolledAuthenticator; isOwn: boolean; custodian: Custodian }) {
  const { name, credential, retiredAt } = props.authenticator;
  return (
    <div class="stack">
      <div class="row">
        <span>
          <KeyName name={name} credential={credential} />
        </span>
        <Retired at={retiredAt} />
        {credential === props.custodian.credential ? <Mark tone="plain">this session</Mark> : null}
      </div>
      {props.isOwn && retiredAt === null ? (
        <StopForm stopping={{ what: 'authenticator', credential }} label="Retire this key">
          <After facts={props.facts} credential={credential} />
        </StopForm>
      ) : null}
    </div>
  );
}

function Retired({ at }: { at: number | null }) {
  return at === null ? null : <Mark tone="bad">retired at entry {at}</Mark>;
}

function Machines({ facts }: { facts: Facts }) {
  const principals = facts.principals.valueSeq().toArray();
  return (
    <Panel title="Machines">
      {principals.length === 0 ? <p class="quiet">None yet.</p> : null}
      <ul class="rows">
        {principals.map(({ key, name, role, owner, models, retiredAt }) => (
          <li key={key} class="stack">
            <div class="row">
              <strong>
                <MachineName of={name} />
              </strong>
              <Mark tone="plain">{role}</Mark>
              <Retired at={retiredAt} />
              <span>
                of <Person facts={facts} person={owner} />
              </span>
              <span class="quiet">models: {models.join(', ')}</span>
            </div>
            <code class="quiet">{key}</code>
          </li>
        ))}
      </ul>
      <p>
        <a href="#/propose">Propose to enrol another</a>
      </p>
    </Panel>
  );
}
