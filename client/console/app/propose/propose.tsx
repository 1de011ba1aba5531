import { useSignal } from '@preact/signals';
import type { Facts } from '../../../../src/core/state/state.ts';
import { propose } from '../../../custodian/propose.ts';
import { ActionButton, ActionError, useAction } from '../parts/action.tsx';
import { Panel, Screen } from '../parts/screen.tsx';
import { go } from '../route.ts';
import { act } from '../vault.ts';
import { MachineForm } from './machine.tsx';
import { PolicyForm } from './policy.tsx';

export function ProposeScreen({ facts }: { facts: Facts }) {
  return (
    <Screen
      title="Propose"
      lead="A proposal takes effect when enough custodians have approved it. Publishing is proposed under Versions."
    >
      {facts.stopped === null ? null : <ResumePanel />}
      <MachineForm facts={facts} />
      <PolicyForm facts={facts} />
    </Screen>
  );
}

function ResumePanel() {
  const reason = useSignal('');
  const resume = useAction(async () => {
    const proposition = { kind: 'resume', reason: reason.value.trim() } as const;
    const { digest } = await act((replica, self) => propose(self, replica, proposition));
    go(`/proposals/${digest}`);
  });
  return (
    <Panel title="Resume the vault">
      <p>The vault is stopped. One person stops; only a quorum resumes.</p>
      <label>
        Why it may go on
        <input
          type="text"
          maxLength={500}
          value={reason.value}
          onInput={(event) => {
            reason.value = event.currentTarget.value;
          }}
        />
      </label>
      <ActionError action={resume} />
      <div>
        <ActionButton action={resume} kind="primary" disabled={reason.value.trim() === ''}>
          Propose to resume
        </ActionButton>
      </div>
    </Panel>
  );
}
