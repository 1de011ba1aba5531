import { useSignal } from '@preact/signals';
import { durationText } from '../../../../src/core/duration.ts';
import type { Facts } from '../../../../src/core/state/state.ts';
import { logAheadMs } from '../../../custodian/obstacles.ts';
import { instant } from '../format.ts';
import { ReasonForm } from '../parts/reason.tsx';
import { Panel, Screen } from '../parts/screen.tsx';
import { ProposeButton, useProposing } from '../parts/submit.tsx';
import { now } from '../vault.ts';
import { KeyForm } from './key.tsx';
import { MachineForm } from './machine.tsx';
import { PolicyForm } from './policy.tsx';

export function ProposeScreen({ facts }: { facts: Facts }) {
  const aheadMs = logAheadMs(facts, now.value);
  return (
    <Screen
      title="Propose"
      lead="A proposal takes effect when enough custodians have approved it. Publishing is proposed under Versions."
    >
      {facts.stopped === null ? null : (
        <ReasonPanel
          kind="resume"
          title="Resume the vault"
          why="The vault is stopped. One custodian can stop it; only a quorum can resume it."
          label="Reason to resume"
          button="Propose to resume"
        />
      )}
      {aheadMs === 0 ? null : (
        <ReasonPanel
          kind="clock"
          title="Set the log’s clock back"
          why={`A custodian has signed the time ${instant(facts.attestedMs)}, which is ${durationText(aheadMs)} ahead of this workstation’s clock. Until a quorum has set the log’s clock back, the vault accepts only stops and this proposal from custodians. First check that this workstation’s clock is right.`}
          label="What happened"
          button="Propose to set it back"
        />
      )}
      <MachineForm facts={facts} />
      <KeyForm facts={facts} />
      <PolicyForm facts={facts} />
    </Screen>
  );
}

interface ReasonPanelProps {
  readonly kind: 'resume' | 'clock';
  readonly title: string;
  readonly why: string;
  readonly label: string;
  readonly button: string;
}

/** The panel of a proposal that needs only a reason. */
function ReasonPanel({ kind, title, why, label, button }: ReasonPanelProps) {
  const reason = useSignal('');
  const proposing = useProposing(() => {
    const proposition = { kind, reason: reason.value.trim() };
    return () => proposition;
  });
  return (
    <Panel title={title}>
      <p>{why}</p>
      <ReasonForm
        label={label}
        reason={reason}
        action={proposing}
        button={(missing) => (
          <ProposeButton action={proposing} kind="primary" waits={missing}>
            {button}
          </ProposeButton>
        )}
      />
    </Panel>
  );
}
