import { useSignal } from '@preact/signals';
import { quoted } from '../../../../src/core/quoted.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { afterRetirement } from '../../../custodian/retirement.ts';
import { visibleText } from '../../../display/visible.ts';
import { Consequences } from '../parts/consequences.tsx';
import { Notice } from '../parts/notice.tsx';
import { optionText, Person } from '../parts/person.tsx';
import { ReasonForm } from '../parts/reason.tsx';
import { FactList, Panel } from '../parts/screen.tsx';
import { ProposeButton, useProposing } from '../parts/submit.tsx';
import { custodian } from '../vault.ts';

/**
 * Proposes to retire another custodian's key, which has no vote on it. A custodian retires an own key under Committee.
 */
export function KeyForm({ facts }: { facts: Facts }) {
  const chosen = useSignal('');
  const reason = useSignal('');
  const keys = facts.authenticators
    .valueSeq()
    .filter(({ person, retiredAt }) => retiredAt === null && person !== custodian.value?.person)
    .toArray();
  const noKey = keys.length === 0 ? 'No other custodian has a key in use.' : 'Choose a key first.';
  const proposing = useProposing(() => {
    const proposition = { kind: 'authenticator', credential: chosen.value, reason: reason.value.trim() } as const;
    return () => proposition;
  });
  return (
    <Panel title="Retire another custodian’s security key">
      <p>
        For a key that was stolen. Its owner has no vote. You retire a key of your own under{' '}
        <a href="#/committee">Committee</a>, alone.
      </p>
      <label>
        Key
        <select
          value={chosen.value}
          onChange={(event) => {
            chosen.value = event.currentTarget.value;
          }}
        >
          <option value="">Choose a key</option>
          {keys.map(({ credential, name, person }) => (
            <option key={credential} value={credential}>
              {optionText(facts, person)}: {visibleText(quoted(name))} {credential}
            </option>
          ))}
        </select>
      </label>
      {chosen.value === '' ? null : <After facts={facts} credential={chosen.value} />}
      <ReasonForm
        label="Why"
        reason={reason}
        action={proposing}
        button={(missing) => (
          <ProposeButton action={proposing} waits={chosen.value === '' ? noKey : missing}>
            Propose to retire it
          </ProposeButton>
        )}
      />
    </Panel>
  );
}

/** Shows the effects of a retirement, in numbers, before the touch. */
export function After({ facts, credential }: { facts: Facts; credential: string }) {
  const { person, left, able, threshold, versions } = afterRetirement(facts, credential);
  return (
    <>
      <FactList
        of={[
          person === null ? null : ['Whose', <Person key="whose" facts={facts} person={person} />],
          ['Their keys left', String(left)],
          ['Custodians able to act then', `${able}, and ${threshold} must approve`],
          ['Versions it holds a share for', versions.length === 0 ? 'none' : versions.join(', ')],
        ]}
      />
      {person === custodian.value?.person ? null : (
        <Consequences facts={facts} change={{ what: 'authenticator', credential }} />
      )}
      {left === 0 ? (
        <Notice tone="warn" title="It is the last key of this person">
          <p>
            After that they cannot approve, stop or sign in. This vault version cannot enrol another key, so this person
            is out.
          </p>
        </Notice>
      ) : null}
      {able < threshold ? (
        <Notice tone="bad" title="Too few custodians would be left">
          <p>No quorum could approve anything afterwards. Stop everything instead.</p>
        </Notice>
      ) : null}
    </>
  );
}
