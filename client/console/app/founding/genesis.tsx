import { useSignal } from '@preact/signals';
import { digestOfObject } from '../../../../src/core/canonical.ts';
import { GENESIS_WORDS } from '../../../../src/core/statement/comparison-code.ts';
import type { Policy } from '../../../../src/core/statement/policy.ts';
import type { StatementOf } from '../../../../src/core/statement/statement.ts';
import type { GenesisReview } from '../../../custodian/genesis.ts';
import { counted } from '../../../display/exact.ts';
import { instant } from '../format.ts';
import { ActionError, GrantButton, useAction } from '../parts/action.tsx';
import { Digest } from '../parts/digest.tsx';
import { Exactly } from '../parts/exactly.tsx';
import { Mark, Notice } from '../parts/notice.tsx';
import { KeyName, MachineName, Named } from '../parts/person.tsx';
import { PolicyFacts } from '../parts/policy.tsx';
import { FactList, Panel } from '../parts/screen.tsx';
import { Words } from '../parts/words.tsx';
import { config } from '../vault.ts';
import { hasSigned, sign } from './founding.ts';

/**
 * All of a genesis, its code, and the signature. Another genesis mounts it anew: what was ticked is not carried over.
 */
export function GenesisPanels({ review }: { review: GenesisReview }) {
  const { statement, policy, founders } = review;
  const isMember = (id: string) => statement.members.some(({ person }) => person === id);
  return (
    <>
      <Panel title="3. What you found">
        <GenesisFacts statement={statement} />
        <h3>Custodians</h3>
        <ul class="rows">
          {founders.map(({ person, name, index, groups, authenticators }) => (
            <li key={person} class="stack">
              <div class="row">
                <span>
                  <Named person={person} name={name} mark="custodian" />
                </span>
                <span class="quiet">share {index}</span>
                {groups.map((group) => (
                  <Mark key={group} tone="plain">
                    {group}
                  </Mark>
                ))}
              </div>
              {authenticators.map(({ name: keyName, credential }) => (
                <span key={credential}>
                  key <KeyName name={keyName} credential={credential} />
                </span>
              ))}
            </li>
          ))}
        </ul>
        <h3>Machines</h3>
        {statement.principals.length === 0 ? <p class="quiet">None. They are enrolled later, by quorum.</p> : null}
        <ul class="rows">
          {statement.principals.map(({ key, name, role, owner, ownerName, models }) => (
            <li key={key} class="stack">
              <div class="row">
                <strong>
                  <MachineName of={name} />
                </strong>
                <Mark tone="plain">{role}</Mark>
                <span>
                  of <Named person={owner} name={ownerName} mark={isMember(owner) ? 'custodian' : null} />
                </span>
                <span class="quiet">models: {models.join(', ')}</span>
              </div>
              <code class="quiet">{key}</code>
            </li>
          ))}
        </ul>
        <h3>Policy</h3>
        <AsInvited policy={policy} />
        <PolicyFacts policy={policy} />
        <Exactly statement={statement} />
      </Panel>
      <ComparePanel review={review} />
    </>
  );
}

/** Compared here with what the founder's file says: null where the console was started without one. */
function hasInvitedValues({ referenceValues }: Policy): boolean | null {
  const told = config.value?.referenceValues ?? null;
  return told === null ? null : told === digestOfObject(referenceValues);
}

function AsInvited({ policy }: { policy: Policy }) {
  const isAsTold = hasInvitedValues(policy);
  if (isAsTold === null) return null;
  return isAsTold ? (
    <Notice tone="good" title="What hosts must show is what your invitation’s file says">
      <p>The digest beside Reference values is the one that twinlockd init told the operator.</p>
    </Notice>
  ) : (
    <Notice tone="bad" title="What hosts must show is not what your invitation’s file says">
      <p>The operator told you other reference values than this genesis has. Sign nothing, and find out why.</p>
    </Notice>
  );
}

function GenesisFacts({ statement }: { statement: StatementOf<'genesis'> }) {
  const { grade, rpId, threshold, members, log, witnesses, expires } = statement;
  return (
    <FactList
      of={[
        [
          'Grade',
          grade === 'simulation' ? (
            <Mark tone="warn">simulation, for life: nothing in it is protected</Mark>
          ) : (
            <Mark tone="good">production, for life</Mark>
          ),
        ],
        ['Quorum', `${threshold} of ${counted(members.length, 'custodian')}`],
        ['Page and RP ID', <code key="rp">{rpId}</code>],
        ['Log', <code key="log">{log.origin}</code>],
        ['Log key', <code key="key">{log.key}</code>],
        ['Witnesses', witnesses.length === 0 ? 'none' : witnesses.join(', ')],
        ['Policy', <Digest key="policy" hex={statement.policy} />],
        ['To be signed before', instant(expires)],
      ]}
    />
  );
}

function ComparePanel({ review }: { review: GenesisReview }) {
  const compared = useSignal(false);
  const signing = useAction(() => sign(review));
  return (
    <Panel title="4. Compare, then sign">
      <p>
        Read these words aloud to every other founder, in person or on a call in which you know their voices. Each of
        you must see the same twelve, in the same order.
      </p>
      <Words digest={review.fingerprint} count={GENESIS_WORDS} />
      {hasSigned.value ? (
        <Notice tone="good" title="You have signed this genesis" result>
          <p>The vault is founded when every founder has. This page updates by itself.</p>
        </Notice>
      ) : (
        <>
          <label class="tick">
            <input
              type="checkbox"
              checked={compared.value}
              onChange={(event) => {
                compared.value = event.currentTarget.checked;
              }}
            />
            <span>I have compared these words with every other founder</span>
          </label>
          <p class="quiet">
            If a word differs, that founder sees another vault than you do: sign nothing, and find out why.
          </p>
          <ActionError action={signing} />
          <div>
            <GrantButton
              action={signing}
              kind="primary"
              waits={
                hasInvitedValues(review.policy) === false
                  ? 'The reference values are not those of your invitation’s file.'
                  : compared.value
                    ? null
                    : 'Compare the words and tick the box first.'
              }
            >
              Sign the genesis
            </GrantButton>
          </div>
        </>
      )}
    </Panel>
  );
}
